//! AVX-512 with VNNI: products of quantized weights, and attention. Everything else is as with AVX2.

mod f16_tile;
mod panel;
mod values;
mod vnni_tile;

use crate::blocks::BlockType;
use crate::dispatch::{Isa, Kernels, QuantTile, Tile, TileEntry};
use crate::panel::PanelKernels;
use crate::x86::avx2;
use crate::x86::avx2::k_formats::{Q2K, Q3K, Q4K, Q5K, Q6K};
use crate::x86::avx2::simple_formats::{Eight, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Avx512Vnni,
    tiles: TILES,
    panels: PANELS,
    add_values: values::add_values,
    ..avx2::TABLE
};

/// In the order of [`BlockType::ALL`]. Types with a scale for every 16 weights gain nothing from VNNI here.
const TILES: [TileEntry; BlockType::ALL.len()] = {
    let mut tiles = avx2::TABLE.tiles;
    tiles[BlockType::F16 as usize] = TileEntry {
        isa: Isa::Avx512Vnni,
        tile: Tile::Float(f16_tile::f16_tile),
    };
    tiles[BlockType::Q4_0 as usize] = quant(vnni_tile::tile::<Eight<Q4_0>>);
    tiles[BlockType::Q4_1 as usize] = quant(vnni_tile::tile::<Eight<Q4_1>>);
    tiles[BlockType::Q5_0 as usize] = quant(vnni_tile::tile::<Eight<Q5_0>>);
    tiles[BlockType::Q5_1 as usize] = quant(vnni_tile::tile::<Eight<Q5_1>>);
    tiles[BlockType::Q8_0 as usize] = quant(vnni_tile::tile::<Eight<Q8_0>>);
    tiles[BlockType::Q4K as usize] = quant(vnni_tile::tile::<Q4K>);
    tiles[BlockType::Q5K as usize] = quant(vnni_tile::tile::<Q5K>);
    tiles
};

const fn quant(tile: QuantTile) -> TileEntry {
    TileEntry {
        isa: Isa::Avx512Vnni,
        tile: Tile::Quant(tile),
    }
}

/// In the order of [`BlockType::ALL`].
const PANELS: [Option<PanelKernels>; BlockType::ALL.len()] = [
    None,
    None,
    None,
    Some(panel::kernels::<Eight<Q4_0>>()),
    Some(panel::kernels::<Eight<Q4_1>>()),
    Some(panel::kernels::<Eight<Q5_0>>()),
    Some(panel::kernels::<Eight<Q5_1>>()),
    Some(panel::kernels::<Eight<Q8_0>>()),
    Some(panel::kernels::<Q2K>()),
    Some(panel::kernels::<Q3K>()),
    Some(panel::kernels::<Q4K>()),
    Some(panel::kernels::<Q5K>()),
    Some(panel::kernels::<Q6K>()),
];
