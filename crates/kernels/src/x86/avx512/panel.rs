//! Panels of sixteen rows for many tokens, with VNNI: `vpdpbusd` multiplies four bytes of each lane and adds them up.

use std::arch::x86_64::*;

use crate::activations::QuantBlock;
use crate::dispatch::WeightRows;
use crate::panel::{PANEL_ROWS, PANEL_TOKENS, PanelBlock, PanelKernels};
use crate::x86::avx2::formats::Format;
use crate::x86::avx2::panel_rows::Rows;

pub(super) const fn kernels<F: Format>() -> PanelKernels {
    PanelKernels {
        pack: pack::<F>,
        multiply: multiply::<F>,
    }
}

/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI, AVX2, FMA and F16C. `weights` are at most sixteen rows of whole
/// blocks of the format, and `panel` is `ceil(cols / 256)` long.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn pack<F: Format>(weights: WeightRows<'_>, panel: &mut [PanelBlock]) {
    let mut rows = Rows::ZERO;
    for (index, block) in panel.iter_mut().enumerate() {
        // SAFETY: this function has the features.
        unsafe {
            rows.unpack::<F>(weights, index);
            interleave(&rows, block);
        }
    }
}

#[inline(always)]
unsafe fn interleave(rows: &Rows, block: &mut PanelBlock) {
    // SAFETY: the caller has the features; every load and store is 64 bytes within its array.
    unsafe {
        for piece in 0..4 {
            let from = |row: usize| _mm512_loadu_si512(rows.quants[row].as_ptr().add(64 * piece).cast());
            let columns = transpose(std::array::from_fn(from));
            for (i, column) in columns.into_iter().enumerate() {
                let target = block.quants.as_mut_ptr().add(64 * (16 * piece + i));
                _mm512_store_si512(target.cast(), column);
            }
        }
        interleave_floats(&rows.scales, &mut block.scales);
        interleave_floats(&rows.offsets, &mut block.offsets);
    }
}

#[inline(always)]
unsafe fn interleave_floats(rows: &[[f32; 16]; PANEL_ROWS], groups: &mut [[f32; PANEL_ROWS]; 16]) {
    // SAFETY: the caller has the features; every load and store is one array of 64 bytes.
    unsafe {
        let columns = transpose(std::array::from_fn(|row| _mm512_loadu_si512(rows[row].as_ptr().cast())));
        for (group, column) in groups.iter_mut().zip(columns) {
            _mm512_storeu_si512(group.as_mut_ptr().cast(), column);
        }
    }
}

/// A 16 x 16 matrix of 32-bit values, transposed.
#[inline(always)]
unsafe fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    // SAFETY: the caller has the features.
    unsafe {
        // Within lanes of 128 bits: first pairs of rows, then quadruples.
        let mut pairs = rows;
        for i in 0..8 {
            pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
        }
        let mut quads = pairs;
        for i in 0..4 {
            for j in 0..2 {
                quads[4 * i + 2 * j] = _mm512_unpacklo_epi64(pairs[4 * i + j], pairs[4 * i + j + 2]);
                quads[4 * i + 2 * j + 1] = _mm512_unpackhi_epi64(pairs[4 * i + j], pairs[4 * i + j + 2]);
            }
        }
        // `quads[4 * i + c]` has, in lane `l`, column `4 * l + c` of the rows `4 * i` to `4 * i + 3`.
        let mut out = rows;
        for c in 0..4 {
            let (a, b, d, e) = (quads[c], quads[4 + c], quads[8 + c], quads[12 + c]);
            let (ab_even, ab_odd) = (_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
            let (de_even, de_odd) = (_mm512_shuffle_i32x4(d, e, 0x88), _mm512_shuffle_i32x4(d, e, 0xdd));
            out[c] = _mm512_shuffle_i32x4(ab_even, de_even, 0x88);
            out[8 + c] = _mm512_shuffle_i32x4(ab_even, de_even, 0xdd);
            out[4 + c] = _mm512_shuffle_i32x4(ab_odd, de_odd, 0x88);
            out[12 + c] = _mm512_shuffle_i32x4(ab_odd, de_odd, 0xdd);
        }
        out
    }
}

