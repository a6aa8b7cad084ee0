//! Weights and graph: GGUF files, Qwen3 graphs, backends and the KV cache.

pub mod backend;
mod batch;
mod config;
mod error;
pub mod gguf;
mod language_model;
mod load_progress;
mod loaded_model;
mod memory;
mod memory_plan;
mod qwen3;
mod qwen3_moe;
pub mod random_model;

pub use batch::{Batch, SequenceSlice};
pub use config::{Architecture, ExpertsConfig, Qwen3Config};
pub use error::{ModelError, Result};
pub use izwi_kernels::{KvType, lower_thread_priority};
pub use language_model::LanguageModel;
pub use load_progress::{LoadProgress, OnProgress};
pub use loaded_model::{BLOCK_SIZE, BackendChoice, LoadOptions, ModelInfo, load_model, load_on, model_needs};
pub use memory::{Memory, memory_bandwidth};
pub use memory_plan::{BatchSize, ModelNeeds};
pub use qwen3::{Qwen3, Scratch};
