//! AVX2, FMA and F16C.
//!
//! Small functions are `#[inline(always)]` and without `#[target_feature]`, so that they become
//! part of the function in the table, which has it. They are unsafe because they may only be
//! called from such a function.

mod float_tile;
mod opened;
pub(super) mod panels;
pub(super) mod products;
mod q8_values;
mod scores;
mod values;
mod vector;

use std::arch::x86_64::*;

pub(super) use self::float_tile::f16_tile;
pub(super) use self::values::add_values;
use crate::blocks::BlockType;
use crate::dispatch::{FloatTile, Kernels, Tile, TileEntry};
use crate::isa::Isa;
use crate::scalar;

pub(crate) static KERNELS: Kernels = TABLE;

/// What other tables of this processor family begin with.
pub(super) const TABLE: Kernels = Kernels {
    isa: Isa::Avx2,
    tiles: TILES,
    panels: panels::PANELS,
    quantize_row: vector::quantize_row,
    sum_of_squares: vector::sum_of_squares,
    scale_by: vector::scale_by,
    scale_by_in_place: vector::scale_by_in_place,
    rotate: vector::rotate,
    silu_mul: vector::silu_mul,
    add_scaled: vector::add_scaled,
    max: vector::max,
    exp_and_sum: vector::exp_and_sum,
    scale: vector::scale,
    to_f16: vector::to_f16,
    scores_f16: scores::scores_f16,
    add_values: values::add_values,
    scores_q8_0: q8_values::scores,
    add_values_q8_0: q8_values::add_values,
};

/// In the order of [`BlockType::ALL`]. Quantized weights are packed into panels; as they lie in a file, they're left to
/// plain Rust.
const TILES: [TileEntry; BlockType::ALL.len()] = {
    let mut tiles = scalar::TILES;
    tiles[BlockType::F32 as usize] = float(float_tile::f32_tile);
    tiles[BlockType::F16 as usize] = float(float_tile::f16_tile);
    tiles[BlockType::BF16 as usize] = float(float_tile::bf16_tile);
    tiles
};

const fn float(tile: FloatTile) -> TileEntry {
    TileEntry {
        isa: Isa::Avx2,
        tile: Tile::Float(tile),
    }
}

/// Each token's total, where token `t` of `T` owns the sums `t`, `t + T`, … below 4.
#[inline(always)]
unsafe fn totals<const T: usize>(sums: &[__m256; 4]) -> [f32; 4] {
    // SAFETY: the caller has the features.
    unsafe {
        let pairs_low = _mm256_hadd_ps(sums[0], sums[1]);
        let pairs_high = _mm256_hadd_ps(sums[2], sums[3]);
        let quads = _mm256_hadd_ps(pairs_low, pairs_high);
        let four = _mm_add_ps(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1));
        let mut each = [0f32; 4];
        _mm_storeu_ps(each.as_mut_ptr(), four);
        match T {
            1 => [each[0] + each[1] + each[2] + each[3], 0.0, 0.0, 0.0],
            2 => [each[0] + each[2], each[1] + each[3], 0.0, 0.0],
            _ => each,
        }
    }
}
