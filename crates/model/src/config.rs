//! The shape of a Qwen3 model, read from a file's metadata. Nothing is derived from anything else: in most Qwen3 models
//! `num_heads * head_dim` is not the hidden size.

use crate::gguf::GgufFile;
use crate::{ModelError, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    Qwen3,
    Qwen3Moe,
}

impl Architecture {
    /// The name under `general.architecture`, which also begins the names of the other keys.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::Qwen3 => "qwen3",
            Architecture::Qwen3Moe => "qwen3moe",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Qwen3Config {
    pub architecture: Architecture,
    pub num_layers: usize,
    pub hidden_size: usize,
    pub num_heads: usize,
    pub num_kv_heads: usize,
    pub head_dim: usize,
    /// Width of the dense MLP; unused in a mixture of experts.
    pub intermediate_size: usize,
    pub rms_norm_epsilon: f32,
    pub rope_theta: f32,
    /// Positions that the model was made for.
    pub context_length: usize,
    pub vocab_size: usize,
    pub experts: Option<ExpertsConfig>,
}

/// Softmax over all experts, the best `num_used` taken and their weights made to sum to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpertsConfig {
    pub num_experts: usize,
    pub num_used: usize,
    pub intermediate_size: usize,
}

/// Above any model; keeps sums of sizes far from overflow.
const MAX_SIZE: u32 = 1 << 24;

impl Qwen3Config {
    /// # Errors
    /// `Unsupported` for another architecture or RoPE scaling, `InvalidFile` for values that are missing or can't be.
    pub fn from_gguf(file: &GgufFile) -> Result<Self> {
        let metadata = file.metadata();
        let architecture = match metadata.str("general.architecture")? {
            "qwen3" => Architecture::Qwen3,
            "qwen3moe" => Architecture::Qwen3Moe,
            other => {
                return Err(ModelError::Unsupported(format!(
                    "the architecture \"{other}\" is not supported (supported: qwen3, qwen3moe)"
                )));
            }
        };
        let key = |name: &str| format!("{}.{name}", architecture.name());
        let size = |name: &str| positive(&key(name), metadata.u32(&key(name))?);
        check_rope_scaling(&metadata, &key("rope.scaling.type"))?;

        let num_heads = size("attention.head_count")?;
        let num_kv_heads = match metadata.optional_u32(&key("attention.head_count_kv"))? {
            Some(value) => positive(&key("attention.head_count_kv"), value)?,
            None => num_heads,
        };
        let experts = match architecture {
            Architecture::Qwen3 => None,
            Architecture::Qwen3Moe => Some(ExpertsConfig {
                num_experts: size("expert_count")?,
                num_used: size("expert_used_count")?,
                intermediate_size: size("expert_feed_forward_length")?,
            }),
        };
        let embedding = file.tensor("token_embd.weight")?;
        let config = Self {
            architecture,
            num_layers: size("block_count")?,
            hidden_size: size("embedding_length")?,
            num_heads,
            num_kv_heads,
            head_dim: head_dim(file, &key("attention.key_length"), &key("attention.value_length"))?,
            intermediate_size: if experts.is_some() {
                0
            } else {
                size("feed_forward_length")?
            },
            rms_norm_epsilon: metadata
                .optional_f32(&key("attention.layer_norm_rms_epsilon"))?
                .unwrap_or(1e-6),
            rope_theta: metadata.optional_f32(&key("rope.freq_base"))?.unwrap_or(1e6),
            context_length: size("context_length")?,
            vocab_size: embedding.info.shape[0],
            experts,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let fail = |message: String| Err(ModelError::InvalidFile(message));
        if !self.num_heads.is_multiple_of(self.num_kv_heads) {
            return fail(format!(
                "{} query heads can't share {} key-value heads evenly",
                self.num_heads, self.num_kv_heads
            ));
        }
        if !self.head_dim.is_multiple_of(2) {
            return fail(format!(
                "the head dimension {} is odd, which RoPE can't rotate",
                self.head_dim
            ));
        }
        if !(self.rms_norm_epsilon.is_finite() && self.rms_norm_epsilon >= 0.0) {
            return fail(format!("the RMS norm's epsilon is {}", self.rms_norm_epsilon));
        }
        if !(self.rope_theta.is_finite() && self.rope_theta > 0.0) {
            return fail(format!("the RoPE base is {}", self.rope_theta));
        }
        if let Some(experts) = &self.experts
            && experts.num_used > experts.num_experts
        {
            return fail(format!(
                "{} experts are to be used of only {}",
                experts.num_used, experts.num_experts
            ));
        }
        Ok(())
    }

    /// Bytes of K and V for one position, at `row_bytes` for each head's K; `usize::MAX` where sizes that no tensor has been
    /// held against yet make it more.
    pub fn kv_bytes_per_position(&self, row_bytes: usize) -> usize {
        [self.num_layers, self.num_kv_heads, row_bytes]
            .into_iter()
            .fold(2, usize::saturating_mul)
    }
}

fn positive(key: &str, value: u32) -> Result<usize> {
    if value == 0 || value > MAX_SIZE {
        return Err(ModelError::InvalidFile(format!("the metadata value {key} is {value}")));
    }
    Ok(value as usize)
}

/// The head dimension is `key_length`; files without that key still state it by the length of the per-head norm.
fn head_dim(file: &GgufFile, key_length: &str, value_length: &str) -> Result<usize> {
    let metadata = file.metadata();
    let from_norm = file.tensor("blk.0.attn_q_norm.weight")?.info.num_elements();
    let head_dim = match metadata.optional_u32(key_length)? {
        Some(value) => positive(key_length, value)?,
        None => from_norm,
    };
    if let Some(value) = metadata.optional_u32(value_length)?
        && value as usize != head_dim
    {
        return Err(ModelError::Unsupported(format!(
            "keys of {head_dim} and values of {value} elements a head: only equal lengths are supported"
        )));
    }
    Ok(head_dim)
}

fn check_rope_scaling(metadata: &crate::gguf::MetadataReader<'_>, key: &str) -> Result<()> {
    match metadata.optional_str(key)? {
        None | Some("none") => Ok(()),
        Some(other) => Err(ModelError::Unsupported(format!(
            "RoPE scaling of type \"{other}\" is not supported; choose a file of the model without extended context"
        ))),
    }
}
