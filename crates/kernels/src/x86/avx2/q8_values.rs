//! Attention over keys and values in q8_0.
//!
//! Values: the weights of some positions, times the scales of their values, become integers of 15 bits for a row and a
//! group of columns; then two positions are multiplied and added up at once.

use std::arch::x86_64::*;

use super::panels::Avx2;
use crate::activations::QuantBlock;
use crate::attention::{GROUP, PANEL_POSITIONS, Q8Panels, q8_scores};
use crate::dispatch::MOST_POSITIONS;
use crate::prefetch::Ahead;

/// The largest weight as an integer: 64 positions of 127 times this stay below 2^31.
const LARGEST: f32 = i16::MAX as f32;

/// # Safety
/// The machine has AVX2, FMA and F16C. `x` is 1 to 4 queries of as many blocks as a key needs, and `out` has room for
/// whole panels of each, `stride` apart.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn scores(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { q8_scores::scores::<Avx2>(keys, x, stride, out) }
}

/// # Safety
/// The machine has AVX2, FMA and F16C. `out` is `[num_rows, head_dim]`, `weights` has `num_positions` values per row, at
/// most `MOST_POSITIONS`, `weight_stride` apart.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn add_values(values: Q8Panels<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    let num_rows = out.len() / values.head_dim;
    let mut row = 0;
    while row < num_rows {
        let out = out[row * values.head_dim..].as_mut_ptr();
        let weights = weights[row * weight_stride..].as_ptr();
        // SAFETY: `out` and `weights` have as many rows as the chosen function takes.
        unsafe {
            match num_rows - row {
                1 => {
                    rows::<1>(values, weights, weight_stride, out);
                    row += 1;
                }
                2 | 3 => {
                    rows::<2>(values, weights, weight_stride, out);
                    row += 2;
                }
                _ => {
                    rows::<4>(values, weights, weight_stride, out);
                    row += 4;
                }
            }
        }
    }
}

/// One row's weights for a group of columns: four positions in the order 0, 2, 1, 3.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Weights([[i16; 4]; MOST_POSITIONS / 4]);

#[inline(always)]
unsafe fn rows<const R: usize>(values: Q8Panels<'_>, weights: *const f32, weight_stride: usize, out: *mut f32) {
    let mut ahead = Ahead::some(values.next);
    for group in 0..values.head_dim / GROUP {
        // SAFETY: the caller's rows have the group.
        unsafe {
            let mut integers = [Weights([[0; 4]; MOST_POSITIONS / 4]); R];
            let mut scales = [0.0; R];
            for r in 0..R {
                scales[r] = to_integers(values, group, weights.add(r * weight_stride), &mut integers[r]);
            }
            for column in [0, GROUP / 2] {
                let out = out.add(group * GROUP + column);
                add_columns::<R>(values, group, column, &integers, &scales, out, &mut ahead);
            }
        }
    }
}

/// Returns what an integer is worth. A NaN or infinity makes it NaN or infinite, and so shows.
#[inline(always)]
unsafe fn to_integers(values: Q8Panels<'_>, group: usize, weights: *const f32, out: &mut Weights) -> f32 {
    let num_positions = values.num_positions;
    // SAFETY: the caller's weights are `num_positions`, of which others aren't read; panels are whole.
    unsafe {
        let mut products = [_mm256_setzero_ps(); MOST_POSITIONS / 8];
        // Compared as integers, a NaN is larger than every number.
        let mut largest = _mm256_setzero_si256();
        let num_eights = num_positions.div_ceil(8);
        for eight in 0..num_eights {
            let panel = 8 * eight / PANEL_POSITIONS * Q8Panels::panel_bytes(values.head_dim);
            let scale = panel + 2 * (group * PANEL_POSITIONS + 8 * eight % PANEL_POSITIONS);
            let scale = _mm256_cvtph_ps(_mm_loadu_si128(values.bytes.as_ptr().add(scale).cast()));
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((num_positions - 8 * eight) as i32), lanes);
            let weight = _mm256_maskload_ps(weights.add(8 * eight), mask);
            // The scale of a position beyond the last one may be anything.
            let product = _mm256_and_ps(_mm256_mul_ps(weight, scale), _mm256_castsi256_ps(mask));
            largest = _mm256_max_epu32(largest, _mm256_castps_si256(product));
            products[eight] = product;
        }
        let four = _mm_max_epu32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
        let two = _mm_max_epu32(four, _mm_unpackhi_epi64(four, four));
        let one = _mm_max_epu32(two, _mm_srli_epi64(two, 32));
        let largest = f32::from_bits(_mm_cvtsi128_si32(one) as u32);
        let inverse = _mm256_set1_ps(if largest > 0.0 { LARGEST / largest } else { 0.0 });
        for pair in 0..num_eights.div_ceil(2) {
            let [low, high] = [0, 1].map(|i| _mm256_cvtps_epi32(_mm256_mul_ps(products[2 * pair + i], inverse)));
            // Packing works within 128-bit halves; the permutation restores the order.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
            let words = _mm256_shufflelo_epi16::<0b11_01_10_00>(words);
            let words = _mm256_shufflehi_epi16::<0b11_01_10_00>(words);
            _mm256_store_si256(out.0.as_mut_ptr().add(4 * pair).cast(), words);
        }
        largest / LARGEST
    }
}

/// 16 columns from `column` of a group on.
#[inline(always)]
unsafe fn add_columns<const R: usize>(
    values: Q8Panels<'_>,
    group: usize,
    column: usize,
    weights: &[Weights; R],
    scales: &[f32; R],
    out: *mut f32,
    ahead: &mut Option<Ahead>,
) {
    const QUADS: usize = PANEL_POSITIONS / 4;
    let panel_bytes = Q8Panels::panel_bytes(values.head_dim);
    let start = Q8Panels::scale_bytes(values.head_dim) + (group * QUADS * GROUP + column) * 4;
    // SAFETY: panels are whole, and `out` has the columns in each row.
    unsafe {
        let mut sums = [[_mm256_setzero_si256(); 2]; R];
        for quad in 0..values.num_positions.div_ceil(4) {
            let quants = start + quad / QUADS * panel_bytes + quad % QUADS * GROUP * 4;
            let quants = values.bytes.as_ptr().add(quants);
            if let Some(ahead) = ahead {
                ahead.fetch(2 * GROUP);
            }
            for c in 0..2 {
                let four = _mm256_loadu_si256(quants.add(32 * c).cast());
                let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(four));
                let odd = _mm256_srai_epi16::<8>(four);
                for r in 0..R {
                    let weights = weights[r].0[quad].as_ptr().cast::<i32>();
                    let even = _mm256_madd_epi16(even, _mm256_set1_epi32(weights.read()));
                    let odd = _mm256_madd_epi16(odd, _mm256_set1_epi32(weights.add(1).read()));
                    sums[r][c] = _mm256_add_epi32(sums[r][c], _mm256_add_epi32(even, odd));
                }
            }
        }
        for r in 0..R {
            for c in 0..2 {
                let out = out.add(r * values.head_dim + 8 * c);
                let sum = _mm256_fmadd_ps(
                    _mm256_cvtepi32_ps(sums[r][c]),
                    _mm256_set1_ps(scales[r]),
                    _mm256_loadu_ps(out),
                );
                _mm256_storeu_ps(out, sum);
            }
        }
    }
}
