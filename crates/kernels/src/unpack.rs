//! One quantized block as plain integers: `value[i] = scales[i / 16] * quants[i] - mins[i / 16]`.
//!
//! Every quantized type fits this form, so that one scalar dot product and one dequantizer serve
//! them all. The layouts are those of the GGUF format; all of them are little-endian.

use half::f16;

use crate::blocks::BlockType;

/// A block of up to 256 values; a type with blocks of 32 fills the first 32 values only.
pub(crate) struct Unpacked {
    /// Signed quants, the type's constant offset already subtracted.
    pub quants: [i8; 256],
    /// One scale per 16 values.
    pub scales: [f32; 16],
    /// What is subtracted per 16 values.
    pub mins: [f32; 16],
}

impl Default for Unpacked {
    fn default() -> Self {
        Self {
            quants: [0; 256],
            scales: [0.0; 16],
            mins: [0.0; 16],
        }
    }
}

fn half_at(raw: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([raw[at], raw[at + 1]]).to_f32()
}

/// Unpacks the one block in `raw`, whose length is `block_type.block_bytes()`.
pub(crate) fn unpack_block(block_type: BlockType, raw: &[u8], block: &mut Unpacked) {
    debug_assert_eq!(raw.len(), block_type.block_bytes());
    match block_type {
        BlockType::Q4_0 => {
            set_scale(block, half_at(raw, 0), 0.0);
            nibbles(&raw[2..18], block, 8);
        }
        BlockType::Q4_1 => {
            set_scale(block, half_at(raw, 0), -half_at(raw, 2));
            nibbles(&raw[4..20], block, 0);
        }
        BlockType::Q5_0 => {
            set_scale(block, half_at(raw, 0), 0.0);
            nibbles(&raw[6..22], block, 16);
            fifth_bits(&raw[2..6], block);
        }
        BlockType::Q5_1 => {
            set_scale(block, half_at(raw, 0), -half_at(raw, 2));
            nibbles(&raw[8..24], block, 0);
            fifth_bits(&raw[4..8], block);
        }
        BlockType::Q8_0 => {
            set_scale(block, half_at(raw, 0), 0.0);
            for (quant, &byte) in block.quants.iter_mut().zip(&raw[2..34]) {
                *quant = byte as i8;
            }
        }
        BlockType::Q2K => unpack_q2k(raw, block),
        BlockType::Q3K => unpack_q3k(raw, block),
        BlockType::Q4K => unpack_q4k(raw, block),
        BlockType::Q5K => unpack_q5k(raw, block),
        BlockType::Q6K => unpack_q6k(raw, block),
        BlockType::F32 | BlockType::F16 | BlockType::BF16 => {
            unreachable!("float types have no quantized blocks")
        }
    }
}

fn set_scale(block: &mut Unpacked, scale: f32, min: f32) {
    block.scales[..2].fill(scale);
    block.mins[..2].fill(min);
}

/// 32 values from 16 bytes: low nibbles first, then high nibbles.
fn nibbles(packed: &[u8], block: &mut Unpacked, offset: i8) {
    for (i, &byte) in packed.iter().enumerate() {
        block.quants[i] = (byte & 15) as i8 - offset;
        block.quants[i + 16] = (byte >> 4) as i8 - offset;
    }
}

/// Adds 16 to each of 32 values whose bit is set.
fn fifth_bits(bits: &[u8], block: &mut Unpacked) {
    for (i, quant) in block.quants[..32].iter_mut().enumerate() {
        *quant += ((bits[i / 8] >> (i % 8) & 1) << 4) as i8;
    }
}

/// Q2_K: scales and mins [16] as nibbles, quants [64], scale, min.
fn unpack_q2k(raw: &[u8], block: &mut Unpacked) {
    let (scale, min) = (half_at(raw, 80), half_at(raw, 82));
    for (i, packed) in raw[..16].iter().enumerate() {
        block.scales[i] = scale * f32::from(packed & 15);
        block.mins[i] = min * f32::from(packed >> 4);
    }
    two_bits(&raw[16..80], block);
}

