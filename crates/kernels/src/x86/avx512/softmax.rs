//! From the scores of attention to weights, sixteen at a time.

use std::arch::x86_64::*;

const LANES: usize = 16;

/// `exp` of what is at most 0, to about 1e-7 of its value. Results below the smallest normal number are 0; NaN stays NaN.
#[inline(always)]
unsafe fn exp(x: __m512) -> __m512 {
    // SAFETY: the caller has the features.
    unsafe {
        let lowest = _mm512_set1_ps(-87.336_54);
        let remains = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, lowest);
        // With x as the second operand, a NaN comes through.
        let x = _mm512_max_ps(lowest, x);
        // exp(x) = 2^n * exp(r), with r within half of ln 2; ln 2 is subtracted in two parts.
        let n = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(_mm512_mul_ps(
            x,
            _mm512_set1_ps(std::f32::consts::LOG2_E),
        ));
        let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693_359_4), x);
        let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.121_944_4e-4), r);
        let mut y = _mm512_set1_ps(1.0 / 5040.0);
        for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(factor));
        }
        _mm512_maskz_scalef_ps(remains, y, n)
    }
}

/// The lanes of the first `count` values.
fn mask(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

/// # Safety
/// The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn max(x: &[f32]) -> f32 {
    let (vectors, rest) = x.as_chunks::<LANES>();
    let lowest = _mm512_set1_ps(f32::NEG_INFINITY);
    // With the running maximum as the second operand, a NaN is passed over.
    // SAFETY: the chunks are sixteen values, and the mask leaves out what is beyond `rest`.
    unsafe {
        let last = _mm512_mask_loadu_ps(lowest, mask(rest.len()), rest.as_ptr());
        let mut largest = _mm512_max_ps(last, lowest);
        for v in vectors {
            largest = _mm512_max_ps(_mm512_loadu_ps(v.as_ptr()), largest);
        }
        _mm512_reduce_max_ps(largest)
    }
}

/// `max` isn't less than any of `x`.
///
/// # Safety
/// The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn exp_and_sum(x: &mut [f32], max: f32, scale: f32) -> f32 {
    let (vectors, rest) = x.as_chunks_mut::<LANES>();
    let (max, scale) = (_mm512_set1_ps(max), _mm512_set1_ps(scale));
    let mut sum = _mm512_setzero_ps();
    // SAFETY: the chunks are sixteen values, and the mask leaves out what is beyond `rest`.
    unsafe {
        for v in vectors {
            let e = exp(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(v.as_ptr()), max), scale));
            _mm512_storeu_ps(v.as_mut_ptr(), e);
            sum = _mm512_add_ps(sum, e);
        }
        if !rest.is_empty() {
            let mask = mask(rest.len());
            let values = _mm512_maskz_loadu_ps(mask, rest.as_ptr());
            let e = exp(_mm512_mul_ps(_mm512_sub_ps(values, max), scale));
            _mm512_mask_storeu_ps(rest.as_mut_ptr(), mask, e);
            sum = _mm512_mask_add_ps(sum, mask, sum, e);
        }
        _mm512_reduce_add_ps(sum)
    }
}
