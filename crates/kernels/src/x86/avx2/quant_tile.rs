//! Rows of quantized weights times up to four rows of int8 activations: one skeleton for every
//! format. 256 weights are unpacked once for all tokens; products are summed as integers over 32
//! values, and scaled to f32 there, because that is where the activations' scale changes.

use std::arch::x86_64::*;

use super::formats::{Format, Header, Offsets};
use crate::activations::{BLOCK, QuantBlock};
use crate::dispatch::WeightRows;

/// How 32 weights are multiplied with 32 quants and summed up in eight lanes. The methods may only be called from a
/// function that has the features that the implementation names.
pub(in crate::x86) trait Dot {
    /// Weights are unsigned, and at most 128; quants are signed.
    unsafe fn dot(weights: __m256i, quants: __m256i) -> __m256i;
}

/// With AVX2: pairs are summed up in 16 bits, where they stay within 2 * 63 * 127 or 2 * 128 * 127.
struct Madd;

impl Dot for Madd {
    #[inline(always)]
    unsafe fn dot(weights: __m256i, quants: __m256i) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_madd_epi16(_mm256_maddubs_epi16(weights, quants), _mm256_set1_epi16(1)) }
    }
}

/// Bytes of 256 weights of the widest format, with room to load past a short tail.
const TAIL_BYTES: usize = 8 * 34;

/// The table's entry for one format.
///
/// # Safety
/// The machine has AVX2, FMA and F16C. `x` is 1 to 4 rows of `ceil(cols / 256)` blocks, `out` is
/// `[num_rows, x.len()]`, and a row's bytes are whole blocks of the format.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn tile<F: Format>(weights: WeightRows<'_>, x: &[&[QuantBlock]], out: &mut [f32]) {
    // SAFETY: this function's own contract, passed on.
    unsafe { tile_with::<F, Madd>(weights, x, out) }
}

/// The body of `tile`, for any way to multiply: the caller has its features, and AVX2, FMA and F16C.
#[inline(always)]
pub(in crate::x86) unsafe fn tile_with<F: Format, D: Dot>(
    weights: WeightRows<'_>,
    x: &[&[QuantBlock]],
    out: &mut [f32],
) {
    // SAFETY: `tile`'s own contract, passed on.
    unsafe {
        match *x {
            [a] => rows::<F, D, 1>(weights, [a], 1, out),
            [a, b] => rows::<F, D, 2>(weights, [a, b], 2, out),
            // Three tokens cost as much as four: the fourth is computed and left out.
            [a, b, c] => rows::<F, D, 4>(weights, [a, b, c, c], 3, out),
            [a, b, c, d] => rows::<F, D, 4>(weights, [a, b, c, d], 4, out),
            _ => unreachable!("a tile has 1 to 4 tokens"),
        }
    }
}

#[inline(always)]
unsafe fn rows<F: Format, D: Dot, const T: usize>(
    weights: WeightRows<'_>,
    x: [&[QuantBlock]; T],
    width: usize,
    out: &mut [f32],
) {
    let x: [*const QuantBlock; T] = x.map(|row| row.as_ptr());
    let whole = weights.row_bytes / F::BYTES;
    let tail_bytes = weights.row_bytes % F::BYTES;
    let mut tail = [0u8; TAIL_BYTES];
    for (row, products) in out.chunks_exact_mut(width).enumerate() {
        // SAFETY: `WeightRows` holds `row_bytes` bytes at `row * stride`, which are `whole` times
        // 256 weights and the tail, as many as each row of `x` has blocks. The tail is padded with
        // zero bytes, which are weights of value 0 in every format.
        unsafe {
            // Four sums, whichever the number of tokens: they hide the additions' latency.
            let mut sums = [_mm256_setzero_ps(); 4];
            let bytes = weights.bytes.as_ptr().add(row * weights.stride);
            for block in 0..whole {
                super_block::<F, D, T>(bytes.add(block * F::BYTES), x.map(|x| x.add(block)), &mut sums);
            }
            if tail_bytes > 0 {
                let start = bytes.add(whole * F::BYTES);
                std::ptr::copy_nonoverlapping(start, tail.as_mut_ptr(), tail_bytes);
                super_block::<F, D, T>(tail.as_ptr(), x.map(|x| x.add(whole)), &mut sums);
            }
            let totals = super::totals::<T>(&sums);
            products.copy_from_slice(&totals[..width]);
        }
    }
}

