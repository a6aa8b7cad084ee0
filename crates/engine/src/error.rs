//! Everything that can go wrong between a request and its end.

use std::sync::Arc;

use izwi_model::ModelError;

#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    #[error("the prompt is empty: give at least one token id")]
    EmptyPrompt,
    /// `parameter` names the field or setting, `message` its range.
    #[error("{parameter} {message}")]
    InvalidParameter { parameter: &'static str, message: String },
    #[error("{parameter} holds token id {token_id}, but the vocabulary ends at {}", num_token_ids.saturating_sub(1))]
    TokenOutOfRange {
        parameter: &'static str,
        token_id: u32,
        num_token_ids: usize,
    },
    /// `needed` counts the prompt and, when generating, one token of answer.
    #[error(
        "the prompt has {prompt_tokens} tokens and needs a context of {needed}, but the context holds {context_length}: \
         shorten the prompt or load the model with a longer context"
    )]
    ContextOverflow {
        prompt_tokens: usize,
        needed: usize,
        context_length: usize,
    },
    /// Nothing was started; the same request may be sent again later.
    #[error("{limit} requests are running or waiting already, the most this engine takes: try again later")]
    QueueFull { limit: usize },
    #[error("{0}")]
    Model(Arc<ModelError>),
    /// The model, a constraint or an event sink panicked. The engine goes on with other requests.
    #[error("internal error while computing: {0}")]
    Panicked(String),
    #[error("the model computed {value} as the logit of token id {token_id}: its weights are damaged or overflow")]
    InvalidLogits { token_id: u32, value: f32 },
    #[error("the model computed {value} in its last hidden state: its weights are damaged or overflow")]
    InvalidState { value: f32 },
    #[error("no token may come next: logit bias, banned tokens and the constraint exclude the whole vocabulary")]
    NoTokenAllowed,
    /// A constraint's own words.
    #[error("{0}")]
    Constraint(String),
    #[error("the engine has been shut down")]
    ShutDown,
}

pub type Result<T> = std::result::Result<T, EngineError>;

impl From<ModelError> for EngineError {
    fn from(error: ModelError) -> Self {
        EngineError::Model(Arc::new(error))
    }
}

/// What a caught panic had to say.
pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_string()
}
