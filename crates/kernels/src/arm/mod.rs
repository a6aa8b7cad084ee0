//! Kernels for 64-bit ARM. NEON is there on every such processor; the table [`NEON_DOTPROD`] also has the dot products of
//! bytes that came with ARMv8.2, for quantized weights.
//!
//! Operations that the compiler makes NEON instructions of by itself are those of the scalar table.

// Register tiles are arrays that several loops index by row, column and token at once.
#[allow(clippy::needless_range_loop)]
mod float_tile;
#[allow(clippy::needless_range_loop)]
mod panels;
#[allow(clippy::needless_range_loop)]
mod products;
#[allow(clippy::needless_range_loop)]
mod q8_values;
mod scores;
#[allow(clippy::needless_range_loop)]
mod values;
mod vector;

use std::arch::aarch64::*;
use std::arch::asm;

use crate::blocks::BlockType;
use crate::dispatch::{FloatTile, Kernels, Tile, TileEntry};
use crate::isa::Isa;
use crate::scalar;

pub(crate) static NEON: Kernels = TABLE;

pub(crate) static NEON_DOTPROD: Kernels = Kernels {
    isa: Isa::NeonDotprod,
    panels: panels::DOTPROD,
    scores_q8_0: q8_values::scores_dotprod,
    ..TABLE
};

const TABLE: Kernels = Kernels {
    isa: Isa::Neon,
    tiles: TILES,
    panels: panels::NEON,
    quantize_row: vector::quantize_row,
    sum_of_squares: vector::sum_of_squares,
    scale_by: scalar::scale_by,
    scale_by_in_place: scalar::scale_by_in_place,
    rotate: scalar::rotate,
    silu_mul: vector::silu_mul,
    add_scaled: scalar::add_scaled,
    max: vector::max,
    exp_and_sum: vector::exp_and_sum,
    scale: scalar::scale,
    to_f16: vector::to_f16,
    scores_f16: scores::scores_f16,
    add_values: values::add_values,
    scores_q8_0: q8_values::scores_widening,
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
        isa: Isa::Neon,
        tile: Tile::Float(tile),
    }
}

/// Eight f32.
type Eight = [float32x4_t; 2];

/// Eight f16, widened.
#[inline]
#[target_feature(enable = "neon")]
fn widen(halves: uint16x8_t) -> Eight {
    let (low, high);
    // The intrinsics that convert f16 aren't stable yet; the instructions are as old as NEON for 64 bits.
    // SAFETY: two conversions from register to register.
    unsafe {
        asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) low, in(vreg) halves, options(pure, nomem, nostack, preserves_flags));
        asm!("fcvtl2 {0:v}.4s, {1:v}.8h", out(vreg) high, in(vreg) halves, options(pure, nomem, nostack, preserves_flags));
    }
    [low, high]
}

/// Eight f32, rounded to f16.
#[inline]
#[target_feature(enable = "neon")]
fn narrow([low, high]: Eight) -> uint16x8_t {
    let (first, second): (uint16x4_t, uint16x4_t);
    // SAFETY: two conversions from register to register.
    unsafe {
        asm!("fcvtn {0:v}.4h, {1:v}.4s", out(vreg) first, in(vreg) low, options(pure, nomem, nostack, preserves_flags));
        asm!("fcvtn {0:v}.4h, {1:v}.4s", out(vreg) second, in(vreg) high, options(pure, nomem, nostack, preserves_flags));
    }
    vcombine_u16(first, second)
}
