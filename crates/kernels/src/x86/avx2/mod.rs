//! AVX2, FMA and F16C.
//!
//! Small functions are `#[inline(always)]` and without `#[target_feature]`, so that they become
//! part of the function in the table, which has it. They are unsafe because they may only be
//! called from such a function.

mod float_tile;
pub(super) mod formats;
pub(super) mod k_formats;
mod panel;
pub(super) mod panel_rows;
pub(super) mod quant_tile;
pub(super) mod simple_formats;
mod values;
mod vector;

use std::arch::x86_64::*;

pub(super) use self::float_tile::f16_tile;
use self::simple_formats::Eight;
pub(super) use self::values::add_values;
use crate::blocks::BlockType;
use crate::dispatch::{FloatTile, Isa, Kernels, QuantTile, Tile, TileEntry};
use crate::panel::PanelKernels;

pub(crate) static KERNELS: Kernels = TABLE;

/// What other tables of this processor family begin with.
pub(super) const TABLE: Kernels = Kernels {
    isa: Isa::Avx2,
    tiles: TILES,
    panels: PANELS,
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
    add_values: values::add_values,
};

/// In the order of [`BlockType::ALL`].
const TILES: [TileEntry; BlockType::ALL.len()] = [
    float(float_tile::f32_tile),
    float(float_tile::f16_tile),
    float(float_tile::bf16_tile),
    quant(quant_tile::tile::<Eight<simple_formats::Q4_0>>),
    quant(quant_tile::tile::<Eight<simple_formats::Q4_1>>),
    quant(quant_tile::tile::<Eight<simple_formats::Q5_0>>),
    quant(quant_tile::tile::<Eight<simple_formats::Q5_1>>),
    quant(quant_tile::tile::<Eight<simple_formats::Q8_0>>),
    quant(quant_tile::tile::<k_formats::Q2K>),
    quant(quant_tile::tile::<k_formats::Q3K>),
    quant(quant_tile::tile::<k_formats::Q4K>),
    quant(quant_tile::tile::<k_formats::Q5K>),
    quant(quant_tile::tile::<k_formats::Q6K>),
];

/// In the order of [`BlockType::ALL`].
const PANELS: [Option<PanelKernels>; BlockType::ALL.len()] = [
    None,
    None,
    None,
    Some(panel::kernels::<Eight<simple_formats::Q4_0>>()),
    Some(panel::kernels::<Eight<simple_formats::Q4_1>>()),
    Some(panel::kernels::<Eight<simple_formats::Q5_0>>()),
    Some(panel::kernels::<Eight<simple_formats::Q5_1>>()),
    None,
    Some(panel::kernels::<k_formats::Q2K>()),
    Some(panel::kernels::<k_formats::Q3K>()),
    Some(panel::kernels::<k_formats::Q4K>()),
    Some(panel::kernels::<k_formats::Q5K>()),
    Some(panel::kernels::<k_formats::Q6K>()),
];

const fn float(tile: FloatTile) -> TileEntry {
    TileEntry {
        isa: Isa::Avx2,
        tile: Tile::Float(tile),
    }
}

const fn quant(tile: QuantTile) -> TileEntry {
    TileEntry {
        isa: Isa::Avx2,
        tile: Tile::Quant(tile),
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
