//! What a stream tells, in order. `End` or `Error` comes last, once.

use crate::RuntimeError;

#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// More of the thoughts.
    ReasoningDelta {
        text: String,
    },
    /// More of the answer. `logprobs` are those of the tokens since the last delta, where they were asked for; whole
    /// characters and stop strings make text and tokens come apart.
    TextDelta {
        text: String,
        logprobs: Vec<TokenLogprob>,
    },
    /// A tool call begins: its name is known.
    ToolCallStart {
        index: usize,
        name: String,
    },
    /// More of a call's arguments.
    ToolCallDelta {
        index: usize,
        text: String,
    },
    /// A whole tool call, whose pieces came before; `arguments` is a JSON object as the model wrote it.
    ToolCall {
        index: usize,
        name: String,
        arguments: String,
    },
    /// `[token_ids - 1]`, the log-probability of each prompt token but the first, given those before it.
    Scores {
        scores: Vec<f32>,
    },
    /// The next prompt tokens' log-probabilities, from the second token on.
    PromptLogprobs {
        logprobs: Vec<TokenLogprob>,
    },
    /// `[hidden_size]`, of length 1.
    Embedding {
        embedding: Vec<f32>,
    },
    End {
        finish_reason: FinishReason,
        stop_string: Option<String>,
        usage: Usage,
        timings: Timings,
    },
    Error(RuntimeError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model ended its turn, or a stop string came.
    Stop,
    /// `max_tokens`, or the end of the context.
    Length,
    /// The model asks for tools.
    ToolCalls,
    Cancelled,
}

impl FinishReason {
    pub fn name(self) -> &'static str {
        match self {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ToolCalls => "tool-calls",
            FinishReason::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub prompt_tokens: usize,
    /// Those of the prompt whose keys and values were in the cache already.
    pub cached_tokens: usize,
    pub completion_tokens: usize,
    /// Those of the completion that were thoughts, their marks included.
    pub reasoning_tokens: usize,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timings {
    pub queue_ms: f64,
    pub prefill_ms: f64,
    pub time_to_first_token_ms: f64,
    pub decode_ms: f64,
}

/// Natural logarithms of the model's own distribution, before any sampling setting.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob {
    pub token: TokenText,
    pub logprob: f32,
    pub top: Vec<(TokenText, f32)>,
}

/// A token and its text (a token that is part of a character has U+FFFD there) and exact bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenText {
    pub id: u32,
    pub text: String,
    pub bytes: Vec<u8>,
}
