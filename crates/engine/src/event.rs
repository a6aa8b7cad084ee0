//! What a request tells over time. Exactly one `End` or `Error` comes last.

use crate::EngineError;

#[derive(Debug, Clone)]
pub enum EngineEvent {
    /// The request left the queue. `cached_tokens` of the prompt need no computing.
    Started {
        prompt_tokens: usize,
        cached_tokens: usize,
    },
    /// One generated token. A stop token ends the request and isn't reported.
    Token {
        id: u32,
        logprob: Option<TokenLogprob>,
    },
    /// `[prompt_tokens - 1]`: `scores[i]` is the log-probability of prompt token `i + 1` given those before it.
    Scores(Vec<f32>),
    /// The next prompt tokens, from the second on, each with its log-probability; all parts joined are
    /// `[prompt_tokens - 1]`.
    PromptLogprobs(Vec<(u32, TokenLogprob)>),
    /// `[hidden_size]`, of length 1.
    Embedding(Vec<f32>),
    End {
        finish_reason: FinishReason,
        usage: Usage,
    },
    Error(EngineError),
}

impl EngineEvent {
    /// Whether nothing follows this event.
    pub fn is_last(&self) -> bool {
        matches!(self, EngineEvent::End { .. } | EngineEvent::Error(_))
    }
}

/// Log-probabilities (natural logarithm) of the model's own distribution: the log-softmax of its logits over the whole
/// row, before bias, penalties, masks, temperature and truncation.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob {
    pub logprob: f32,
    /// The most probable ids with their log-probabilities, best first; as many as `SamplingParams::logprobs` asks.
    pub top: Vec<(u32, f32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// A stop token was sampled, the constraint is complete, or all of the prompt was read.
    Stop,
    /// `max_tokens` were generated, or the context is full.
    Length,
    Cancelled,
}

/// Counts and times of one request. A time that never began, such as `decode_ms` without a token, is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    pub prompt_tokens: usize,
    /// Prompt tokens taken from the KV cache when the request started.
    pub cached_tokens: usize,
    /// Generated tokens; equals the number of `Token` events.
    pub completion_tokens: usize,
    /// From submission to the start of prefill.
    pub queue_ms: f64,
    /// From the start of prefill to the first sampled token (or to the last score).
    pub prefill_ms: f64,
    /// From submission to the first sampled token.
    pub ttft_ms: f64,
    /// From the first sampled token to the end.
    pub decode_ms: f64,
}
