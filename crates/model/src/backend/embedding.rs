//! The embeddings of tokens, as they lie in the file: a pass reads a few rows only.

use izwi_kernels::BlockType;

use crate::gguf::{StorageSlice, Tensor};

/// `[vocab, hidden]`
pub struct EmbeddingTable {
    bytes: StorageSlice,
    block_type: BlockType,
    hidden_size: usize,
}

impl EmbeddingTable {
    /// The rows of a tensor of the shape `[vocab, hidden_size]`.
    pub fn new(tensor: &Tensor, hidden_size: usize) -> Self {
        Self {
            bytes: tensor.slice(),
            block_type: tensor.info.block_type,
            hidden_size,
        }
    }

    pub fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    /// Writes the rows of these ids, which are below the vocabulary's size, to `out`, `[tokens, hidden]`.
    pub fn rows(&self, token_ids: &[u32], out: &mut [f32]) {
        let row_bytes = self.block_type.row_bytes(self.hidden_size);
        for (row, &id) in out.chunks_exact_mut(self.hidden_size).zip(token_ids) {
            let bytes = &self.bytes.bytes()[id as usize * row_bytes..][..row_bytes];
            izwi_kernels::dequantize_row(self.block_type, bytes, row);
        }
    }
}
