//! Causal attention over a KV cache in blocks, with grouped query heads and online softmax.
//!
//! Work is split into items: some queries of one sequence, with all query heads of one KV head (at
//! decode of all or several, which lie together in a block), over a range of positions. An item walks
//! its positions in tiles, so that every key and value is read from memory once for all of the item's
//! rows.
//!
//! Positions are summed up in parts of a fixed length, counted from the first position, and the parts
//! merged in order. When there are too few items for the threads, each part is an item of its own.
//! Either way a query's result is the same, whatever else is in the batch.
//!
//! Keys and values are f16 or, at half the memory, q8_0 (`q8_panel.rs`). Queries then become int8, too, once for each item,
//! so that scores are sums of integers; the weights of values become integers of at least 15 bits.

mod items;
// As below.
#[allow(clippy::needless_range_loop)]
pub(crate) mod key_columns;
mod kv_layer;
mod q8_panel;
// Register tiles are arrays that several loops index by token at once.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(clippy::needless_range_loop)]
pub(crate) mod q8_scores;
mod tile;

pub(crate) use key_columns::KeyColumns;
pub use kv_layer::{KvLayer, KvType, store_keys_f16, store_values_f16};
pub(crate) use q8_panel::{GROUP, PANEL_POSITIONS, Q8Panels, key_index, scale_at, value_index};
pub use q8_panel::{store_keys_q8_0, store_values_q8_0};

use std::cell::Cell;
use std::thread::LocalKey;

use self::items::{Item, State};
use crate::activations::QuantBlock;
use crate::dispatch::Kernels;
use crate::shared_slice::SharedSlice;
use crate::thread_pool::ThreadPool;

/// Rows (queries times heads of the group) that an item aims at.
const ITEM_ROWS: usize = 32;
/// Items per thread that a region aims at before positions stop being split.
const ITEMS_PER_THREAD: usize = 4;
/// Positions of a part; a multiple of a tile's.
const PART_POSITIONS: usize = 256;

/// What the heads and the blocks of the cache look like. Query head `i` uses KV head
/// `i / (num_heads / num_kv_heads)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttentionShape {
    pub num_heads: usize,
    pub num_kv_heads: usize,
    pub head_dim: usize,
    /// Positions per block of the cache.
    pub block_size: usize,
}

impl AttentionShape {
    fn group(&self) -> usize {
        self.num_heads / self.num_kv_heads
    }

    /// Whether a cache of this shape can be q8_0: a scale belongs to 32 values of a head, and panels are whole.
    pub fn has_panels(&self) -> bool {
        self.head_dim.is_multiple_of(GROUP) && self.block_size.is_multiple_of(PANEL_POSITIONS)
    }

    fn check(&self) {
        assert!(
            self.num_kv_heads > 0 && self.num_heads.is_multiple_of(self.num_kv_heads),
            "{} query heads don't divide over {} KV heads",
            self.num_heads,
            self.num_kv_heads
        );
        assert!(
            self.num_heads > 0 && self.head_dim > 0 && self.block_size > 0,
            "attention: a size of the shape is 0"
        );
    }
}

/// The queries of one sequence, and where its keys and values are.
#[derive(Clone, Copy, Debug)]
pub struct SequenceSpan<'a> {
    /// First row of `q` that belongs to the sequence.
    pub query_start: usize,
    pub num_queries: usize,
    /// Positions in the cache, those of the queries included: the queries are the last ones.
    pub context_len: usize,
    /// The cache's block for every `block_size` positions.
    pub block_table: &'a [u32],
}

/// One call's arguments.
struct Call<'a> {
    kernels: &'a Kernels,
    shape: AttentionShape,
    q: &'a [f32],
    keys: KvLayer<'a>,
    values: KvLayer<'a>,
    spans: &'a [SequenceSpan<'a>],
    /// Queries of one item at most.
    item_queries: usize,
    /// KV heads of one item: at decode all or some, otherwise 1.
    item_kv_heads: usize,
    /// Whether each part of the positions is an item of its own.
    is_split: bool,
}

