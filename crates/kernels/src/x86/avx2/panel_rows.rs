//! The first half of packing a panel: 256 weights of each of its rows as plain bytes and floats.

use std::arch::x86_64::*;

use super::formats::{Format, Offsets};
use crate::dispatch::WeightRows;
use crate::panel::PANEL_ROWS;

/// Bytes of 256 weights of the widest format, with room to load past a short tail.
const TAIL_BYTES: usize = 8 * 34;

/// 256 weights of each row, before they are laid side by side.
#[repr(align(64))]
pub(in crate::x86) struct Rows {
    /// Signed weights have 128 added.
    pub quants: [[u8; 256]; PANEL_ROWS],
    /// `[row, group]`, in order of the columns; types with a scale per 32 columns use the first eight.
    pub scales: [[f32; 16]; PANEL_ROWS],
    /// As `scales`; not set for signed weights.
    pub offsets: [[f32; 16]; PANEL_ROWS],
}

impl Rows {
    pub const ZERO: Self = Self {
        quants: [[0; 256]; PANEL_ROWS],
        scales: [[0.0; 16]; PANEL_ROWS],
        offsets: [[0.0; 16]; PANEL_ROWS],
    };

    /// Takes the `index`th 256 weights of each row. Rows that `weights` doesn't have stay as they are. May only be called
    /// from a function that has AVX2, FMA and F16C.
    #[inline(always)]
    pub unsafe fn unpack<F: Format>(&mut self, weights: WeightRows<'_>, index: usize) {
        let mut tail = [0u8; TAIL_BYTES];
        for row in 0..weights.num_rows {
            let bytes = &weights.row(row)[index * F::BYTES..];
            // Zero bytes are weights of value 0 in every format.
            let start = if bytes.len() < F::BYTES {
                tail[..bytes.len()].copy_from_slice(bytes);
                tail.as_ptr()
            } else {
                bytes.as_ptr()
            };
            // SAFETY: 256 weights are readable at `start`; the caller has the features.
            unsafe { self.unpack_row::<F>(start, row) };
        }
    }

    #[inline(always)]
    unsafe fn unpack_row<F: Format>(&mut self, bytes: *const u8, row: usize) {
        // SAFETY: the caller has the features and 256 readable weights; the stores are within a row's arrays.
        unsafe {
            let header = F::header(bytes);
            let sign = _mm256_set1_epi8(if F::SIGNED { i8::MIN } else { 0 });
            let quants = self.quants[row].as_mut_ptr();
            for (half, quad) in [F::quad::<0>(bytes), F::quad::<1>(bytes)].into_iter().enumerate() {
                for (group, weights) in quad.into_iter().enumerate() {
                    let unsigned = _mm256_xor_si256(weights, sign);
                    _mm256_storeu_si256(quants.add(128 * half + 32 * group).cast(), unsigned);
                }
            }
            let scales = self.scales[row].as_mut_ptr();
            if F::SUB_SCALES {
                // Those of the first 16 weights of each group of 32, then those of the last 16.
                let first = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(header.sub_scales)));
                let last = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(header.sub_scales, 1)));
                let (first, last) = (_mm256_mul_ps(first, header.scales), _mm256_mul_ps(last, header.scales));
                // In order of the columns: one of each in turn.
                let (low, high) = (_mm256_unpacklo_ps(first, last), _mm256_unpackhi_ps(first, last));
                _mm256_storeu_ps(scales, _mm256_permute2f128_ps(low, high, 0x20));
                _mm256_storeu_ps(scales.add(8), _mm256_permute2f128_ps(low, high, 0x31));
            } else {
                _mm256_storeu_ps(scales, header.scales);
            }
            let offsets = self.offsets[row].as_mut_ptr();
            match header.offsets {
                // Signed weights: the sums start at what the added 128 amount to.
                Offsets::None => {}
                Offsets::By32(by32) => _mm256_storeu_ps(offsets, by32),
                Offsets::By16(low, high) => {
                    _mm256_storeu_ps(offsets, low);
                    _mm256_storeu_ps(offsets.add(8), high);
                }
            }
        }
    }
}
