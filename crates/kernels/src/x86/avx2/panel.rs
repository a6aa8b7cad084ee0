//! Panels of sixteen rows for many tokens. Products are summed up in 16 bits for as long as they can't overflow there.

use std::arch::x86_64::*;

use super::formats::Format;
use super::panel_rows::Rows;
use crate::activations::QuantBlock;
use crate::dispatch::WeightRows;
use crate::panel::{PANEL_ROWS, PanelBlock, PanelKernels};

/// Rows of one vector: half a panel.
const HALF_ROWS: usize = 8;
/// Tokens that are computed together.
const TOKENS: usize = 4;

/// For formats of unsigned weights: signed bytes would overflow 16 bits at once.
pub(super) const fn kernels<F: Format>() -> PanelKernels {
    assert!(!F::SIGNED);
    PanelKernels {
        pack: pack::<F>,
        multiply: multiply::<F>,
    }
}

/// Products of pairs that fit into 16 bits together: 8 of 4-bit weights, 4 of 5-bit ones, 2 of 6-bit ones.
const fn most_in_16_bits<F: Format>() -> usize {
    let most = i16::MAX as usize / (2 * 127 * F::LARGEST);
    if most < 8 { most } else { 8 }
}

/// # Safety
/// The machine has AVX2, FMA and F16C. `weights` are at most sixteen rows of whole blocks of the format, and `panel` is
/// `ceil(cols / 256)` long.
#[target_feature(enable = "avx2,fma,f16c")]
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
    // SAFETY: the caller has the features; every load and store is 32 bytes within its array.
    unsafe {
        for half in 0..2 {
            let first = half * HALF_ROWS;
            for piece in 0..8 {
                let from = |row: usize| _mm256_loadu_si256(rows.quants[first + row].as_ptr().add(32 * piece).cast());
                let columns = transpose(std::array::from_fn(from));
                for (i, column) in columns.into_iter().enumerate() {
                    let target = block.quants.as_mut_ptr().add(64 * (8 * piece + i) + 32 * half);
                    _mm256_store_si256(target.cast(), column);
                }
            }
            interleave_floats(&rows.scales, &mut block.scales, first);
            interleave_floats(&rows.offsets, &mut block.offsets, first);
        }
    }
}

#[inline(always)]
unsafe fn interleave_floats(rows: &[[f32; 16]; PANEL_ROWS], groups: &mut [[f32; PANEL_ROWS]; 16], first: usize) {
    // SAFETY: the caller has the features; every load and store is half an array of sixteen floats.
    unsafe {
        for half in 0..2 {
            let from = |row: usize| _mm256_loadu_si256(rows[first + row].as_ptr().add(8 * half).cast());
            let columns = transpose(std::array::from_fn(from));
            for (group, column) in groups[8 * half..].iter_mut().zip(columns) {
                _mm256_storeu_si256(group.as_mut_ptr().add(first).cast(), column);
            }
        }
    }
}

/// An 8 x 8 matrix of 32-bit values, transposed.
#[inline(always)]
unsafe fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    // SAFETY: the caller has the features.
    unsafe {
        // Within lanes of 128 bits: first pairs of rows, then quadruples.
        let mut pairs = rows;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
        }
        let mut quads = pairs;
        for i in 0..2 {
            for j in 0..2 {
                quads[4 * i + 2 * j] = _mm256_unpacklo_epi64(pairs[4 * i + j], pairs[4 * i + j + 2]);
                quads[4 * i + 2 * j + 1] = _mm256_unpackhi_epi64(pairs[4 * i + j], pairs[4 * i + j + 2]);
            }
        }
        // `quads[4 * i + c]` has, in lane `l`, column `4 * l + c` of the rows `4 * i` to `4 * i + 3`.
        let mut out = rows;
        for c in 0..4 {
            out[c] = _mm256_permute2x128_si256(quads[c], quads[4 + c], 0x20);
            out[4 + c] = _mm256_permute2x128_si256(quads[c], quads[4 + c], 0x31);
        }
        out
    }
}

