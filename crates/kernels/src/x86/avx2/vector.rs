//! Operations on single rows of f32.

use std::arch::x86_64::*;

use half::f16;

use crate::activations::{BLOCK, QuantBlock, SMALLEST_MAGNITUDE};
use crate::scalar;

#[inline(always)]
unsafe fn load(x: &[f32; 8]) -> __m256 {
    // SAFETY: the array is eight values; the caller has the features.
    unsafe { _mm256_loadu_ps(x.as_ptr()) }
}

#[inline(always)]
unsafe fn store(x: &mut [f32; 8], v: __m256) {
    // SAFETY: the array is eight values; the caller has the features.
    unsafe { _mm256_storeu_ps(x.as_mut_ptr(), v) }
}

#[inline(always)]
unsafe fn sum_lanes(v: __m256) -> f32 {
    // SAFETY: the caller has the features.
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}

/// `exp`, to about 1e-7 of its value. Results below the smallest normal number are 0; those above
/// 2^127.5 infinite; NaN stays NaN.
#[inline(always)]
unsafe fn exp(x: __m256) -> __m256 {
    // SAFETY: the caller has the features.
    unsafe {
        let lowest = _mm256_set1_ps(-87.336_54);
        let vanishes = _mm256_cmp_ps::<_CMP_LT_OQ>(x, lowest);
        // With x as the second operand, a NaN comes through.
        let x = _mm256_min_ps(_mm256_set1_ps(89.0), _mm256_max_ps(lowest, x));
        // exp(x) = 2^n * exp(r), with r within half of ln 2; ln 2 is subtracted in two parts.
        let n = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(_mm256_mul_ps(
            x,
            _mm256_set1_ps(std::f32::consts::LOG2_E),
        ));
        let r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693_359_4), x);
        let r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.121_944_4e-4), r);
        let mut y = _mm256_set1_ps(1.0 / 5040.0);
        for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(factor));
        }
        let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        let power = _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
        _mm256_andnot_ps(vanishes, _mm256_mul_ps(y, power))
    }
}

/// # Safety
/// The machine has AVX2, FMA and F16C; `out` has `ceil(x.len() / 256)` blocks.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn quantize_row(x: &[f32], out: &mut [QuantBlock]) {
    for (values, block) in x.chunks(BLOCK).zip(out) {
        let (groups, rest) = values.as_chunks::<32>();
        if values.len() < BLOCK {
            *block = QuantBlock::ZERO;
        }
        for (group, values) in groups.iter().enumerate() {
            // SAFETY: this function has the features; there are at most eight groups.
            unsafe { quantize_group(values, group, block) };
        }
        if !rest.is_empty() {
            scalar::quantize_group(rest, groups.len(), block);
        }
    }
}

