//! Panels with vectors of 256 bits: one or two times eight of the sixteen rows.

use std::arch::x86_64::*;
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
        match x {
            [a] => lanes::multiply::<Eights<P, 1>, F, 1>(first, num_blocks, [a.as_ptr()], out),
            [a, b] => lanes::multiply::<Eights<P, 1>, F, 2>(first, num_blocks, [a.as_ptr(), b.as_ptr()], out),
            _ if matches!(x.len(), 3 | 5 | 6) => multiply_opened::<P, F, 3>(first, x, out),
            _ => multiply_opened::<P, F, 4>(first, x, out),
        }
    }
}

/// `V` vectors of eight rows, one or two, whose bytes are multiplied by `P`.
pub(in crate::x86) struct Eights<P, const V: usize>(PhantomData<P>);

/// Vectors for products in AVX2.
pub(super) type Avx2 = Eights<Widening, 1>;

/// AVX2, FMA and F16C, and what `P` needs.
// Loops over vectors are plain: a closure is a function of its own, without these features.
impl<P: Products, const V: usize> Lanes for Eights<P, V> {
    const ROWS: usize = 8 * V;
    const SIGNED_CENTER: i32 = P::SIGNED_CENTER;

    type Ints = [__m256i; V];
    type Floats = [__m256; V];

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_si256(); V];
            for i in 0..V {
                out[i] = _mm256_loadu_si256(bytes.add(32 * i).cast());
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn and(v: Self::Ints, mask: u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_si256(); V];
            for i in 0..V {
                out[i] = _mm256_and_si256(v[i], _mm256_set1_epi8(mask as i8));
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn or(a: Self::Ints, b: Self::Ints) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_si256(); V];
            for i in 0..V {
                out[i] = _mm256_or_si256(a[i], b[i]);
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn shift_right(v: Self::Ints, by: i32) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_si256(); V];
            for i in 0..V {
                out[i] = shift_right(v[i], by);
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn unsigned_bytes(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_si256(); V];
            for i in 0..V {
                out[i] = _mm256_cvtepu8_epi32(_mm_loadl_epi64(bytes.add(8 * i).cast()));
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn signed_bytes(bytes: *const u8) -> Self::Ints {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_si256(); V];
            for i in 0..V {
                out[i] = _mm256_cvtepi8_epi32(_mm_loadl_epi64(bytes.add(8 * i).cast()));
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn to_floats(v: Self::Ints) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_ps(); V];
            for i in 0..V {
                out[i] = _mm256_cvtepi32_ps(v[i]);
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn halves(bytes: *const u8) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_ps(); V];
            for i in 0..V {
                out[i] = _mm256_cvtph_ps(_mm_loadu_si128(bytes.add(16 * i).cast()));
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe { [_mm256_set1_ps(value); V] }
    }

    #[inline(always)]
    unsafe fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_ps(); V];
            for i in 0..V {
                out[i] = _mm256_mul_ps(a[i], b[i]);
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_ps(); V];
            for i in 0..V {
                out[i] = _mm256_fmadd_ps(a[i], b[i], c[i]);
            }
            out
        }
    }

    #[inline(always)]
    unsafe fn mul_sub(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // SAFETY: the caller's.
        unsafe {
            let mut out = [_mm256_setzero_ps(); V];
            for i in 0..V {
                out[i] = _mm256_fnmadd_ps(a[i], b[i], c[i]);
            }
            out
        }
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
            [start; V]
        }
    }

    #[inline(always)]
    unsafe fn store(v: Self::Floats, out: *mut f32) {
        for i in 0..V {
            // SAFETY: the caller's.
            unsafe { _mm256_storeu_ps(out.add(8 * i), v[i]) };
        }
    }

    #[inline(always)]
    unsafe fn finish(v: Self::Floats) -> Self::Floats {
        let mut v = v;
        for i in 0..V {
            // SAFETY: the caller's.
            v[i] = unsafe { finish(v[i]) };
        }
        v
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
            let dots = P::dots::<F, V, QUADS, T>(words, place, first, x);
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
