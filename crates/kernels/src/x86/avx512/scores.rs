//! Products of queries with keys in f16: sixteen positions at a time.

use std::arch::x86_64::*;

use half::f16;

use crate::attention::key_columns::{KeyColumns, PositionLanes, scores};

struct Sixteen;

impl PositionLanes for Sixteen {
    const LANES: usize = 16;
    const MOST_SUMS: usize = 16;
    type Floats = __m512;

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m512 {
        // SAFETY: as the trait says.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn halves(values: *const f16) -> __m512 {
        // SAFETY: as the trait says.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(values.cast())) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: as the trait says.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn store(v: __m512, out: *mut f32) {
        // SAFETY: as the trait says.
        unsafe { _mm512_storeu_ps(out, v) }
    }
}

/// # Safety
/// The machine has AVX-512 F, AVX2, FMA and F16C; the rest as for [`crate::dispatch::ScoresF16`].
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
pub(super) unsafe fn scores_f16(keys: KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract.
    unsafe { scores::<Sixteen>(keys, x, stride, out) }
}
