//! How 256 weights of each quantized type become vectors of bytes, scales and offsets.
//!
//! The layouts are described beside their scalar twins in `unpack.rs`.

use std::arch::x86_64::*;

/// What `offset * sum of activations` is subtracted by: per 32 or per 16 weights, in order.
pub(in crate::x86) enum Offsets {
    None,
    By32(__m256),
    By16(__m256, __m256),
}

/// The scales of 256 weights.
pub(in crate::x86) struct Header {
    /// Per 32 weights, in order.
    pub scales: __m256,
    /// For formats with `SUB_SCALES`: 16-bit factors of the first 16 weights of every group of 32
    /// in the lower half, of the last 16 in the upper half.
    pub sub_scales: __m256i,
    pub offsets: Offsets,
}

/// A type's layout. The methods may only be called from a function that has AVX2, FMA and F16C,
/// on 256 readable weights.
pub(in crate::x86) trait Format {
    /// Bytes of 256 weights.
    const BYTES: usize;
    /// Whether weights are signed bytes; otherwise they are 0 to `LARGEST`.
    const SIGNED: bool = false;
    /// The largest unsigned weight, at most 63.
    const LARGEST: usize;
    /// Whether 16 weights each have an integer scale.
    const SUB_SCALES: bool = false;

    unsafe fn header(bytes: *const u8) -> Header;
    /// The first (`HALF` 0) or last 128 weights, 32 to a vector, in order.
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4];
}

#[inline(always)]
pub(in crate::x86) unsafe fn read_u16(bytes: *const u8) -> u16 {
    // SAFETY: the caller's bytes are readable; no alignment is needed.
    unsafe { bytes.cast::<u16>().read_unaligned() }
}

#[inline(always)]
pub(in crate::x86) unsafe fn read_u32(bytes: *const u8) -> u32 {
    // SAFETY: the caller's bytes are readable; no alignment is needed.
    unsafe { bytes.cast::<u32>().read_unaligned() }
}

#[inline(always)]
pub(in crate::x86) unsafe fn load(bytes: *const u8) -> __m256i {
    // SAFETY: the caller's 32 bytes are readable, and it has the features.
    unsafe { _mm256_loadu_si256(bytes.cast()) }
}

/// The low four bits of every byte.
#[inline(always)]
pub(in crate::x86) unsafe fn low_nibbles(v: __m256i) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe { _mm256_and_si256(v, _mm256_set1_epi8(15)) }
}

#[inline(always)]
pub(in crate::x86) unsafe fn high_nibbles(v: __m256i) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe { low_nibbles(_mm256_srli_epi16(v, 4)) }
}
