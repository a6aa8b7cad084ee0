//! Attention over keys and values in q8_0.
//!
//! Values: the weights of some positions, times the scales of their values, become integers of 16 bits, the largest of a row
//! being the largest integer; VNNI multiplies their high and their low bytes by four positions at once.

use std::arch::x86_64::*;

use super::panels::Vnni;
use crate::activations::QuantBlock;
use crate::attention::{GROUP, PANEL_POSITIONS, Q8Panels, q8_scores};
use crate::dispatch::MOST_POSITIONS;
use crate::prefetch::Ahead;

/// The largest weight as an integer: 64 positions of 127 times this stay below 2^31.
const LARGEST: f32 = u16::MAX as f32;
const MOST_PANELS: usize = MOST_POSITIONS / PANEL_POSITIONS;

/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI. `x` is 1 to 4 queries of as many blocks as a key needs, and `out` has
/// room for whole panels of each, `stride` apart.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn scores(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { q8_scores::scores::<Vnni>(keys, x, stride, out) }
}

/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI. `out` is `[num_rows, head_dim]`, `weights` has `num_positions` values
/// per row, at most `MOST_POSITIONS`, `weight_stride` apart.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
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

/// One row's weights for a group of columns, four positions at a time.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Weights {
    high: [i32; MOST_POSITIONS / 4],
    low: [i32; MOST_POSITIONS / 4],
}

#[inline(always)]
unsafe fn rows<const R: usize>(values: Q8Panels<'_>, weights: *const f32, weight_stride: usize, out: *mut f32) {
    // SAFETY: the caller's rows have every group and position.
    unsafe {
        let most = largest_scales(values);
        let mut inverses = [_mm512_setzero_ps(); R];
        let mut units = [_mm512_setzero_ps(); R];
        for r in 0..R {
            // A NaN or infinity makes the unit NaN or infinite, and so shows.
            let largest = largest_product(values, weights.add(r * weight_stride), &most);
            inverses[r] = _mm512_set1_ps(if largest > 0.0 { LARGEST / largest } else { 0.0 });
            units[r] = _mm512_set1_ps(largest / LARGEST);
        }
        let mut integers = [Weights {
            high: [0; MOST_POSITIONS / 4],
            low: [0; MOST_POSITIONS / 4],
        }; R];
        let mut ahead = Ahead::some(values.next);
        for group in 0..values.head_dim / GROUP {
            to_integers::<R>(values, group, (weights, weight_stride), &inverses, &mut integers);
            add_group::<R>(values, group, &integers, &units, out.add(group * GROUP), &mut ahead);
        }
    }
}

/// The first of a panel's positions that are there.
#[inline(always)]
fn mask(values: Q8Panels<'_>, panel: usize) -> __mmask16 {
    let count = (values.num_positions - panel * PANEL_POSITIONS).min(PANEL_POSITIONS);
    ((1u32 << count) - 1) as __mmask16
}

/// Each position's largest scale of all groups. Compared as integers, a NaN is larger than every number.
#[inline(always)]
unsafe fn largest_scales(values: Q8Panels<'_>) -> [__m512; MOST_PANELS] {
    // SAFETY: panels are whole.
    unsafe {
        let mut most = [_mm512_setzero_ps(); MOST_PANELS];
        for panel in 0..values.num_positions.div_ceil(PANEL_POSITIONS) {
            let mut largest = _mm512_setzero_si512();
            for group in 0..values.head_dim / GROUP {
                largest = _mm512_max_epu32(largest, _mm512_castps_si512(scales(values, panel, group)));
            }
            most[panel] = _mm512_castsi512_ps(largest);
        }
        most
    }
}

