//! Rows of F32, F16 or BF16 weights times up to four rows of f32 activations.

use std::arch::aarch64::*;

use half::{bf16, f16};

use super::{Eight, widen};
use crate::dispatch::WeightRows;

/// One float type: eight values at a time, or one. The methods may only be called where there is NEON, on readable weights.
trait Float {
    const BYTES: usize;
    unsafe fn eight(bytes: *const u8) -> Eight;
    unsafe fn one(bytes: *const u8) -> f32;
}

struct F32;
struct F16;
struct Bf16;

impl Float for F32 {
    const BYTES: usize = 4;

    #[inline(always)]
    unsafe fn eight(bytes: *const u8) -> Eight {
        // SAFETY: the caller's values are readable; no alignment is needed.
        unsafe {
            [
                vreinterpretq_f32_u8(vld1q_u8(bytes)),
                vreinterpretq_f32_u8(vld1q_u8(bytes.add(16))),
            ]
        }
    }

    #[inline(always)]
    unsafe fn one(bytes: *const u8) -> f32 {
        // SAFETY: the caller's value is readable; no alignment is needed.
        unsafe { bytes.cast::<f32>().read_unaligned() }
    }
}

impl Float for F16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn eight(bytes: *const u8) -> Eight {
        // SAFETY: the caller's values are readable; no alignment is needed.
        unsafe { widen(vreinterpretq_u16_u8(vld1q_u8(bytes))) }
    }

    #[inline(always)]
    unsafe fn one(bytes: *const u8) -> f32 {
        // SAFETY: the caller's value is readable; no alignment is needed.
        f16::from_bits(unsafe { bytes.cast::<u16>().read_unaligned() }).to_f32()
    }
}

impl Float for Bf16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn eight(bytes: *const u8) -> Eight {
        // SAFETY: the caller's values are readable; no alignment is needed.
        unsafe {
            let halves = vreinterpretq_u16_u8(vld1q_u8(bytes));
            [
                vreinterpretq_f32_u32(vshll_n_u16::<16>(vget_low_u16(halves))),
                vreinterpretq_f32_u32(vshll_high_n_u16::<16>(halves)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn one(bytes: *const u8) -> f32 {
        // SAFETY: the caller's value is readable; no alignment is needed.
        bf16::from_bits(unsafe { bytes.cast::<u16>().read_unaligned() }).to_f32()
    }
}

macro_rules! tile {
    ($name:ident, $float:ident) => {
        /// # Safety
        /// The machine has NEON. `x` is 1 to 4 rows of as many values as a weight row has, and `out` is `[num_rows, x.len()]`.
        #[target_feature(enable = "neon")]
        pub(super) unsafe fn $name(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
            // SAFETY: this function's own contract, passed on.
            unsafe { tile::<$float>(weights, x, out) }
        }
    };
}

tile!(f32_tile, F32);
tile!(f16_tile, F16);
tile!(bf16_tile, Bf16);

#[inline(always)]
unsafe fn tile<F: Float>(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
    // SAFETY: the contract of the functions above.
    unsafe {
        match *x {
            [a] => rows::<F, 8, 1>(weights, [a], 1, out),
            [a, b] => rows::<F, 4, 2>(weights, [a, b], 2, out),
            // Three tokens cost as much as four: the fourth is computed and left out.
            [a, b, c] => rows::<F, 2, 4>(weights, [a, b, c, c], 3, out),
            [a, b, c, d] => rows::<F, 2, 4>(weights, [a, b, c, d], 4, out),
            _ => unreachable!("a tile has 1 to 4 tokens"),
        }
    }
}

/// Eight products at a time: `R` rows with `T` tokens.
#[inline(always)]
unsafe fn rows<F: Float, const R: usize, const T: usize>(
    weights: WeightRows<'_>,
    x: [&[f32]; T],
    width: usize,
    out: &mut [f32],
) {
    let cols = weights.row_bytes / F::BYTES;
    let x: [*const f32; T] = x.map(|row| row.as_ptr());
    for (index, products) in out.chunks_mut(R * width).enumerate() {
        // SAFETY: `WeightRows` holds `cols` values at `row * stride` for every row below
        // `num_rows`, and each row of `x` has as many. A group that isn't full repeats the last row.
        unsafe {
            let rows: [*const u8; R] = std::array::from_fn(|r| {
                let row = (index * R + r).min(weights.num_rows - 1);
                weights.bytes.as_ptr().add(row * weights.stride)
            });
            let mut totals = dots::<F, R, T>(rows, x, cols / 8);
            for col in cols / 8 * 8..cols {
                for r in 0..R {
                    let weight = F::one(rows[r].add(col * F::BYTES));
                    for t in 0..T {
                        totals[r][t] += weight * *x[t].add(col);
                    }
                }
            }
            for (products, totals) in products.chunks_exact_mut(width).zip(&totals) {
                products.copy_from_slice(&totals[..width]);
            }
        }
    }
}

/// Products over `num_eights` times eight columns. Each has two vectors of sums, sixteen in all, which hide the latency
/// of the additions.
#[inline(always)]
unsafe fn dots<F: Float, const R: usize, const T: usize>(
    rows: [*const u8; R],
    x: [*const f32; T],
    num_eights: usize,
) -> [[f32; T]; R] {
    // SAFETY: the caller's rows have these columns.
    unsafe {
        let mut sums = [[[vdupq_n_f32(0.0); 2]; T]; R];
        for eight in 0..num_eights {
            let values = x.map(|x| [vld1q_f32(x.add(8 * eight)), vld1q_f32(x.add(8 * eight + 4))]);
            for r in 0..R {
                let weights = F::eight(rows[r].add(eight * 8 * F::BYTES));
                for t in 0..T {
                    for i in 0..2 {
                        sums[r][t][i] = vfmaq_f32(sums[r][t][i], weights[i], values[t][i]);
                    }
                }
            }
        }
        sums.map(|sums| sums.map(|[a, b]| vaddvq_f32(vaddq_f32(a, b))))
    }
}
