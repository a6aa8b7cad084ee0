//! The inner loops of attention: one item of work, a tile of positions at a time.

use std::cell::Cell;
use std::ops::Range;

use half::f16;

use super::{Call, Item, State, with_buffer};
use crate::blocks::BlockType;
use crate::dispatch::{TILE_TOKENS, ValueRows, WeightRows};

/// Positions of one tile at most: its keys and values stay in a core's L1 and L2 for all rows of
/// the item.
const TILE_POSITIONS: usize = 64;
/// The same for items of several KV heads, whose tiles are as many times larger.
const WIDE_TILE_POSITIONS: usize = 32;

thread_local! {
    /// Each thread's buffer for the keys and values of one tile.
    static GATHERED: Cell<Vec<f16>> = const { Cell::new(Vec::new()) };
}

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
        let length = if self.item_kv_heads == 1 {
            TILE_POSITIONS
        } else {
            WIDE_TILE_POSITIONS
        };
        let head_len = length * self.shape.head_dim;
        let cache_len = head_len * self.item_kv_heads;
        let head_rows = self.rows(item) / self.item_kv_heads;
        with_buffer(&GATHERED, 2 * cache_len, |buffer| {
            let (keys, values) = buffer.split_at_mut(cache_len);
            for start in (item.first_position..item.end_position).step_by(length) {
                let end = (start + length).min(item.end_position);
                self.gather(item, start..end, head_len, self.keys, keys);
                self.gather(item, start..end, head_len, self.values, values);
                let heads = keys.chunks_exact(head_len).zip(values.chunks_exact(head_len));
                for (head, (keys, values)) in heads.enumerate() {
                    let tile = Tile {
                        keys,
                        values,
                        start,
                        end,
                    };
                    self.attend_head(item, state, head * head_rows..(head + 1) * head_rows, tile);
                }
            }
        });
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

    /// Copies an item's KV heads, at some positions of the cache, into consecutive rows: `head_len`
    /// values per KV head.
    ///
    /// In the cache, rows of one head are a power of two apart, which crowds them into few sets of
    /// L1; and a plain copy keeps more cache misses in flight than arithmetic on scattered rows does.
    fn gather(&self, item: &Item<'_>, positions: Range<usize>, head_len: usize, cache: &[f16], gathered: &mut [f16]) {
        let (shape, head_dim) = (&self.shape, self.shape.head_dim);
        for (i, position) in positions.enumerate() {
            let block = item.span.block_table[position / shape.block_size] as usize;
            let slot = block * shape.block_size + position % shape.block_size;
            let start = (slot * shape.num_kv_heads + item.first_kv_head) * head_dim;
            let heads = cache[start..start + self.item_kv_heads * head_dim].chunks_exact(head_dim);
            for (head, gathered) in heads.zip(gathered.chunks_exact_mut(head_len)) {
                gathered[i * head_dim..(i + 1) * head_dim].copy_from_slice(head);
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
