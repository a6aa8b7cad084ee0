//! What a chat template is given: messages, tools and options, in the form that OpenAI's API and transformers use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    #[serde(alias = "developer")]
    System,
    User,
    Assistant,
    /// The result of a tool call.
    Tool,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    pub role: Role,
    /// Empty where an assistant only calls tools (`null` is read as empty).
    #[serde(default, deserialize_with = "null_as_default")]
    pub content: String,
    /// What an assistant thought before it answered. `None` leaves it to the template to look for `</think>` in the
    /// content; an empty string says that there was no thought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub tool_calls: Vec<ToolCall>,
    /// Which call a tool's message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ChatMessage {
    /// A message with nothing but a role and its content.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            reasoning_content: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
        }
    }
}

/// A call that an assistant made. Read from `{id, function: {name, arguments}}` or flat from `{id, name, arguments}`;
/// written in the first form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "AnyToolCall")]
pub struct ToolCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Always `function`.
    #[serde(rename = "type")]
    pub kind: String,
    pub function: FunctionCall,
}

impl ToolCall {
    pub fn new(id: Option<String>, name: impl Into<String>, arguments: Value) -> Self {
        Self {
            id,
            kind: "function".to_owned(),
            function: FunctionCall {
                name: name.into(),
                arguments,
            },
        }
    }
}

/// The function of a tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall {
    pub name: String,
    /// An object, or a string that holds JSON, which is shown to the model as it is.
    #[serde(default = "no_arguments")]
    pub arguments: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AnyToolCall {
    Nested {
        #[serde(default)]
        id: Option<String>,
        function: FunctionCall,
    },
    Flat {
        #[serde(default)]
        id: Option<String>,
        name: String,
        #[serde(default = "no_arguments")]
        arguments: Value,
    },
}

impl From<AnyToolCall> for ToolCall {
    fn from(any: AnyToolCall) -> Self {
        match any {
            AnyToolCall::Nested { id, function } => Self::new(id, function.name, function.arguments),
            AnyToolCall::Flat { id, name, arguments } => Self::new(id, name, arguments),
        }
    }
}

/// Everything that a prompt is rendered from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatPrompt {
    /// At least one.
    pub messages: Vec<ChatMessage>,
    /// JSON descriptions of the functions that the model may call; keys keep their order.
    #[serde(default, deserialize_with = "null_as_default")]
    pub tools: Vec<Value>,
    /// Whether the prompt ends where the assistant's next answer begins.
    #[serde(default)]
    pub add_generation_prompt: bool,
    /// `None` leaves it to the template (Qwen3 then thinks).
    #[serde(default)]
    pub enable_thinking: Option<bool>,
    /// More variables for the template. They can't replace those above.
    #[serde(default, deserialize_with = "null_as_default")]
    pub template_kwargs: Map<String, Value>,
}

fn no_arguments() -> Value {
    Value::Object(Map::new())
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_clients_send() {
        let message: ChatMessage = serde_json::from_str(
            r#"{"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"name": "g"}]}"#,
        )
        .unwrap();
        assert_eq!(message.content, "");
        assert_eq!(
            message.tool_calls,
            [
                ToolCall::new(Some("call_1".into()), "f", "{}".into()),
                ToolCall::new(None, "g", no_arguments())
            ]
        );
        let prompt: ChatPrompt =
            serde_json::from_str(r#"{"messages": [{"role": "developer"}], "tools": null}"#).unwrap();
        assert_eq!(prompt.messages, [ChatMessage::new(Role::System, "")]);
        assert!(serde_json::from_str::<ChatMessage>(r#"{"role": "robot"}"#).is_err());
    }

    #[test]
    fn writes_only_what_is_there() {
        let mut message = ChatMessage::new(Role::Assistant, "hi");
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(json, r#"{"role":"assistant","content":"hi"}"#);
        message.tool_calls.push(ToolCall::new(None, "f", no_arguments()));
        let json = serde_json::to_string(&message).unwrap();
        assert!(json.ends_with(r#""tool_calls":[{"type":"function","function":{"name":"f","arguments":{}}}]}"#));
    }
}
