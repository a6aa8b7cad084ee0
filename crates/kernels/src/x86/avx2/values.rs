//! Weighted sums of F16 rows: the second half of attention.

use std::arch::x86_64::*;

use half::f16;

use crate::dispatch::ValueRows;
use crate::prefetch::Ahead;

/// # Safety
/// The machine has AVX2, FMA and F16C. `out` is `[num_rows, width]`, `weights` has
/// `num_positions` values per row, `weight_stride` apart, and `rows` holds all its positions.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in crate::x86) unsafe fn add_values(rows: ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    let num_rows = out.len() / rows.width;
    let mut row = 0;
    while row < num_rows {
        let out = &mut out[row * rows.width..];
        let weights = &weights[row * weight_stride..];
        // SAFETY: `out` and `weights` have as many rows as the chosen function takes. The fewer
        // the rows, the more columns at once, so that there are always eight independent sums.
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

/// `R` rows of `out`, `C` vectors of columns at a time, then single vectors, then single columns.
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
            vectors::<R, C>(rows, weights.as_ptr(), weight_stride, out.as_mut_ptr(), col, &mut ahead);
            col += 8 * C;
        }
        while col + 8 <= rows.width {
            vectors::<R, 1>(rows, weights.as_ptr(), weight_stride, out.as_mut_ptr(), col, &mut ahead);
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
unsafe fn vectors<const R: usize, const C: usize>(
    rows: ValueRows<'_>,
    weights: *const f32,
    weight_stride: usize,
    out: *mut f32,
    col: usize,
    ahead: &mut Ahead,
) {
    // SAFETY: the caller has the features, `R` rows of weights and of `out`, and `8 * C` columns
    // from `col` on.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); C]; R];
        for r in 0..R {
            for c in 0..C {
                sums[r][c] = _mm256_loadu_ps(out.add(r * rows.width + col + 8 * c));
            }
        }
        let mut values = rows.values.as_ptr().add(col);
        for position in 0..rows.num_positions {
            let mut value = [_mm256_setzero_ps(); C];
            for c in 0..C {
                value[c] = _mm256_cvtph_ps(_mm_loadu_si128(values.add(8 * c).cast()));
            }
            for r in 0..R {
                let weight = _mm256_broadcast_ss(&*weights.add(r * weight_stride + position));
                for c in 0..C {
                    sums[r][c] = _mm256_fmadd_ps(weight, value[c], sums[r][c]);
                }
            }
            values = values.wrapping_add(rows.stride);
            ahead.fetch(8 * C * size_of::<f16>());
        }
        for r in 0..R {
            for c in 0..C {
                _mm256_storeu_ps(out.add(r * rows.width + col + 8 * c), sums[r][c]);
            }
        }
    }
}
