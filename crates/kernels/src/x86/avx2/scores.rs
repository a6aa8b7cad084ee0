//! Products of queries with keys in f16: eight positions at a time.

use std::arch::x86_64::*;

use half::f16;

use crate::attention::key_columns::{KeyColumns, PositionLanes, scores};

struct Eight;

impl PositionLanes for Eight {
    const LANES: usize = 8;
    const MOST_SUMS: usize = 8;
    type Floats = __m256;

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 {
        // SAFETY: as the trait says.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn halves(values: *const f16) -> __m256 {
        // SAFETY: as the trait says.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(values.cast())) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: as the trait says.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn store(v: __m256, out: *mut f32) {
        // SAFETY: as the trait says.
        unsafe { _mm256_storeu_ps(out, v) }
    }
}

/// # Safety
/// The machine has AVX2, FMA and F16C; the rest as for [`crate::dispatch::ScoresF16`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn scores_f16(keys: KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract.
    unsafe { scores::<Eight>(keys, x, stride, out) }
}