/// Attention of all sequences of a batch: query `i` of a span sees the positions
/// `0..=context_len - num_queries + i`, with scores scaled by `1 / sqrt(head_dim)`.
///
/// `q` and `out` are `[tokens, num_heads, head_dim]`. Rows of `out` in no span stay as they are.
///
/// # Panics
/// If sizes or types don't fit, spans overlap or aren't in ascending order, a span has more queries than
/// positions, or a block table is too short or names a block beyond the cache.
#[allow(clippy::too_many_arguments)] // arrays in, arrays out
pub fn attention(
    kernels: &Kernels,
    pool: &ThreadPool,
    shape: &AttentionShape,
    q: &[f32],
    keys: KvLayer<'_>,
    values: KvLayer<'_>,
    spans: &[SequenceSpan<'_>],
    out: &mut [f32],
) {
    check(shape, q, keys, values, spans, out);
    let longest = spans.iter().map(|s| s.num_queries).max().unwrap_or(0);
    let item_queries = (ITEM_ROWS / shape.group()).clamp(1, longest.max(1));
    let tiles = |s: &SequenceSpan<'_>| s.num_queries.div_ceil(item_queries);
    let item_kv_heads = match longest {
        1 => decode_heads(shape.num_kv_heads, pool.num_threads(), spans),
        _ => 1,
    };
    let base_items = shape.num_kv_heads / item_kv_heads * spans.iter().map(tiles).sum::<usize>();
    let wanted_items = pool.num_threads() * ITEMS_PER_THREAD;
    let call = Call {
        kernels,
        shape: *shape,
        q,
        keys,
        values,
        spans,
        item_queries,
        item_kv_heads,
        is_split: pool.num_threads() > 1 && base_items < wanted_items,
    };
    let num_items = spans.iter().map(|s| call.items_of(s)).sum();
    if num_items == base_items {
        let out = SharedSlice::new(out);
        // The last items see the most positions: begin with them, so that none is left for last.
        pool.run(num_items, &|task| call.whole_item(num_items - 1 - task, &out));
    } else {
        call.split_items(pool, num_items, out);
    }
}

/// KV heads of an item of decoding: all, for they lie together in a block, and memory is fastest where a thread reads on and
/// on. But where the positions are too few for parts of them to keep the threads busy, each thread has heads of its own.
fn decode_heads(num_kv_heads: usize, num_threads: usize, spans: &[SequenceSpan<'_>]) -> usize {
    let num_parts: usize = spans.iter().map(|span| span.context_len.div_ceil(PART_POSITIONS)).sum();
    if num_parts > num_threads {
        return num_kv_heads;
    }
    let mut groups = num_threads.min(num_kv_heads)..=num_kv_heads;
    let groups = groups.find(|&groups| num_kv_heads.is_multiple_of(groups));
    num_kv_heads / groups.unwrap_or(1)
}

fn check(
    shape: &AttentionShape,
    q: &[f32],
    keys: KvLayer<'_>,
    values: KvLayer<'_>,
    spans: &[SequenceSpan<'_>],
    out: &[f32],
) {
    shape.check();
    let kv_type = keys.kv_type();
    assert!(
        kv_type == KvType::F16 || shape.has_panels(),
        "attention: q8_0 needs heads of a multiple of {GROUP} values and blocks of a multiple of {PANEL_POSITIONS}"
    );
    let row = shape.num_heads * shape.head_dim;
    assert_eq!(q.len(), out.len(), "attention: out is not as long as q");
    assert!(q.len().is_multiple_of(row), "attention: q is no [tokens, {row}]");
    assert!(
        values.kv_type() == kv_type && values.num_bytes() == keys.num_bytes(),
        "attention: keys and values differ"
    );
    let block = shape.block_size * shape.num_kv_heads * kv_type.row_bytes(shape.head_dim);
    assert!(
        keys.num_bytes().is_multiple_of(block),
        "attention: keys are no blocks of {block} bytes"
    );
    let num_blocks = keys.num_bytes() / block;
    let mut end = 0;
    for span in spans {
        assert!(
            span.query_start >= end && span.num_queries <= q.len() / row - span.query_start.min(q.len() / row),
            "attention: span {span:?} overlaps another or leaves q"
        );
        end = span.query_start + span.num_queries;
        assert!(
            span.num_queries <= span.context_len,
            "attention: {} queries in a context of {}",
            span.num_queries,
            span.context_len
        );
        let needed = span.context_len.div_ceil(shape.block_size);
        assert!(
            span.block_table.len() >= needed,
            "attention: {} positions need {needed} blocks, not {}",
            span.context_len,
            span.block_table.len()
        );
        for &block in &span.block_table[..needed] {
            assert!(
                (block as usize) < num_blocks,
                "attention: block {block} of a cache of {num_blocks}"
            );
        }
    }
}

impl Call<'_> {
    fn whole_item(&self, index: usize, out: &SharedSlice<'_, f32>) {
        let item = self.item(index);
        self.with_queries(&item, |queries| self.whole_item_of(&item, queries, out));
    }

    fn whole_item_of(&self, item: &Item<'_>, queries: &[QuantBlock], out: &SharedSlice<'_, f32>) {
        let rows = self.rows(item);
        let len = State::len(rows, self.shape.head_dim);
        with_buffer(&STATES, 2 * len, |buffer| {
            let (state, part) = buffer.split_at_mut(len);
            let (mut state, mut part) = (State::new(state, rows), State::new(part, rows));
            let parts = (item.first_position..item.end_position).step_by(PART_POSITIONS);
            for first_position in parts {
                let end_position = item.end_position.min(first_position + PART_POSITIONS);
                let item = Item {
                    first_position,
                    end_position,
                    ..*item
                };
                if first_position == 0 {
                    self.attend(&item, queries, &mut state);
                } else {
                    self.attend(&item, queries, &mut part);
                    self.merge(&mut state, &part);
                }
            }
            for query in 0..item.num_queries {
                let (start, len) = self.heads_of(item, query);
                // SAFETY: spans don't overlap, so the heads of this query are this item's alone.
                let heads = unsafe { out.range(start, len) };
                self.write(&state, query, heads);
            }
        });
    }

    /// Divides one query's sums by their totals into `heads`.
    fn write(&self, state: &State<'_>, query: usize, heads: &mut [f32]) {
        heads.copy_from_slice(&state.sums[query * heads.len()..][..heads.len()]);
        let totals = &state.totals[query * self.item_heads()..];
        for (head, total) in heads.chunks_exact_mut(self.shape.head_dim).zip(totals) {
            // SAFETY: the machine has the table's instruction set.
            unsafe { (self.kernels.scale)(head, 1.0 / total) };
        }
    }

    fn split_items(&self, pool: &ThreadPool, num_items: usize, out: &mut [f32]) {
        let max_rows = self.item_queries * self.item_heads();
        let item_len = State::len(max_rows, self.shape.head_dim);
        with_buffer(&STATES, num_items * item_len, |buffer| {
            let shared = SharedSlice::new(buffer);
            pool.run(num_items, &|index| {
                let item = self.item(index);
                let rows = self.rows(&item);
                let len = State::len(rows, self.shape.head_dim);
                // SAFETY: each item has its own `item_len` values.
                let buffer = unsafe { shared.range(index * item_len, len) };
                self.with_queries(&item, |queries| {
                    self.attend(&item, queries, &mut State::new(buffer, rows));
                });
            });
            let mut states = buffer.chunks_exact_mut(item_len);
            let mut index = 0;
            while index < num_items {
                let item = self.item(index);
                let rows = self.rows(&item);
                let len = State::len(rows, self.shape.head_dim);
                let num_splits = self.num_splits(&item.span);
                let mut parts = states
                    .by_ref()
                    .take(num_splits)
                    .map(|part| State::new(&mut part[..len], rows));
                let Some(mut first) = parts.next() else { break };
                for part in parts {
                    self.merge(&mut first, &part);
                }
                for query in 0..item.num_queries {
                    let (start, len) = self.heads_of(&item, query);
                    self.write(&first, query, &mut out[start..start + len]);
                }
                index += num_splits;
            }
        });
    }

    /// Adds the result over other positions to `into`.
    fn merge(&self, into: &mut State<'_>, part: &State<'_>) {
        let head_dim = self.shape.head_dim;
        let scale = self.score_scale();
        for row in 0..into.maxima.len() {
            let max = into.maxima[row].max(part.maxima[row]);
            if max == f32::NEG_INFINITY && part.totals[row] == 0.0 {
                continue;
            }
            let shrink = |old: f32| ((old - max) * scale).exp();
            let (ours, theirs) = (shrink(into.maxima[row]), shrink(part.maxima[row]));
            into.maxima[row] = max;
            into.totals[row] = into.totals[row] * ours + part.totals[row] * theirs;
            let sums = &mut into.sums[row * head_dim..][..head_dim];
            for (sum, other) in sums.iter_mut().zip(&part.sums[row * head_dim..]) {
                *sum = *sum * ours + other * theirs;
            }
        }
    }
}

thread_local! {
    /// Each thread's buffer for [`State`]s.
    static STATES: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// Each thread's buffer for the weights of one tile.
    static WEIGHTS: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// Each thread's buffer for queries in int8.
    static QUERIES: Cell<Vec<QuantBlock>> = const { Cell::new(Vec::new()) };
}

/// Lends `len` values of a buffer that each thread keeps for the next call.
fn with_buffer<T: Clone + Default>(key: &'static LocalKey<Cell<Vec<T>>>, len: usize, body: impl FnOnce(&mut [T])) {
    // Taken, not borrowed: a region that runs inline may need a buffer within this one.
    let mut buffer = key.take();
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    body(&mut buffer[..len]);
    key.set(buffer);
}
