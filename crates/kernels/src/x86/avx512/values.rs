//! Weighted sums of F16 rows: the second half of attention. Sixteen columns at a time.

use std::arch::x86_64::*;

use half::f16;

use crate::dispatch::ValueRows;
use crate::prefetch::Ahead;
use crate::x86::avx2;

/// Columns of one vector.
const LANES: usize = 16;

/// # Safety
/// The machine has AVX-512 F, AVX2, FMA and F16C. `out` is `[num_rows, width]`, `weights` has `num_positions` values per
/// row, `weight_stride` apart, and `rows` holds all its positions.
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
pub(super) unsafe fn add_values(rows: ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    if !rows.width.is_multiple_of(2 * LANES) {
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
                    columns::<1, 8>(rows, weights, weight_stride, out);
                    row += 1;
                }
                2 | 3 => {
                    columns::<2, 8>(rows, weights, weight_stride, out);
                    row += 2;
                }
                4..8 => {
                    columns::<4, 4>(rows, weights, weight_stride, out);
                    row += 4;
                }
                _ => {
                    columns::<8, 2>(rows, weights, weight_stride, out);
                    row += 8;
                }
            }
        }
    }
}

/// `R` rows of `out`, `C` vectors of columns at a time, then two.
#[inline(always)]
unsafe fn columns<const R: usize, const C: usize>(
    rows: ValueRows<'_>,
    weights: *const f32,
    weight_stride: usize,
    out: *mut f32,
) {
    let mut ahead = Ahead::new(rows.next);
    let mut col = 0;
    // SAFETY: columns stay below `width`, a multiple of two vectors; the rest is the caller's contract.
    unsafe {
        while col + C * LANES <= rows.width {
            vectors::<R, C>(rows, weights, weight_stride, out, col, &mut ahead);
            col += C * LANES;
        }
        while col < rows.width {
            vectors::<R, 2>(rows, weights, weight_stride, out, col, &mut ahead);
            col += 2 * LANES;
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
    // SAFETY: the caller has the features, `R` rows of weights and of `out`, and `C` vectors from column `col` on.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); C]; R];
        for r in 0..R {
            for c in 0..C {
                sums[r][c] = _mm512_loadu_ps(out.add(r * rows.width + col + LANES * c));
            }
        }
        let mut values = rows.values.as_ptr().add(col);
        for position in 0..rows.num_positions {
            let value: [__m512; C] =
                std::array::from_fn(|c| _mm512_cvtph_ps(_mm256_loadu_si256(values.add(LANES * c).cast())));
            for r in 0..R {
                let weight = _mm512_set1_ps(*weights.add(r * weight_stride + position));
                for c in 0..C {
                    sums[r][c] = _mm512_fmadd_ps(weight, value[c], sums[r][c]);
                }
            }
            values = values.wrapping_add(rows.stride);
            ahead.fetch(C * LANES * size_of::<f16>());
        }
        for r in 0..R {
            for c in 0..C {
                _mm512_storeu_ps(out.add(r * rows.width + col + LANES * c), sums[r][c]);
            }
        }
    }
}
