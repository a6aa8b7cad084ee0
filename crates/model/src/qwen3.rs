//! The Qwen3 graph, dense and with experts, written once over a backend.
//!
//! Sources: the Qwen3 technical report (arXiv:2505.09388) and the model's description in `config.json`: pre-norm blocks
//! of grouped-query attention with a per-head RMS norm on q and k before RoPE (half-split), then SwiGLU; embeddings tied
//! to the output head where the file has no `output.weight`.

use crate::backend::{AttentionConfig, Backend, EmbeddingTable};
use crate::config::Qwen3Config;
use crate::gguf::{GgufFile, Tensor};
use crate::load_progress::{LoadCount, OnProgress};
use crate::qwen3_moe::Experts;
use crate::{Batch, Result};

/// Weights only; what changes while a model runs is passed in.
pub struct Qwen3<B: Backend> {
    config: Qwen3Config,
    attention: AttentionConfig,
    embedding: EmbeddingTable,
    layers: Vec<Layer<B>>,
    /// `[hidden]`
    output_norm: B::Vector,
    /// `[vocab, hidden]`; the embeddings where the file has no matrix of its own.
    output: B::Matrix,
}

struct Layer<B: Backend> {
    /// `[hidden]`
    attention_norm: B::Vector,
    /// `[num_heads * head_dim, hidden]`
    q: B::Matrix,
    /// `[num_kv_heads * head_dim, hidden]`
    k: B::Matrix,
    /// `[num_kv_heads * head_dim, hidden]`
    v: B::Matrix,
    /// `[head_dim]`
    q_norm: B::Vector,
    /// `[head_dim]`
    k_norm: B::Vector,
    /// `[hidden, num_heads * head_dim]`
    attention_output: B::Matrix,
    /// `[hidden]`
    mlp_norm: B::Vector,
    mlp: Mlp<B>,
}

enum Mlp<B: Backend> {
    Dense {
        /// `[intermediate, hidden]`
        gate: B::Matrix,
        /// `[intermediate, hidden]`
        up: B::Matrix,
        /// `[hidden, intermediate]`
        down: B::Matrix,
    },
    Experts(Experts<B>),
}

/// Buffers of a forward pass, kept between passes.
pub struct Scratch<B: Backend> {
    hidden: B::Activations,
    q: B::Activations,
    k: B::Activations,
    v: B::Activations,
    attended: B::Activations,
}

impl<B: Backend> Default for Scratch<B> {
    fn default() -> Self {
        Self {
            hidden: Default::default(),
            q: Default::default(),
            k: Default::default(),
            v: Default::default(),
            attended: Default::default(),
        }
    }
}

impl<B: Backend> Qwen3<B> {
    /// # Errors
    /// `InvalidFile` when a tensor is missing or has another shape than the metadata say; `Cancelled` when `on_progress` says
    /// so; those of the backend.
    pub fn load(file: &GgufFile, config: &Qwen3Config, backend: &B, on_progress: Option<&OnProgress>) -> Result<Self> {
        let total_bytes = file.tensors().map(|(_, info)| info.num_bytes()).sum();
        let count = LoadCount::start(on_progress, total_bytes)?;
        let loader = Loader { file, backend, count };
        let layers = (0..config.num_layers)
            .map(|index| Layer::load(&loader, config, index))
            .collect::<Result<_>>()?;
        let embedding = loader.tensor("token_embd.weight", &[config.vocab_size, config.hidden_size])?;
        let output = if file.has_tensor("output.weight") {
            loader.matrix("output.weight", config.vocab_size, config.hidden_size)?
        } else {
            backend.matrix(&embedding)?
        };
        loader.count.add(embedding.info.num_bytes())?;
        let output_norm = loader.vector("output_norm.weight", config.hidden_size)?;
        loader.count.finish()?;
        Ok(Self {
            attention: AttentionConfig {
                num_heads: config.num_heads,
                num_kv_heads: config.num_kv_heads,
                head_dim: config.head_dim,
                rms_norm_epsilon: config.rms_norm_epsilon,
                rope_theta: config.rope_theta,
            },
            embedding: EmbeddingTable::new(&embedding, config.hidden_size),
            layers,
            output_norm,
            output,
            config: config.clone(),
        })
    }

