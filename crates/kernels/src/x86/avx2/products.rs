//! Integer products of a panel's weights with activations: with the instructions of AVX2, or with `vpdpbusd`.
//!
//! Both give the same integers.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::panels::Eights;
use crate::activations::QuantBlock;
use crate::panel::formats::Format;
use crate::panel::lanes::{self, Place};

/// A way to multiply bytes. The method may only be called from a function that has the features that the implementation
/// names.
pub(in crate::x86) trait Products: Sized {
    /// As [`Lanes::SIGNED_CENTER`](lanes::Lanes::SIGNED_CENTER).
    const SIGNED_CENTER: i32;

    /// [`Lanes::dots`](lanes::Lanes::dots) as integers.
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[__m256i; V]; T];
}

/// Four of a token's quants in every lane.
#[inline(always)]
unsafe fn quants(x: *const QuantBlock, group: usize, quad: usize) -> __m256i {
    // SAFETY: the caller has AVX2, and the block eight quads in each of eight groups.
    unsafe { _mm256_set1_epi32((&raw const (*x).quants).cast::<i32>().add(8 * group + quad).read()) }
}

/// A processor's `vpdpbusd`, in one of its encodings.
pub(in crate::x86) trait Dot {
    /// `sum` plus the products of four unsigned weights with four quants.
    unsafe fn add(sum: __m256i, weights: __m256i, quants: __m256i) -> __m256i;
}

/// `vpdpbusd` as `D` has it.
pub(in crate::x86) struct Vnni<D>(PhantomData<D>);

/// AVX2, and what `D` needs.
impl<D: Dot> Products for Vnni<D> {
    /// `vpdpbusd` takes unsigned weights.
    const SIGNED_CENTER: i32 = 128;

    /// At most 32 * 255 * 127: no overflow.
    #[inline(always)]
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[__m256i; V]; T] {
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let mut dots = [[_mm256_setzero_si256(); V]; T];
            for t in 0..T {
                dots[t] = lanes::start::<Eights<Self, V>, F, QUADS>(&*x[t], place.group, first);
            }
            for quad in first..first + QUADS {
                let mut weights = F::quad::<Eights<Self, V>>(words, place.group, quad, place.first_row);
                if F::LARGEST.is_none() {
                    for v in 0..V {
                        weights[v] = _mm256_xor_si256(weights[v], _mm256_set1_epi8(i8::MIN));
                    }
                }
                for t in 0..T {
                    let quants = quants(x[t], place.group, quad);
                    for v in 0..V {
                        dots[t][v] = D::add(dots[t][v], weights[v], quants);
                    }
                }
            }
            dots
        }
    }
}

/// `vpmaddubsw`: pairs of columns are summed up in 16 bits for as long as they can't overflow there.
pub(in crate::x86) struct Widening;

/// Quads whose products fit into 16 bits, two columns together: 8 of 4-bit weights, 4 of 5-bit ones, 2 of 6-bit ones.
const fn most_in_16_bits<F: Format>() -> usize {
    match F::LARGEST {
        Some(largest) => i16::MAX as usize / (2 * 127 * largest),
        // 2 * 128 * 127
        None => 1,
    }
}

/// AVX2.
impl Products for Widening {
    const SIGNED_CENTER: i32 = 0;

    #[inline(always)]
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[__m256i; V]; T] {
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let mut dots = [[_mm256_setzero_si256(); V]; T];
            for t in 0..T {
                dots[t] = lanes::start::<Eights<Self, V>, F, QUADS>(&*x[t], place.group, first);
            }
            match most_in_16_bits::<F>() {
                1 => add_widened::<F, V, QUADS, 1, 1, T>(words, place, first, x, &mut dots),
                2..4 => add_widened::<F, V, QUADS, 2, 2, T>(words, place, first, x, &mut dots),
                4..8 => add_widened::<F, V, QUADS, 4, 1, T>(words, place, first, x, &mut dots),
                _ => add_widened::<F, V, QUADS, QUADS, 1, T>(words, place, first, x, &mut dots),
            }
            dots
        }
    }
}

/// `MOST` quads are summed up in 16 bits; `AT_ONCE` quads' weights are in registers together, so that sums which are soon
/// widened needn't be.
#[inline(always)]
unsafe fn add_widened<
    F: Format,
    const V: usize,
    const QUADS: usize,
    const MOST: usize,
    const AT_ONCE: usize,
    const T: usize,
>(
    words: *const u8,
    place: Place,
    first: usize,
    x: &[*const QuantBlock; T],
    dots: &mut [[__m256i; V]; T],
) {
    // SAFETY: the caller has AVX2, and its words have the quads.
    unsafe {
        let ones = _mm256_set1_epi16(1);
        let mut pairs = [[_mm256_setzero_si256(); V]; T];
        for i in 0..QUADS / AT_ONCE {
            let quad = first + i * AT_ONCE;
            let mut weights = [[_mm256_setzero_si256(); V]; AT_ONCE];
            for q in 0..AT_ONCE {
                weights[q] = F::quad::<Eights<Widening, V>>(words, place.group, quad + q, place.first_row);
            }
            for t in 0..T {
                for q in 0..AT_ONCE {
                    let quants = quants(x[t], place.group, quad + q);
                    for v in 0..V {
                        pairs[t][v] = _mm256_add_epi16(pairs[t][v], products::<F>(weights[q][v], quants));
                    }
                }
                if ((i + 1) * AT_ONCE).is_multiple_of(MOST) {
                    for v in 0..V {
                        dots[t][v] = _mm256_add_epi32(dots[t][v], _mm256_madd_epi16(pairs[t][v], ones));
                        pairs[t][v] = _mm256_setzero_si256();
                    }
                }
            }
        }
    }
}

/// Of two columns together, in 16 bits.
#[inline(always)]
unsafe fn products<F: Format>(weights: __m256i, quants: __m256i) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe {
        match F::LARGEST {
            Some(_) => _mm256_maddubs_epi16(weights, quants),
            None => _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(quants, weights)),
        }
    }
}
