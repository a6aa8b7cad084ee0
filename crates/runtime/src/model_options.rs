//! What a model is loaded with.

use std::path::PathBuf;

use izwi_engine::Speculation;
use izwi_model::LoadOptions;

/// How a model is loaded.
#[derive(Debug, Clone, Default)]
pub struct ModelOptions {
    pub load: LoadOptions,
    /// Requests computed side by side; the engine's default where it's left open.
    pub max_running: Option<usize>,
    /// Requests that may wait beyond those; the engine's default where it's left open.
    pub max_waiting: Option<usize>,
    /// Whether tokens are guessed ahead, where text repeats itself or by the draft model: faster, and the same text.
    pub speculation: Speculation,
    /// A smaller model with the same vocabulary, that guesses. It isn't loaded where `speculation` is off.
    pub draft_model: Option<PathBuf>,
}
