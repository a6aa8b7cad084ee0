//! What the engine asks of a model, so that it can be tested with a fake one.

use crate::{Batch, ModelError};

/// A loaded model together with its KV cache: `num_blocks` blocks of `block_size` positions.
pub trait LanguageModel: Send {
    /// Length of a row of logits. Ids at or above the tokenizer's vocabulary are padding: mask them.
    fn vocab_size(&self) -> usize;
    /// Length of a row of hidden states.
    fn hidden_size(&self) -> usize;
    /// Most positions that one sequence may have.
    fn context_length(&self) -> usize;
    fn block_size(&self) -> usize;
    fn num_blocks(&self) -> usize;

    /// Most rows of a pass whose logits are, bit for bit, those that each row has in a pass of its own. 1: no two.
    fn uniform_rows(&self) -> usize {
        1
    }

    /// Computes the batch, writes K and V of every row into the KV cache and leaves the logits of `batch.logit_rows`
    /// in `logits`, `[logit_rows, vocab_size]`.
    ///
    /// # Errors
    /// `ModelError::InvalidBatch` when an id, position or block is out of range (nothing is computed then);
    /// `ModelError::Backend` when the device fails. The cache's content for the batch's positions is undefined then.
    fn forward(&mut self, batch: &Batch, logits: &mut Vec<f32>) -> Result<(), ModelError>;

    /// Like `forward`, but may give up on the way once `is_unwanted` says so, and then returns false. The cache's content
    /// for the batch's positions is undefined then.
    ///
    /// # Errors
    /// As `forward`.
    fn forward_if_wanted(
        &mut self,
        batch: &Batch,
        logits: &mut Vec<f32>,
        is_unwanted: &dyn Fn() -> bool,
    ) -> Result<bool, ModelError> {
        let _ = is_unwanted;
        self.forward(batch, logits).map(|()| true)
    }

    /// Leaves the final hidden states, after the output norm, of these rows of the batch that was computed last in
    /// `states`, `[rows, hidden_size]`.
    ///
    /// # Errors
    /// `ModelError::InvalidBatch` for a row that the batch didn't have, `ModelError::Backend` when the device fails.
    fn hidden_states(&mut self, rows: &[usize], states: &mut Vec<f32>) -> Result<(), ModelError>;

    /// How K and V lie in a block's bytes: blocks may be moved between models of the same file only where this is equal.
    fn kv_layout(&self) -> String;

    /// Bytes of a block's K and V in all layers.
    fn block_bytes(&self) -> usize;

    /// Appends a block's bytes to `out`.
    fn read_block(&self, block: u32, out: &mut Vec<u8>) -> Result<(), ModelError>;

    /// Fills a block with what `read_block` gave, here or in another process.
    ///
    /// # Errors
    /// `ModelError::InvalidBatch` for another number of bytes.
    fn write_block(&mut self, block: u32, bytes: &[u8]) -> Result<(), ModelError>;

    /// Copies the K and V of all layers from one block to another.
    fn copy_block(&mut self, from: u32, to: u32) -> Result<(), ModelError>;
}
