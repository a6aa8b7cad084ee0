//! The inner loops of attention: one item of work, a tile of positions at a time.

use std::cell::Cell;
use std::ops::Range;

use half::f16;

use super::{Call, Item, State, with_buffer};
use crate::blocks::BlockType;
use crate::dispatch::{TILE_TOKENS, ValueRows, WeightRows};

/// Positions of one tile: its keys and values stay in a core's L1 and L2 for all rows of the item.
const TILE_POSITIONS: usize = 64;

thread_local! {
    /// Each thread's buffer for the keys and values of one tile.
    static GATHERED: Cell<Vec<f16>> = const { Cell::new(Vec::new()) };
}

/// The keys and values of positions `start..end`, each `[TILE_POSITIONS, head_dim]`.
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
        let query = item.first_query + row / self.shape.group();
        item.span.context_len - item.span.num_queries + query + 1
    }

    /// All rows of an item over all its positions, into a fresh state.
    pub(super) fn attend(&self, item: &Item<'_>, state: &mut State<'_>) {
        state.clear();
        let rows = self.rows(item);
        let cache_len = TILE_POSITIONS * self.shape.head_dim;
        with_buffer(&GATHERED, 2 * cache_len, |buffer| {
            let (keys, values) = buffer.split_at_mut(cache_len);
            for start in (item.first_position..item.end_position).step_by(TILE_POSITIONS) {
                let tile_end = (start + TILE_POSITIONS).min(item.end_position);
                self.gather(item, start..tile_end, keys, values);
                for first_row in (0..rows).step_by(TILE_TOKENS) {
                    let num_rows = TILE_TOKENS.min(rows - first_row);
                    let end = tile_end.min(self.limit(item, first_row + num_rows - 1));
                    if start < end {
                        let tile = Tile {
                            keys,
                            values,
                            start,
                            end,
                        };
                        self.attend_tile(item, state, first_row..first_row + num_rows, &tile);
                    }
                }
            }
        });
    }

    /// Copies one KV head's keys and values of some positions into consecutive rows.
    ///
    /// In the cache they are a power of two apart, which crowds them into few sets of L1; and a
    /// plain copy keeps more cache misses in flight than arithmetic on scattered rows does.
    fn gather(&self, item: &Item<'_>, positions: Range<usize>, keys: &mut [f16], values: &mut [f16]) {
        let shape = &self.shape;
        let rows = keys
            .chunks_exact_mut(shape.head_dim)
            .zip(values.chunks_exact_mut(shape.head_dim));
        for (position, (key, value)) in positions.zip(rows) {
            let block = item.span.block_table[position / shape.block_size] as usize;
            let slot = block * shape.block_size + position % shape.block_size;
            let start = (slot * shape.num_kv_heads + item.kv_head) * shape.head_dim;
            key.copy_from_slice(&self.keys[start..start + shape.head_dim]);
            value.copy_from_slice(&self.values[start..start + shape.head_dim]);
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
        let (head_dim, group, num_rows) = (self.shape.head_dim, self.shape.group(), rows.len());
        let queries: [&[f32]; TILE_TOKENS] = std::array::from_fn(|i| {
            let row = rows.start + i.min(num_rows - 1);
            let (start, _) = self.heads_of(item, row / group);
            &self.q[start + row % group * head_dim..][..head_dim]
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
