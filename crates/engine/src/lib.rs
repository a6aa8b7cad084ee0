//! Token ids in, token ids out, over time: requests, sequences, blocks, scheduler, sampler.
//!
//! One OS thread owns the model ([`Engine`]). Each step computes one token for every decoding sequence and a bounded
//! number of prompt tokens for those that are still prefilling; what was computed is kept by prefix, exact to the token.
//! Where text repeats itself, or a draft model guesses well, a pass verifies several guessed tokens of a sequence at once.
//! Nothing here knows text, JSON, an async runtime or a tensor.

mod active_request;
mod block_pool;
mod cancel;
mod constraint;
mod engine;
mod error;
mod event;
mod prefix_cache;
mod prompt_reading;
mod request;
mod sampler;
mod sampling_params;
mod scheduler;
mod sequence;
mod speculation;
mod stats;
mod step;
#[cfg(test)]
mod tests;

pub use cancel::{CancelHandle, RequestHandle};
pub use constraint::{TokenConstraint, TokenMask};
pub use engine::{BlockLayout, Engine, EngineOptions, Pending};
pub use error::{EngineError, Result};
pub use event::{EngineEvent, FinishReason, TokenLogprob, Usage};
pub use request::{GenerateRequest, Pooling, Task};
pub use sampling_params::SamplingParams;
pub use speculation::{Draft, Speculation};
pub use stats::EngineStats;
