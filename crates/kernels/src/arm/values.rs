//! Weighted sums of F16 rows: the second half of attention.

use std::arch::aarch64::*;

use half::f16;

use super::widen;
use crate::dispatch::ValueRows;
use crate::prefetch::Ahead;

/// # Safety
/// The machine has NEON. `out` is `[num_rows, width]`, `weights` has `num_positions` values per row, `weight_stride` apart, and `rows` holds all
/// its positions.
#[target_feature(enable = "neon")]
pub(super) unsafe fn add_values(rows: ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    let num_rows = out.len() / rows.width;
    let mut row = 0;
    while row < num_rows {
        let out = &mut out[row * rows.width..];
        let weights = &weights[row * weight_stride..];
        // SAFETY: `out` and `weights` have as many rows as the chosen function takes. The fewer
        // the rows, the more columns at once, so that there are always sixteen independent sums.
        unsafe {
            match num_rows - row {
                1 => {
                    columns::<1, 8>(rows, weights, weight_stride, out);
                    row += 1;
                }
                2 | 3 => {
                    columns::<2, 4>(rows, weights, weight_stride, out);
                    row += 2;
                }
                _ => {
                    columns::<4, 2>(rows, weights, weight_stride, out);
                    row += 4;
                }
            }
        }
    }
}

/// `R` rows of `out`, `C` times eight columns at a time, then eight, then single columns.
#[inline(always)]
unsafe fn columns<const R: usize, const C: usize>(
    rows: ValueRows<'_>,
    weights: &[f32],
    weight_stride: usize,
    out: &mut [f32],
) {
    let mut ahead = Ahead::new(rows.next);
    let mut col = 0;
    // SAFETY: columns stay below `width`; the rest is the caller's contract.
    unsafe {
        while col + 8 * C <= rows.width {
            eights::<R, C>(rows, weights.as_ptr(), weight_stride, out.as_mut_ptr(), col, &mut ahead);
            col += 8 * C;
        }
        while col + 8 <= rows.width {
            eights::<R, 1>(rows, weights.as_ptr(), weight_stride, out.as_mut_ptr(), col, &mut ahead);
            col += 8;
        }
    }
    for col in col..rows.width {
        for r in 0..R {
            let sum = &mut out[r * rows.width + col];
            for position in 0..rows.num_positions {
                let value = rows.values[position * rows.stride + col].to_f32();
                *sum += weights[r * weight_stride + position] * value;
            }
        }
    }
}

#[inline(always)]
unsafe fn eights<const R: usize, const C: usize>(
    rows: ValueRows<'_>,
    weights: *const f32,
    weight_stride: usize,
    out: *mut f32,
    col: usize,
    ahead: &mut Ahead,
) {
    // SAFETY: the caller has `R` rows of weights and of `out`, and `8 * C` columns from `col` on.
    unsafe {
        let mut sums = [[[vdupq_n_f32(0.0); 2]; C]; R];
        for r in 0..R {
            for c in 0..C {
                let from = out.add(r * rows.width + col + 8 * c);
                sums[r][c] = [vld1q_f32(from), vld1q_f32(from.add(4))];
            }
        }
        let mut values = rows.values.as_ptr().add(col).cast::<u16>();
        for position in 0..rows.num_positions {
            for c in 0..C {
                let value = widen(vld1q_u16(values.add(8 * c)));
                for r in 0..R {
                    let weight = *weights.add(r * weight_stride + position);
                    for i in 0..2 {
                        sums[r][c][i] = vfmaq_n_f32(sums[r][c][i], value[i], weight);
                    }
                }
            }
            values = values.wrapping_add(rows.stride);
            ahead.fetch(8 * C * size_of::<f16>());
        }
        for r in 0..R {
            for c in 0..C {
                let to = out.add(r * rows.width + col + 8 * c);
                vst1q_f32(to, sums[r][c][0]);
                vst1q_f32(to.add(4), sums[r][c][1]);
            }
        }
    }
}
