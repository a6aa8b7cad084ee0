//! The K types: super-blocks of 256 weights.

use std::arch::x86_64::*;

use super::formats::{Format, Header, Offsets, high_nibbles, load, low_nibbles, read_u16, read_u32};

/// An f16, in every lane.
#[inline(always)]
unsafe fn half(bytes: *const u8) -> __m256 {
    // SAFETY: the caller's bytes are readable, and it has the features.
    unsafe {
        let bits = _mm_cvtsi32_si128(i32::from(read_u16(bytes)));
        _mm256_broadcastss_ps(_mm_cvtph_ps(bits))
    }
}

/// The lower eight bytes, unsigned.
#[inline(always)]
unsafe fn bytes_to_f32(bytes: __m128i) -> __m256 {
    // SAFETY: the caller has the features.
    unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)) }
}

/// The lower eight bytes, signed.
#[inline(always)]
unsafe fn signed_bytes_to_f32(bytes: __m128i) -> __m256 {
    // SAFETY: the caller has the features.
    unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)) }
}

#[inline(always)]
unsafe fn upper(bytes: __m128i) -> __m128i {
    // SAFETY: the caller has the features.
    unsafe { _mm_unpackhi_epi64(bytes, bytes) }
}

/// 16 signed scales in order, as [`Header::sub_scales`] wants them: even ones below odd ones.
#[inline(always)]
unsafe fn sub_scales(scales: __m128i) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe {
        let order = _mm_set_epi8(15, 13, 11, 9, 7, 5, 3, 1, 14, 12, 10, 8, 6, 4, 2, 0);
        _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, order))
    }
}

/// One scale for all, 16 sub-scales, and a constant that every weight is reduced by.
#[inline(always)]
unsafe fn signed_header(scale: __m256, scales: __m128i, offset: f32) -> Header {
    // SAFETY: the caller has the features.
    unsafe {
        let offset = _mm256_mul_ps(scale, _mm256_set1_ps(offset));
        Header {
            scales: scale,
            sub_scales: sub_scales(scales),
            offsets: Offsets::By16(
                _mm256_mul_ps(offset, signed_bytes_to_f32(scales)),
                _mm256_mul_ps(offset, signed_bytes_to_f32(upper(scales))),
            ),
        }
    }
}

/// The header that Q4_K and Q5_K share: scale, min, and eight 6-bit scales and mins in 12 bytes.
#[inline(always)]
unsafe fn six_bit_header(bytes: *const u8) -> Header {
    // SAFETY: the caller's header is readable, and it has the features.
    unsafe {
        let (a, b) = (read_u32(bytes.add(4)), read_u32(bytes.add(8)));
        let c = read_u32(bytes.add(12));
        let scales_high = c & 0x0f0f_0f0f | (a >> 6 & 0x0303_0303) << 4;
        let mins_high = c >> 4 & 0x0f0f_0f0f | (b >> 6 & 0x0303_0303) << 4;
        let join = |low: u32, high: u32| {
            let low = u64::from(low & 0x3f3f_3f3f);
            _mm_cvtsi64_si128((low | u64::from(high) << 32) as i64)
        };
        Header {
            scales: _mm256_mul_ps(half(bytes), bytes_to_f32(join(a, scales_high))),
            sub_scales: _mm256_setzero_si256(),
            offsets: Offsets::By32(_mm256_mul_ps(half(bytes.add(2)), bytes_to_f32(join(b, mins_high)))),
        }
    }
}

/// `(v >> SHIFT) & mask`, by bytes.
#[inline(always)]
unsafe fn bits<const SHIFT: i32>(v: __m256i, mask: i8) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe { _mm256_and_si256(_mm256_srli_epi16(v, SHIFT), _mm256_set1_epi8(mask)) }
}

pub(in crate::x86) struct Q2K;

impl Format for Q2K {
    const BYTES: usize = 84;
    const LARGEST: usize = 3;
    const SUB_SCALES: bool = true;

    #[inline(always)]
    unsafe fn header(bytes: *const u8) -> Header {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let packed = _mm_loadu_si128(bytes.cast());
            let nibble = _mm_set1_epi8(15);
            let mins = _mm_and_si128(_mm_srli_epi16(packed, 4), nibble);
            let min = half(bytes.add(82));
            Header {
                scales: half(bytes.add(80)),
                sub_scales: sub_scales(_mm_and_si128(packed, nibble)),
                offsets: Offsets::By16(
                    _mm256_mul_ps(min, bytes_to_f32(mins)),
                    _mm256_mul_ps(min, bytes_to_f32(upper(mins))),
                ),
            }
        }
    }

    #[inline(always)]
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4] {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let v = load(bytes.add(16 + 32 * HALF));
            [bits::<0>(v, 3), bits::<2>(v, 3), bits::<4>(v, 3), bits::<6>(v, 3)]
        }
    }
}

pub(in crate::x86) struct Q3K;

impl Format for Q3K {
    const BYTES: usize = 110;
    const LARGEST: usize = 7;
    const SUB_SCALES: bool = true;

