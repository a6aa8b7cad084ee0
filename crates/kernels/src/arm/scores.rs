//! Products of queries with keys in f16: eight positions at a time.

use std::arch::aarch64::*;

use half::f16;

use super::{Eight, widen};
use crate::attention::key_columns::{KeyColumns, PositionLanes, scores};

struct EightPositions;

/// NEON.
impl PositionLanes for EightPositions {
    const LANES: usize = 8;
    const MOST_SUMS: usize = 8;
    type Floats = Eight;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Eight {
        // SAFETY: as the trait says.
        unsafe { [vdupq_n_f32(value); 2] }
    }

    #[inline(always)]
    unsafe fn halves(values: *const f16) -> Eight {
        // SAFETY: as the trait says.
        unsafe { widen(vld1q_u16(values.cast())) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: Eight, b: Eight, c: Eight) -> Eight {
        // SAFETY: as the trait says.
        unsafe { [vfmaq_f32(c[0], a[0], b[0]), vfmaq_f32(c[1], a[1], b[1])] }
    }

    #[inline(always)]
    unsafe fn store(v: Eight, out: *mut f32) {
        // SAFETY: as the trait says.
        unsafe {
            vst1q_f32(out, v[0]);
            vst1q_f32(out.add(4), v[1]);
        }
    }
}

/// # Safety
/// The machine has NEON; the rest as for [`crate::dispatch::ScoresF16`].
#[target_feature(enable = "neon")]
pub(super) unsafe fn scores_f16(keys: KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract.
    unsafe { scores::<EightPositions>(keys, x, stride, out) }
}