    /// Computes the batch, whose ids, positions and blocks must be in range, and leaves `[logit_rows, vocab]` in
    /// `logits`. False if it gave up between two layers because `is_unwanted` said so.
    pub fn forward(
        &self,
        backend: &B,
        batch: &Batch,
        cache: &mut B::KvCache,
        scratch: &mut Scratch<B>,
        logits: &mut Vec<f32>,
        is_unwanted: &dyn Fn() -> bool,
    ) -> Result<bool> {
        backend.embed(&self.embedding, &batch.token_ids, &mut scratch.hidden)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if is_unwanted() {
                return Ok(false);
            }
            self.forward_layer(backend, layer, index, batch, cache, scratch)?;
        }
        // What the last pass left is overwritten; clearing it would mean to write everything twice.
        if batch.logit_rows.is_empty() {
            logits.clear();
            return Ok(true);
        }
        let epsilon = self.config.rms_norm_epsilon;
        backend.logits(
            &scratch.hidden,
            &batch.logit_rows,
            &self.output_norm,
            epsilon,
            &self.output,
            logits,
        )?;
        Ok(true)
    }

    /// Leaves the final states, after the output norm, of rows of the pass that was computed last, `[rows, hidden]`.
    pub fn final_states(&self, backend: &B, scratch: &Scratch<B>, rows: &[usize], states: &mut Vec<f32>) -> Result<()> {
        let epsilon = self.config.rms_norm_epsilon;
        backend.final_states(&scratch.hidden, rows, &self.output_norm, epsilon, states)
    }

    fn forward_layer(
        &self,
        backend: &B,
        layer: &Layer<B>,
        index: usize,
        batch: &Batch,
        cache: &mut B::KvCache,
        scratch: &mut Scratch<B>,
    ) -> Result<()> {
        let epsilon = self.config.rms_norm_epsilon;
        let Scratch {
            hidden,
            q,
            k,
            v,
            attended,
        } = scratch;
        let matrices = [&layer.q, &layer.k, &layer.v];
        backend.norm_project(
            hidden,
            &layer.attention_norm,
            epsilon,
            matrices,
            [&mut *q, &mut *k, &mut *v],
        )?;
        backend.rotate_and_store(
            &self.attention,
            batch,
            (&layer.q_norm, &layer.k_norm),
            q,
            k,
            v,
            cache,
            index,
        )?;
        backend.attend(&self.attention, batch, q, cache, index, attended)?;
        backend.project_add(attended, &layer.attention_output, hidden)?;
        match &layer.mlp {
            Mlp::Dense { gate, up, down } => backend.gated_mlp(hidden, &layer.mlp_norm, epsilon, [gate, up, down]),
            Mlp::Experts(experts) => backend.experts_mlp(hidden, &layer.mlp_norm, epsilon, &experts.weights()),
        }
    }
}

impl<B: Backend> Layer<B> {
    fn load(loader: &Loader<'_, B>, config: &Qwen3Config, index: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let hidden = config.hidden_size;
        let q_width = config.num_heads * config.head_dim;
        let kv_width = config.num_kv_heads * config.head_dim;
        let mlp = match &config.experts {
            Some(experts) => Mlp::Experts(Experts::load(loader, index, hidden, experts)?),
            None => Mlp::Dense {
                gate: loader.matrix(&name("ffn_gate"), config.intermediate_size, hidden)?,
                up: loader.matrix(&name("ffn_up"), config.intermediate_size, hidden)?,
                down: loader.matrix(&name("ffn_down"), hidden, config.intermediate_size)?,
            },
        };
        Ok(Self {
            attention_norm: loader.vector(&name("attn_norm"), hidden)?,
            q: loader.matrix(&name("attn_q"), q_width, hidden)?,
            k: loader.matrix(&name("attn_k"), kv_width, hidden)?,
            v: loader.matrix(&name("attn_v"), kv_width, hidden)?,
            q_norm: loader.vector(&name("attn_q_norm"), config.head_dim)?,
            k_norm: loader.vector(&name("attn_k_norm"), config.head_dim)?,
            attention_output: loader.matrix(&name("attn_output"), hidden, q_width)?,
            mlp_norm: loader.vector(&name("ffn_norm"), hidden)?,
            mlp,
        })
    }
}

/// Tensors by name, their shapes checked.
pub(crate) struct Loader<'a, B: Backend> {
    file: &'a GgufFile,
    backend: &'a B,
    count: LoadCount<'a>,
}

impl<B: Backend> Loader<'_, B> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.file.tensor(name)?;
        tensor.expect_shape(shape)?;
        Ok(tensor)
    }

    pub(crate) fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<B::Matrix> {
        self.counted(name, &[rows, cols], B::matrix)
    }

    pub(crate) fn matrix_stack(&self, name: &str, shape: [usize; 3]) -> Result<B::MatrixStack> {
        self.counted(name, &shape, B::matrix_stack)
    }

    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<B::Vector> {
        self.counted(name, &[len], B::vector)
    }

    fn counted<T>(&self, name: &str, shape: &[usize], make: fn(&B, &Tensor) -> Result<T>) -> Result<T> {
        let tensor = self.tensor(name, shape)?;
        let made = make(self.backend, &tensor)?;
        self.count.add(tensor.info.num_bytes())?;
        Ok(made)
    }
}
