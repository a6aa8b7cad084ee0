//! Turns the engine's events of one answer into chat events, on the engine's thread.

use std::sync::Arc;

use izwi_engine::EngineEvent;
use izwi_text::{OutputDelta, OutputParser, Tokenizer};

use crate::{ChatEvent, ChatStream, FinishReason, Timings, TokenLogprob, TokenText, Usage};

pub(crate) struct Answer {
    stream: ChatStream,
    tokenizer: Arc<Tokenizer>,
    parser: OutputParser,
    reasoning_tokens: usize,
    /// Tokens read up to and with the one that ended the answer by a stop string.
    tokens_read: usize,
    /// Log-probabilities of tokens whose text hasn't come yet.
    logprobs: Vec<TokenLogprob>,
}

impl Answer {
    pub(crate) fn new(stream: ChatStream, tokenizer: Arc<Tokenizer>, parser: OutputParser) -> Self {
        Self {
            stream,
            tokenizer,
            parser,
            reasoning_tokens: 0,
            tokens_read: 0,
            logprobs: Vec::new(),
        }
    }

    pub(crate) fn receive(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Started { .. } => {}
            EngineEvent::Token { id, logprob } => self.receive_token(id, logprob),
            EngineEvent::Scores(scores) => self.stream.push([ChatEvent::Scores { scores }]),
            EngineEvent::PromptLogprobs(entries) => {
                let logprobs = entries
                    .into_iter()
                    .map(|(id, entry)| self.describe(id, entry))
                    .collect();
                self.stream.push([ChatEvent::PromptLogprobs { logprobs }]);
            }
            EngineEvent::Embedding(embedding) => self.stream.push([ChatEvent::Embedding { embedding }]),
            EngineEvent::End { finish_reason, usage } => self.end(finish_reason, &usage),
            EngineEvent::Error(error) => self.stream.fail(error.into()),
        }
    }

    fn receive_token(&mut self, id: u32, logprob: Option<izwi_engine::TokenLogprob>) {
        if self.parser.stopped_by().is_some() {
            return;
        }
        self.tokens_read += 1;
        let was_in_reasoning = self.parser.is_in_reasoning();
        let deltas = self.parser.push(id);
        if was_in_reasoning || self.parser.is_in_reasoning() {
            self.reasoning_tokens += 1;
        } else if let Some(logprob) = logprob {
            let logprob = self.describe(id, logprob);
            self.logprobs.push(logprob);
        }
        self.give(deltas);
        if self.parser.stopped_by().is_some() {
            self.stream.cancel();
        }
    }

    fn end(&mut self, reason: izwi_engine::FinishReason, usage: &izwi_engine::Usage) {
        let rest = self.parser.finish();
        self.give(rest);
        let stop_string = self.parser.stopped_by().map(str::to_owned);
        let finish_reason = match reason {
            _ if stop_string.is_some() => FinishReason::Stop,
            izwi_engine::FinishReason::Stop if self.parser.num_tool_calls() > 0 => FinishReason::ToolCalls,
            izwi_engine::FinishReason::Stop => FinishReason::Stop,
            izwi_engine::FinishReason::Length => FinishReason::Length,
            izwi_engine::FinishReason::Cancelled => FinishReason::Cancelled,
        };
        self.stream.finish(ChatEvent::End {
            finish_reason,
            stop_string,
            usage: Usage {
                prompt_tokens: usage.prompt_tokens,
                cached_tokens: usage.cached_tokens,
                completion_tokens: self.tokens_read,
                reasoning_tokens: self.reasoning_tokens,
            },
            timings: Timings {
                queue_ms: usage.queue_ms,
                prefill_ms: usage.prefill_ms,
                time_to_first_token_ms: usage.ttft_ms,
                decode_ms: usage.decode_ms,
            },
        });
    }

    fn give(&mut self, deltas: Vec<OutputDelta>) {
        let logprobs = &mut self.logprobs;
        self.stream.push(deltas.into_iter().map(|delta| match delta {
            OutputDelta::Reasoning(text) => ChatEvent::ReasoningDelta { text },
            OutputDelta::Text(text) => ChatEvent::TextDelta {
                text,
                logprobs: std::mem::take(logprobs),
            },
            OutputDelta::ToolCallStart { index, name } => ChatEvent::ToolCallStart { index, name },
            OutputDelta::ToolCallDelta { index, text } => ChatEvent::ToolCallDelta { index, text },
            OutputDelta::ToolCall { index, name, arguments } => ChatEvent::ToolCall { index, name, arguments },
        }));
    }

    fn describe(&self, id: u32, logprob: izwi_engine::TokenLogprob) -> TokenLogprob {
        TokenLogprob {
            token: self.token_text(id),
            logprob: logprob.logprob,
            top: logprob
                .top
                .into_iter()
                .map(|(id, logprob)| (self.token_text(id), logprob))
                .collect(),
        }
    }

    fn token_text(&self, id: u32) -> TokenText {
        let bytes = self.tokenizer.token_bytes(id).unwrap_or_default().to_vec();
        TokenText {
            id,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }
}
