//! The inner loops of attention: one item of work, a tile of positions at a time.

use std::ops::Range;

use half::f16;

use super::{AttentionShape, Call, Item, KeyColumns, KvLayer, PANEL_POSITIONS, Q8Panels, State};
use crate::activations::QuantBlock;
use crate::dispatch::{TILE_TOKENS, ValueRows};
use crate::prefetch::prefetch;

/// Positions of one tile at most: its keys and values stay in a core's L1 for all rows of the item.
const TILE_POSITIONS: usize = 64;

/// The keys and values of positions `start..end` of one KV head.
#[derive(Clone, Copy)]
struct Tile<'a> {
    keys: TileRows<'a>,
    values: TileRows<'a>,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy)]
enum TileRows<'a> {
    /// Keys are `[head_dim, block_size]`, from the first position on, values `[positions, head_dim]`.
    F16(&'a [f16]),
    /// Whole panels.
    Q8_0(&'a [u8]),
}

impl<'a> TileRows<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::F16(values) => as_bytes(values),
            Self::Q8_0(bytes) => bytes,
        }
    }

    fn keys(layer: KvLayer<'a>, shape: &AttentionShape, place: Place) -> Self {
        let head_len = shape.block_size * shape.head_dim;
        match layer {
            KvLayer::F16(values) => Self::F16(&values[place.head * head_len..][..head_len][place.slot..]),
            KvLayer::Q8_0(bytes) => Self::panels(bytes, shape, place),
        }
    }

    fn values(layer: KvLayer<'a>, shape: &AttentionShape, place: Place) -> Self {
        match layer {
            KvLayer::F16(values) => {
                let first = place.head * shape.block_size + place.slot;
                Self::F16(&values[first * shape.head_dim..][..place.count * shape.head_dim])
            }
            KvLayer::Q8_0(bytes) => Self::panels(bytes, shape, place),
        }
    }

    fn panels(bytes: &'a [u8], shape: &AttentionShape, place: Place) -> Self {
        let panel_bytes = Q8Panels::panel_bytes(shape.head_dim);
        let first = place.head * shape.block_size + place.slot;
        debug_assert!(first.is_multiple_of(PANEL_POSITIONS));
        let panels = &bytes[first / PANEL_POSITIONS * panel_bytes..];
        Self::Q8_0(&panels[..place.count.div_ceil(PANEL_POSITIONS) * panel_bytes])
    }
}

/// Some positions of one head of a block.
#[derive(Clone, Copy)]
struct Place {
    /// Counted over all blocks.
    head: usize,
    /// The first position, within the block.
    slot: usize,
    count: usize,
}

