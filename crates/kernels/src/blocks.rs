//! The block types of GGUF tensors: their names, sizes, and the way back to f32.

use half::{bf16, f16};

use crate::unpack::{Unpacked, unpack_block};

/// How the values of a tensor are stored: a row is a sequence of blocks of `block_len` values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BlockType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

impl BlockType {
    /// Every type, in the order of the enum; `ALL[t as usize] == t`.
    pub const ALL: [BlockType; 13] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// The type with this number in a GGUF file, or `None` if the number names another type.
    pub fn from_ggml_type(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.ggml_type() == id)
    }

    /// The number of this type in a GGUF file.
    pub fn ggml_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q5_0 => 6,
            Self::Q5_1 => 7,
            Self::Q8_0 => 8,
            Self::Q2K => 10,
            Self::Q3K => 11,
            Self::Q4K => 12,
            Self::Q5K => 13,
            Self::Q6K => 14,
            Self::BF16 => 30,
        }
    }

    /// The usual name, such as `Q4_K`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q2K => "Q2_K",
            Self::Q3K => "Q3_K",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Values in one block.
    pub const fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q2K | Self::Q3K | Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of one block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q2K => 84,
            Self::Q3K => 110,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Bytes of a row of `cols` values.
    ///
    /// # Panics
    /// If `cols` is not a multiple of [`block_len`](Self::block_len).
    pub fn row_bytes(self, cols: usize) -> usize {
        let block_len = self.block_len();
        assert!(
            cols.is_multiple_of(block_len),
            "a row of {cols} values doesn't divide into {} blocks of {block_len}",
            self.name()
        );
        cols / block_len * self.block_bytes()
    }

    /// Whether values are stored as floats one by one, without blocks.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::BF16)
    }
}

/// Expands one row to f32. `bytes` may have any alignment.
///
/// # Panics
/// If `bytes` is not as long as `out.len()` values of this type need.
pub fn dequantize_row(block_type: BlockType, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(
        bytes.len(),
        block_type.row_bytes(out.len()),
        "dequantize_row: byte count of a {} row of {} values",
        block_type.name(),
        out.len()
    );
    match block_type {
        BlockType::F32 => {
            for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *value = f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
            }
        }
        BlockType::F16 => {
            for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *value = f16::from_le_bytes([raw[0], raw[1]]).to_f32();
            }
        }
        BlockType::BF16 => {
            for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *value = bf16::from_le_bytes([raw[0], raw[1]]).to_f32();
            }
        }
        _ => dequantize_blocks(block_type, bytes, out),
    }
}

fn dequantize_blocks(block_type: BlockType, bytes: &[u8], out: &mut [f32]) {
    let mut block = Unpacked::default();
    let raw_blocks = bytes.chunks_exact(block_type.block_bytes());
    for (raw, values) in raw_blocks.zip(out.chunks_exact_mut(block_type.block_len())) {
        unpack_block(block_type, raw, &mut block);
        for (part, sixteen) in values.chunks_exact_mut(16).enumerate() {
            let (scale, min) = (block.scales[part], block.mins[part]);
            for (value, &quant) in sixteen.iter_mut().zip(&block.quants[part * 16..]) {
                *value = scale * f32::from(quant) - min;
            }
        }
    }
}
