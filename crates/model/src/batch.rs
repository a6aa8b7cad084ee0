//! What one forward pass computes: plain data, filled by the engine and read by the graph.

use crate::{ModelError, Result};

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
        self.positions
            .extend((cached_len..cached_len + token_ids.len()).map(|position| position as u32));
        self.sequences.push(SequenceSlice {
            start,
            len: token_ids.len(),
            context_len: cached_len + token_ids.len(),
            block_table: block_table.to_vec(),
        });
        start
    }

    /// Holds every number in the batch against the model's sizes, so that a graph can index without fear.
    ///
    /// # Errors
    /// `InvalidBatch` that names the first number out of range.
    pub fn check(&self, vocab_size: usize, context_length: usize, block_size: usize, num_blocks: usize) -> Result<()> {
        let fail = |message: String| Err(ModelError::InvalidBatch(message));
        let tokens = self.token_ids.len();
        if tokens == 0 || self.positions.len() != tokens {
            return fail(format!("{tokens} token ids and {} positions", self.positions.len()));
        }
        if let Some(id) = self.token_ids.iter().find(|&&id| id as usize >= vocab_size) {
            return fail(format!("token id {id} in a vocabulary of {vocab_size}"));
        }
        let mut next_row = 0;
        for sequence in &self.sequences {
            let SequenceSlice {
                start,
                len,
                context_len,
                ..
            } = *sequence;
            if start != next_row || len == 0 || len > tokens - start {
                return fail(format!("a sequence of {len} rows from row {start} of {tokens}"));
            }
            next_row = start + len;
            if context_len < len || context_len > context_length {
                return fail(format!("{context_len} positions in a context of {context_length}"));
            }
            let in_order = (context_len - len..context_len).map(|position| position as u32);
            if !in_order.eq(self.positions[start..next_row].iter().copied()) {
                return fail(format!(
                    "the positions of the sequence at row {start} don't end at {context_len}"
                ));
            }
            let table = &sequence.block_table;
            if table.len() * block_size < context_len || table.iter().any(|&block| block as usize >= num_blocks) {
                return fail(format!("a block table of {} for {context_len} positions", table.len()));
            }
        }
        if next_row != tokens {
            return fail(format!("{next_row} of {tokens} rows belong to a sequence"));
        }
        match self.logit_rows.iter().find(|&&row| row >= tokens) {
            Some(row) => fail(format!("logits of row {row} of {tokens}")),
            None => Ok(()),
        }
    }

    pub fn clear(&mut self) {
        self.token_ids.clear();
        self.positions.clear();
        self.sequences.clear();
        self.logit_rows.clear();
    }
}
