//! VNNI with vectors of 256 bits, for processors that have it without AVX-512: products of quantized weights. Everything
//! else is as with AVX2.
//!
//! The same instruction has an encoding of AVX and one of AVX-512; the latter is for measuring and testing these kernels on
//! processors that lack the former.

use std::arch::x86_64::*;

use super::avx2;
use super::avx2::panels::{Eights, multiply_by};
use super::avx2::products::{Dot, Vnni};
use crate::activations::QuantBlock;
use crate::attention::{Q8Panels, q8_scores};
use crate::dispatch::Kernels;
use crate::isa::Isa;
use crate::panel::PANEL_ROWS;
use crate::panel::formats::{Format, panels};

/// Whether there is a table for this machine, which has AVX2.
pub(crate) fn is_available() -> bool {
    has_vex() || has_evex()
}

/// The table for a machine that has AVX2, FMA and F16C.
pub(crate) fn kernels() -> Option<&'static Kernels> {
    match () {
        () if has_vex() => Some(&VEX),
        () if has_evex() => Some(&EVEX),
        () => None,
    }
}

fn has_vex() -> bool {
    is_x86_feature_detected!("avxvnni")
}

fn has_evex() -> bool {
    is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl")
}

static VEX: Kernels = Kernels {
    isa: Isa::AvxVnni,
    panels: panels!(multiply_vex),
    scores_q8_0: scores_vex,
    ..avx2::TABLE
};

static EVEX: Kernels = Kernels {
    isa: Isa::AvxVnni,
    panels: panels!(multiply_evex),
    scores_q8_0: scores_evex,
    ..avx2::TABLE
};

struct Vex;

/// AVX-VNNI.
impl Dot for Vex {
    #[inline(always)]
    unsafe fn add(sum: __m256i, weights: __m256i, quants: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpbusd_avx_epi32(sum, weights, quants) }
    }
}

struct Evex;

/// AVX-512 VNNI and VL.
impl Dot for Evex {
    #[inline(always)]
    unsafe fn add(sum: __m256i, weights: __m256i, quants: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpbusd_epi32(sum, weights, quants) }
    }
}

/// # Safety
/// The machine has AVX2, FMA, F16C and AVX-VNNI; the rest as for [`crate::panel::Multiply`].
#[target_feature(enable = "avxvnni,avx2,fma,f16c")]
unsafe fn multiply_vex<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { multiply_by::<Vnni<Vex>, F>(panel, x, out) }
}

/// # Safety
/// The machine has AVX2, FMA, F16C, AVX-512 VNNI and VL; the rest as for [`crate::panel::Multiply`].
#[target_feature(enable = "avx512vnni,avx512vl,avx2,fma,f16c")]
unsafe fn multiply_evex<F: Format>(panel: &[u8], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { multiply_by::<Vnni<Evex>, F>(panel, x, out) }
}

/// # Safety
/// The machine has AVX2, FMA, F16C and AVX-VNNI; the rest as for [`crate::dispatch::ScoresQ8`].
#[target_feature(enable = "avxvnni,avx2,fma,f16c")]
unsafe fn scores_vex(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { q8_scores::scores::<Eights<Vnni<Vex>, 2>>(keys, x, stride, out) }
}

/// # Safety
/// The machine has AVX2, FMA, F16C, AVX-512 VNNI and VL; the rest as for [`crate::dispatch::ScoresQ8`].
#[target_feature(enable = "avx512vnni,avx512vl,avx2,fma,f16c")]
unsafe fn scores_evex(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { q8_scores::scores::<Eights<Vnni<Evex>, 2>>(keys, x, stride, out) }
}
