//! Keys and values in 8 bits: what a KV cache of q8_0 is made of.
//!
//! A head's vector of one position is groups of 32 values, each an int8 times the group's f16 scale. Sixteen positions
//! of a head lie together in a panel, so that a SIMD lane can be a position (for keys) or a column (for values), and
//! nothing is added up across lanes:
//!
//! - both begin with the scales, `[group, position]` in f16;
//! - keys follow as `[four columns, position, column]`: the order of packed weights, a row being a position;
//! - values follow as `[group, four positions, column, position]`.

use super::AttentionShape;
use crate::activations::{BLOCK, QuantBlock};
use crate::dispatch::Kernels;
use half::f16;

/// Positions of a panel.
pub(crate) const PANEL_POSITIONS: usize = 16;
/// Values that share a scale.
pub(crate) const GROUP: usize = 32;

/// The keys or the values of some positions of one head, from a panel's start on.
#[derive(Clone, Copy)]
pub(crate) struct Q8Panels<'a> {
    pub bytes: &'a [u8],
    pub num_positions: usize,
    pub head_dim: usize,
    /// What is read soon, for fetching it meanwhile.
    pub next: &'a [u8],
}

impl<'a> Q8Panels<'a> {
    /// Bytes of a panel. What's in it from here on is its quants.
    pub fn panel_bytes(head_dim: usize) -> usize {
        Self::scale_bytes(head_dim) + PANEL_POSITIONS * head_dim
    }

    pub fn scale_bytes(head_dim: usize) -> usize {
        head_dim / GROUP * PANEL_POSITIONS * size_of::<f16>()
    }

    /// Panics unless every position lies in a panel that is whole: the SIMD kernels rely on it.
    pub fn new(bytes: &'a [u8], num_positions: usize, head_dim: usize, next: &'a [u8]) -> Self {
        let needed = num_positions.div_ceil(PANEL_POSITIONS) * Self::panel_bytes(head_dim);
        assert!(
            head_dim.is_multiple_of(GROUP) && needed <= bytes.len(),
            "{num_positions} positions of {head_dim} values in {} bytes",
            bytes.len()
        );
        Self {
            bytes,
            num_positions,
            head_dim,
            next,
        }
    }

    /// Each panel's scales `[group, position]` and its quants.
    pub fn panels(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let scale_bytes = Self::scale_bytes(self.head_dim);
        let panels = self.bytes.chunks_exact(Self::panel_bytes(self.head_dim));
        panels
            .take(self.num_positions.div_ceil(PANEL_POSITIONS))
            .map(move |panel| panel.split_at(scale_bytes))
    }
}

/// The scale of a group and a position of a panel.
pub(crate) fn scale_at(scales: &[u8], group: usize, position: usize) -> f32 {
    let at = (group * PANEL_POSITIONS + position) * size_of::<f16>();
    f16::from_le_bytes([scales[at], scales[at + 1]]).to_f32()
}

/// Where the key's value of a column and a position is in a panel's quants.
pub(crate) fn key_index(column: usize, position: usize) -> usize {
    (column / 4 * PANEL_POSITIONS + position) * 4 + column % 4
}

/// The same for values.
pub(crate) fn value_index(column: usize, position: usize) -> usize {
    let (group, column) = (column / GROUP, column % GROUP);
    let quads = PANEL_POSITIONS / 4;
    ((group * quads + position / 4) * GROUP + column) * 4 + position % 4
}

/// Quantizes the keys of one token, `row` `[num_kv_heads, head_dim]`, into a slot (`block * block_size + position in
/// block`) of one layer's cache.
///
/// # Panics
/// If `row` has another length, the slot is beyond the cache, or the shape has no panels (`AttentionShape::has_panels`).
pub fn store_keys_q8_0(kernels: &Kernels, shape: &AttentionShape, row: &[f32], slot: usize, cache: &mut [u8]) {
    store(kernels, shape, row, slot, cache, |quants, position, values| {
        // Four columns of a position are together.
        let targets = quants[key_index(0, position)..].chunks_mut(4 * PANEL_POSITIONS);
        for (target, values) in targets.zip(values.as_chunks::<4>().0) {
            target[..4].copy_from_slice(&values.map(|value| value as u8));
        }
    });
}

/// The same for values.
///
/// # Panics
/// As `store_keys_q8_0`.
pub fn store_values_q8_0(kernels: &Kernels, shape: &AttentionShape, row: &[f32], slot: usize, cache: &mut [u8]) {
    store(kernels, shape, row, slot, cache, |quants, position, values| {
        for (group, values) in values.as_chunks::<GROUP>().0.iter().enumerate() {
            let targets = quants[value_index(group * GROUP, position)..].iter_mut().step_by(4);
            targets.zip(values).for_each(|(target, value)| *target = *value as u8);
        }
    });
}

/// `put(quants, position, values)` writes the quants of a position into those of its panel.
fn store(
    kernels: &Kernels,
    shape: &AttentionShape,
    row: &[f32],
    slot: usize,
    cache: &mut [u8],
    put: impl Fn(&mut [u8], usize, &[i8]),
) {
    let &AttentionShape {
        num_kv_heads,
        head_dim,
        block_size,
        ..
    } = shape;
    assert_eq!(row.len(), num_kv_heads * head_dim, "store_q8_0: row");
    assert!(
        shape.has_panels(),
        "store_q8_0: blocks of {block_size} times {head_dim}"
    );
    let panel_bytes = Q8Panels::panel_bytes(head_dim);
    let head_panels = block_size / PANEL_POSITIONS;
    let slots = cache.len() / (num_kv_heads * panel_bytes) * PANEL_POSITIONS;
    assert!(slot < slots, "store_q8_0: slot {slot} of {slots}");
    let (block, slot) = (slot / block_size, slot % block_size);
    let position = slot % PANEL_POSITIONS;
    for (head, values) in row.chunks_exact(head_dim).enumerate() {
        let panel = (block * num_kv_heads + head) * head_panels + slot / PANEL_POSITIONS;
        let panel = &mut cache[panel * panel_bytes..][..panel_bytes];
        let (scales, quants) = panel.split_at_mut(Q8Panels::scale_bytes(head_dim));
        let (scales, _) = scales.as_chunks_mut::<{ size_of::<f16>() }>();
        let mut scales = scales[position..].iter_mut().step_by(PANEL_POSITIONS);
        for (index, values) in values.chunks(BLOCK).enumerate() {
            let mut block = [QuantBlock::ZERO];
            kernels.quantize_row(values, &mut block);
            put(
                &mut quants[index * BLOCK * PANEL_POSITIONS..],
                position,
                &block[0].quants[..values.len()],
            );
            // In this order, nothing is taken from `scales` that isn't written.
            for (scale, target) in block[0].scales[..values.len() / GROUP].iter().zip(scales.by_ref()) {
                *target = f16::from_f32(*scale).to_le_bytes();
            }
        }
    }
}
