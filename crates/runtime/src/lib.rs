//! The facade: a chat request in, a stream of chat events out.

mod answer;
mod answer_constraint;
mod draft_file;
mod error;
mod event;
mod event_queue;
mod kv_file;
mod model;
mod model_options;
mod prompt_threads;
mod request;
mod stream;
mod vocabulary;

pub use draft_file::DraftInfo;
pub use error::{ErrorCode, Result, RuntimeError};
pub use event::{ChatEvent, FinishReason, Timings, TokenLogprob, TokenText, Usage};
pub use izwi_engine::{EngineStats, Pooling, Speculation};
pub use izwi_model::{
    BackendChoice, KvType, LoadOptions, LoadProgress, Memory, ModelInfo, OnProgress, memory_bandwidth,
};
pub use izwi_text::{AnswerFormat, ChatMessage, Role, ToolCall};
pub use model::Model;
pub use model_options::ModelOptions;
pub use prompt_threads::on_prompt_thread;
pub use request::{ChatRequest, CompletionRequest, GenerationSettings, ToolChoice};
pub use stream::ChatStream;
