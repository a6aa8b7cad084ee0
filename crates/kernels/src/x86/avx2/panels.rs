//! Panels with vectors of 256 bits, two of which are the sixteen rows.

use std::arch::x86_64::*;
use std::array::from_fn;
use std::marker::PhantomData;

use super::opened::multiply_opened;
use super::products::{Products, Widening};
use crate::activations::QuantBlock;
use crate::blocks::BlockType;
use crate::panel::formats::{Format, panels};
use crate::panel::lanes::{self, Lanes, Place};
use crate::panel::{Multiply, PANEL_ROWS};

pub(super) const PANELS: [Option<Multiply>; BlockType::ALL.len()] = panels!(multiply);

/// # Safety
/// The machine has AVX2, FMA and F16C. `x` is 1 to 8 rows, `panel` as many panel blocks as a row has blocks, and `out` as
/// many tokens.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn multiply<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { multiply_by::<Widening, F>(panel, x, out) }
}

/// # Safety
/// As [`multiply`], and the caller has the features of `P`.
#[inline(always)]
pub(in crate::x86) unsafe fn multiply_by<P: Products, F: Format>(
    panel: &[u8],
    x: &[&[QuantBlock]],
    out: &mut [[f32; PANEL_ROWS]],
) {
    let (first, num_blocks) = (panel.as_ptr(), x[0].len());
    // SAFETY: this function's own contract, passed on.
    unsafe {
        match x.len() {
            1 => lanes::multiply::<Pair<P>, F, 1>(first, num_blocks, [x[0].as_ptr()], out),
            2 => lanes::multiply::<Pair<P>, F, 2>(first, num_blocks, from_fn(|t| x[t].as_ptr()), out),
            3 | 5 | 6 => multiply_opened::<P, F, 3>(first, x, out),
            _ => multiply_opened::<P, F, 4>(first, x, out),
        }
    }
}

/// Two vectors of eight rows, whose bytes are multiplied by `P`.
pub(in crate::x86) struct Pair<P>(PhantomData<P>);

/// Vectors for products in AVX2.
pub(super) type Avx2 = Pair<Widening>;

/// AVX2, FMA and F16C, and what `P` needs.
impl<P: Products> Lanes for Pair<P> {
    const ROWS: usize = 16;
    const SIGNED_CENTER: i32 = P::SIGNED_CENTER;

    type Ints = [__m256i; 2];
    type Floats = [__m256; 2];

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { [_mm256_loadu_si256(bytes.cast()), _mm256_loadu_si256(bytes.add(32).cast())] }
    }

    #[inline(always)]
    unsafe fn and(v: Self::Ints, mask: u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mask = _mm256_set1_epi8(mask as i8);
            [_mm256_and_si256(v[0], mask), _mm256_and_si256(v[1], mask)]
        }
    }

    #[inline(always)]
    unsafe fn or(a: Self::Ints, b: Self::Ints) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { [_mm256_or_si256(a[0], b[0]), _mm256_or_si256(a[1], b[1])] }
    }

    #[inline(always)]
    unsafe fn shift_right(v: Self::Ints, by: i32) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe { [shift_right(v[0], by), shift_right(v[1], by)] }
    }

    #[inline(always)]
    unsafe fn unsigned_bytes(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let [first, last] = [_mm_loadl_epi64(bytes.cast()), _mm_loadl_epi64(bytes.add(8).cast())];
            [_mm256_cvtepu8_epi32(first), _mm256_cvtepu8_epi32(last)]
        }
    }

    #[inline(always)]
    unsafe fn signed_bytes(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let [first, last] = [_mm_loadl_epi64(bytes.cast()), _mm_loadl_epi64(bytes.add(8).cast())];
            [_mm256_cvtepi8_epi32(first), _mm256_cvtepi8_epi32(last)]
        }
    }

    #[inline(always)]
    unsafe fn to_floats(v: Self::Ints) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [_mm256_cvtepi32_ps(v[0]), _mm256_cvtepi32_ps(v[1])] }
    }

    #[inline(always)]
    unsafe fn halves(bytes: *const u8) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let [first, last] = [_mm_loadu_si128(bytes.cast()), _mm_loadu_si128(bytes.add(16).cast())];
            [_mm256_cvtph_ps(first), _mm256_cvtph_ps(last)]
        }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [_mm256_set1_ps(value); 2] }
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    unsafe fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    unsafe fn mul_sub(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [_mm256_fnmadd_ps(a[0], b[0], c[0]), _mm256_fnmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    unsafe fn splat_start(value: &i32, by: u32) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let start = _mm256_set1_epi32(*value);
            let start = match by {
                0 => start,
                3 => _mm256_srai_epi32::<3>(start),
                4 => _mm256_srai_epi32::<4>(start),
                _ => unreachable!("no format is centered there"),
            };
            [start; 2]
        }
    }

    #[inline(always)]
    unsafe fn store(v: Self::Floats, out: *mut f32) {
        // SAFETY: the caller's.
        unsafe {
            _mm256_storeu_ps(out, v[0]);
            _mm256_storeu_ps(out.add(8), v[1]);
        }
    }

    #[inline(always)]
    unsafe fn finish(v: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [finish(v[0]), finish(v[1])] }
    }

    #[inline(always)]
    unsafe fn dots<F: Format, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [Self::Floats; T] {
        // SAFETY: the caller's.
        unsafe {
            let dots = P::dots::<F, QUADS, T>(words, place, first, x);
            let mut floats = [Self::splat(0.0); T];
            for t in 0..T {
                floats[t] = Self::to_floats(dots[t]);
            }
            floats
        }
    }
}

/// Of 16-bit values; to the left if `by`, a constant, is negative.
#[inline(always)]
unsafe fn shift_right(v: __m256i, by: i32) -> __m256i {
    // SAFETY: the caller has AVX2.
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

/// Apart, because only a function with the feature may name the register class.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn finish(v: __m256) -> __m256 {
    let mut same = v;
    // SAFETY: no instruction at all.
    unsafe { std::arch::asm!("/* {0} */", inout(ymm_reg) same, options(nostack, preserves_flags)) };
    same
}
