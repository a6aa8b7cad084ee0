//! Everything that can go wrong between a file and its logits.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("cannot read {path}: {message}")]
    Io { path: PathBuf, message: String },
    /// The file is not a GGUF file, is cut short, or contradicts itself.
    #[error("{0}")]
    InvalidFile(String),
    /// The file is sound, but holds an architecture, tensor type or version that isn't supported.
    #[error("{0}")]
    Unsupported(String),
    #[error("invalid batch: {0}")]
    InvalidBatch(String),
    #[error("the requested device is not available: {0}")]
    DeviceUnavailable(String),
    #[error("not enough memory: {0}")]
    OutOfMemory(String),
    /// What was loaded isn't wanted any more.
    #[error("loading was cancelled")]
    Cancelled,
    #[error("the {backend} backend failed: {message}")]
    Backend { backend: &'static str, message: String },
}

pub type Result<T> = std::result::Result<T, ModelError>;
