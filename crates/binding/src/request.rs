//! Requests as JavaScript sends them.

use izwi_runtime::{
    AnswerFormat, ChatMessage, ChatRequest, CompletionRequest, GenerationSettings, Role, ToolCall, ToolChoice,
};
use napi::bindgen_prelude::Uint32Array;
use napi_derive::napi;
use serde_json::{Map, Value};

use crate::convert::{count, invalid_request};

#[napi(object)]
pub struct NativeToolCall {
    pub id: Option<String>,
    pub name: String,
    /// JSON as the model wrote it.
    pub arguments: String,
}

#[napi(object)]
pub struct NativeMessage {
    pub role: String,
    pub content: String,
    pub reasoning_content: Option<String>,
    pub tool_calls: Option<Vec<NativeToolCall>>,
    pub tool_call_id: Option<String>,
    pub name: Option<String>,
}

#[napi(object)]
pub struct NativeLogitBias {
    pub token_id: u32,
    pub bias: f64,
}

#[napi(object)]
pub struct NativeChatRequest {
    pub messages: Vec<NativeMessage>,
    /// A JSON array of OpenAI-style tools.
    pub tools: Option<String>,
    /// A JSON object.
    pub template_kwargs: Option<String>,
    pub thinking: Option<bool>,
    pub thinking_budget: Option<f64>,
    /// auto | none | required | named
    pub tool_choice: Option<String>,
    /// The tool that is `named`.
    pub tool_name: Option<String>,
    pub parallel_tool_calls: Option<bool>,
    pub generation: Option<NativeGenerationSettings>,
}

#[napi(object)]
pub struct NativeCompletionRequest {
    pub token_ids: Uint32Array,
    pub stop_token_ids: Option<Vec<u32>>,
    pub generation: Option<NativeGenerationSettings>,
}

#[napi(object)]
#[derive(Default)]
pub struct NativeGenerationSettings {
    pub temperature: Option<f64>,
    pub top_k: Option<f64>,
    pub top_p: Option<f64>,
    pub min_p: Option<f64>,
    pub repetition_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub logit_bias: Option<Vec<NativeLogitBias>>,
    pub seed: Option<f64>,
    pub max_tokens: Option<f64>,
    pub stop: Option<Vec<String>>,
    pub logprobs: Option<f64>,
    pub response_format: Option<NativeResponseFormat>,
    /// -100 to 100
    pub priority: Option<i32>,
    pub client: Option<String>,
}

#[napi(object)]
pub struct NativeResponseFormat {
    /// json-object | json-schema | regex | choice
    #[napi(js_name = "type")]
    pub kind: String,
    /// JSON text.
    pub schema: Option<String>,
    pub pattern: Option<String>,
    pub choices: Option<Vec<String>>,
}

impl TryFrom<NativeChatRequest> for ChatRequest {
    type Error = napi::Error;

    fn try_from(request: NativeChatRequest) -> napi::Result<Self> {
        Ok(Self {
            messages: request.messages.into_iter().map(message).collect::<napi::Result<_>>()?,
            tools: json::<Vec<Value>>("tools", request.tools.as_deref())?,
            tool_choice: tool_choice(request.tool_choice.as_deref(), request.tool_name)?,
            at_most_one_call: !request.parallel_tool_calls.unwrap_or(true),
            thinking: request.thinking.unwrap_or(false),
            thinking_budget: count("thinking.budget", request.thinking_budget)?,
            template_kwargs: json::<Map<String, Value>>("templateKwargs", request.template_kwargs.as_deref())?,
            generation: request.generation.unwrap_or_default().try_into()?,
        })
    }
}

impl TryFrom<NativeCompletionRequest> for CompletionRequest {
    type Error = napi::Error;

    fn try_from(request: NativeCompletionRequest) -> napi::Result<Self> {
        Ok(Self {
            token_ids: request.token_ids.to_vec(),
            stop_token_ids: request.stop_token_ids,
            generation: request.generation.unwrap_or_default().try_into()?,
        })
    }
}

impl TryFrom<NativeGenerationSettings> for GenerationSettings {
    type Error = napi::Error;

    fn try_from(settings: NativeGenerationSettings) -> napi::Result<Self> {
        let number = |value: Option<f64>| value.map(|value| value as f32);
        let biases = settings.logit_bias.unwrap_or_default();
        Ok(Self {
            temperature: number(settings.temperature),
            top_k: count("topK", settings.top_k)?,
            top_p: number(settings.top_p),
            min_p: number(settings.min_p),
            repetition_penalty: number(settings.repetition_penalty),
            presence_penalty: number(settings.presence_penalty),
            frequency_penalty: number(settings.frequency_penalty),
            logit_bias: biases
                .into_iter()
                .map(|bias| (bias.token_id, bias.bias as f32))
                .collect(),
            seed: count("seed", settings.seed)?.map(|seed| seed as u64),
            max_tokens: count("maxTokens", settings.max_tokens)?,
            stop: settings.stop.unwrap_or_default(),
            logprobs: count("logprobs", settings.logprobs)?,
            format: settings.response_format.map(answer_format).transpose()?,
            priority: settings.priority.unwrap_or(0),
            client: settings.client,
        })
    }
}

fn tool_choice(choice: Option<&str>, name: Option<String>) -> napi::Result<ToolChoice> {
    match (choice, name) {
        (None | Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("required"), _) => Ok(ToolChoice::Required),
        (Some("named"), Some(name)) => Ok(ToolChoice::Named(name)),
        (Some(choice), _) => Err(invalid_request(format!("the tool choice {choice:?} is unknown"))),
    }
}

fn answer_format(format: NativeResponseFormat) -> napi::Result<AnswerFormat> {
    match format.kind.as_str() {
        "json-object" => Ok(AnswerFormat::JsonObject),
        "json-schema" => {
            let schema = format.schema.as_deref().unwrap_or("null");
            json::<Value>("responseFormat.schema", Some(schema)).map(AnswerFormat::JsonSchema)
        }
        "regex" => Ok(AnswerFormat::Regex(format.pattern.unwrap_or_default())),
        "choice" => Ok(AnswerFormat::Choice(format.choices.unwrap_or_default())),
        kind => Err(invalid_request(format!("the response format {kind:?} is unknown"))),
    }
}

fn message(message: NativeMessage) -> napi::Result<ChatMessage> {
    let role: Role = serde_json::from_value(Value::String(message.role.clone()))
        .map_err(|_| invalid_request(format!("the role \"{}\" is unknown", message.role)))?;
    let tool_calls = message.tool_calls.unwrap_or_default();
    Ok(ChatMessage {
        reasoning_content: message.reasoning_content,
        tool_calls: tool_calls
            .into_iter()
            .map(|call| ToolCall::new(call.id, call.name, Value::String(call.arguments)))
            .collect(),
        tool_call_id: message.tool_call_id,
        name: message.name,
        ..ChatMessage::new(role, message.content)
    })
}

fn json<T: Default + serde::de::DeserializeOwned>(name: &str, text: Option<&str>) -> napi::Result<T> {
    match text {
        None => Ok(T::default()),
        Some(text) => {
            serde_json::from_str(text).map_err(|error| invalid_request(format!("{name} is not valid JSON: {error}")))
        }
    }
}