/// 256 values from 64 bytes: per half of 128 values, 32 bytes hold four groups of 32 values, the
/// lowest two bits first.
fn two_bits(packed: &[u8], block: &mut Unpacked) {
    for (i, quant) in block.quants.iter_mut().enumerate() {
        let (half, group, lane) = (i / 128, i % 128 / 32, i % 32);
        *quant = (packed[half * 32 + lane] >> (2 * group) & 3) as i8;
    }
}

/// Q3_K: high bits [32], low bits [64], 6-bit scales [12], scale.
fn unpack_q3k(raw: &[u8], block: &mut Unpacked) {
    let scale = half_at(raw, 108);
    let packed = &raw[96..108];
    for i in 0..16 {
        let low = if i < 8 { packed[i] & 15 } else { packed[i - 8] >> 4 };
        let high = packed[8 + i % 4] >> (2 * (i / 4)) & 3;
        block.scales[i] = scale * f32::from((low | high << 4) as i8 - 32);
        block.mins[i] = 0.0;
    }
    two_bits(&raw[32..96], block);
    for (i, quant) in block.quants.iter_mut().enumerate() {
        let high = raw[i % 32] >> (i / 32) & 1;
        *quant += (high << 2) as i8 - 4;
    }
}

/// The eight 6-bit scales and eight 6-bit mins that Q4_K and Q5_K pack into 12 bytes.
fn six_bit_scales(raw: &[u8], block: &mut Unpacked) {
    let (scale, min) = (half_at(raw, 0), half_at(raw, 2));
    let packed = &raw[4..16];
    for i in 0..8 {
        let (scale_bits, min_bits) = if i < 4 {
            (packed[i] & 63, packed[i + 4] & 63)
        } else {
            (
                packed[i + 4] & 15 | packed[i - 4] >> 6 << 4,
                packed[i + 4] >> 4 | packed[i] >> 6 << 4,
            )
        };
        block.scales[2 * i..2 * i + 2].fill(scale * f32::from(scale_bits));
        block.mins[2 * i..2 * i + 2].fill(min * f32::from(min_bits));
    }
}

/// Q4_K: scale, min, 6-bit scales and mins [12], nibbles [128].
fn unpack_q4k(raw: &[u8], block: &mut Unpacked) {
    six_bit_scales(raw, block);
    nibbles_by_64(&raw[16..144], block);
}

/// 256 values from 128 bytes: each 32 bytes hold 32 low nibbles, then 32 high nibbles.
fn nibbles_by_64(packed: &[u8], block: &mut Unpacked) {
    let pieces = packed.chunks_exact(32);
    for (bytes, values) in pieces.zip(block.quants.chunks_exact_mut(64)) {
        for (i, &byte) in bytes.iter().enumerate() {
            values[i] = (byte & 15) as i8;
            values[i + 32] = (byte >> 4) as i8;
        }
    }
}

/// Q5_K: as Q4_K, with the fifth bits [32] before the nibbles; bit `g` belongs to group `g` of 32.
fn unpack_q5k(raw: &[u8], block: &mut Unpacked) {
    six_bit_scales(raw, block);
    nibbles_by_64(&raw[48..176], block);
    for (i, quant) in block.quants.iter_mut().enumerate() {
        *quant += ((raw[16 + i % 32] >> (i / 32) & 1) << 4) as i8;
    }
}

/// Q6_K: low nibbles [128], high two bits [64], i8 scales [16], scale.
fn unpack_q6k(raw: &[u8], block: &mut Unpacked) {
    let scale = half_at(raw, 208);
    for i in 0..16 {
        block.scales[i] = scale * f32::from(raw[192 + i] as i8);
        block.mins[i] = 0.0;
    }
    for (i, quant) in block.quants.iter_mut().enumerate() {
        let (half, group, lane) = (i / 128, i % 128 / 32, i % 32);
        let low = raw[half * 64 + (group % 2) * 32 + lane] >> (4 * (group / 2)) & 15;
        let high = raw[128 + half * 32 + lane] >> (2 * group) & 3;
        *quant = (low | high << 4) as i8 - 32;
    }
}
