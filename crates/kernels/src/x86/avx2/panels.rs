//! Panels with AVX2: a vector is eight of the sixteen rows. Products are summed up in 16 bits for as long as they can't
//! overflow there.

use std::arch::x86_64::*;

use crate::activations::QuantBlock;
use crate::panel::formats::Format;
use crate::panel::lanes::{self, Lanes, Place};
use crate::panel::{Multiply, PANEL_ROWS};

/// Tokens that are computed together: there are registers for no more.
const TOKENS: usize = 4;

pub(super) const fn kernel<F: Format>() -> Multiply {
    multiply::<F>
}

/// # Safety
/// The machine has AVX2, FMA and F16C. `x` is 1 to 8 rows, `panel` as many panel blocks as a row has blocks, and `out` as
/// many tokens.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn multiply<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    let (panel, num_blocks) = (panel.as_ptr(), x[0].len());
    for (x, out) in x.chunks(TOKENS).zip(out.chunks_mut(TOKENS)) {
        // Three tokens cost as much as four: the last one is computed twice.
        let at = |t: usize| x[t.min(x.len() - 1)].as_ptr();
        // SAFETY: this function's own contract, passed on.
        unsafe {
            match x.len() {
                1 => lanes::multiply::<Avx2, F, 1>(panel, num_blocks, [at(0)], out),
                2 => lanes::multiply::<Avx2, F, 2>(panel, num_blocks, std::array::from_fn(at), out),
                _ => lanes::multiply::<Avx2, F, TOKENS>(panel, num_blocks, std::array::from_fn(at), out),
            }
        }
    }
}

/// Products of pairs that fit into 16 bits together: 8 of 4-bit weights, 4 of 5-bit ones, 2 of 6-bit ones.
const fn most_in_16_bits<F: Format>() -> usize {
    match F::LARGEST {
        Some(largest) => i16::MAX as usize / (2 * 127 * largest),
        // 2 * 128 * 127
        None => 1,
    }
}

pub(super) struct Avx2;

/// AVX2, FMA and F16C.
impl Lanes for Avx2 {
    const ROWS: usize = 8;
    const SIGNED_CENTER: i32 = 0;

    type Ints = __m256i;
    type Floats = __m256;

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_loadu_si256(bytes.cast()) }
    }

    #[inline(always)]
    unsafe fn and(v: __m256i, mask: u8) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_and_si256(v, _mm256_set1_epi8(mask as i8)) }
    }

    #[inline(always)]
    unsafe fn or(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_or_si256(a, b) }
    }

    #[inline(always)]
    unsafe fn shift_right(v: __m256i, by: i32) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            match by {
                -4 => _mm256_slli_epi16(v, 4),
                -3 => _mm256_slli_epi16(v, 3),
                -2 => _mm256_slli_epi16(v, 2),
                -1 => _mm256_slli_epi16(v, 1),
                0 => v,
                1 => _mm256_srli_epi16(v, 1),
                2 => _mm256_srli_epi16(v, 2),
                3 => _mm256_srli_epi16(v, 3),
                4 => _mm256_srli_epi16(v, 4),
                5 => _mm256_srli_epi16(v, 5),
                6 => _mm256_srli_epi16(v, 6),
                _ => unreachable!("no format shifts by {by}"),
            }
        }
    }

    #[inline(always)]
    unsafe fn unsigned_bytes(bytes: *const u8) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn signed_bytes(bytes: *const u8) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_cvtepi8_epi32(_mm_loadl_epi64(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn to_floats(v: __m256i) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_cvtepi32_ps(v) }
    }

    #[inline(always)]
    unsafe fn halves(bytes: *const u8) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn mul_sub(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn splat_start(value: &i32, by: u32) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            let start = _mm256_set1_epi32(*value);
            match by {
                0 => start,
                3 => _mm256_srai_epi32::<3>(start),
                4 => _mm256_srai_epi32::<4>(start),
                _ => unreachable!("no format is centered there"),
            }
        }
    }

    #[inline(always)]
    unsafe fn store(v: __m256, out: *mut f32) {
        // SAFETY: the caller's.
        unsafe { _mm256_storeu_ps(out, v) }
    }

    #[inline(always)]
    unsafe fn finish(v: __m256) -> __m256 {
        // SAFETY: the caller's.
        unsafe { finish(v) }
    }

    #[inline(always)]
    unsafe fn dots<F: Format, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [__m256; T] {
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let ones = _mm256_set1_epi16(1);
            let mut dots = [_mm256_setzero_si256(); T];
            let mut pairs = [_mm256_setzero_si256(); T];
            for t in 0..T {
                dots[t] = lanes::start::<Self, F, QUADS>(&*x[t], place.group, first);
            }
            for i in 0..QUADS {
                let weights = F::quad::<Self>(words, place.group, first + i, place.first_row);
                let magnitudes = if F::LARGEST.is_none() {
                    _mm256_abs_epi8(weights)
                } else {
                    weights
                };
                for t in 0..T {
                    let quants = (*x[t]).quants.as_ptr().cast::<i32>().add(8 * place.group + first + i);
                    let mut quants = _mm256_set1_epi32(*quants);
                    if F::LARGEST.is_none() {
                        quants = _mm256_sign_epi8(quants, weights);
                    }
                    pairs[t] = _mm256_add_epi16(pairs[t], _mm256_maddubs_epi16(magnitudes, quants));
                    if (i + 1) % most_in_16_bits::<F>() == 0 || i + 1 == QUADS {
                        dots[t] = _mm256_add_epi32(dots[t], _mm256_madd_epi16(pairs[t], ones));
                        pairs[t] = _mm256_setzero_si256();
                    }
                }
            }
            let mut floats = [_mm256_setzero_ps(); T];
            for t in 0..T {
                floats[t] = _mm256_cvtepi32_ps(dots[t]);
            }
            floats
        }
    }
}

/// Apart, because only a function with the feature may name the register class.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn finish(v: __m256) -> __m256 {
    let mut same = v;
    // SAFETY: no instruction at all.
    unsafe { std::arch::asm!("/* {0} */", inout(ymm_reg) same, options(nostack, preserves_flags)) };
    same
}
