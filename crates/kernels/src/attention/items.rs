//! How the work of one call is divided.

use super::{Call, KvLayer, PART_POSITIONS, QUERIES, SequenceSpan, with_buffer};
use crate::activations::{BLOCK, QuantBlock};

/// One item of work.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub span: SequenceSpan<'a>,
    pub first_kv_head: usize,
    /// Within the span.
    pub first_query: usize,
    pub num_queries: usize,
    pub first_position: usize,
    pub end_position: usize,
}

/// The running result of an item: `[rows, head_dim]` sums that still need dividing by `totals`.
pub(super) struct State<'a> {
    pub sums: &'a mut [f32],
    pub maxima: &'a mut [f32],
    pub totals: &'a mut [f32],
}

impl<'a> State<'a> {
    pub(super) fn len(rows: usize, head_dim: usize) -> usize {
        rows * (head_dim + 2)
    }

    pub(super) fn new(buffer: &'a mut [f32], rows: usize) -> Self {
        let (maxima, rest) = buffer.split_at_mut(rows);
        let (totals, sums) = rest.split_at_mut(rows);
        Self { sums, maxima, totals }
    }

    pub(super) fn clear(&mut self) {
        self.sums.fill(0.0);
        self.totals.fill(0.0);
        self.maxima.fill(f32::NEG_INFINITY);
    }
}

impl<'a> Call<'a> {
    /// Items that the positions of a span are split into.
    pub(super) fn num_splits(&self, span: &SequenceSpan<'_>) -> usize {
        if self.is_split {
            span.context_len.div_ceil(PART_POSITIONS).max(1)
        } else {
            1
        }
    }

    /// Items that share queries and positions, and differ in their KV heads.
    pub(super) fn head_groups(&self) -> usize {
        self.shape.num_kv_heads / self.item_kv_heads
    }

    /// Query heads of one item.
    pub(super) fn item_heads(&self) -> usize {
        self.shape.group() * self.item_kv_heads
    }

    pub(super) fn items_of(&self, span: &SequenceSpan<'_>) -> usize {
        let tiles = span.num_queries.div_ceil(self.item_queries);
        tiles * self.head_groups() * self.num_splits(span)
    }

    /// Items of a span in order of query tile, then KV head, then split.
    pub(super) fn item(&self, mut index: usize) -> Item<'a> {
        for span in self.spans {
            let here = self.items_of(span);
            if index >= here {
                index -= here;
                continue;
            }
            let num_splits = self.num_splits(span);
            let split = index % num_splits;
            let first_kv_head = index / num_splits % self.head_groups() * self.item_kv_heads;
            let first_query = index / num_splits / self.head_groups() * self.item_queries;
            let num_queries = self.item_queries.min(span.num_queries - first_query);
            let seen = span.context_len - span.num_queries + first_query + num_queries;
            let length = if num_splits == 1 { seen } else { PART_POSITIONS };
            return Item {
                span: *span,
                first_kv_head,
                first_query,
                num_queries,
                first_position: (split * length).min(seen),
                end_position: ((split + 1) * length).min(seen),
            };
        }
        unreachable!("item index beyond the number of items")
    }

    pub(super) fn rows(&self, item: &Item<'_>) -> usize {
        item.num_queries * self.item_heads()
    }

    /// Where in `q` and `out` the heads of one query of an item begin, and how long they are.
    pub(super) fn heads_of(&self, item: &Item<'_>, query: usize) -> (usize, usize) {
        let token = item.span.query_start + item.first_query + query;
        let head = item.first_kv_head * self.shape.group();
        let start = (token * self.shape.num_heads + head) * self.shape.head_dim;
        (start, self.item_heads() * self.shape.head_dim)
    }

    /// Lends an item's queries in int8, row by row; nothing where keys are f16.
    pub(super) fn with_queries(&self, item: &Item<'_>, body: impl FnOnce(&[QuantBlock])) {
        if let KvLayer::F16(_) = self.keys {
            return body(&[]);
        }
        let (rows, row_blocks) = (self.rows(item), self.query_blocks());
        with_buffer(&QUERIES, rows * row_blocks, |queries| {
            for (row, blocks) in queries.chunks_exact_mut(row_blocks).enumerate() {
                self.kernels.quantize_row(self.query(item, row), blocks);
            }
            body(queries);
        });
    }

    /// Blocks of a query in int8.
    pub(super) fn query_blocks(&self) -> usize {
        self.shape.head_dim.div_ceil(BLOCK)
    }

    /// The query of a row of an item.
    pub(super) fn query(&self, item: &Item<'_>, row: usize) -> &[f32] {
        let (heads, head_dim) = (self.item_heads(), self.shape.head_dim);
        let (start, _) = self.heads_of(item, row / heads);
        &self.q[start + row % heads * head_dim..][..head_dim]
    }
}