/// Adds the products of 256 weights with those of `T` tokens. Token `t` owns the sums `t`,
/// `t + T`, … below 4.
#[inline(always)]
unsafe fn super_block<F: Format, D: Dot, const T: usize>(
    bytes: *const u8,
    x: [*const QuantBlock; T],
    sums: &mut [__m256; 4],
) {
    // SAFETY: `bytes` are 256 weights, `x` points to blocks, and the caller has the features.
    unsafe {
        let header = F::header(bytes);
        let mut scales = [Aligned([0f32; 8]); T];
        for t in 0..T {
            let x_scales = _mm256_load_ps((*x[t]).scales.as_ptr());
            _mm256_store_ps(scales[t].0.as_mut_ptr(), _mm256_mul_ps(header.scales, x_scales));
            sums[t] = subtract_offsets(&header.offsets, &*x[t], sums[t]);
        }
        // Kept in memory on purpose: a broadcast from there is a load, and from a register two
        // shuffles, which the loop below has no room for.
        let scales = std::hint::black_box(&scales);
        half_block::<F, D, T, 0>(F::quad::<0>(bytes), &header, x, scales, sums);
        half_block::<F, D, T, 1>(F::quad::<1>(bytes), &header, x, scales, sums);
    }
}

#[derive(Clone, Copy)]
#[repr(align(32))]
struct Aligned([f32; 8]);

#[inline(always)]
unsafe fn subtract_offsets(offsets: &Offsets, x: &QuantBlock, sum: __m256) -> __m256 {
    // SAFETY: the caller has the features; the loads are of whole arrays in an aligned block.
    unsafe {
        match *offsets {
            Offsets::None => sum,
            Offsets::By32(offsets) => _mm256_fnmadd_ps(offsets, _mm256_load_ps(x.sums32.as_ptr()), sum),
            Offsets::By16(low, high) => {
                let sum = _mm256_fnmadd_ps(low, _mm256_load_ps(x.sums16.as_ptr()), sum);
                _mm256_fnmadd_ps(high, _mm256_load_ps(x.sums16.as_ptr().add(8)), sum)
            }
        }
    }
}

/// Four groups of 32 weights.
#[inline(always)]
unsafe fn half_block<F: Format, D: Dot, const T: usize, const HALF: usize>(
    weights: [__m256i; 4],
    header: &Header,
    x: [*const QuantBlock; T],
    scales: &[Aligned; T],
    sums: &mut [__m256; 4],
) {
    // SAFETY: the caller has the features; group is below 8, so loads stay within the blocks.
    unsafe {
        for (i, &weight) in weights.iter().enumerate() {
            let group = HALF * 4 + i;
            for t in 0..T {
                let quants = _mm256_load_si256((*x[t]).quants.as_ptr().add(group * 32).cast());
                let dots = if F::SUB_SCALES {
                    let factor = _mm256_shuffle_epi8(header.sub_scales, pick(group));
                    _mm256_madd_epi16(_mm256_maddubs_epi16(weight, quants), factor)
                } else if F::SIGNED {
                    D::dot(_mm256_abs_epi8(weight), _mm256_sign_epi8(quants, weight))
                } else {
                    D::dot(weight, quants)
                };
                let dots = _mm256_cvtepi32_ps(dots);
                let scale = _mm256_broadcast_ss(&scales[t].0[group]);
                let own = (t + group * T) % 4;
                sums[own] = _mm256_fmadd_ps(dots, scale, sums[own]);
            }
        }
    }
}

/// A shuffle that repeats 16-bit lane `group` of each half.
#[inline(always)]
unsafe fn pick(group: usize) -> __m256i {
    let pair = (2 * group + 1) << 8 | (2 * group);
    // SAFETY: the caller has the features.
    unsafe { _mm256_set1_epi16(pair as i16) }
}

const _: () = assert!(BLOCK == 256);
