//! The plain twin of every operation: the oracle for the SIMD ones, and what runs elsewhere.

use half::{bf16, f16};

use crate::activations::{BLOCK, QuantBlock, SMALLEST_MAGNITUDE};
use crate::attention::{GROUP, KeyColumns, PANEL_POSITIONS, Q8Panels, key_index, scale_at, value_index};
use crate::blocks::BlockType;
use crate::dispatch::{Kernels, Tile, TileEntry, ValueRows, WeightRows};
use crate::isa::Isa;
use crate::unpack::{Unpacked, unpack_block};

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Scalar,
    tiles: TILES,
    panels: [None; BlockType::ALL.len()],
    quantize_row,
    sum_of_squares,
    scale_by,
    scale_by_in_place,
    rotate,
    silu_mul,
    add_scaled,
    max,
    exp_and_sum,
    scale,
    to_f16,
    scores_f16,
    add_values,
    scores_q8_0,
    add_values_q8_0,
};

/// In the order of [`BlockType::ALL`].
pub(crate) const TILES: [TileEntry; BlockType::ALL.len()] = [
    float(f32_tile),
    float(f16_tile),
    float(bf16_tile),
    quant(quant_tile::<{ BlockType::Q4_0 as usize }>),
    quant(quant_tile::<{ BlockType::Q4_1 as usize }>),
    quant(quant_tile::<{ BlockType::Q5_0 as usize }>),
    quant(quant_tile::<{ BlockType::Q5_1 as usize }>),
    quant(quant_tile::<{ BlockType::Q8_0 as usize }>),
    quant(quant_tile::<{ BlockType::Q2K as usize }>),
    quant(quant_tile::<{ BlockType::Q3K as usize }>),
    quant(quant_tile::<{ BlockType::Q4K as usize }>),
    quant(quant_tile::<{ BlockType::Q5K as usize }>),
    quant(quant_tile::<{ BlockType::Q6K as usize }>),
];

const fn float(tile: crate::dispatch::FloatTile) -> TileEntry {
    TileEntry {
        isa: Isa::Scalar,
        tile: Tile::Float(tile),
    }
}

const fn quant(tile: crate::dispatch::QuantTile) -> TileEntry {
    TileEntry {
        isa: Isa::Scalar,
        tile: Tile::Quant(tile),
    }
}

fn f32_tile(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
    float_tile(weights, x, out, |raw: [u8; 4]| f32::from_le_bytes(raw));
}

fn f16_tile(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
    float_tile(weights, x, out, |raw| f16::from_le_bytes(raw).to_f32());
}

fn bf16_tile(weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
    float_tile(weights, x, out, |raw| bf16::from_le_bytes(raw).to_f32());
}

fn float_tile<const BYTES: usize>(
    weights: WeightRows<'_>,
    x: &[&[f32]],
    out: &mut [f32],
    value: impl Fn([u8; BYTES]) -> f32,
) {
    for (row, products) in out.chunks_exact_mut(x.len()).enumerate() {
        let (raw, _) = weights.row(row).as_chunks::<BYTES>();
        for (product, x) in products.iter_mut().zip(x) {
            *product = raw.iter().zip(*x).map(|(&w, x)| value(w) * x).sum();
        }
    }
}

fn quant_tile<const TYPE: usize>(weights: WeightRows<'_>, x: &[&[QuantBlock]], out: &mut [f32]) {
    let block_type = BlockType::ALL[TYPE];
    let mut block = Unpacked::default();
    out.fill(0.0);
    for (row, products) in out.chunks_exact_mut(x.len()).enumerate() {
        let raw_blocks = weights.row(row).chunks_exact(block_type.block_bytes());
        for (index, raw) in raw_blocks.enumerate() {
            unpack_block(block_type, raw, &mut block);
            let start = index * block_type.block_len();
            for (product, x) in products.iter_mut().zip(x) {
                *product += dot_block(&block, block_type.block_len(), &x[start / BLOCK], start % BLOCK);
            }
        }
    }
}

/// A weight block of `len` values times the activations from `start` on.
fn dot_block(weights: &Unpacked, len: usize, x: &QuantBlock, start: usize) -> f32 {
    let mut sum = 0.0;
    for part in 0..len / 16 {
        let w = &weights.quants[part * 16..][..16];
        let at = start + part * 16;
        let quants = &x.quants[at..][..16];
        let dot: i32 = w.iter().zip(quants).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
        sum += weights.scales[part] * x.scales[at / 32] * dot as f32;
        // -32 times the sum of these quants is kept.
        sum += weights.mins[part] * x.scales[at / 32] * (x.starts16[at / 16] as f32 / 32.0);
    }
    sum
}

pub(crate) fn quantize_row(x: &[f32], out: &mut [QuantBlock]) {
    for (values, block) in x.chunks(BLOCK).zip(out) {
        *block = QuantBlock::ZERO;
        for (group, values) in values.chunks(32).enumerate() {
            quantize_group(values, group, block);
        }
    }
}