/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI. `x` is 1 to 8 rows as long as `panel`, and `out` as many tokens.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn multiply<F: Format>(panel: &[PanelBlock], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    // A tile between two sizes repeats its last token, and leaves the copies out.
    let last = x.len() - 1;
    // SAFETY: this function's own contract, passed on.
    unsafe {
        match x.len() {
            1 => tokens::<F, 1>(panel, [x[0].as_ptr()], out),
            2 => tokens::<F, 2>(panel, std::array::from_fn(|t| x[t].as_ptr()), out),
            3..=4 => tokens::<F, 4>(panel, std::array::from_fn(|t| x[t.min(last)].as_ptr()), out),
            5..=6 => tokens::<F, 6>(panel, std::array::from_fn(|t| x[t.min(last)].as_ptr()), out),
            _ => tokens::<F, PANEL_TOKENS>(panel, std::array::from_fn(|t| x[t.min(last)].as_ptr()), out),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tokens<F: Format, const T: usize>(
    panel: &[PanelBlock],
    x: [*const QuantBlock; T],
    out: &mut [[f32; PANEL_ROWS]],
) {
    let mut sums = [_mm512_setzero_ps(); T];
    for (index, block) in panel.iter().enumerate() {
        // SAFETY: every row of `x` is as long as the panel; the caller has the features.
        unsafe {
            let x = x.map(|row| &*row.add(index));
            for group in 0..8 {
                if F::SUB_SCALES {
                    sixteen(block, 2 * group, &x, &mut sums);
                    sixteen(block, 2 * group + 1, &x, &mut sums);
                } else {
                    thirty_two::<F, T>(block, group, &x, &mut sums);
                }
            }
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: `out` is sixteen values.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), sum) };
    }
}

/// The 32 columns of a group that has one scale.
#[inline(always)]
unsafe fn thirty_two<F: Format, const T: usize>(
    block: &PanelBlock,
    group: usize,
    x: &[&QuantBlock; T],
    sums: &mut [__m512; T],
) {
    // SAFETY: the caller has the features; `group` is below 8.
    unsafe {
        let weights: [__m512i; 8] = load_weights(block, 8 * group);
        let scale = _mm512_loadu_ps(block.scales[group].as_ptr());
        let offset = _mm512_loadu_ps(block.offsets[group].as_ptr());
        for t in 0..T {
            let start = if F::SIGNED { x[t].starts[group] } else { 0 };
            let dots = dot(start, &weights, x[t], 8 * group);
            let scale = _mm512_mul_ps(scale, _mm512_set1_ps(x[t].scales[group]));
            sums[t] = _mm512_fmadd_ps(dots, scale, sums[t]);
            if !F::SIGNED {
                sums[t] = _mm512_fnmadd_ps(offset, _mm512_set1_ps(x[t].sums32[group]), sums[t]);
            }
        }
    }
}

/// The 16 columns of half a group, for types that have a scale for each.
#[inline(always)]
unsafe fn sixteen<const T: usize>(block: &PanelBlock, half: usize, x: &[&QuantBlock; T], sums: &mut [__m512; T]) {
    // SAFETY: the caller has the features; `half` is below 16.
    unsafe {
        let weights: [__m512i; 4] = load_weights(block, 4 * half);
        let scale = _mm512_loadu_ps(block.scales[half].as_ptr());
        let offset = _mm512_loadu_ps(block.offsets[half].as_ptr());
        for t in 0..T {
            let dots = dot(0, &weights, x[t], 4 * half);
            let scale = _mm512_mul_ps(scale, _mm512_set1_ps(x[t].scales[half / 2]));
            sums[t] = _mm512_fmadd_ps(dots, scale, sums[t]);
            sums[t] = _mm512_fnmadd_ps(offset, _mm512_set1_ps(x[t].sums16[half]), sums[t]);
        }
    }
}

/// `N` times four columns of all rows, from the `first`th four on.
#[inline(always)]
unsafe fn load_weights<const N: usize>(block: &PanelBlock, first: usize) -> [__m512i; N] {
    // SAFETY: the caller has the features; `first + N` is at most 64.
    unsafe { std::array::from_fn(|i| _mm512_load_si512(block.quants.as_ptr().add(64 * (first + i)).cast())) }
}

/// The integer products of these columns with a token's, summed up for each row. At most 32 * 255 * 127: no overflow.
#[inline(always)]
unsafe fn dot<const N: usize>(start: i32, weights: &[__m512i; N], x: &QuantBlock, first: usize) -> __m512 {
    // SAFETY: the caller has the features; `first + N` is at most 64 times four quants.
    unsafe {
        let quants = x.quants.as_ptr().cast::<i32>().add(first);
        let mut dots = _mm512_set1_epi32(start);
        for (i, weights) in weights.iter().enumerate() {
            dots = _mm512_dpbusd_epi32(dots, *weights, _mm512_set1_epi32(*quants.add(i)));
        }
        _mm512_cvtepi32_ps(dots)
    }
}