    #[inline(always)]
    unsafe fn header(bytes: *const u8) -> Header {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let (a, b) = (read_u32(bytes.add(96)), read_u32(bytes.add(100)));
            let c = read_u32(bytes.add(104));
            let join = |low: u32, high: u32| (low & 0x0f0f_0f0f | (high & 0x0303_0303) << 4) as i32;
            let scales = _mm_set_epi32(join(b >> 4, c >> 6), join(a >> 4, c >> 4), join(b, c >> 2), join(a, c));
            let scales = _mm_sub_epi8(scales, _mm_set1_epi8(32));
            signed_header(half(bytes.add(108)), scales, 4.0)
        }
    }

    #[inline(always)]
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4] {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let low = load(bytes.add(32 + 32 * HALF));
            let mask = load(bytes);
            let high = if HALF == 0 { mask } else { _mm256_srli_epi16(mask, 4) };
            [
                _mm256_or_si256(bits::<0>(low, 3), third_bit::<0>(high)),
                _mm256_or_si256(bits::<2>(low, 3), third_bit::<1>(high)),
                _mm256_or_si256(bits::<4>(low, 3), third_bit::<2>(high)),
                _mm256_or_si256(bits::<6>(low, 3), third_bit::<3>(high)),
            ]
        }
    }
}

/// 4 in every byte whose bit `BIT` is set.
#[inline(always)]
unsafe fn third_bit<const BIT: i32>(v: __m256i) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe {
        let moved = match BIT {
            0 => _mm256_slli_epi16(v, 2),
            1 => _mm256_slli_epi16(v, 1),
            2 => v,
            _ => _mm256_srli_epi16(v, 1),
        };
        _mm256_and_si256(moved, _mm256_set1_epi8(4))
    }
}

pub(in crate::x86) struct Q4K;

impl Format for Q4K {
    const BYTES: usize = 144;
    const LARGEST: usize = 15;

    #[inline(always)]
    unsafe fn header(bytes: *const u8) -> Header {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe { six_bit_header(bytes) }
    }

    #[inline(always)]
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4] {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let a = load(bytes.add(16 + 64 * HALF));
            let b = load(bytes.add(48 + 64 * HALF));
            [low_nibbles(a), high_nibbles(a), low_nibbles(b), high_nibbles(b)]
        }
    }
}

pub(in crate::x86) struct Q5K;

impl Format for Q5K {
    const BYTES: usize = 176;
    const LARGEST: usize = 31;

    #[inline(always)]
    unsafe fn header(bytes: *const u8) -> Header {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe { six_bit_header(bytes) }
    }

    #[inline(always)]
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4] {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let a = load(bytes.add(48 + 64 * HALF));
            let b = load(bytes.add(80 + 64 * HALF));
            let mask = load(bytes.add(16));
            let high = if HALF == 0 { mask } else { _mm256_srli_epi16(mask, 4) };
            [
                _mm256_or_si256(low_nibbles(a), fifth_bit::<0>(high)),
                _mm256_or_si256(high_nibbles(a), fifth_bit::<1>(high)),
                _mm256_or_si256(low_nibbles(b), fifth_bit::<2>(high)),
                _mm256_or_si256(high_nibbles(b), fifth_bit::<3>(high)),
            ]
        }
    }
}

/// 16 in every byte whose bit `BIT` is set.
#[inline(always)]
unsafe fn fifth_bit<const BIT: i32>(v: __m256i) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe {
        let moved = match BIT {
            0 => _mm256_slli_epi16(v, 4),
            1 => _mm256_slli_epi16(v, 3),
            2 => _mm256_slli_epi16(v, 2),
            _ => _mm256_slli_epi16(v, 1),
        };
        _mm256_and_si256(moved, _mm256_set1_epi8(16))
    }
}

pub(in crate::x86) struct Q6K;

impl Format for Q6K {
    const BYTES: usize = 210;
    const LARGEST: usize = 63;
    const SUB_SCALES: bool = true;

    #[inline(always)]
    unsafe fn header(bytes: *const u8) -> Header {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let scales = _mm_loadu_si128(bytes.add(192).cast());
            signed_header(half(bytes.add(208)), scales, 32.0)
        }
    }

    #[inline(always)]
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4] {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let a = load(bytes.add(64 * HALF));
            let b = load(bytes.add(64 * HALF + 32));
            let high = load(bytes.add(128 + 32 * HALF));
            let mask = _mm256_set1_epi8(0x30);
            let first = _mm256_and_si256(_mm256_slli_epi16(high, 4), mask);
            let second = _mm256_and_si256(_mm256_slli_epi16(high, 2), mask);
            let third = _mm256_and_si256(high, mask);
            let fourth = _mm256_and_si256(_mm256_srli_epi16(high, 2), mask);
            [
                _mm256_or_si256(low_nibbles(a), first),
                _mm256_or_si256(low_nibbles(b), second),
                _mm256_or_si256(high_nibbles(a), third),
                _mm256_or_si256(high_nibbles(b), fourth),
            ]
        }
    }
}
