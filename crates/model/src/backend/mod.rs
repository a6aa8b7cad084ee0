//! The operations that a graph is made of, coarse enough that a backend can fuse what lies within one.

pub mod candle;
pub mod cpu;

mod embedding;

pub use embedding::EmbeddingTable;

use crate::gguf::{Tensor, TensorInfo};
use crate::{Batch, Result};

/// Sizes that attention needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionConfig {
    pub num_heads: usize,
    pub num_kv_heads: usize,
    pub head_dim: usize,
    pub rms_norm_epsilon: f32,
    pub rope_theta: f32,
}

/// Sizes of the KV cache: `[layer, block]` of `[slot, kv_head, head_dim]` in any order, once for K and once for V.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvCacheShape {
    pub num_layers: usize,
    pub num_blocks: usize,
    pub block_size: usize,
    pub num_kv_heads: usize,
    pub head_dim: usize,
}

impl KvCacheShape {
    /// Values in one block of one layer's K (or V).
    pub fn block_len(&self) -> usize {
        self.block_size * self.num_kv_heads * self.head_dim
    }
}

/// The weights of a feed-forward network with experts.
pub struct ExpertWeights<'a, B: Backend + ?Sized> {
    /// `[num_experts, hidden]`
    pub router: &'a B::Matrix,
    /// `[num_experts, intermediate, hidden]`
    pub gate: &'a B::MatrixStack,
    /// `[num_experts, intermediate, hidden]`
    pub up: &'a B::MatrixStack,
    /// `[num_experts, hidden, intermediate]`
    pub down: &'a B::MatrixStack,
    pub num_used: usize,
}