/// # Safety
/// The machine has AVX2 and FMA. `x` is 1 to 8 rows as long as `panel`, and `out` as many tokens.
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply<F: Format>(panel: &[PanelBlock], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    for (x, out) in x.chunks(TOKENS).zip(out.chunks_mut(TOKENS)) {
        // A tile that isn't full repeats its last token, and leaves the copies out.
        let x = std::array::from_fn(|t| x[t.min(x.len() - 1)].as_ptr());
        // SAFETY: this function's own contract, passed on.
        unsafe { four_tokens::<F>(panel, x, out) };
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn four_tokens<F: Format>(panel: &[PanelBlock], x: [*const QuantBlock; TOKENS], out: &mut [[f32; PANEL_ROWS]]) {
    let mut sums = [[_mm256_setzero_ps(); TOKENS]; 2];
    for (index, block) in panel.iter().enumerate() {
        // SAFETY: every row of `x` is as long as the panel; the caller has the features.
        unsafe {
            let x = x.map(|row| &*row.add(index));
            for group in 0..8 {
                for half in 0..2 {
                    if F::SUB_SCALES {
                        columns::<F, 4>(block, 2 * group, half, &x, &mut sums[half]);
                        columns::<F, 4>(block, 2 * group + 1, half, &x, &mut sums[half]);
                    } else {
                        columns::<F, 8>(block, group, half, &x, &mut sums[half]);
                    }
                }
            }
        }
    }
    for (t, out) in out.iter_mut().enumerate() {
        for half in 0..2 {
            // SAFETY: `out` is two times eight values.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr().add(half * HALF_ROWS), sums[half][t]) };
        }
    }
}

/// The `N` times four columns that share a scale, for half of the rows.
#[inline(always)]
unsafe fn columns<F: Format, const N: usize>(
    block: &PanelBlock,
    group: usize,
    half: usize,
    x: &[&QuantBlock; TOKENS],
    sums: &mut [__m256; TOKENS],
) {
    // SAFETY: the caller has the features; the group lies within the block, and so do all loads.
    unsafe {
        let weights = block.quants.as_ptr().add(64 * N * group + 32 * half);
        let ones = _mm256_set1_epi16(1);
        let mut dots = [_mm256_setzero_si256(); TOKENS];
        let mut words = [_mm256_setzero_si256(); TOKENS];
        for i in 0..N {
            let weights = _mm256_load_si256(weights.add(64 * i).cast());
            for t in 0..TOKENS {
                let quants = x[t].quants.as_ptr().cast::<i32>().add(N * group + i);
                let pairs = _mm256_maddubs_epi16(weights, _mm256_set1_epi32(*quants));
                words[t] = _mm256_add_epi16(words[t], pairs);
                if (i + 1) % most_in_16_bits::<F>() == 0 || i + 1 == N {
                    dots[t] = _mm256_add_epi32(dots[t], _mm256_madd_epi16(words[t], ones));
                    words[t] = _mm256_setzero_si256();
                }
            }
        }
        let scale = _mm256_loadu_ps(block.scales[group].as_ptr().add(half * HALF_ROWS));
        let offset = _mm256_loadu_ps(block.offsets[group].as_ptr().add(half * HALF_ROWS));
        for t in 0..TOKENS {
            let (x_scale, x_sum) = if N == 4 {
                (x[t].scales[group / 2], x[t].sums16[group])
            } else {
                (x[t].scales[group], x[t].sums32[group])
            };
            let scale = _mm256_mul_ps(scale, _mm256_set1_ps(x_scale));
            sums[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t]), scale, sums[t]);
            sums[t] = _mm256_fnmadd_ps(offset, _mm256_set1_ps(x_sum), sums[t]);
        }
    }
}
