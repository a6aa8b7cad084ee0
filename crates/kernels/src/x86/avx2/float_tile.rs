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
        pub(super) unsafe fn $name(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
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

#[inline(always)]
unsafe fn rows<F: Float, const T: usize>(weights: WeightRows<'_>, x: [&[f32]; T], width: usize, out: &mut [f32]) {
    let cols = weights.row_bytes / F::BYTES;
    let x: [*const f32; T] = x.map(|row| row.as_ptr());
    for (row, products) in out.chunks_exact_mut(width).enumerate() {
        // SAFETY: `WeightRows` holds `cols` values at `row * stride`, and each row of `x` as many.
        unsafe {
            let bytes = weights.bytes.as_ptr().add(row * weights.stride);
            let mut totals = dots::<F, T>(bytes, x, cols / 8);
            for col in cols / 8 * 8..cols {
                let weight = F::one(bytes.add(col * F::BYTES));
                for t in 0..T {
                    totals[t] += weight * *x[t].add(col);
                }
            }
            products.copy_from_slice(&totals[..width]);
        }
    }
}

/// Products over `num_eights` times eight columns. Each token has `8 / T` sums, which hide the
/// latency of the additions.
#[inline(always)]
unsafe fn dots<F: Float, const T: usize>(bytes: *const u8, x: [*const f32; T], num_eights: usize) -> [f32; 4] {
    // SAFETY: the caller's rows have that many columns, and it has the features.
    unsafe {
        let mut sums = [_mm256_setzero_ps(); 8];
        let step = 8 / T;
        let mut eight = 0;
        while eight + step <= num_eights {
            for i in 0..step {
                let weight = F::eight(bytes.add((eight + i) * 8 * F::BYTES));
                for t in 0..T {
                    let values = _mm256_loadu_ps(x[t].add((eight + i) * 8));
                    sums[i * T + t] = _mm256_fmadd_ps(weight, values, sums[i * T + t]);
                }
            }
            eight += step;
        }
        while eight < num_eights {
            let weight = F::eight(bytes.add(eight * 8 * F::BYTES));
            for t in 0..T {
                let values = _mm256_loadu_ps(x[t].add(eight * 8));
                sums[t] = _mm256_fmadd_ps(weight, values, sums[t]);
            }
            eight += 1;
        }
        let mut four = [_mm256_setzero_ps(); 4];
        for i in 0..4 {
            four[i] = _mm256_add_ps(sums[i], sums[i + 4]);
        }
        super::totals::<T>(&four)
    }
}
