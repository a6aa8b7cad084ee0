//! Up to four tokens, as with AVX2, but with one instruction for the products and their sums.

use std::arch::x86_64::*;

use crate::activations::QuantBlock;
use crate::dispatch::WeightRows;
use crate::x86::avx2::formats::Format;
use crate::x86::avx2::quant_tile::{Dot, tile_with};

struct Vnni;

impl Dot for Vnni {
    #[inline(always)]
    unsafe fn dot(weights: __m256i, quants: __m256i) -> __m256i {
        // SAFETY: the caller has AVX-512 VL and VNNI.
        unsafe { _mm256_dpbusd_epi32(_mm256_setzero_si256(), weights, quants) }
    }
}

/// # Safety
/// The machine has AVX-512 VL and VNNI, AVX2, FMA and F16C. `x` is 1 to 4 rows of `ceil(cols / 256)` blocks, `out` is
/// `[num_rows, x.len()]`, and a row's bytes are whole blocks of the format.
#[target_feature(enable = "avx512f,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn tile<F: Format>(weights: WeightRows<'_>, x: &[&[QuantBlock]], out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { tile_with::<F, Vnni>(weights, x, out) }
}