#[inline(always)]
unsafe fn quantize_group(values: &[f32; 32], group: usize, block: &mut QuantBlock) {
    // SAFETY: the caller has the features; the loads are within 32 values, and the stores within
    // group `group` of the block.
    unsafe {
        let v: [__m256; 4] = std::array::from_fn(|i| _mm256_loadu_ps(values.as_ptr().add(8 * i)));
        // Compared as integers, a NaN is larger than every number, so it isn't lost.
        let without_sign = _mm256_set1_epi32(i32::MAX);
        let bits = v.map(|v| _mm256_and_si256(_mm256_castps_si256(v), without_sign));
        let largest = _mm256_max_epi32(_mm256_max_epi32(bits[0], bits[1]), _mm256_max_epi32(bits[2], bits[3]));
        let four = _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
        let two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
        let one = _mm_max_epi32(two, _mm_srli_epi64(two, 32));
        let magnitude = f32::from_bits(_mm_cvtsi128_si32(one) as u32);
        let (scale, inverse) = if magnitude < SMALLEST_MAGNITUDE {
            (0.0, 0.0)
        } else {
            (magnitude / 127.0, 127.0 / magnitude)
        };
        let inverse = _mm256_set1_ps(inverse);
        let q = v.map(|v| _mm256_cvtps_epi32(_mm256_mul_ps(v, inverse)));
        // Packing works within 128-bit halves; the permutation restores the order.
        let words = [_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3])];
        let mixed = _mm256_packs_epi16(words[0], words[1]);
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let quants = _mm256_permutevar8x32_epi32(mixed, order);
        let target = block.quants.as_mut_ptr().add(32 * group);
        _mm256_storeu_si256(target.cast(), quants);
        let ones = _mm256_set1_epi16(1);
        // 16 values are the two words that came from the same pair of vectors.
        let sums = words.map(|w| {
            let sums = _mm256_madd_epi16(w, ones);
            let four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
            let two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
            _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_srli_epi64(two, 32)))
        });
        block.scales[group] = scale;
        block.starts16[2 * group] = sums[0].wrapping_mul(-32);
        block.starts16[2 * group + 1] = sums[1].wrapping_mul(-32);
        // The quants of a NaN are out of range: then the sums may be anything, as the scale is NaN.
        let total = sums[0].wrapping_add(sums[1]);
        block.sums32[group] = scale * total as f32;
        block.starts32[group] = total.wrapping_mul(-128);
    }
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn sum_of_squares(x: &[f32]) -> f32 {
    let (vectors, rest) = x.as_chunks::<8>();
    let mut sums = [_mm256_setzero_ps(); 4];
    for (i, v) in vectors.iter().enumerate() {
        // SAFETY: this function has the features.
        let v = unsafe { load(v) };
        sums[i % 4] = _mm256_fmadd_ps(v, v, sums[i % 4]);
    }
    let sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
    // SAFETY: this function has the features.
    unsafe { sum_lanes(sum) + scalar::sum_of_squares(rest) }
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn scale_by(x: &[f32], scale: f32, weight: &[f32], out: &mut [f32]) {
    let (xs, x_rest) = x.as_chunks::<8>();
    let (weights, weight_rest) = weight.as_chunks::<8>();
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    let factor = _mm256_set1_ps(scale);
    for ((x, weight), out) in xs.iter().zip(weights).zip(outs) {
        // SAFETY: this function has the features.
        unsafe {
            store(out, _mm256_mul_ps(_mm256_mul_ps(load(x), factor), load(weight)));
        }
    }
    scalar::scale_by(x_rest, scale, weight_rest, out_rest);
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn scale_by_in_place(x: &mut [f32], scale: f32, weight: &[f32]) {
    let (xs, x_rest) = x.as_chunks_mut::<8>();
    let (weights, weight_rest) = weight.as_chunks::<8>();
    let factor = _mm256_set1_ps(scale);
    for (x, weight) in xs.iter_mut().zip(weights) {
        // SAFETY: this function has the features.
        unsafe {
            let scaled = _mm256_mul_ps(_mm256_mul_ps(load(x), factor), load(weight));
            store(x, scaled);
        }
    }
    scalar::scale_by_in_place(x_rest, scale, weight_rest);
}

/// # Safety
/// The machine has AVX2, FMA and F16C; `head` is twice as long as `cos` and as `sin`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let half = cos.len();
    if !half.is_multiple_of(8) {
        return scalar::rotate(head, cos, sin);
    }
    let (first, second) = head.split_at_mut(half);
    let (first, second) = (first.as_chunks_mut::<8>().0, second.as_chunks_mut::<8>().0);
    let (cos, sin) = (cos.as_chunks::<8>().0, sin.as_chunks::<8>().0);
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        // SAFETY: this function has the features.
        unsafe {
            let (x, y, cos, sin) = (load(a), load(b), load(cos), load(sin));
            store(a, _mm256_fmsub_ps(x, cos, _mm256_mul_ps(y, sin)));
            store(b, _mm256_fmadd_ps(y, cos, _mm256_mul_ps(x, sin)));
        }
    }
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn silu_mul(gate: &mut [f32], up: &[f32]) {
    let (gates, gate_rest) = gate.as_chunks_mut::<8>();
    let (ups, up_rest) = up.as_chunks::<8>();
    let one = _mm256_set1_ps(1.0);
    for (gate, up) in gates.iter_mut().zip(ups) {
        // SAFETY: this function has the features.
        unsafe {
            let x = load(gate);
            let negated = _mm256_sub_ps(_mm256_setzero_ps(), x);
            let silu = _mm256_div_ps(x, _mm256_add_ps(one, exp(negated)));
            store(gate, _mm256_mul_ps(silu, load(up)));
        }
    }
    scalar::silu_mul(gate_rest, up_rest);
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn add_scaled(out: &mut [f32], x: &[f32], scale: f32) {
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    let (xs, x_rest) = x.as_chunks::<8>();
    let factor = _mm256_set1_ps(scale);
    for (out, x) in outs.iter_mut().zip(xs) {
        // SAFETY: this function has the features.
        unsafe { store(out, _mm256_fmadd_ps(load(x), factor, load(out))) };
    }
    scalar::add_scaled(out_rest, x_rest, scale);
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn max(x: &[f32]) -> f32 {
    let (vectors, rest) = x.as_chunks::<8>();
    let mut largest = _mm256_set1_ps(f32::NEG_INFINITY);
    for v in vectors {
        // With the running maximum as the second operand, a NaN is passed over.
        // SAFETY: this function has the features.
        largest = unsafe { _mm256_max_ps(load(v), largest) };
    }
    let mut lanes = [0f32; 8];
    // SAFETY: this function has the features.
    unsafe { store(&mut lanes, largest) };
    scalar::max(&lanes).max(scalar::max(rest))
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn exp_and_sum(x: &mut [f32], max: f32, scale: f32) -> f32 {
    let (vectors, rest) = x.as_chunks_mut::<8>();
    let (max, scale) = (_mm256_set1_ps(max), _mm256_set1_ps(scale));
    let mut sum = _mm256_setzero_ps();
    let mut step = |v: &mut [f32; 8]| {
        // SAFETY: this function has the features.
        unsafe {
            let e = exp(_mm256_mul_ps(_mm256_sub_ps(load(v), max), scale));
            store(v, e);
            sum = _mm256_add_ps(sum, e);
        }
    };
    vectors.iter_mut().for_each(&mut step);
    if !rest.is_empty() {
        let mut padded = [f32::NEG_INFINITY; 8];
        padded[..rest.len()].copy_from_slice(rest);
        step(&mut padded);
        rest.copy_from_slice(&padded[..rest.len()]);
    }
    // SAFETY: this function has the features.
    unsafe { sum_lanes(sum) }
}

/// # Safety
/// The machine has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn scale(x: &mut [f32], scale: f32) {
    let (vectors, rest) = x.as_chunks_mut::<8>();
    let factor = _mm256_set1_ps(scale);
    for v in vectors {
        // SAFETY: this function has the features.
        unsafe {
            let scaled = _mm256_mul_ps(load(v), factor);
            store(v, scaled);
        }
    }
    scalar::scale(rest, scale);
}

/// # Safety
/// The machine has AVX2, FMA and F16C; `out` is as long as `x`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn to_f16(x: &[f32], out: &mut [f16]) {
    let (vectors, rest) = x.as_chunks::<8>();
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    for (v, out) in vectors.iter().zip(outs) {
        // SAFETY: this function has the features; `out` is eight values of two bytes.
        unsafe {
            let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(load(v));
            _mm_storeu_si128(out.as_mut_ptr().cast(), halves);
        }
    }
    scalar::to_f16(rest, out_rest);
}
