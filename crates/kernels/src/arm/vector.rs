//! Operations on single rows of f32.

use std::arch::aarch64::*;
use std::array::from_fn;

use half::f16;

use super::narrow;
use crate::activations::{BLOCK, QuantBlock, SMALLEST_MAGNITUDE};
use crate::scalar;

#[inline]
#[target_feature(enable = "neon")]
fn load(x: &[f32; 4]) -> float32x4_t {
    // SAFETY: the array is four values.
    unsafe { vld1q_f32(x.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(x: &mut [f32; 4], v: float32x4_t) {
    // SAFETY: the array is four values.
    unsafe { vst1q_f32(x.as_mut_ptr(), v) }
}

/// `exp`, to about 1e-7 of its value. Results below the smallest normal number are 0; those above
/// 2^127.5 infinite; NaN stays NaN.
#[inline]
#[target_feature(enable = "neon")]
fn exp(x: float32x4_t) -> float32x4_t {
    let lowest = vdupq_n_f32(-87.336_54);
    let vanishes = vcltq_f32(x, lowest);
    let x = vminq_f32(vdupq_n_f32(89.0), vmaxq_f32(lowest, x));
    // exp(x) = 2^n * exp(r), with r within half of ln 2; ln 2 is subtracted in two parts.
    let n = vrndnq_f32(vmulq_n_f32(x, std::f32::consts::LOG2_E));
    let r = vfmsq_n_f32(x, n, 0.693_359_4);
    let r = vfmsq_n_f32(r, n, -2.121_944_4e-4);
    let mut y = vdupq_n_f32(1.0 / 5040.0);
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        y = vfmaq_f32(vdupq_n_f32(factor), y, r);
    }
    let exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    let power = vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent));
    let y = vreinterpretq_u32_f32(vmulq_f32(y, power));
    vreinterpretq_f32_u32(vbicq_u32(y, vanishes))
}

/// # Safety
/// The machine has NEON; `out` has `ceil(x.len() / 256)` blocks.
#[target_feature(enable = "neon")]
pub(super) unsafe fn quantize_row(x: &[f32], out: &mut [QuantBlock]) {
    for (values, block) in x.chunks(BLOCK).zip(out) {
        let (groups, rest) = values.as_chunks::<32>();
        if values.len() < BLOCK {
            *block = QuantBlock::ZERO;
        }
        for (group, values) in groups.iter().enumerate() {
            quantize_group(values, group, block);
        }
        if !rest.is_empty() {
            scalar::quantize_group(rest, groups.len(), block);
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn quantize_group(values: &[f32; 32], group: usize, block: &mut QuantBlock) {
    let (fours, _) = values.as_chunks::<4>();
    let v: [float32x4_t; 8] = from_fn(|i| load(&fours[i]));
    // Compared as integers, a NaN is larger than every number, so it isn't lost.
    let bits = v.map(|v| vreinterpretq_u32_f32(vabsq_f32(v)));
    let fours: [uint32x4_t; 4] = from_fn(|i| vmaxq_u32(bits[i], bits[i + 4]));
    let largest = vmaxq_u32(vmaxq_u32(fours[0], fours[1]), vmaxq_u32(fours[2], fours[3]));
    let magnitude = f32::from_bits(vmaxvq_u32(largest));
    let (scale, inverse) = if magnitude < SMALLEST_MAGNITUDE {
        (0.0, 0.0)
    } else {
        (magnitude / 127.0, 127.0 / magnitude)
    };
    let q = v.map(|v| vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(v, inverse))));
    let words: [int16x8_t; 4] = from_fn(|i| vcombine_s16(q[2 * i], q[2 * i + 1]));
    let target = block.quants[32 * group..][..32].as_chunks_mut::<16>().0;
    for (i, target) in target.iter_mut().enumerate() {
        let quants = vcombine_s8(vqmovn_s16(words[2 * i]), vqmovn_s16(words[2 * i + 1]));
        // SAFETY: the array is sixteen bytes.
        unsafe { vst1q_s8(target.as_mut_ptr(), quants) };
    }
    let sums: [i32; 2] = from_fn(|i| vaddlvq_s16(vaddq_s16(words[2 * i], words[2 * i + 1])));
    block.scales[group] = scale;
    block.starts16[2 * group] = sums[0].wrapping_mul(-32);
    block.starts16[2 * group + 1] = sums[1].wrapping_mul(-32);
    // With a NaN or an infinity the sums may be anything, as the scale is NaN or infinite.
    let total = sums[0].wrapping_add(sums[1]);
    block.sums32[group] = scale * total as f32;
    block.starts32[group] = total.wrapping_mul(-128);
}

#[target_feature(enable = "neon")]
pub(super) fn sum_of_squares(x: &[f32]) -> f32 {
    let (sixteens, rest) = x.as_chunks::<16>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for sixteen in sixteens {
        let (fours, _) = sixteen.as_chunks::<4>();
        for (sum, four) in sums.iter_mut().zip(fours) {
            *sum = vfmaq_f32(*sum, load(four), load(four));
        }
    }
    let sum = vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3]));
    vaddvq_f32(sum) + scalar::sum_of_squares(rest)
}

