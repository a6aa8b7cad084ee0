//! Chat events as JavaScript gets them: one flat object, `type` says which fields are there.

use izwi_runtime::{ChatEvent, TokenLogprob, TokenText};
use napi::bindgen_prelude::Float32Array;
use napi_derive::napi;

#[napi(object)]
#[derive(Default)]
pub struct NativeEvent {
    /// reasoning-delta | text-delta | tool-call-start | tool-call-delta | tool-call | scores | logprobs | embedding |
    /// end | error
    #[napi(js_name = "type")]
    pub kind: String,
    pub text: Option<String>,
    pub logprobs: Option<Vec<NativeTokenLogprob>>,
    pub index: Option<u32>,
    pub name: Option<String>,
    pub arguments: Option<String>,
    pub scores: Option<Vec<f64>>,
    pub embedding: Option<Float32Array>,
    pub finish_reason: Option<String>,
    pub stop_string: Option<String>,
    pub prompt_tokens: Option<u32>,
    pub cached_tokens: Option<u32>,
    pub completion_tokens: Option<u32>,
    pub reasoning_tokens: Option<u32>,
    pub queue_ms: Option<f64>,
    pub prefill_ms: Option<f64>,
    pub time_to_first_token_ms: Option<f64>,
    pub decode_ms: Option<f64>,
    pub code: Option<String>,
    pub message: Option<String>,
}

#[napi(object)]
pub struct NativeTopLogprob {
    pub token_id: u32,
    pub text: String,
    pub bytes: Vec<u32>,
    pub logprob: f64,
}

#[napi(object)]
pub struct NativeTokenLogprob {
    pub token_id: u32,
    pub text: String,
    pub bytes: Vec<u32>,
    pub logprob: f64,
    pub top: Vec<NativeTopLogprob>,
}

impl From<ChatEvent> for NativeEvent {
    fn from(event: ChatEvent) -> Self {
        let of_kind = |kind: &str| Self {
            kind: kind.to_owned(),
            ..Self::default()
        };
        match event {
            ChatEvent::ReasoningDelta { text } => Self {
                text: Some(text),
                ..of_kind("reasoning-delta")
            },
            ChatEvent::TextDelta { text, logprobs } => Self {
                text: Some(text),
                logprobs: (!logprobs.is_empty()).then(|| logprobs.into_iter().map(token_logprob).collect()),
                ..of_kind("text-delta")
            },
            ChatEvent::ToolCallStart { index, name } => Self {
                index: Some(index as u32),
                name: Some(name),
                ..of_kind("tool-call-start")
            },
            ChatEvent::ToolCallDelta { index, text } => Self {
                index: Some(index as u32),
                text: Some(text),
                ..of_kind("tool-call-delta")
            },
            ChatEvent::ToolCall { index, name, arguments } => Self {
                index: Some(index as u32),
                name: Some(name),
                arguments: Some(arguments),
                ..of_kind("tool-call")
            },
            ChatEvent::Scores { scores } => Self {
                scores: Some(scores.into_iter().map(f64::from).collect()),
                ..of_kind("scores")
            },
            ChatEvent::PromptLogprobs { logprobs } => Self {
                logprobs: Some(logprobs.into_iter().map(token_logprob).collect()),
                ..of_kind("logprobs")
            },
            ChatEvent::Embedding { embedding } => Self {
                embedding: Some(Float32Array::new(embedding)),
                ..of_kind("embedding")
            },
            ChatEvent::End {
                finish_reason,
                stop_string,
                usage,
                timings,
            } => Self {
                finish_reason: Some(finish_reason.name().to_owned()),
                stop_string,
                prompt_tokens: Some(usage.prompt_tokens as u32),
                cached_tokens: Some(usage.cached_tokens as u32),
                completion_tokens: Some(usage.completion_tokens as u32),
                reasoning_tokens: Some(usage.reasoning_tokens as u32),
                queue_ms: Some(timings.queue_ms),
                prefill_ms: Some(timings.prefill_ms),
                time_to_first_token_ms: Some(timings.time_to_first_token_ms),
                decode_ms: Some(timings.decode_ms),
                ..of_kind("end")
            },
            ChatEvent::Error(error) => Self {
                code: Some(error.code.name().to_owned()),
                message: Some(error.message),
                ..of_kind("error")
            },
        }
    }
}

fn token_logprob(entry: TokenLogprob) -> NativeTokenLogprob {
    let chosen = top_logprob((entry.token, entry.logprob));
    NativeTokenLogprob {
        token_id: chosen.token_id,
        text: chosen.text,
        bytes: chosen.bytes,
        logprob: chosen.logprob,
        top: entry.top.into_iter().map(top_logprob).collect(),
    }
}

fn top_logprob((token, logprob): (TokenText, f32)) -> NativeTopLogprob {
    NativeTopLogprob {
        token_id: token.id,
        text: token.text,
        bytes: token.bytes.into_iter().map(u32::from).collect(),
        logprob: f64::from(logprob),
    }
}
