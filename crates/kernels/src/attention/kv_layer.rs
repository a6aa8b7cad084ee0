//! What a KV cache is made of, and how a token's keys and values get there.

use half::f16;

use super::{AttentionShape, GROUP, PANEL_POSITIONS, Q8Panels};
use crate::dispatch::Kernels;

/// The type of the keys and values of a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KvType {
    #[default]
    F16,
    /// int8 with an f16 scale for every 32 values of a head.
    Q8_0,
}

impl KvType {
    pub const ALL: [KvType; 2] = [Self::F16, Self::Q8_0];

    /// The name that users know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kv_type| kv_type.name() == name)
    }

    /// Values that share a scale; heads are made of whole groups.
    pub fn group_len(self) -> usize {
        match self {
            Self::F16 => 1,
            Self::Q8_0 => GROUP,
        }
    }

    /// Bytes of the keys (or values) of one position and one head.
    pub fn row_bytes(self, head_dim: usize) -> usize {
        match self {
            Self::F16 => head_dim * size_of::<f16>(),
            Self::Q8_0 => Q8Panels::panel_bytes(head_dim) / PANEL_POSITIONS,
        }
    }
}

/// One layer's keys, or its values.
#[derive(Clone, Copy)]
pub enum KvLayer<'a> {
    /// `[num_blocks, num_kv_heads, block_size, head_dim]`
    F16(&'a [f16]),
    /// `[num_blocks, num_kv_heads, panels]`; filled by `store_keys_q8_0` and `store_values_q8_0`.
    Q8_0(&'a [u8]),
}

impl KvLayer<'_> {
    pub(super) fn kv_type(&self) -> KvType {
        match self {
            Self::F16(_) => KvType::F16,
            Self::Q8_0(_) => KvType::Q8_0,
        }
    }

    pub(super) fn num_bytes(&self) -> usize {
        match self {
            Self::F16(values) => size_of_val(*values),
            Self::Q8_0(bytes) => bytes.len(),
        }
    }
}

/// Converts the keys or values of one token to f16, `row` `[num_kv_heads, head_dim]`, into a slot
/// (`block * block_size + position in block`) of one layer's cache.
///
/// # Panics
/// If `row` has another length or the slot is beyond the cache.
pub fn store_kv(kernels: &Kernels, shape: &AttentionShape, row: &[f32], slot: usize, cache: &mut [f16]) {
    let len = shape.num_kv_heads * shape.head_dim;
    assert_eq!(row.len(), len, "store_kv: row");
    let slots = cache.len() / len.max(1);
    assert!(slot < slots, "store_kv: slot {slot} of {slots}");
    let (block, slot) = (slot / shape.block_size, slot % shape.block_size);
    for (head, values) in row.chunks_exact(shape.head_dim).enumerate() {
        let start = ((block * shape.num_kv_heads + head) * shape.block_size + slot) * shape.head_dim;
        // SAFETY: the machine has the table's instruction set; both are `head_dim` long.
        unsafe { (kernels.to_f16)(values, &mut cache[start..start + shape.head_dim]) };
    }
}
