//! The types with blocks of 32 weights, eight blocks at a time.

use std::arch::x86_64::*;

use super::formats::{Format, Header, Offsets, load, low_nibbles, read_u16, read_u32};

/// One block of 32 weights that begins with its f16 scale. As with [`Format`], the methods may
/// only be called from a function that has AVX2, FMA and F16C, on readable weights.
pub(in crate::x86) trait Block32 {
    const BYTES: usize;
    const SIGNED: bool = false;
    const LARGEST: usize;

    /// The offsets of eight blocks whose scales are given.
    unsafe fn offsets(bytes: *const u8, scales: __m256) -> Offsets;
    /// The weights of one block, in order.
    unsafe fn weights(block: *const u8) -> __m256i;
}

/// Eight consecutive blocks.
pub(in crate::x86) struct Eight<B>(B);

impl<B: Block32> Format for Eight<B> {
    const BYTES: usize = 8 * B::BYTES;
    const SIGNED: bool = B::SIGNED;
    const LARGEST: usize = B::LARGEST;

    #[inline(always)]
    unsafe fn header(bytes: *const u8) -> Header {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let scales = halves::<B>(bytes, 0);
            Header {
                scales,
                sub_scales: _mm256_setzero_si256(),
                offsets: B::offsets(bytes, scales),
            }
        }
    }

    #[inline(always)]
    unsafe fn quad<const HALF: usize>(bytes: *const u8) -> [__m256i; 4] {
        // SAFETY: the caller's 256 weights are readable, and it has the features.
        unsafe {
            let first = bytes.add(HALF * 4 * B::BYTES);
            [
                B::weights(first),
                B::weights(first.add(B::BYTES)),
                B::weights(first.add(2 * B::BYTES)),
                B::weights(first.add(3 * B::BYTES)),
            ]
        }
    }
}

/// The f16 at `at` in each of eight consecutive blocks.
#[inline(always)]
unsafe fn halves<B: Block32>(bytes: *const u8, at: usize) -> __m256 {
    // SAFETY: the caller's eight blocks are readable, and it has the features.
    unsafe {
        let half = |block: usize| read_u16(bytes.add(block * B::BYTES + at)) as i16;
        let (a, b, c, d) = (half(0), half(1), half(2), half(3));
        let (e, f, g, h) = (half(4), half(5), half(6), half(7));
        _mm256_cvtph_ps(_mm_set_epi16(h, g, f, e, d, c, b, a))
    }
}

/// What a constant that every weight is reduced by amounts to.
#[inline(always)]
unsafe fn constant_offset(scales: __m256, offset: f32) -> Offsets {
    // SAFETY: the caller has the features.
    unsafe { Offsets::By32(_mm256_mul_ps(scales, _mm256_set1_ps(offset))) }
}

/// The minimum that every weight is raised by, as an f16 behind the scale.
#[inline(always)]
unsafe fn minimum<B: Block32>(bytes: *const u8) -> Offsets {
    // SAFETY: the caller's eight blocks are readable, and it has the features.
    unsafe { Offsets::By32(_mm256_sub_ps(_mm256_setzero_ps(), halves::<B>(bytes, 2))) }
}

/// 32 nibbles from 16 bytes: the low ones, then the high ones.
#[inline(always)]
unsafe fn nibbles(bytes: *const u8) -> __m256i {
    // SAFETY: the caller's bytes are readable, and it has the features.
    unsafe {
        let packed = _mm_loadu_si128(bytes.cast());
        low_nibbles(_mm256_set_m128i(_mm_srli_epi16(packed, 4), packed))
    }
}

/// 16 in every byte whose bit is set.
#[inline(always)]
unsafe fn fifth_bits(bits: u32) -> __m256i {
    // SAFETY: the caller has the features.
    unsafe {
        let spread = _mm256_set_epi64x(0x0303_0303_0303_0303, 0x0202_0202_0202_0202, 0x0101_0101_0101_0101, 0);
        let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), spread);
        let mask = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        let set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, mask), mask);
        _mm256_and_si256(set, _mm256_set1_epi8(16))
    }
}

pub(in crate::x86) struct Q4_0;

impl Block32 for Q4_0 {
    const BYTES: usize = 18;
    const LARGEST: usize = 15;

    #[inline(always)]
    unsafe fn offsets(_: *const u8, scales: __m256) -> Offsets {
        // SAFETY: the caller has the features.
        unsafe { constant_offset(scales, 8.0) }
    }

    #[inline(always)]
    unsafe fn weights(block: *const u8) -> __m256i {
        // SAFETY: the caller's block is readable, and it has the features.
        unsafe { nibbles(block.add(2)) }
    }
}

pub(in crate::x86) struct Q4_1;

impl Block32 for Q4_1 {
    const BYTES: usize = 20;
    const LARGEST: usize = 15;

    #[inline(always)]
    unsafe fn offsets(bytes: *const u8, _: __m256) -> Offsets {
        // SAFETY: the caller's eight blocks are readable, and it has the features.
        unsafe { minimum::<Self>(bytes) }
    }

    #[inline(always)]
    unsafe fn weights(block: *const u8) -> __m256i {
        // SAFETY: the caller's block is readable, and it has the features.
        unsafe { nibbles(block.add(4)) }
    }
}

pub(in crate::x86) struct Q5_0;

impl Block32 for Q5_0 {
    const BYTES: usize = 22;
    const LARGEST: usize = 31;

    #[inline(always)]
    unsafe fn offsets(_: *const u8, scales: __m256) -> Offsets {
        // SAFETY: the caller has the features.
        unsafe { constant_offset(scales, 16.0) }
    }

    #[inline(always)]
    unsafe fn weights(block: *const u8) -> __m256i {
        // SAFETY: the caller's block is readable, and it has the features.
        unsafe { _mm256_or_si256(nibbles(block.add(6)), fifth_bits(read_u32(block.add(2)))) }
    }
}

pub(in crate::x86) struct Q5_1;

impl Block32 for Q5_1 {
    const BYTES: usize = 24;
    const LARGEST: usize = 31;

    #[inline(always)]
    unsafe fn offsets(bytes: *const u8, _: __m256) -> Offsets {
        // SAFETY: the caller's eight blocks are readable, and it has the features.
        unsafe { minimum::<Self>(bytes) }
    }

    #[inline(always)]
    unsafe fn weights(block: *const u8) -> __m256i {
        // SAFETY: the caller's block is readable, and it has the features.
        unsafe { _mm256_or_si256(nibbles(block.add(8)), fifth_bits(read_u32(block.add(4)))) }
    }
}

pub(in crate::x86) struct Q8_0;

impl Block32 for Q8_0 {
    const BYTES: usize = 34;
    const SIGNED: bool = true;
    const LARGEST: usize = 127;

    #[inline(always)]
    unsafe fn offsets(_: *const u8, _: __m256) -> Offsets {
        Offsets::None
    }

    #[inline(always)]
    unsafe fn weights(block: *const u8) -> __m256i {
        // SAFETY: the caller's block is readable, and it has the features.
        unsafe { load(block.add(2)) }
    }
}
