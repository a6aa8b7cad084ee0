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
            add_four::<F, V, T>(words, place, first, x, &mut dots);
            // Written out, so that the quad's number is a constant: it decides which bits are taken.
            if QUADS == 8 {
                add_four::<F, V, T>(words, place, first + 4, x, &mut dots);
            }
            dots
        }
    }
}

/// Four quads, whose quants are one vector for each token.
#[inline(always)]
unsafe fn add_four<F: Format, const V: usize, const T: usize>(
    words: *const u8,
    place: Place,
    first: usize,
    x: &[*const QuantBlock; T],
    dots: &mut [[int32x4_t; V]; T],
) {
    // SAFETY: the caller has the feature, and its words have the quads.
    unsafe {
        let x = x.map(|x| quants(x, place.group, first));
        add_quad::<F, V, T, 0>(words, place, first, x, dots);
        add_quad::<F, V, T, 1>(words, place, first, x, dots);
        add_quad::<F, V, T, 2>(words, place, first, x, dots);
        add_quad::<F, V, T, 3>(words, place, first, x, dots);
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
///
/// The assembly isn't called pure, so that the compiler keeps the order of the source, quad by quad. Left to itself it goes
/// token by token, which takes all of a group's weights at once, and more registers than there are.
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
            options(nomem, nostack, preserves_flags)
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

/// NEON alone.
impl Products for Widening {
    #[inline(always)]
    unsafe fn dots<F: Format, const V: usize, const QUADS: usize, const T: usize>(
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) -> [[int32x4_t; V]; T] {
        // SAFETY: the caller's; a group has eight quads.
        unsafe {
            let mut sums = Sums {
                dots: x.map(|x| lanes::start::<Neon<Self, V>, F, QUADS>(&*x, place.group, first)),
                products: [[[vdupq_n_s16(0); 2]; V]; T],
            };
            // Written out, so that the quad's number is a constant: it decides which bits are taken.
            sums.add_quad::<F, QUADS, 0>(words, place, first, x);
            sums.add_quad::<F, QUADS, 1>(words, place, first, x);
            sums.add_quad::<F, QUADS, 2>(words, place, first, x);
            sums.add_quad::<F, QUADS, 3>(words, place, first, x);
            if QUADS == 8 {
                sums.add_quad::<F, QUADS, 4>(words, place, first, x);
                sums.add_quad::<F, QUADS, 5>(words, place, first, x);
                sums.add_quad::<F, QUADS, 6>(words, place, first, x);
                sums.add_quad::<F, QUADS, 7>(words, place, first, x);
            }
            sums.dots
        }
    }
}

struct Sums<const V: usize, const T: usize> {
    dots: [[int32x4_t; V]; T],
    /// Of each vector's first and last two rows: products of four columns a row.
    products: [[[int16x8_t; 2]; V]; T],
}

impl<const V: usize, const T: usize> Sums<V, T> {
    /// The quad `QUAD` after `first`.
    #[inline(always)]
    unsafe fn add_quad<F: Format, const QUADS: usize, const QUAD: usize>(
        &mut self,
        words: *const u8,
        place: Place,
        first: usize,
        x: &[*const QuantBlock; T],
    ) {
        let most = const { most_in_16_bits::<F>() };
        // SAFETY: the caller has NEON, and its words have the quad.
        unsafe {
            let weights = F::quad::<Neon<Widening, V>>(words, place.group, first + QUAD, place.first_row);
            for t in 0..T {
                let quants = (&raw const (*x[t]).quants).cast::<i32>();
                let x = vreinterpretq_s8_s32(vdupq_n_s32(*quants.add(8 * place.group + first + QUAD)));
                for v in 0..V {
                    let weights = vreinterpretq_s8_s32(weights[v]);
                    let (dots, products) = (&mut self.dots[t][v], &mut self.products[t][v]);
                    let sums = if QUAD.is_multiple_of(most) {
                        [
                            vmull_s8(vget_low_s8(weights), vget_low_s8(x)),
                            vmull_high_s8(weights, x),
                        ]
                    } else {
                        [
                            vmlal_s8(products[0], vget_low_s8(weights), vget_low_s8(x)),
                            vmlal_high_s8(products[1], weights, x),
                        ]
                    };
                    *products = sums.map(|sum| in_order(sum));
                    if (QUAD + 1).is_multiple_of(most) || QUAD + 1 == QUADS {
                        *dots = vpadalq_s16(*dots, vpaddq_s16(products[0], products[1]));
                    }
                }
            }
        }
    }
}

/// The same value, which the compiler must have before the next one that goes through here: for the order of [`sdot`].
#[inline(always)]
unsafe fn in_order(v: int16x8_t) -> int16x8_t {
    let mut same = v;
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0:v} */", inout(vreg) same, options(nomem, nostack, preserves_flags)) };
    same
}
