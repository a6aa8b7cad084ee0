//! The inner loops of attention: one item of work, a tile of positions at a time.

use std::ops::Range;

use half::f16;

use super::{AttentionShape, Call, Item, KeyColumns, KvLayer, PANEL_POSITIONS, Q8Panels, State, WEIGHTS, with_buffer};
use crate::activations::QuantBlock;
use crate::dispatch::{SCORE_ROWS, TILE_TOKENS, ValueRows};

/// Positions of one tile at most, counted from a multiple of as many: of several blocks if they are smaller, since every
/// tile costs each row a maximum and a sum of its own.
const TILE_POSITIONS: usize = 64;

/// The positions `start..end` of one of the item's KV heads.
#[derive(Clone, Copy)]
struct Tile {
    head: usize,
    start: usize,
    end: usize,
}

/// What one block holds of a tile: the keys and values of the positions `start..end`.
#[derive(Clone, Copy)]
struct Piece<'a> {
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
    /// Empty if they are of the other type.
    fn f16(self) -> &'a [f16] {
        match self {
            Self::F16(values) => values,
            Self::Q8_0(_) => &[],
        }
    }

    fn q8_0(self) -> &'a [u8] {
        match self {
            Self::F16(_) => &[],
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
        with_buffer(&WEIGHTS, head_rows * TILE_POSITIONS, |weights| {
            let mut start = item.first_position;
            while start < item.end_position {
                let end = tile_end(item, start);
                for head in 0..self.item_kv_heads {
                    let tile = Tile { head, start, end };
                    let rows = head * head_rows..(head + 1) * head_rows;
                    self.attend_tile(item, queries, state, rows, tile, weights);
                }
                start = end;
            }
        });
    }

    /// A tile's parts, block by block. Within a block, the positions of a head follow each other.
    fn pieces(&self, item: &Item<'_>, tile: Tile) -> impl Iterator<Item = Piece<'_>> {
        let AttentionShape {
            num_kv_heads,
            block_size,
            ..
        } = self.shape;
        let (block_table, first_head) = (item.span.block_table, item.first_kv_head + tile.head);
        let mut start = tile.start;
        std::iter::from_fn(move || {
            if start == tile.end {
                return None;
            }
            let (block, slot) = (start / block_size, start % block_size);
            let end = tile.end.min(start + block_size - slot);
            let place = Place {
                head: block_table[block] as usize * num_kv_heads + first_head,
                slot,
                count: end - start,
            };
            let piece = Piece {
                keys: TileRows::keys(self.keys, &self.shape, place),
                values: TileRows::values(self.values, &self.shape, place),
                start,
                end,
            };
            start = end;
            Some(piece)
        })
    }

    /// The tile that is read after another.
    fn tile_after(&self, item: &Item<'_>, tile: Tile) -> Tile {
        match tile.head + 1 < self.item_kv_heads {
            true => Tile {
                head: tile.head + 1,
                ..tile
            },
            false => Tile {
                head: 0,
                start: tile.end,
                end: tile_end(item, tile.end),
            },
        }
    }

    /// The rows of one KV head over one tile of positions. `weights` is `[rows, TILE_POSITIONS]`.
    fn attend_tile(
        &self,
        item: &Item<'_>,
        queries: &[QuantBlock],
        state: &mut State<'_>,
        rows: Range<usize>,
        tile: Tile,
        weights: &mut [f32],
    ) {
        // A head's part of a block is too short for the processor to see in time how memory is read: a piece's values are
        // fetched while its keys are read, and then the keys that come in its place.
        for piece in self.pieces(item, tile) {
            let weights = &mut weights[piece.start - tile.start..];
            match piece.keys {
                TileRows::F16(keys) => self.scores_f16(item, rows.clone(), keys, &piece, weights),
                TileRows::Q8_0(bytes) => self.scores_q8_0(item, queries, rows.clone(), bytes, &piece, weights),
            }
        }
        for (row, weights) in rows.clone().zip(weights.chunks_exact_mut(TILE_POSITIONS)) {
            let seen = self.limit(item, row).clamp(tile.start, tile.end) - tile.start;
            let (scores, hidden) = weights.split_at_mut(seen);
            hidden.fill(0.0);
            if seen > 0 {
                self.to_weights(scores, state, row);
            }
        }
        let mut later = self.pieces(item, self.tile_after(item, tile));
        for piece in self.pieces(item, tile) {
            let next = later.next().map_or(piece.values, |later| later.keys);
            let weights = &weights[piece.start - tile.start..];
            self.add_values(item, rows.clone(), next, &piece, weights, state);
        }
    }

    /// The rows that see something of a piece, some at a time, with the number of positions that the last of them sees.
    fn row_groups(
        &self,
        item: &Item<'_>,
        rows: Range<usize>,
        piece: &Piece<'_>,
        most: usize,
    ) -> impl Iterator<Item = (Range<usize>, usize)> {
        let (start, end) = (piece.start, piece.end);
        rows.clone().step_by(most).filter_map(move |first| {
            let rows = first..rows.end.min(first + most);
            let seen = end.min(self.limit(item, rows.end - 1));
            (start < seen).then(|| (rows, seen - start))
        })
    }

    /// Products of queries and keys, unscaled: `scores[row * TILE_POSITIONS + position]`, both counted from the first.
    fn scores_f16(&self, item: &Item<'_>, rows: Range<usize>, keys: &[f16], piece: &Piece<'_>, scores: &mut [f32]) {
        let next = piece.values.f16();
        let head_dim = self.shape.head_dim;
        for (group, num_positions) in self.row_groups(item, rows.clone(), piece, SCORE_ROWS) {
            let queries: [&[f32]; SCORE_ROWS] =
                std::array::from_fn(|i| self.query(item, (group.start + i).min(group.end - 1)));
            let keys = KeyColumns {
                values: keys,
                stride: self.shape.block_size,
                num_positions,
                head_dim,
                next,
            };
            let scores = &mut scores[(group.start - rows.start) * TILE_POSITIONS..];
            self.kernels
                .scores_f16(keys, &queries[..group.len()], TILE_POSITIONS, scores);
        }
    }

    /// The same for keys in q8_0.
    fn scores_q8_0(
        &self,
        item: &Item<'_>,
        queries: &[QuantBlock],
        rows: Range<usize>,
        bytes: &[u8],
        piece: &Piece<'_>,
        scores: &mut [f32],
    ) {
        let mut next = piece.values.q8_0();
        let row_blocks = self.query_blocks();
        for (group, num_positions) in self.row_groups(item, rows.clone(), piece, TILE_TOKENS) {
            let queries: [&[QuantBlock]; TILE_TOKENS] = std::array::from_fn(|i| {
                let row = (group.start + i).min(group.end - 1);
                &queries[row * row_blocks..][..row_blocks]
            });
            let keys = Q8Panels::new(bytes, num_positions, self.shape.head_dim, std::mem::take(&mut next));
            let scores = &mut scores[(group.start - rows.start) * TILE_POSITIONS..];
            self.kernels
                .scores_q8_0(keys, &queries[..group.len()], TILE_POSITIONS, scores);
        }
    }

    /// A row's scores of a tile become weights relative to its largest score so far.
    fn to_weights(&self, scores: &mut [f32], state: &mut State<'_>, row: usize) {
        let head_dim = self.shape.head_dim;
        let (max, total) = (&mut state.maxima[row], &mut state.totals[row]);
        // SAFETY: the machine has the table's instruction set, for all three.
        unsafe {
            let new_max = max.max((self.kernels.max)(scores));
            if new_max > *max {
                let shrink = ((*max - new_max) * self.score_scale()).exp();
                (self.kernels.scale)(&mut state.sums[row * head_dim..][..head_dim], shrink);
                *total *= shrink;
                *max = new_max;
            }
            *total += (self.kernels.exp_and_sum)(scores, *max, self.score_scale());
        }
    }

    /// Adds the values of a piece to the rows' sums; `weights` is `[rows, TILE_POSITIONS]`, from the piece's first position on.
    fn add_values(
        &self,
        item: &Item<'_>,
        rows: Range<usize>,
        next: TileRows<'_>,
        piece: &Piece<'_>,
        weights: &[f32],
        state: &mut State<'_>,
    ) {
        let mut next_q8_0 = next.q8_0();
        let head_dim = self.shape.head_dim;
        for (group, num_positions) in self.row_groups(item, rows.clone(), piece, SCORE_ROWS) {
            let weights = &weights[(group.start - rows.start) * TILE_POSITIONS..];
            let sums = &mut state.sums[group.start * head_dim..group.end * head_dim];
            match piece.values {
                TileRows::F16(values) => {
                    let values = ValueRows {
                        values,
                        num_positions,
                        stride: head_dim,
                        width: head_dim,
                        next: next.f16(),
                    };
                    self.kernels.add_values(values, weights, TILE_POSITIONS, sums);
                }
                TileRows::Q8_0(bytes) => {
                    let values = Q8Panels::new(bytes, num_positions, head_dim, std::mem::take(&mut next_q8_0));
                    self.kernels.add_values_q8_0(values, weights, TILE_POSITIONS, sums);
                }
            }
        }
    }
}

/// Where the tile that begins at `start` ends.
fn tile_end(item: &Item<'_>, start: usize) -> usize {
    (start - start % TILE_POSITIONS + TILE_POSITIONS).min(item.end_position)
}
