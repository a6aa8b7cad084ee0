//! The inner loops of attention: one item of work, a tile of positions at a time.

use std::ops::Range;

use half::f16;

use super::{AttentionShape, Call, Item, State};
use crate::blocks::BlockType;
use crate::dispatch::{TILE_TOKENS, ValueRows, WeightRows};

/// Positions of one tile at most: its keys and values stay in a core's L1 for all rows of the item.
const TILE_POSITIONS: usize = 64;

/// The keys and values of positions `start..end`, each `[positions, head_dim]`, of one KV head.
#[derive(Clone, Copy)]
struct Tile<'a> {
    keys: &'a [f16],
    values: &'a [f16],
    start: usize,
    end: usize,
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

    /// All rows of an item over all its positions, into a fresh state.
    pub(super) fn attend(&self, item: &Item<'_>, state: &mut State<'_>) {
        state.clear();
        let AttentionShape {
            num_kv_heads,
            head_dim,
            block_size,
            ..
        } = self.shape;
        let head_rows = self.rows(item) / self.item_kv_heads;
        let mut start = item.first_position;
        while start < item.end_position {
            // Within a block, the positions of a head follow each other.
            let slot = start % block_size;
            let end = (start + TILE_POSITIONS.min(block_size - slot)).min(item.end_position);
            let block = item.span.block_table[start / block_size] as usize;
            for head in 0..self.item_kv_heads {
                let first = ((block * num_kv_heads + item.first_kv_head + head) * block_size + slot) * head_dim;
                let range = first..first + (end - start) * head_dim;
                let tile = Tile {
                    keys: &self.keys[range.clone()],
                    values: &self.values[range],
                    start,
                    end,
                };
                self.attend_head(item, state, head * head_rows..(head + 1) * head_rows, tile);
            }
            start = end;
        }
    }

    /// The rows of one KV head over one tile.
    fn attend_head(&self, item: &Item<'_>, state: &mut State<'_>, rows: Range<usize>, tile: Tile<'_>) {
        for first in rows.clone().step_by(TILE_TOKENS) {
            let rows = first..rows.end.min(first + TILE_TOKENS);
            let end = tile.end.min(self.limit(item, rows.end - 1));
            if tile.start < end {
                self.attend_tile(item, state, rows, &Tile { end, ..tile });
            }
        }
    }

    /// Up to four rows over one tile of positions.
    fn attend_tile(&self, item: &Item<'_>, state: &mut State<'_>, rows: Range<usize>, tile: &Tile<'_>) {
        let head_dim = self.shape.head_dim;
        let (first_row, num_positions) = (rows.start, tile.end - tile.start);
        let mut weights = [0f32; TILE_TOKENS * TILE_POSITIONS];
        self.scores(item, rows.clone(), tile, &mut weights);
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
        let values = ValueRows {
            values: tile.values,
            num_positions,
            stride: head_dim,
            width: head_dim,
        };
        self.kernels.add_values(values, &weights, TILE_POSITIONS, sums);
    }

    /// Products of queries and keys, unscaled: `scores[row * TILE_POSITIONS + position]`, both
    /// counted from the start of the tile's.
    fn scores(&self, item: &Item<'_>, rows: Range<usize>, tile: &Tile<'_>, scores: &mut [f32]) {
        let (head_dim, heads, num_rows) = (self.shape.head_dim, self.item_heads(), rows.len());
        let queries: [&[f32]; TILE_TOKENS] = std::array::from_fn(|i| {
            let row = rows.start + i.min(num_rows - 1);
            let (start, _) = self.heads_of(item, row / heads);
            &self.q[start + row % heads * head_dim..][..head_dim]
        });
        let num_positions = tile.end - tile.start;
        let keys = WeightRows::new(as_bytes(tile.keys), num_positions, head_dim * 2, head_dim * 2);
        let mut products = [0f32; TILE_TOKENS * TILE_POSITIONS];
        let products = &mut products[..num_positions * num_rows];
        self.kernels
            .tile_f32(BlockType::F16, keys, &queries[..num_rows], products);
        for (position, products) in products.chunks_exact(num_rows).enumerate() {
            for (row, product) in products.iter().enumerate() {
                scores[row * TILE_POSITIONS + position] = *product;
            }
        }
    }
}

fn as_bytes(values: &[f16]) -> &[u8] {
    // SAFETY: f16 is a transparent u16: any of its bytes may be read, and u8 needs no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
