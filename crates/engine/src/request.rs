//! What a client asks for.

use std::fmt;
use std::sync::Arc;

use crate::{EngineError, Result, SamplingParams, TokenConstraint};

/// A prompt and how to go on from it.
pub struct GenerateRequest {
    pub prompt: Vec<u32>,
    pub sampling: SamplingParams,
    /// At least 1. None, or more than the context leaves, generates until the context is full.
    pub max_tokens: Option<usize>,
    /// Sampling one of these ends the request with `FinishReason::Stop`.
    pub stop_token_ids: Vec<u32>,
    /// Never sampled. Ids past the tokenizer's vocabulary needn't be named: see `EngineOptions::num_token_ids`.
    pub banned_token_ids: Arc<[u32]>,
    /// Narrows each step's choice, for example to a grammar.
    pub constraint: Option<Box<dyn TokenConstraint>>,
    pub task: Task,
    /// Lower ones go first, from -100 to 100. A request that is passed over often enough gains on the others, so that it
    /// comes to its turn whatever else arrives.
    pub priority: i32,
    /// Who asks: of requests with the same priority, those of clients with fewer running ones go first. None: a client of
    /// its own.
    pub client: Option<u64>,
}

/// What is wanted of a prompt. All but `Generate` read it only and generate nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    #[default]
    Generate,
    /// `EngineEvent::Scores`: the prompt's own log-probabilities.
    Score,
    /// `EngineEvent::PromptLogprobs`: the same, each with this many alternatives.
    Logprobs { num_top: usize },
    /// `EngineEvent::Embedding`: the final hidden state as a vector of length 1.
    Embed(Pooling),
}

/// How the states of many tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The mean over all tokens.
    Mean,
    /// The state of the last token.
    Last,
}

impl GenerateRequest {
    /// Generates from `prompt` by the model's own distribution until the context is full.
    pub fn new(prompt: Vec<u32>) -> Self {
        GenerateRequest {
            prompt,
            sampling: SamplingParams::default(),
            max_tokens: None,
            stop_token_ids: Vec::new(),
            banned_token_ids: Arc::from([]),
            constraint: None,
            task: Task::Generate,
            priority: 0,
            client: None,
        }
    }

    /// Asks for `EngineEvent::Scores` of `prompt`.
    pub fn score(prompt: Vec<u32>) -> Self {
        GenerateRequest {
            task: Task::Score,
            ..GenerateRequest::new(prompt)
        }
    }

    pub(crate) fn validate(&self, limits: RequestLimits) -> Result<()> {
        if self.prompt.is_empty() {
            return Err(EngineError::EmptyPrompt);
        }
        self.sampling.validate()?;
        if self.max_tokens == Some(0) {
            return Err(EngineError::InvalidParameter {
                parameter: "max_tokens",
                message: "must be at least 1".into(),
            });
        }
        if !(-100..=100).contains(&self.priority) {
            return Err(EngineError::InvalidParameter {
                parameter: "priority",
                message: format!("must be from -100 to 100, not {}", self.priority),
            });
        }
        limits.check_ids("prompt", self.prompt.iter().copied())?;
        limits.check_ids("logit_bias", self.sampling.logit_bias.iter().map(|&(id, _)| id))?;
        limits.check_ids("stop_token_ids", self.stop_token_ids.iter().copied())?;
        let prompt_tokens = self.prompt.len();
        let needed = prompt_tokens + usize::from(self.task == Task::Generate);
        if needed > limits.context_length {
            let context_length = limits.context_length;
            return Err(EngineError::ContextOverflow {
                prompt_tokens,
                needed,
                context_length,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for GenerateRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GenerateRequest")
            .field("prompt_tokens", &self.prompt.len())
            .field("sampling", &self.sampling)
            .field("max_tokens", &self.max_tokens)
            .field("stop_token_ids", &self.stop_token_ids)
            .field("constrained", &self.constraint.is_some())
            .field("task", &self.task)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// What the model allows a request to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    /// Ids below this one are tokens; logits may be wider.
    pub num_token_ids: usize,
    pub context_length: usize,
}

impl RequestLimits {
    pub(crate) fn check_ids(&self, parameter: &'static str, mut ids: impl Iterator<Item = u32>) -> Result<()> {
        let num_token_ids = self.num_token_ids;
        match ids.find(|&id| id as usize >= num_token_ids) {
            Some(token_id) => Err(EngineError::TokenOutOfRange {
                parameter,
                token_id,
                num_token_ids,
            }),
            None => Ok(()),
        }
    }
}
