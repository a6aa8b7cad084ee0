//! What one forward pass computes: plain data, filled by the engine and read by the graph.

/// The rows of a batch that belong to one sequence, in order of position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSlice {
    /// First row of this sequence in `Batch::token_ids`.
    pub start: usize,
    /// Number of rows: a prefill chunk, or 1 while decoding.
    pub len: usize,
    /// Positions in the KV cache once this pass has written its own: the first row's position is `context_len - len`.
    pub context_len: usize,
    /// Blocks that hold positions `0..context_len`, in order; position `p` lives in slot `p % block_size` of block
    /// `block_table[p / block_size]`.
    pub block_table: Vec<u32>,
}

/// One forward pass over some rows of several sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// `[tokens]`
    pub token_ids: Vec<u32>,
    /// `[tokens]`, the position of each token in its sequence.
    pub positions: Vec<u32>,
    /// Disjoint, covering all rows.
    pub sequences: Vec<SequenceSlice>,
    /// Rows whose logits are wanted, ascending. Other rows skip the output head.
    pub logit_rows: Vec<usize>,
}

impl Batch {
    /// Appends `token_ids` as the next rows of a sequence that has `cached_len` positions in the KV cache already.
    /// Returns the row of the first token.
    pub fn push(&mut self, token_ids: &[u32], cached_len: usize, block_table: &[u32]) -> usize {
        let start = self.token_ids.len();
        self.token_ids.extend_from_slice(token_ids);
        self.positions.extend((cached_len..cached_len + token_ids.len()).map(|position| position as u32));
        self.sequences.push(SequenceSlice {
            start,
            len: token_ids.len(),
            context_len: cached_len + token_ids.len(),
            block_table: block_table.to_vec(),
        });
        start
    }

    pub fn clear(&mut self) {
        self.token_ids.clear();
        self.positions.clear();
        self.sequences.clear();
        self.logit_rows.clear();
    }
}