impl Call<'_> {
    pub(super) fn score_scale(&self) -> f32 {
        1.0 / (self.shape.head_dim as f32).sqrt()
    }

    /// Positions that a row of an item sees.
    fn limit(&self, item: &Item<'_>, row: usize) -> usize {
        let query = item.first_query + row / self.item_heads();
        item.span.context_len - item.span.num_queries + query + 1
    }

    /// All rows of an item over all its positions, into a fresh state. `queries` are those of `with_queries`.
    pub(super) fn attend(&self, item: &Item<'_>, queries: &[QuantBlock], state: &mut State<'_>) {
        state.clear();
        let head_rows = self.rows(item) / self.item_kv_heads;
        let mut start = item.first_position;
        while start < item.end_position {
            for head in 0..self.item_kv_heads {
                // At decode every key is read once, and a head's part of a block is too short for the processor to see
                // in time how memory is read. (f16 is slower with it.)
                if self.item_kv_heads > 1 && matches!(self.keys, KvLayer::Q8_0(_)) {
                    self.prefetch_after(item, start, head);
                }
                let rows = head * head_rows..(head + 1) * head_rows;
                self.attend_head(item, queries, state, rows, self.tile(item, start, head));
            }
            start = self.tile_end(item, start);
        }
    }

    /// Within a block, the positions of a head follow each other.
    fn tile_end(&self, item: &Item<'_>, start: usize) -> usize {
        let left = self.shape.block_size - start % self.shape.block_size;
        (start + TILE_POSITIONS.min(left)).min(item.end_position)
    }

    /// The positions from `start` on of one of the item's KV heads.
    fn tile(&self, item: &Item<'_>, start: usize, head: usize) -> Tile<'_> {
        let AttentionShape {
            num_kv_heads,
            block_size,
            ..
        } = self.shape;
        let end = self.tile_end(item, start);
        let block = item.span.block_table[start / block_size] as usize;
        let place = Place {
            head: block * num_kv_heads + item.first_kv_head + head,
            slot: start % block_size,
            count: end - start,
        };
        Tile {
            keys: TileRows::keys(self.keys, &self.shape, place),
            values: TileRows::values(self.values, &self.shape, place),
            start,
            end,
        }
    }

    /// Fetches what comes after a head's tile.
    fn prefetch_after(&self, item: &Item<'_>, start: usize, head: usize) {
        let next = match head + 1 < self.item_kv_heads {
            true => (start, head + 1),
            false => (self.tile_end(item, start), 0),
        };
        if next.0 < item.end_position {
            let Tile { keys, values, .. } = self.tile(item, next.0, next.1);
            prefetch(keys.bytes());
            prefetch(values.bytes());
        }
    }

    /// The rows of one KV head over one tile.
    fn attend_head(
        &self,
        item: &Item<'_>,
        queries: &[QuantBlock],
        state: &mut State<'_>,
        rows: Range<usize>,
        tile: Tile<'_>,
    ) {
        for first in rows.clone().step_by(TILE_TOKENS) {
            let rows = first..rows.end.min(first + TILE_TOKENS);
            let end = tile.end.min(self.limit(item, rows.end - 1));
            if tile.start < end {
                self.attend_tile(item, queries, state, rows, &Tile { end, ..tile });
            }
        }
    }

    /// Up to four rows over one tile of positions.
    fn attend_tile(
        &self,
        item: &Item<'_>,
        queries: &[QuantBlock],
        state: &mut State<'_>,
        rows: Range<usize>,
        tile: &Tile<'_>,
    ) {
        let head_dim = self.shape.head_dim;
        let (first_row, num_positions) = (rows.start, tile.end - tile.start);
        let mut weights = [0f32; TILE_TOKENS * TILE_POSITIONS];
        match tile.keys {
            TileRows::F16(keys) => self.scores_f16(item, rows.clone(), keys, num_positions, &mut weights),
            TileRows::Q8_0(bytes) => {
                let keys = Q8Panels::new(bytes, num_positions, head_dim);
                self.scores_q8_0(queries, rows.clone(), keys, &mut weights);
            }
        }
        let sums = &mut state.sums[first_row * head_dim..][..rows.len() * head_dim];
        for row in 0..rows.len() {
            let weights = &mut weights[row * TILE_POSITIONS..][..num_positions];
            let seen = self.limit(item, first_row + row).clamp(tile.start, tile.end) - tile.start;
            let (scores, hidden) = weights.split_at_mut(seen);
            hidden.fill(0.0);
            if seen == 0 {
                continue;
            }
            let (max, total) = (&mut state.maxima[first_row + row], &mut state.totals[first_row + row]);
            let sums = &mut sums[row * head_dim..][..head_dim];
            // SAFETY: the machine has the table's instruction set, for all three.
            unsafe {
                let new_max = max.max((self.kernels.max)(scores));
                if new_max > *max {
                    let shrink = ((*max - new_max) * self.score_scale()).exp();
                    (self.kernels.scale)(sums, shrink);
                    *total *= shrink;
                    *max = new_max;
                }
                *total += (self.kernels.exp_and_sum)(scores, *max, self.score_scale());
            }
        }
        match tile.values {
            TileRows::F16(values) => {
                let values = ValueRows {
                    values,
                    num_positions,
                    stride: head_dim,
                    width: head_dim,
                };
                self.kernels.add_values(values, &weights, TILE_POSITIONS, sums);
            }
            TileRows::Q8_0(bytes) => {
                let values = Q8Panels::new(bytes, num_positions, head_dim);
                self.kernels.add_values_q8_0(values, &weights, TILE_POSITIONS, sums);
            }
        }
    }

    /// Products of queries and keys, unscaled: `scores[row * TILE_POSITIONS + position]`, both
    /// counted from the start of the tile's.
    fn scores_q8_0(&self, queries: &[QuantBlock], rows: Range<usize>, keys: Q8Panels<'_>, scores: &mut [f32]) {
        let (num_rows, row_blocks) = (rows.len(), self.query_blocks());
        let queries: [&[QuantBlock]; TILE_TOKENS] = std::array::from_fn(|i| {
            let row = rows.start + i.min(num_rows - 1);
            &queries[row * row_blocks..][..row_blocks]
        });
        self.kernels
            .scores_q8_0(keys, &queries[..num_rows], TILE_POSITIONS, scores);
    }

    /// The same for keys in f16.
    fn scores_f16(&self, item: &Item<'_>, rows: Range<usize>, keys: &[f16], num_positions: usize, scores: &mut [f32]) {
        let (head_dim, num_rows) = (self.shape.head_dim, rows.len());
        let queries: [&[f32]; TILE_TOKENS] =
            std::array::from_fn(|i| self.query(item, rows.start + i.min(num_rows - 1)));
        let keys = KeyColumns {
            values: keys,
            stride: self.shape.block_size,
            num_positions,
            head_dim,
        };
        self.kernels
            .scores_f16(keys, &queries[..num_rows], TILE_POSITIONS, scores);
    }
}

fn as_bytes(values: &[f16]) -> &[u8] {
    // SAFETY: f16 is a transparent u16: any of its bytes may be read, and u8 needs no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