/// The largest product of a weight and a scale. Weights of 0 have no part in it, so that a row's integers don't depend on
/// positions that it doesn't see.
#[inline(always)]
unsafe fn largest_product(values: Q8Panels<'_>, weights: *const f32, most: &[__m512; MOST_PANELS]) -> f32 {
    // SAFETY: the caller's weights are `num_positions`, of which others aren't read.
    unsafe {
        let mut largest = _mm512_setzero_si512();
        for panel in 0..values.num_positions.div_ceil(PANEL_POSITIONS) {
            let mask = mask(values, panel);
            let weight = _mm512_maskz_loadu_ps(mask, weights.add(panel * PANEL_POSITIONS));
            let product = _mm512_maskz_mul_ps(mask, weight, most[panel]);
            largest = _mm512_max_epu32(largest, _mm512_castps_si512(product));
        }
        f32::from_bits(_mm512_reduce_max_epu32(largest))
    }
}

/// A group's scales of a panel's positions; those beyond the last one may be anything.
#[inline(always)]
unsafe fn scales(values: Q8Panels<'_>, panel: usize, group: usize) -> __m512 {
    let start = panel * Q8Panels::panel_bytes(values.head_dim) + 2 * group * PANEL_POSITIONS;
    // SAFETY: panels are whole.
    unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(values.bytes.as_ptr().add(start).cast())) }
}

#[inline(always)]
unsafe fn to_integers<const R: usize>(
    values: Q8Panels<'_>,
    group: usize,
    (weights, weight_stride): (*const f32, usize),
    inverses: &[__m512; R],
    out: &mut [Weights; R],
) {
    // SAFETY: the caller's weights are `num_positions`, of which others aren't read.
    unsafe {
        for panel in 0..values.num_positions.div_ceil(PANEL_POSITIONS) {
            let mask = mask(values, panel);
            let scale = scales(values, panel, group);
            for r in 0..R {
                let weight = _mm512_maskz_loadu_ps(mask, weights.add(r * weight_stride + panel * PANEL_POSITIONS));
                let scale = _mm512_mul_ps(scale, inverses[r]);
                let integers = _mm512_cvtps_epi32(_mm512_maskz_mul_ps(mask, weight, scale));
                let low = _mm512_cvtepi32_epi8(integers);
                let high = _mm512_cvtepi32_epi8(_mm512_srli_epi32::<8>(integers));
                _mm_store_si128(out[r].low.as_mut_ptr().add(4 * panel).cast(), low);
                _mm_store_si128(out[r].high.as_mut_ptr().add(4 * panel).cast(), high);
            }
        }
    }
}

#[inline(always)]
unsafe fn add_group<const R: usize>(
    values: Q8Panels<'_>,
    group: usize,
    weights: &[Weights; R],
    units: &[__m512; R],
    out: *mut f32,
    ahead: &mut Option<Ahead>,
) {
    const QUADS: usize = PANEL_POSITIONS / 4;
    let panel_bytes = Q8Panels::panel_bytes(values.head_dim);
    let start = Q8Panels::scale_bytes(values.head_dim) + group * QUADS * GROUP * 4;
    // SAFETY: panels are whole, and `out` has the group in each row.
    unsafe {
        let mut high = [[_mm512_setzero_si512(); 2]; R];
        let mut low = [[_mm512_setzero_si512(); 2]; R];
        for quad in 0..values.num_positions.div_ceil(4) {
            let quants = start + quad / QUADS * panel_bytes + quad % QUADS * GROUP * 4;
            let quants = values.bytes.as_ptr().add(quants);
            if let Some(ahead) = ahead {
                ahead.fetch(4 * GROUP);
            }
            let four = [0, 1].map(|c| _mm512_loadu_si512(quants.add(64 * c).cast()));
            for r in 0..R {
                let high_weights = _mm512_set1_epi32(weights[r].high[quad]);
                let low_weights = _mm512_set1_epi32(weights[r].low[quad]);
                for c in 0..2 {
                    high[r][c] = _mm512_dpbusd_epi32(high[r][c], high_weights, four[c]);
                    low[r][c] = _mm512_dpbusd_epi32(low[r][c], low_weights, four[c]);
                }
            }
        }
        for r in 0..R {
            for c in 0..2 {
                let out = out.add(r * values.head_dim + 16 * c);
                let sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(high[r][c]), low[r][c]);
                let sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), units[r], _mm512_loadu_ps(out));
                _mm512_storeu_ps(out, sum);
            }
        }
    }
}
