//! Integer products of a panel's weights with activations: with the instructions of plain NEON, or with `sdot`.
//!
//! Both give the same integers.

use std::arch::aarch64::*;
use std::arch::asm;

use super::panels::Neon;
use crate::activations::QuantBlock;
use crate::panel::formats::Format;
use crate::panel::lanes::{self, Place};

/// A way to multiply bytes. The method may only be called from a function that has the features that the implementation
/// names.
pub(super) trait Products: Sized {
    /// [`Lanes::dots`](lanes::Lanes::dots) as integers, with `V` vectors of four rows.
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[int32x4_t; V]; T];
}

/// Four quads of a token's quants, from quad `first` of a group on.
#[inline(always)]
unsafe fn quants(x: *const QuantBlock, group: usize, first: usize) -> int8x16_t {
    // SAFETY: the caller's block has 32 quants in each of eight groups.
    unsafe { vld1q_s8((&raw const (*x).quants).cast::<i8>().add(32 * group + 4 * first)) }
}

/// ARMv8.2's dot products.
pub(super) struct Dotprod;

/// The feature `dotprod`.
impl Products for Dotprod {
    /// At most 32 * 128 * 127: no overflow.
    #[inline(always)]
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[int32x4_t; V]; T] {
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let mut dots = x.map(|x| lanes::start::<Neon<Self, V>, F, QUADS>(&*x, place.group, first));
            for first in (first..first + QUADS).step_by(4) {
                let x = x.map(|x| quants(x, place.group, first));
                add_quad::<F, V, T, 0>(words, place, first, x, &mut dots);
                add_quad::<F, V, T, 1>(words, place, first, x, &mut dots);
                add_quad::<F, V, T, 2>(words, place, first, x, &mut dots);
                add_quad::<F, V, T, 3>(words, place, first, x, &mut dots);
            }
            dots
        }
    }
}

/// The quad `LANE` after `first`, whose quants lie in that lane of `x`.
#[inline(always)]
unsafe fn add_quad<F: Format, const V: usize, const T: usize, const LANE: usize>(
    words: *const u8,
    place: Place,
    first: usize,
    x: [int8x16_t; T],
    dots: &mut [[int32x4_t; V]; T],
) {
    // SAFETY: the caller has the feature, and its words have the quad.
    unsafe {
        let weights = F::quad::<Neon<Dotprod, V>>(words, place.group, first + LANE, place.first_row);
        for t in 0..T {
            for v in 0..V {
                dots[t][v] = sdot::<LANE>(dots[t][v], weights[v], x[t]);
            }
        }
    }
}

/// Apart, because only a function with the feature may use the instruction; its intrinsic isn't stable yet.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn sdot<const LANE: usize>(sum: int32x4_t, weights: int32x4_t, x: int8x16_t) -> int32x4_t {
    let mut sum = sum;
    // SAFETY: an instruction on registers.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {weights:v}.16b, {x:v}.4b[{lane}]",
            sum = inout(vreg) sum,
            weights = in(vreg) weights,
            x = in(vreg) x,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sum
}

/// Every processor's: products of 16 bits, which are summed up there for as long as they can't overflow.
pub(super) struct Widening;

/// Quads whose products fit into 16 bits, two columns together: 8 of 4-bit weights, 4 of 5-bit ones, 2 of 6-bit ones.
const fn most_in_16_bits<F: Format>() -> usize {
    match F::LARGEST {
        Some(largest) => i16::MAX as usize / (2 * 127 * largest),
        // 2 * 128 * 127
        None => 1,
    }
}

impl Products for Widening {
    #[inline(always)]
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[int32x4_t; V]; T] {
        let most = const { most_in_16_bits::<F>() };
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let mut dots = x.map(|x| lanes::start::<Neon<Self, V>, F, QUADS>(&*x, place.group, first));
            // Of each vector's first and last two rows: products of four columns a row.
            let mut products = [[[vdupq_n_s16(0); 2]; V]; T];
            for i in 0..QUADS {
                let weights = F::quad::<Neon<Self, V>>(words, place.group, first + i, place.first_row);
                for t in 0..T {
                    let x = (&raw const (*x[t]).quants)
                        .cast::<i32>()
                        .add(8 * place.group + first + i);
                    let x = vreinterpretq_s8_s32(vdupq_n_s32(*x));
                    for v in 0..V {
                        let weights = vreinterpretq_s8_s32(weights[v]);
                        let sums = &mut products[t][v];
                        *sums = if i % most == 0 {
                            [
                                vmull_s8(vget_low_s8(weights), vget_low_s8(x)),
                                vmull_high_s8(weights, x),
                            ]
                        } else {
                            [
                                vmlal_s8(sums[0], vget_low_s8(weights), vget_low_s8(x)),
                                vmlal_high_s8(sums[1], weights, x),
                            ]
                        };
                        if (i + 1) % most == 0 || i + 1 == QUADS {
                            dots[t][v] = vpadalq_s16(dots[t][v], vpaddq_s16(sums[0], sums[1]));
                        }
                    }
                }
            }
            dots
        }
    }
}
