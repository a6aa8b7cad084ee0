//! GGUF files with random weights of any shape: for tests, benchmarks, and trying a program without a download.
//!
//! Every value follows from the seed, the tensor's name and the element's index alone, by integer arithmetic and exactly
//! rounded operations only, so that a file is the same on every machine and any tensor can be made without the others.

mod recipe;
mod tensors;
mod vocabulary;
mod writer;

use std::path::Path;

pub use recipe::Recipe;
pub use tensors::RandomTensor;
pub use vocabulary::{MIN_VOCAB_SIZE, QWEN3_VOCAB_SIZE};

use crate::{Architecture, ExpertsConfig, ModelError, Result};

/// The description of a random model; `write` makes the file.
#[derive(Debug, Clone)]
pub struct RandomModel {
    pub architecture: Architecture,
    pub num_layers: usize,
    pub hidden_size: usize,
    pub num_heads: usize,
    pub num_kv_heads: usize,
    pub head_dim: usize,
    /// Width of the dense MLP; written to the metadata only where there are experts.
    pub intermediate_size: usize,
    /// At least `MIN_VOCAB_SIZE`. At `QWEN3_VOCAB_SIZE` the special tokens have the ids that they have in Qwen3.
    pub vocab_size: usize,
    /// Whether the embedding is the output head too.
    pub tied_embeddings: bool,
    /// Wanted for `Architecture::Qwen3Moe`, and only then.
    pub experts: Option<ExpertsConfig>,
    pub context_length: usize,
    pub rope_theta: f32,
    pub seed: u64,
    pub scale: Scale,
    pub quantization: Recipe,
}

/// How large the weights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Matrices as Qwen3 is initialised before training, with a deviation of 0.02.
    Initial,
    /// So that activations, attention and logits have the size that trained models show.
    Trained,
}

impl RandomModel {
    /// Names that `preset` knows.
    pub const PRESETS: [&str; 4] = ["qwen3-0.6b", "qwen3-4b", "tiny", "tiny-moe"];

    /// A model by name: the full shapes of Qwen3-0.6B and Qwen3-4B, or tiny ones for tests, dense and with experts.
    pub fn preset(name: &str) -> Option<Self> {
        let tiny = Self {
            architecture: Architecture::Qwen3,
            num_layers: 2,
            hidden_size: 256,
            num_heads: 4,
            num_kv_heads: 2,
            head_dim: 64,
            intermediate_size: 512,
            vocab_size: 1000,
            tied_embeddings: true,
            experts: None,
            context_length: 4096,
            rope_theta: 1e6,
            seed: 0,
            scale: Scale::Trained,
            quantization: Recipe::Q4KM,
        };
        let full = Self {
            head_dim: 128,
            num_kv_heads: 8,
            vocab_size: QWEN3_VOCAB_SIZE,
            context_length: 40960,
            ..tiny.clone()
        };
        match name {
            "qwen3-0.6b" => Some(Self {
                num_layers: 28,
                hidden_size: 1024,
                num_heads: 16,
                intermediate_size: 3072,
                ..full
            }),
            "qwen3-4b" => Some(Self {
                num_layers: 36,
                hidden_size: 2560,
                num_heads: 32,
                intermediate_size: 9728,
                ..full
            }),
            "tiny" => Some(tiny),
            "tiny-moe" => Some(Self {
                architecture: Architecture::Qwen3Moe,
                experts: Some(ExpertsConfig {
                    num_experts: 8,
                    num_used: 2,
                    intermediate_size: 256,
                }),
                tied_embeddings: false,
                ..tiny
            }),
            _ => None,
        }
    }

    /// Writes the model. Weights are made, quantized and written piece by piece; what is in memory at a time is some
    /// tens of megabytes whatever the model's size.
    ///
    /// # Errors
    /// `Unsupported` when the shape contradicts itself or the recipe's blocks don't divide a row, `Io` when the file
    /// can't be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.check()?;
        writer::write(self, path)
    }

    /// All tensors in the order of the file.
    pub fn tensors(&self) -> Vec<RandomTensor> {
        tensors::tensors(self)
    }

    fn check(&self) -> Result<()> {
        let fail = |message: String| Err(ModelError::Unsupported(format!("a random model can't have {message}")));
        let sizes = [
            ("layers", self.num_layers),
            ("hidden size", self.hidden_size),
            ("heads", self.num_heads),
            ("key-value heads", self.num_kv_heads),
            ("head dimension", self.head_dim),
            ("intermediate size", self.intermediate_size),
            ("context length", self.context_length),
        ];
        if let Some((what, _)) = sizes.iter().find(|(_, size)| *size == 0 || *size > 1 << 24) {
            return fail(format!("a number of {what} that is 0 or above 2^24"));
        }
        if !self.num_heads.is_multiple_of(self.num_kv_heads) || !self.head_dim.is_multiple_of(2) {
            return fail(format!(
                "{} heads over {} key-value heads with {} elements each",
                self.num_heads, self.num_kv_heads, self.head_dim
            ));
        }
        if self.vocab_size < MIN_VOCAB_SIZE || self.vocab_size > 1 << 24 {
            return fail(format!(
                "a vocabulary of {} (the least is {MIN_VOCAB_SIZE})",
                self.vocab_size
            ));
        }
        if self.experts.is_some() != (self.architecture == Architecture::Qwen3Moe) {
            return fail("experts in a dense architecture, or none in a mixture of experts".to_owned());
        }
        if let Some(experts) = &self.experts
            && (experts.intermediate_size == 0 || experts.num_used == 0 || experts.num_used > experts.num_experts)
        {
            return fail(format!(
                "{} of {} experts in use",
                experts.num_used, experts.num_experts
            ));
        }
        for tensor in self.tensors() {
            let (cols, block_len) = (tensor.cols(), tensor.block_type.block_len());
            if !cols.is_multiple_of(block_len) {
                let name = tensor.block_type.name();
                return fail(format!(
                    "rows of {cols} values in {name}, whose blocks hold {block_len}: {}",
                    tensor.name
                ));
            }
        }
        Ok(())
    }
}
