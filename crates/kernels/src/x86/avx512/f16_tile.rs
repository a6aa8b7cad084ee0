//! Rows of F16 times up to four rows of f32: the scores of attention. Sixteen columns at a time.

use std::arch::x86_64::*;

use crate::dispatch::WeightRows;
use crate::x86::avx2;

/// Columns of one vector.
const LANES: usize = 16;

/// # Safety
/// The machine has AVX-512 F and DQ, AVX2, FMA and F16C. `x` is 1 to 4 rows of as many values as a weight row has, and
/// `out` is `[num_rows, x.len()]`.
#[target_feature(enable = "avx512f,avx512dq,avx2,fma,f16c")]
pub(super) unsafe fn f16_tile(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe {
        if !(weights.row_bytes / 2).is_multiple_of(LANES) {
            return avx2::f16_tile(weights, x, out);
        }
        match *x {
            [a] => rows::<8, 1>(weights, [a], 1, out),
            [a, b] => rows::<4, 2>(weights, [a, b], 2, out),
            // Three tokens cost as much as four: the fourth is computed and left out.
            [a, b, c] => rows::<2, 4>(weights, [a, b, c, c], 3, out),
            [a, b, c, d] => rows::<2, 4>(weights, [a, b, c, d], 4, out),
            _ => unreachable!("a tile has 1 to 4 tokens"),
        }
    }
}

/// Eight products at a time: `R` rows with `T` tokens.
#[inline(always)]
unsafe fn rows<const R: usize, const T: usize>(weights: WeightRows<'_>, x: [&[f32]; T], width: usize, out: &mut [f32]) {
    let num_vectors = weights.row_bytes / 2 / LANES;
    let x: [*const f32; T] = x.map(|row| row.as_ptr());
    for (index, products) in out.chunks_mut(R * width).enumerate() {
        // SAFETY: `WeightRows` holds the columns of every row below `num_rows`, and each row of `x` has as many. A group
        // that isn't full repeats the last row.
        unsafe {
            let rows: [*const u8; R] = std::array::from_fn(|r| {
                let row = (index * R + r).min(weights.num_rows - 1);
                weights.bytes.as_ptr().add(row * weights.stride)
            });
            let totals = dots(rows, x, num_vectors);
            for (row, products) in products.chunks_exact_mut(width).enumerate() {
                products.copy_from_slice(&totals[row * T..][..width]);
            }
        }
    }
}

#[inline(always)]
unsafe fn dots<const R: usize, const T: usize>(
    rows: [*const u8; R],
    x: [*const f32; T],
    num_vectors: usize,
) -> [f32; 8] {
    // SAFETY: the caller's rows have that many vectors, and it has the features.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); T]; R];
        for vector in 0..num_vectors {
            let values: [__m512; T] = x.map(|x| _mm512_loadu_ps(x.add(vector * LANES)));
            for r in 0..R {
                let weight = _mm512_cvtph_ps(_mm256_loadu_si256(rows[r].add(vector * LANES * 2).cast()));
                for t in 0..T {
                    sums[r][t] = _mm512_fmadd_ps(weight, values[t], sums[r][t]);
                }
            }
        }
        let flat: [__m512; 8] = std::array::from_fn(|i| sums[i / T][i % T]);
        totals(&flat)
    }
}

/// The sum over each vector's lanes.
#[inline(always)]
unsafe fn totals(sums: &[__m512; 8]) -> [f32; 8] {
    // SAFETY: the caller has the features.
    unsafe {
        let mut totals = [0f32; 8];
        _mm_storeu_ps(totals.as_mut_ptr(), four_totals(sums[0], sums[1], sums[2], sums[3]));
        _mm_storeu_ps(
            totals.as_mut_ptr().add(4),
            four_totals(sums[4], sums[5], sums[6], sums[7]),
        );
        totals
    }
}

#[inline(always)]
unsafe fn four_totals(a: __m512, b: __m512, c: __m512, d: __m512) -> __m128 {
    // SAFETY: the caller has the features.
    unsafe {
        let low = _mm256_hadd_ps(halves(a), halves(b));
        let high = _mm256_hadd_ps(halves(c), halves(d));
        let quads = _mm256_hadd_ps(low, high);
        _mm_add_ps(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1))
    }
}

/// The sum of both halves.
#[inline(always)]
unsafe fn halves(sum: __m512) -> __m256 {
    // SAFETY: the caller has the features.
    unsafe { _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1)) }
}