/// A place where a graph runs. All activations are f32 rows, `[tokens, width]`.
///
/// Operations write to activations that the graph owns and passes in, so that nothing need be allocated for each.
pub trait Backend: Send + Sync + 'static {
    /// A quantized matrix `[rows, cols]` that maps rows of `cols` values to rows of `rows` values.
    type Matrix: Send + Sync;
    /// Several matrices of one shape, `[count, rows, cols]`.
    type MatrixStack: Send + Sync;
    /// `[len]` in f32.
    type Vector: Send + Sync;
    /// `[tokens, width]` in f32; the default is empty.
    type Activations: Send + Default;
    /// K and V of all layers, `KvCacheShape`.
    type KvCache: Send;

    /// The name that users know it by, such as "cpu".
    fn name(&self) -> &'static str;
    /// The device in words, such as "CPU" or "CUDA 0".
    fn device(&self) -> String;
    /// The instruction set that the kernels were chosen for, where there is a choice.
    fn isa(&self) -> String;
    fn num_threads(&self) -> usize;
    /// The type of the KV cache's values, by the name that users know it by, such as "f16".
    fn kv_type(&self) -> &'static str;
    /// That type, and whatever else tells blocks of one backend's versions apart.
    fn kv_layout(&self) -> &'static str;
    /// Bytes of the K (or V) of one position and one head; `usize::MAX` where `head_dim`, which no tensor has been held
    /// against yet, makes it more.
    fn kv_row_bytes(&self, head_dim: usize) -> usize;
    /// Whether the KV cache takes memory only as it fills.
    fn kv_cache_is_lazy(&self) -> bool;
    /// Whether weights and activations lie in the machine's main memory.
    fn uses_main_memory(&self) -> bool;
    /// Bytes that a matrix, or a stack of them, takes once it's loaded.
    fn weight_bytes(&self, info: &TensorInfo) -> usize;
    /// As `LanguageModel::uniform_rows`.
    fn uniform_rows(&self) -> usize;

    fn matrix(&self, tensor: &Tensor) -> Result<Self::Matrix>;
    fn matrix_stack(&self, tensor: &Tensor) -> Result<Self::MatrixStack>;
    fn vector(&self, tensor: &Tensor) -> Result<Self::Vector>;
    fn kv_cache(&self, shape: KvCacheShape) -> Result<Self::KvCache>;
    fn copy_block(&self, cache: &mut Self::KvCache, from: u32, to: u32) -> Result<()>;

    /// Appends a block's K and V of all layers to `out`: K of every layer, then V, in `kv_layout`, little-endian.
    fn read_block(&self, cache: &Self::KvCache, block: u32, out: &mut Vec<u8>) -> Result<()>;

    /// The reverse of `read_block`; there are as many bytes as that gives.
    fn write_block(&self, cache: &mut Self::KvCache, block: u32, bytes: &[u8]) -> Result<()>;

    /// `out[t] = table[token_ids[t]]`, `[tokens, hidden]`.
    fn embed(&self, table: &EmbeddingTable, token_ids: &[u32], out: &mut Self::Activations) -> Result<()>;

    /// `out[i] = matrices[i] * rms_norm(x)`, `[tokens, rows of matrix i]`.
    fn norm_project<const N: usize>(
        &self,
        x: &Self::Activations,
        norm: &Self::Vector,
        epsilon: f32,
        matrices: [&Self::Matrix; N],
        out: [&mut Self::Activations; N],
    ) -> Result<()>;

    /// Per head: RMS norm and RoPE of `q` and `k` in place, then `k` and `v` go to the batch's slots of `layer`.
    #[allow(clippy::too_many_arguments)]
    fn rotate_and_store(
        &self,
        config: &AttentionConfig,
        batch: &Batch,
        norms: (&Self::Vector, &Self::Vector),
        q: &mut Self::Activations,
        k: &mut Self::Activations,
        v: &Self::Activations,
        cache: &mut Self::KvCache,
        layer: usize,
    ) -> Result<()>;

    /// Causal attention of the batch's queries over each one's own sequence in the cache,
    /// `[tokens, num_heads * head_dim]`.
    fn attend(
        &self,
        config: &AttentionConfig,
        batch: &Batch,
        q: &Self::Activations,
        cache: &Self::KvCache,
        layer: usize,
        out: &mut Self::Activations,
    ) -> Result<()>;

    /// `residual += matrix * x`.
    fn project_add(&self, x: &Self::Activations, matrix: &Self::Matrix, residual: &mut Self::Activations)
    -> Result<()>;

    /// `hidden += down * (silu(gate * n) . (up * n))` with `n = rms_norm(hidden)`: SwiGLU with its norm and residual.
    fn gated_mlp(
        &self,
        hidden: &mut Self::Activations,
        norm: &Self::Vector,
        epsilon: f32,
        weights: [&Self::Matrix; 3],
    ) -> Result<()>;

    /// The same with experts: `hidden += sum over the best experts of weight * expert(rms_norm(hidden))`, the weights
    /// being the softmax over all experts, renormalised over those used.
    fn experts_mlp(
        &self,
        hidden: &mut Self::Activations,
        norm: &Self::Vector,
        epsilon: f32,
        weights: &ExpertWeights<'_, Self>,
    ) -> Result<()>;

    /// `out[i] = rms_norm(hidden[rows[i]])`, `[rows, hidden]`.
    fn final_states(
        &self,
        hidden: &Self::Activations,
        rows: &[usize],
        norm: &Self::Vector,
        epsilon: f32,
        out: &mut Vec<f32>,
    ) -> Result<()>;

    /// `out[i] = head * rms_norm(hidden[rows[i]])`, `[rows, vocab]`.
    fn logits(
        &self,
        hidden: &Self::Activations,
        rows: &[usize],
        norm: &Self::Vector,
        epsilon: f32,
        head: &Self::Matrix,
        out: &mut Vec<f32>,
    ) -> Result<()>;
}

/// Chooses the experts of each token: `routed[expert]` gets the tokens that go to it, with their weights.
fn route(router: &mut [f32], num_experts: usize, num_used: usize, routed: &mut Vec<Vec<(u32, f32)>>) {
    routed.resize_with(num_experts, Vec::new);
    routed.iter_mut().for_each(Vec::clear);
    let mut order: Vec<usize> = Vec::with_capacity(num_experts);
    for (token, probabilities) in router.chunks_exact_mut(num_experts).enumerate() {
        softmax(probabilities);
        order.clear();
        order.extend(0..num_experts);
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let chosen = &order[..num_used];
        let sum: f32 = chosen.iter().map(|&expert| probabilities[expert]).sum();
        for &expert in chosen {
            routed[expert].push((token as u32, probabilities[expert] / sum));
        }
    }
}

fn softmax(values: &mut [f32]) {
    let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    values.iter_mut().for_each(|value| *value = (*value - max).exp());
    let sum: f32 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
}
