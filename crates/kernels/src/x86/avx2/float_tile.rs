//! Rows of F32, F16 or BF16 weights times up to four rows of f32 activations. Also the scores of
//! attention, whose keys are F16 rows.

use std::arch::x86_64::*;

use half::{bf16, f16};

use crate::dispatch::WeightRows;

/// One float type: eight values at a time, or one. The methods may only be called from a function
/// that has AVX2, FMA and F16C, on readable weights.
trait Float {
    const BYTES: usize;
    unsafe fn eight(bytes: *const u8) -> __m256;
    unsafe fn one(bytes: *const u8) -> f32;
}

struct F32;
struct F16;
struct Bf16;

impl Float for F32 {
    const BYTES: usize = 4;

    #[inline(always)]
    unsafe fn eight(bytes: *const u8) -> __m256 {
        // SAFETY: the caller's values are readable, and it has the features.
        unsafe { _mm256_loadu_ps(bytes.cast()) }
    }

    #[inline(always)]
    unsafe fn one(bytes: *const u8) -> f32 {
        // SAFETY: the caller's value is readable; no alignment is needed.
        unsafe { bytes.cast::<f32>().read_unaligned() }
    }
}

impl Float for F16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn eight(bytes: *const u8) -> __m256 {
        // SAFETY: the caller's values are readable, and it has the features.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(bytes.cast())) }
    }

    #[inline(always)]
    unsafe fn one(bytes: *const u8) -> f32 {
        // SAFETY: the caller's value is readable; no alignment is needed.
        f16::from_bits(unsafe { bytes.cast::<u16>().read_unaligned() }).to_f32()
    }
}

impl Float for Bf16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn eight(bytes: *const u8) -> __m256 {
        // SAFETY: the caller's values are readable, and it has the features.
        unsafe {
            let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(bytes.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))
        }
    }

    #[inline(always)]
    unsafe fn one(bytes: *const u8) -> f32 {
        // SAFETY: the caller's value is readable; no alignment is needed.
        bf16::from_bits(unsafe { bytes.cast::<u16>().read_unaligned() }).to_f32()
    }
}

macro_rules! tile {
    ($name:ident, $float:ident) => {
        /// # Safety
        /// The machine has AVX2, FMA and F16C. `x` is 1 to 4 rows of as many values as a weight
        /// row has, and `out` is `[num_rows, x.len()]`.
        #[target_feature(enable = "avx2,fma,f16c")]
        pub(in crate::x86) unsafe fn $name(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
            // SAFETY: this function's own contract, passed on.
            unsafe { tile::<$float>(weights, x, out) }
        }
    };
}

tile!(f32_tile, F32);
tile!(f16_tile, F16);
tile!(bf16_tile, Bf16);

#[inline(always)]
unsafe fn tile<F: Float>(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
    // SAFETY: the contract of the functions above.
    unsafe {
        match *x {
            [a] => rows::<F, 1>(weights, [a], 1, out),
            [a, b] => rows::<F, 2>(weights, [a, b], 2, out),
            // Three tokens cost as much as four: the fourth is computed and left out.
            [a, b, c] => rows::<F, 4>(weights, [a, b, c, c], 3, out),
            [a, b, c, d] => rows::<F, 4>(weights, [a, b, c, d], 4, out),
            _ => unreachable!("a tile has 1 to 4 tokens"),
        }
    }
}

/// Four products at a time: `4 / T` rows with `T` tokens.
#[inline(always)]
unsafe fn rows<F: Float, const T: usize>(weights: WeightRows<'_>, x: [&[f32]; T], width: usize, out: &mut [f32]) {
    let cols = weights.row_bytes / F::BYTES;
    let x: [*const f32; T] = x.map(|row| row.as_ptr());
    let group = 4 / T;
    for (index, products) in out.chunks_mut(group * width).enumerate() {
        // SAFETY: `WeightRows` holds `cols` values at `row * stride` for every row below
        // `num_rows`, and each row of `x` has as many. A group that isn't full repeats the last row.
        unsafe {
            let rows: [*const u8; 4] = std::array::from_fn(|r| {
                let row = (index * group + r % group).min(weights.num_rows - 1);
                weights.bytes.as_ptr().add(row * weights.stride)
            });
            let mut totals = dots::<F, T>(rows, x, cols / 8);
            for col in cols / 8 * 8..cols {
                for (r, row) in rows[..group].iter().enumerate() {
                    let weight = F::one(row.add(col * F::BYTES));
                    for t in 0..T {
                        totals[r * T + t] += weight * *x[t].add(col);
                    }
                }
            }
            products.copy_from_slice(&totals[..products.len()]);
        }
    }
}

/// Products over `num_eights` times eight columns, `4 / T` rows by `T` tokens. Each has two sums,
/// because eight of them hide the latency of the additions.
#[inline(always)]
unsafe fn dots<F: Float, const T: usize>(rows: [*const u8; 4], x: [*const f32; T], num_eights: usize) -> [f32; 4] {
    // SAFETY: the caller's rows have that many columns, and it has the features.
    unsafe {
        let mut sums = [_mm256_setzero_ps(); 8];
        for pair in 0..num_eights / 2 {
            add_eight::<F, T, 0>(rows, x, 2 * pair, &mut sums);
            add_eight::<F, T, 4>(rows, x, 2 * pair + 1, &mut sums);
        }
        if num_eights % 2 == 1 {
            add_eight::<F, T, 0>(rows, x, num_eights - 1, &mut sums);
        }
        let four = std::array::from_fn(|i| _mm256_add_ps(sums[i], sums[i + 4]));
        super::totals::<4>(&four)
    }
}

/// Adds the products of eight columns to the four sums from `FIRST` on.
#[inline(always)]
unsafe fn add_eight<F: Float, const T: usize, const FIRST: usize>(
    rows: [*const u8; 4],
    x: [*const f32; T],
    eight: usize,
    sums: &mut [__m256; 8],
) {
    // SAFETY: the caller's rows have these columns, and it has the features.
    unsafe {
        let values: [__m256; T] = x.map(|x| _mm256_loadu_ps(x.add(eight * 8)));
        for r in 0..4 / T {
            let weight = F::eight(rows[r].add(eight * 8 * F::BYTES));
            for t in 0..T {
                let own = FIRST + r * T + t;
                sums[own] = _mm256_fmadd_ps(weight, values[t], sums[own]);
            }
        }
    }
}
