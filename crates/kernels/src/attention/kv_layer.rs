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
    /// Keys: `[num_blocks, num_kv_heads, head_dim, block_size]`, so that a SIMD lane can be a position; values:
    /// `[num_blocks, num_kv_heads, block_size, head_dim]`.
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

/// Converts the keys of one token to f16, `row` `[num_kv_heads, head_dim]`, into a slot (`block * block_size + position in
/// block`) of one layer's cache.
///
/// # Panics
/// If `row` has another length or the slot is beyond the cache.
pub fn store_keys_f16(kernels: &Kernels, shape: &AttentionShape, row: &[f32], slot: usize, cache: &mut [f16]) {
    const COLUMNS: usize = 16;
    for (head, values, position) in heads_of_slot(shape, row, slot, cache) {
        let mut keys = head[position..].iter_mut().step_by(shape.block_size);
        for values in values.chunks(COLUMNS) {
            let mut halves = [f16::ZERO; COLUMNS];
            // SAFETY: the machine has the table's instruction set; both are as long.
            unsafe { (kernels.to_f16)(values, &mut halves[..values.len()]) };
            // In this order, no key is taken that isn't written.
            for (half, key) in halves[..values.len()].iter().zip(keys.by_ref()) {
                *key = *half;
            }
        }
    }
}

/// The same for values.
///
/// # Panics
/// As `store_keys_f16`.
pub fn store_values_f16(kernels: &Kernels, shape: &AttentionShape, row: &[f32], slot: usize, cache: &mut [f16]) {
    for (head, values, position) in heads_of_slot(shape, row, slot, cache) {
        let target = &mut head[position * shape.head_dim..][..shape.head_dim];
        // SAFETY: the machine has the table's instruction set; both are `head_dim` long.
        unsafe { (kernels.to_f16)(values, target) };
    }
}

/// For each head its part of the slot's block and of `row`, and the slot's position in the block.
fn heads_of_slot<'a>(
    shape: &AttentionShape,
    row: &'a [f32],
    slot: usize,
    cache: &'a mut [f16],
) -> impl Iterator<Item = (&'a mut [f16], &'a [f32], usize)> {
    let &AttentionShape {
        num_kv_heads,
        head_dim,
        block_size,
        ..
    } = shape;
    assert_eq!(row.len(), num_kv_heads * head_dim, "store: row");
    let slots = cache.len() / row.len().max(1);
    assert!(slot < slots, "store: slot {slot} of {slots}");
    let (block, position) = (slot / block_size, slot % block_size);
    let heads = cache[block * block_size * row.len()..].chunks_exact_mut(block_size * head_dim);
    let values = row.chunks_exact(head_dim);
    heads.zip(values).map(move |(head, values)| (head, values, position))
}
