//! Random blocks and numbers for the tests of kernels.
#![allow(dead_code)] // each test program uses a part

use half::f16;
use izwi_kernels::{BlockType, Isa, Kernels};

/// A small, seeded generator (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Uniform in -1..1.
    pub fn value(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn values(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.value()).collect()
    }
}

/// The tables to test, the scalar one excluded; says so when the machine lacks one.
pub fn simd_tables() -> Vec<&'static Kernels> {
    let simd = Isa::ALL.into_iter().filter(|&isa| isa != Isa::Scalar);
    simd.filter_map(|isa| {
        let table = Kernels::for_isa(isa);
        if table.is_none() {
            println!("skipped: this machine has no {}", isa.name());
        }
        table
    })
    .collect()
}

pub fn scalar() -> &'static Kernels {
    Kernels::for_isa(Isa::Scalar).unwrap()
}

/// How the blocks of a matrix are drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fill {
    Random,
    /// All quants at their largest bit pattern, with the largest sub-scales.
    Ones,
    /// Quants and sub-scales all 0 bits, scales random.
    Zeros,
    /// Random quants, scales 0.
    ZeroScales,
    /// Every byte 0x80: -128 where quants are whole bytes.
    HighBits,
}

pub const FILLS: [Fill; 5] = [Fill::Random, Fill::Ones, Fill::Zeros, Fill::ZeroScales, Fill::HighBits];

/// Where a block's f16 fields are.
fn half_fields(block_type: BlockType) -> &'static [usize] {
    match block_type {
        BlockType::F32 | BlockType::F16 | BlockType::BF16 => &[],
        BlockType::Q4_0 | BlockType::Q5_0 | BlockType::Q8_0 => &[0],
        BlockType::Q4_1 | BlockType::Q5_1 | BlockType::Q4K | BlockType::Q5K => &[0, 2],
        BlockType::Q2K => &[80, 82],
        BlockType::Q3K => &[108],
        BlockType::Q6K => &[208],
    }
}

/// `count` valid blocks of a type.
pub fn blocks(block_type: BlockType, count: usize, fill: Fill, random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..count {
        let start = bytes.len();
        match block_type {
            BlockType::F32 => bytes.extend(random.value().to_le_bytes()),
            BlockType::F16 => bytes.extend(f16::from_f32(random.value()).to_le_bytes()),
            BlockType::BF16 => bytes.extend(half::bf16::from_f32(random.value()).to_le_bytes()),
            _ => bytes.extend((0..block_type.block_bytes()).map(|_| match fill {
                Fill::Random | Fill::ZeroScales => random.bits() as u8,
                Fill::Ones => 255,
                Fill::Zeros => 0,
                Fill::HighBits => 0x80,
            })),
        }
        for &at in half_fields(block_type) {
            let scale = match fill {
                Fill::ZeroScales => 0.0,
                _ => random.value(),
            };
            bytes[start + at..start + at + 2].copy_from_slice(&f16::from_f32(scale).to_le_bytes());
        }
    }
    bytes
}
