//! AVX-512 with VNNI: products of quantized weights, and attention. Everything else is as with AVX2.

mod f16_tile;
mod panels;
mod q8_values;
mod scores;
mod softmax;
mod values;

use crate::blocks::BlockType;
use crate::dispatch::{Kernels, Tile, TileEntry};
use crate::isa::Isa;
use crate::x86::avx2;

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Avx512Vnni,
    tiles: TILES,
    panels: panels::PANELS,
    max: softmax::max,
    exp_and_sum: softmax::exp_and_sum,
    scores_f16: scores::scores_f16,
    add_values: values::add_values,
    scores_q8_0: q8_values::scores,
    add_values_q8_0: q8_values::add_values,
    ..avx2::TABLE
};

/// In the order of [`BlockType::ALL`].
const TILES: [TileEntry; BlockType::ALL.len()] = {
    let mut tiles = avx2::TABLE.tiles;
    tiles[BlockType::F16 as usize] = TileEntry {
        isa: Isa::Avx512Vnni,
        tile: Tile::Float(f16_tile::f16_tile),
    };
    tiles
};
