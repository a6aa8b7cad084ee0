//! Weights and graph: GGUF files, Qwen3 graphs, backends and the KV cache.

mod batch;
mod error;
mod language_model;

pub use batch::{Batch, SequenceSlice};
pub use error::{ModelError, Result};
pub use language_model::LanguageModel;