pub(crate) fn quantize_group(values: &[f32], group: usize, block: &mut QuantBlock) {
    // Compared as integers, a NaN is larger than every number, so it isn't lost.
    let bits = values.iter().map(|v| v.abs().to_bits()).max().unwrap_or(0);
    let magnitude = f32::from_bits(bits);
    if magnitude < SMALLEST_MAGNITUDE {
        return;
    }
    let scale = magnitude / 127.0;
    let inverse = 127.0 / magnitude;
    let quants = &mut block.quants[group * 32..][..values.len()];
    for (quant, value) in quants.iter_mut().zip(values) {
        *quant = (value * inverse).round_ties_even() as i8;
    }
    block.scales[group] = scale;
    let mut total = 0;
    for part in 2 * group..2 * group + 2 {
        let sum: i32 = block.quants[part * 16..][..16].iter().map(|&q| i32::from(q)).sum();
        block.starts16[part] = -32 * sum;
        total += sum;
    }
    block.sums32[group] = scale * total as f32;
    block.starts32[group] = -128 * total;
}

pub(crate) fn sum_of_squares(x: &[f32]) -> f32 {
    x.iter().map(|v| v * v).sum()
}

pub(crate) fn scale_by(x: &[f32], scale: f32, weight: &[f32], out: &mut [f32]) {
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
}

pub(crate) fn scale_by_in_place(x: &mut [f32], scale: f32, weight: &[f32]) {
    for (x, weight) in x.iter_mut().zip(weight) {
        *x = *x * scale * weight;
    }
}

pub(crate) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

pub(crate) fn silu_mul(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

pub(crate) fn add_scaled(out: &mut [f32], x: &[f32], scale: f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x * scale;
    }
}

/// The largest value, NaN excepted; negative infinity for none.
pub(crate) fn max(x: &[f32]) -> f32 {
    x.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

pub(crate) fn exp_and_sum(x: &mut [f32], max: f32, scale: f32) -> f32 {
    let mut sum = 0.0;
    for value in x {
        *value = ((*value - max) * scale).exp();
        sum += *value;
    }
    sum
}

pub(crate) fn scale(x: &mut [f32], scale: f32) {
    for value in x {
        *value *= scale;
    }
}

pub(crate) fn to_f16(x: &[f32], out: &mut [f16]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = f16::from_f32(*x);
    }
}

pub(crate) fn scores_f16(keys: KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]) {
    for (query, out) in x.iter().zip(out.chunks_mut(stride)) {
        let out = &mut out[..keys.num_positions];
        out.fill(0.0);
        for (query, keys) in query.iter().zip(keys.values.chunks(keys.stride)) {
            for (out, key) in out.iter_mut().zip(keys) {
                *out += query * key.to_f32();
            }
        }
    }
}

pub(crate) fn add_values(rows: ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    for (row, out) in out.chunks_exact_mut(rows.width).enumerate() {
        let weights = &weights[row * weight_stride..][..rows.num_positions];
        for (position, weight) in weights.iter().enumerate() {
            let values = &rows.values[position * rows.stride..][..rows.width];
            for (out, value) in out.iter_mut().zip(values) {
                *out += weight * value.to_f32();
            }
        }
    }
}

pub(crate) fn scores_q8_0(keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
    for (panel, (scales, quants)) in keys.panels().enumerate() {
        for (x, out) in x.iter().zip(out.chunks_mut(stride)) {
            let out = &mut out[panel * PANEL_POSITIONS..][..PANEL_POSITIONS];
            for (position, out) in out.iter_mut().enumerate() {
                *out = 0.0;
                for group in 0..keys.head_dim / GROUP {
                    let block = &x[group * GROUP / BLOCK];
                    let group_in_block = group % (BLOCK / GROUP);
                    let x = &block.quants[group_in_block * GROUP..][..GROUP];
                    let key = |column| quants[key_index(group * GROUP + column, position)] as i8;
                    let dot: i32 = x
                        .iter()
                        .enumerate()
                        .map(|(i, &x)| i32::from(x) * i32::from(key(i)))
                        .sum();
                    *out += scale_at(scales, group, position) * block.scales[group_in_block] * dot as f32;
                }
            }
        }
    }
}

pub(crate) fn add_values_q8_0(values: Q8Panels<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
    for (row, out) in out.chunks_exact_mut(values.head_dim).enumerate() {
        let weights = &weights[row * weight_stride..][..values.num_positions];
        for ((scales, quants), weights) in values.panels().zip(weights.chunks(PANEL_POSITIONS)) {
            for (position, weight) in weights.iter().enumerate() {
                for (group, out) in out.chunks_exact_mut(GROUP).enumerate() {
                    let weight = weight * scale_at(scales, group, position);
                    for (column, out) in out.iter_mut().enumerate() {
                        *out += weight * f32::from(quants[value_index(group * GROUP + column, position)] as i8);
                    }
                }
            }
        }
    }
}
