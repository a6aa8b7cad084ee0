//! Panels with AVX-512: a vector is all sixteen rows, and `vpdpbusd` of VNNI multiplies four bytes of each and adds
//! them up.

use std::arch::x86_64::*;

use crate::activations::QuantBlock;
use crate::blocks::BlockType;
use crate::panel::formats::{Format, panels};
use crate::panel::lanes::{self, Lanes, Place};
use crate::panel::{Multiply, PANEL_ROWS, PANEL_TOKENS};

pub(super) const PANELS: [Option<Multiply>; BlockType::ALL.len()] = panels!(multiply);

/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI. `x` is 1 to 8 rows, `panel` as many panel blocks as a row has blocks,
/// and `out` as many tokens.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn multiply<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    let (panel, num_blocks) = (panel.as_ptr(), x[0].len());
    // A tile between two sizes repeats its last token, and leaves the copies out.
    let at = |t: usize| x[t.min(x.len() - 1)].as_ptr();
    // SAFETY: this function's own contract, passed on.
    unsafe {
        match x.len() {
            1 => lanes::multiply::<Vnni, F, 1>(panel, num_blocks, [at(0)], out),
            2 => lanes::multiply::<Vnni, F, 2>(panel, num_blocks, std::array::from_fn(at), out),
            3..=4 => lanes::multiply::<Vnni, F, 4>(panel, num_blocks, std::array::from_fn(at), out),
            5..=6 => lanes::multiply::<Vnni, F, 6>(panel, num_blocks, std::array::from_fn(at), out),
            _ => lanes::multiply::<Vnni, F, PANEL_TOKENS>(panel, num_blocks, std::array::from_fn(at), out),
        }
    }
}

pub(super) struct Vnni;

/// AVX-512 F, BW, DQ, VL and VNNI.
impl Lanes for Vnni {
    const ROWS: usize = 16;
    /// `vpdpbusd` takes unsigned weights.
    const SIGNED_CENTER: i32 = 128;

    type Ints = __m512i;
    type Floats = __m512;

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> __m512i {
        // SAFETY: the caller's.
        unsafe { _mm512_loadu_si512(bytes.cast()) }
    }

    #[inline(always)]
    unsafe fn and(v: __m512i, mask: u8) -> __m512i {
        // SAFETY: the caller's.
        unsafe { _mm512_and_si512(v, _mm512_set1_epi8(mask as i8)) }
    }

    #[inline(always)]
    unsafe fn or(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller's.
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    unsafe fn shift_right(v: __m512i, by: i32) -> __m512i {
        // SAFETY: the caller's.
        unsafe {
            match by {
                -4 => _mm512_slli_epi16(v, 4),
                -3 => _mm512_slli_epi16(v, 3),
                -2 => _mm512_slli_epi16(v, 2),
                -1 => _mm512_slli_epi16(v, 1),
                0 => v,
                1 => _mm512_srli_epi16(v, 1),
                2 => _mm512_srli_epi16(v, 2),
                3 => _mm512_srli_epi16(v, 3),
                4 => _mm512_srli_epi16(v, 4),
                5 => _mm512_srli_epi16(v, 5),
                6 => _mm512_srli_epi16(v, 6),
                _ => unreachable!("no format shifts by {by}"),
            }
        }
    }

    #[inline(always)]
    unsafe fn unsigned_bytes(bytes: *const u8) -> __m512i {
        // SAFETY: the caller's.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn signed_bytes(bytes: *const u8) -> __m512i {
        // SAFETY: the caller's.
        unsafe { _mm512_cvtepi8_epi32(_mm_loadu_si128(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn to_floats(v: __m512i) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_cvtepi32_ps(v) }
    }

    #[inline(always)]
    unsafe fn halves(bytes: *const u8) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn mul_sub(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn splat_start(value: &i32, by: u32) -> __m512i {
        // SAFETY: the caller's.
        unsafe {
            let start = _mm512_set1_epi32(*value);
            match by {
                0 => start,
                3 => _mm512_srai_epi32::<3>(start),
                4 => _mm512_srai_epi32::<4>(start),
                _ => unreachable!("no format is centered there"),
            }
        }
    }

    #[inline(always)]
    unsafe fn store(v: __m512, out: *mut f32) {
        // SAFETY: the caller's.
        unsafe { _mm512_storeu_ps(out, v) }
    }

    #[inline(always)]
    unsafe fn finish(v: __m512) -> __m512 {
        // SAFETY: the caller's.
        unsafe { finish(v) }
    }

    /// At most 32 * 255 * 127: no overflow.
    #[inline(always)]
    unsafe fn dots<F: Format, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [__m512; T] {
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let mut dots = [_mm512_setzero_si512(); T];
            for t in 0..T {
                dots[t] = lanes::start::<Self, F, QUADS>(&*x[t], place.group, first);
            }
            for quad in first..first + QUADS {
                let mut weights = F::quad::<Self>(words, place.group, quad, place.first_row);
                if F::LARGEST.is_none() {
                    weights = _mm512_xor_si512(weights, _mm512_set1_epi8(i8::MIN));
                }
                for t in 0..T {
                    let quants = (*x[t]).quants.as_ptr().cast::<i32>().add(8 * place.group + quad);
                    dots[t] = _mm512_dpbusd_epi32(dots[t], weights, _mm512_set1_epi32(*quants));
                }
            }
            let mut floats = [_mm512_setzero_ps(); T];
            for t in 0..T {
                floats[t] = _mm512_cvtepi32_ps(dots[t]);
            }
            floats
        }
    }
}

/// Apart, because only a function with the feature may name the register class.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn finish(v: __m512) -> __m512 {
    let mut same = v;
    // SAFETY: no instruction at all.
    unsafe { std::arch::asm!("/* {0} */", inout(zmm_reg) same, options(nostack, preserves_flags)) };
    same
}
