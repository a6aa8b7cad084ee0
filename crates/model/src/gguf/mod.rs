//! GGUF files: mapped, checked once, then handed out by name.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3, little-endian.

mod fingerprint;
mod metadata;
mod reader;
mod tensors;

pub use metadata::{MetadataReader, ValueType};
pub use reader::GgufFile;
pub use tensors::{StorageSlice, Tensor, TensorInfo};
