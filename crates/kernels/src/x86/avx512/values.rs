//! Weighted sums of F16 rows: the second half of attention. Sixteen columns at a time.

use std::arch::x86_64::*;

use crate::dispatch::ValueRows;
use crate::x86::avx2;

/// Columns of one vector.
const LANES: usize = 16;

/// # Safety
/// The machine has AVX-512 F, AVX2, FMA and F16C. `out` is `[num_rows, width]`, `weights` has `num_positions` values per
/// row, `weight_stride` apart, and `rows` holds all its positions.
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
pub(super) unsafe fn add_values(rows: ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    if !rows.width.is_multiple_of(4 * LANES) {
        // SAFETY: this function's own contract, passed on.
        return unsafe { avx2::add_values(rows, weights, weight_stride, out) };
    }
    let num_rows = out.len() / rows.width;
    let mut row = 0;
    while row < num_rows {
        let out = out[row * rows.width..].as_mut_ptr();
        let weights = weights[row * weight_stride..].as_ptr();
        // SAFETY: `out` and `weights` have as many rows as the chosen function takes.
        unsafe {
            match num_rows - row {
                1 => {
                    columns::<1>(rows, weights, weight_stride, out);
                    row += 1;
                }
                2 | 3 => {
                    columns::<2>(rows, weights, weight_stride, out);
                    row += 2;
                }
                _ => {
                    columns::<4>(rows, weights, weight_stride, out);
                    row += 4;
                }
            }
        }
    }
}

/// `R` rows of `out`, four vectors of columns at a time.
#[inline(always)]
unsafe fn columns<const R: usize>(rows: ValueRows<'_>, weights: *const f32, weight_stride: usize, out: *mut f32) {
    for col in (0..rows.width).step_by(4 * LANES) {
        // SAFETY: the caller has the features, `R` rows of weights and of `out`; columns stay below `width`.
        unsafe {
            let mut sums = [[_mm512_setzero_ps(); 4]; R];
            for r in 0..R {
                for c in 0..4 {
                    sums[r][c] = _mm512_loadu_ps(out.add(r * rows.width + col + LANES * c));
                }
            }
            let mut values = rows.values.as_ptr().add(col);
            for position in 0..rows.num_positions {
                let value: [__m512; 4] =
                    std::array::from_fn(|c| _mm512_cvtph_ps(_mm256_loadu_si256(values.add(LANES * c).cast())));
                for r in 0..R {
                    let weight = _mm512_set1_ps(*weights.add(r * weight_stride + position));
                    for c in 0..4 {
                        sums[r][c] = _mm512_fmadd_ps(weight, value[c], sums[r][c]);
                    }
                }
                values = values.wrapping_add(rows.stride);
            }
            for r in 0..R {
                for c in 0..4 {
                    _mm512_storeu_ps(out.add(r * rows.width + col + LANES * c), sums[r][c]);
                }
            }
        }
    }
}
