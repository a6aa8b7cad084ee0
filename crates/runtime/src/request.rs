//! What a client asks for, as plain data.

use izwi_engine::SamplingParams;
use izwi_text::{AnswerFormat, ChatMessage};

/// A conversation to go on with.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    pub messages: Vec<ChatMessage>,
    /// OpenAI-style tool definitions, in order.
    pub tools: Vec<serde_json::Value>,
    pub tool_choice: ToolChoice,
    /// The answer ends with its first call.
    pub at_most_one_call: bool,
    /// Whether the model may think before it answers. Off unless asked for: the thoughts of small models are slow and
    /// seldom help.
    pub thinking: bool,
    /// Most tokens of a thought; then it is closed and the answer begins.
    pub thinking_budget: Option<usize>,
    /// Further variables of the chat template.
    pub template_kwargs: serde_json::Map<String, serde_json::Value>,
    pub generation: GenerationSettings,
}

impl ChatRequest {
    /// Bytes of what was said, which is most of what has to be made tokens.
    pub fn text_bytes(&self) -> usize {
        let bytes =
            |message: &ChatMessage| message.content.len() + message.reasoning_content.as_ref().map_or(0, String::len);
        self.messages.iter().map(bytes).sum()
    }
}

/// Whether and which tools are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// The model isn't told of any.
    None,
    /// At least one, and nothing else.
    Required,
    /// The one of this name, once.
    Named(String),
}

/// Token ids to go on from, without a chat template.
#[derive(Debug, Clone, Default)]
pub struct CompletionRequest {
    pub token_ids: Vec<u32>,
    /// Ids that end the answer; `None`: the model's own ends of turn.
    pub stop_token_ids: Option<Vec<u32>>,
    pub generation: GenerationSettings,
}

/// How an answer is generated. What is left open follows Qwen3's model cards for the mode: temperature 0.6, top_p 0.95
/// with thinking, 0.7 and 0.8 without, top_k 20 in both.
#[derive(Debug, Clone, Default)]
pub struct GenerationSettings {
    pub temperature: Option<f32>,
    pub top_k: Option<usize>,
    pub top_p: Option<f32>,
    pub min_p: Option<f32>,
    pub repetition_penalty: Option<f32>,
    pub presence_penalty: Option<f32>,
    pub frequency_penalty: Option<f32>,
    pub logit_bias: Vec<(u32, f32)>,
    pub seed: Option<u64>,
    /// Most tokens of the answer, thinking included; `None`: what the context leaves.
    pub max_tokens: Option<usize>,
    /// Texts that end the answer; none of them is part of it. They aren't looked for in thinking.
    pub stop: Vec<String>,
    /// Report each token's log-probability and that many alternatives.
    pub logprobs: Option<usize>,
    /// What the answer's text must be; `None`: any text.
    pub format: Option<AnswerFormat>,
    /// Lower ones go first, from -100 to 100; 0 unless said otherwise.
    pub priority: i32,
    /// Who asks, by any name: clients get their turns one after the other. `None`: nobody that asked before.
    pub client: Option<String>,
}

impl GenerationSettings {
    pub(crate) fn sampling(&self, thinking: bool) -> SamplingParams {
        let card = if thinking {
            SamplingParams::qwen3_thinking()
        } else {
            SamplingParams::qwen3_non_thinking()
        };
        SamplingParams {
            temperature: self.temperature.unwrap_or(card.temperature),
            top_k: self.top_k.unwrap_or(card.top_k),
            top_p: self.top_p.unwrap_or(card.top_p),
            min_p: self.min_p.unwrap_or(card.min_p),
            repetition_penalty: self.repetition_penalty.unwrap_or(card.repetition_penalty),
            presence_penalty: self.presence_penalty.unwrap_or(card.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(card.frequency_penalty),
            logit_bias: self.logit_bias.clone(),
            seed: self.seed,
            logprobs: self.logprobs,
        }
    }
}
