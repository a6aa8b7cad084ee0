//! Attention over keys and values in q8_0.
//!
//! Values: the weights of some positions, times the scales of their values, become integers of 15 bits for a row and a
//! group of columns.

use std::arch::aarch64::*;

use super::panels::Neon;
use super::products::{Dotprod, Widening};
use super::widen;
use crate::activations::QuantBlock;
use crate::attention::{GROUP, PANEL_POSITIONS, Q8Panels, q8_scores};
use crate::dispatch::MOST_POSITIONS;
use crate::prefetch::Ahead;

/// The largest weight as an integer: 64 positions of 127 times this stay below 2^31.
const LARGEST: f32 = i16::MAX as f32;

/// # Safety
/// The machine has NEON. `x` is 1 to 4 queries of as many blocks as a key needs, and `out` has room for whole panels of
/// each, `stride` apart.
#[target_feature(enable = "neon")]
pub(super) unsafe fn scores_widening(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { q8_scores::scores::<Neon<Widening, 2>>(keys, x, stride, out) }
}

/// # Safety
/// The machine has NEON and its dot products. `x` is 1 to 4 queries of as many blocks as a key needs, and `out` has room
/// for whole panels of each, `stride` apart.
#[target_feature(enable = "neon,dotprod")]
pub(super) unsafe fn scores_dotprod(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { q8_scores::scores::<Neon<Dotprod, 2>>(keys, x, stride, out) }
}

/// # Safety
/// The machine has NEON. `out` is `[num_rows, head_dim]`, `weights` has `num_positions` values per row, at most
/// `MOST_POSITIONS`, `weight_stride` apart.
#[target_feature(enable = "neon")]
pub(super) unsafe fn add_values(values: Q8Panels<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    let num_rows = out.len() / values.head_dim;
    let mut row = 0;
    while row < num_rows {
        let out = &mut out[row * values.head_dim..];
        let weights = &weights[row * weight_stride..];
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

/// One row's weights for a group of columns.
#[derive(Clone, Copy)]
struct Weights([i16; MOST_POSITIONS]);

#[inline(always)]
unsafe fn rows<const R: usize>(values: Q8Panels<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    let mut padded = [[0f32; MOST_POSITIONS]; R];
    for (row, padded) in padded.iter_mut().enumerate() {
        padded[..values.num_positions].copy_from_slice(&weights[row * weight_stride..][..values.num_positions]);
    }
    let mut integers = [Weights([0; MOST_POSITIONS]); R];
    let mut units = [0f32; R];
    let mut ahead = Ahead::some(values.next);
    for group in 0..values.head_dim / GROUP {
        // SAFETY: panels are whole, and `out` has the group's columns in each row.
        unsafe {
            for r in 0..R {
                units[r] = to_integers(values, group, &padded[r], &mut integers[r]);
            }
            for column in [0, GROUP / 2] {
                let out = out.as_mut_ptr().add(group * GROUP + column);
                add_columns::<R>(values, group, column, &integers, &units, out, &mut ahead);
            }
        }
    }
}

/// Returns what an integer is worth. A NaN or infinity makes it NaN or infinite, and so shows.
#[inline(always)]
unsafe fn to_integers(values: Q8Panels<'_>, group: usize, weights: &[f32; MOST_POSITIONS], out: &mut Weights) -> f32 {
    let num_positions = values.num_positions;
    let num_eights = num_positions.div_ceil(8);
    // SAFETY: panels are whole, and eights within the most positions.
    unsafe {
        let mut products = [[vdupq_n_f32(0.0); 2]; MOST_POSITIONS / 8];
        // Compared as integers, a NaN is larger than every number.
        let mut largest = vdupq_n_u32(0);
        let lanes = vld1q_u32([0, 1, 2, 3].as_ptr());
        for eight in 0..num_eights {
            let panel = 8 * eight / PANEL_POSITIONS * Q8Panels::panel_bytes(values.head_dim);
            let scale = panel + 2 * (group * PANEL_POSITIONS + 8 * eight % PANEL_POSITIONS);
            let scale = widen(vreinterpretq_u16_u8(vld1q_u8(values.bytes.as_ptr().add(scale))));
            for i in 0..2 {
                let first = 8 * eight + 4 * i;
                let weight = vld1q_f32(weights.as_ptr().add(first));
                let product = vreinterpretq_u32_f32(vmulq_f32(weight, scale[i]));
                // The scale of a position beyond the last one may be anything.
                let is_there = vcltq_u32(lanes, vdupq_n_u32(num_positions.saturating_sub(first) as u32));
                let product = vandq_u32(product, is_there);
                largest = vmaxq_u32(largest, product);
                products[eight][i] = vreinterpretq_f32_u32(product);
            }
        }
        let largest = f32::from_bits(vmaxvq_u32(largest));
        let inverse = if largest > 0.0 { LARGEST / largest } else { 0.0 };
        for eight in 0..num_eights {
            let [low, high] = products[eight].map(|v| vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(v, inverse))));
            vst1q_s16(out.0.as_mut_ptr().add(8 * eight), vcombine_s16(low, high));
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
    units: &[f32; R],
    out: *mut f32,
    ahead: &mut Option<Ahead>,
) {
    const QUADS: usize = PANEL_POSITIONS / 4;
    let panel_bytes = Q8Panels::panel_bytes(values.head_dim);
    let start = Q8Panels::scale_bytes(values.head_dim) + (group * QUADS * GROUP + column) * 4;
    // SAFETY: panels are whole, and `out` has the columns in each row.
    unsafe {
        let mut sums = [[vdupq_n_s32(0); 4]; R];
        for quad in 0..values.num_positions.div_ceil(4) {
            let quants = start + quad / QUADS * panel_bytes + quad % QUADS * GROUP * 4;
            if let Some(ahead) = ahead {
                ahead.fetch(2 * GROUP);
            }
            // Each position's sixteen columns.
            let four = vld4q_s8(values.bytes.as_ptr().add(quants).cast());
            let mut weight = [vdup_n_s16(0); R];
            for r in 0..R {
                weight[r] = vld1_s16(weights[r].0.as_ptr().add(4 * quad));
            }
            add_position::<R, 0>(four.0, &weight, &mut sums);
            add_position::<R, 1>(four.1, &weight, &mut sums);
            add_position::<R, 2>(four.2, &weight, &mut sums);
            add_position::<R, 3>(four.3, &weight, &mut sums);
        }
        for r in 0..R {
            for c in 0..4 {
                let out = out.add(r * values.head_dim + 4 * c);
                vst1q_f32(out, vfmaq_n_f32(vld1q_f32(out), vcvtq_f32_s32(sums[r][c]), units[r]));
            }
        }
    }
}

/// The position whose weight is in `LANE`.
#[inline(always)]
unsafe fn add_position<const R: usize, const LANE: i32>(
    values: int8x16_t,
    weights: &[int16x4_t; R],
    sums: &mut [[int32x4_t; 4]; R],
) {
    // SAFETY: the caller has NEON.
    unsafe {
        let (low, high) = (vmovl_s8(vget_low_s8(values)), vmovl_high_s8(values));
        for r in 0..R {
            let sums = &mut sums[r];
            sums[0] = vmlal_lane_s16::<LANE>(sums[0], vget_low_s16(low), weights[r]);
            sums[1] = vmlal_high_lane_s16::<LANE>(sums[1], low, weights[r]);
            sums[2] = vmlal_lane_s16::<LANE>(sums[2], vget_low_s16(high), weights[r]);
            sums[3] = vmlal_high_lane_s16::<LANE>(sums[3], high, weights[r]);
        }
    }
}