#[target_feature(enable = "neon")]
pub(super) fn silu_mul(gate: &mut [f32], up: &[f32]) {
    let (gates, gate_rest) = gate.as_chunks_mut::<4>();
    let (ups, up_rest) = up.as_chunks::<4>();
    for (gate, up) in gates.iter_mut().zip(ups) {
        let x = load(gate);
        let silu = vdivq_f32(x, vaddq_f32(vdupq_n_f32(1.0), exp(vnegq_f32(x))));
        store(gate, vmulq_f32(silu, load(up)));
    }
    scalar::silu_mul(gate_rest, up_rest);
}

#[target_feature(enable = "neon")]
pub(super) fn max(x: &[f32]) -> f32 {
    let (sixteens, rest) = x.as_chunks::<16>();
    let mut largest = [vdupq_n_f32(f32::NEG_INFINITY); 4];
    for sixteen in sixteens {
        let (fours, _) = sixteen.as_chunks::<4>();
        for (largest, four) in largest.iter_mut().zip(fours) {
            // The number of the two, if one is NaN.
            *largest = vmaxnmq_f32(*largest, load(four));
        }
    }
    let largest = vmaxnmq_f32(vmaxnmq_f32(largest[0], largest[1]), vmaxnmq_f32(largest[2], largest[3]));
    vmaxnmvq_f32(largest).max(scalar::max(rest))
}

#[target_feature(enable = "neon")]
pub(super) fn exp_and_sum(x: &mut [f32], max: f32, scale: f32) -> f32 {
    let (fours, rest) = x.as_chunks_mut::<4>();
    let max = vdupq_n_f32(max);
    let mut sum = vdupq_n_f32(0.0);
    let mut step = |v: &mut [f32; 4]| {
        let e = exp(vmulq_n_f32(vsubq_f32(load(v), max), scale));
        store(v, e);
        sum = vaddq_f32(sum, e);
    };
    fours.iter_mut().for_each(&mut step);
    if !rest.is_empty() {
        let mut padded = [f32::NEG_INFINITY; 4];
        padded[..rest.len()].copy_from_slice(rest);
        step(&mut padded);
        rest.copy_from_slice(&padded[..rest.len()]);
    }
    vaddvq_f32(sum)
}

#[target_feature(enable = "neon")]
pub(super) fn to_f16(x: &[f32], out: &mut [f16]) {
    let (eights, rest) = x.as_chunks::<8>();
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    for (v, out) in eights.iter().zip(outs) {
        let (fours, _) = v.as_chunks::<4>();
        let halves = narrow([load(&fours[0]), load(&fours[1])]);
        // SAFETY: `out` is eight values of two bytes.
        unsafe { vst1q_u16(out.as_mut_ptr().cast(), halves) };
    }
    scalar::to_f16(rest, out_rest);
}
