//! What stands in a tool call, in Qwen3's form.

use std::fmt::Write;

use llguidance::api::{GrammarWithLexer, TopLevelGrammar};
use serde_json::{Value, json};

use super::format::{check_size, literal, with_options};
use crate::error::TextError;

/// A function that may be called.
pub(super) struct CallableTool {
    pub(super) name: String,
    /// Schema of the arguments, with how their JSON is written.
    parameters: Value,
}

/// The tools of a request, in OpenAI's form; `only` leaves out the others.
pub(super) fn tools(tools: &[Value], only: Option<&str>) -> Result<Vec<CallableTool>, TextError> {
    let mut callable = Vec::new();
    for tool in tools {
        let function = tool.get("function").unwrap_or(tool);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        if only.is_none_or(|only| only == name) {
            callable.push(CallableTool {
                name: name.to_owned(),
                parameters: parameters(name, function)?,
            });
        }
    }
    match (callable.is_empty(), only) {
        (false, _) => Ok(callable),
        (true, only) => Err(unsupported(only.unwrap_or_default(), "there is no such tool")),
    }
}

/// Schemas of tools are often written for people: what can't be enforced in them is passed over, unless the tool says
/// `strict`.
fn parameters(name: &str, function: &Value) -> Result<Value, TextError> {
    let is_strict = function.get("strict").and_then(Value::as_bool).unwrap_or(false);
    let mut schema = match function.get("parameters") {
        None | Some(Value::Null) => json!({"type": "object", "properties": {}, "additionalProperties": false}),
        Some(schema @ Value::Object(_)) => {
            check_size(schema).map_err(|message| unsupported(name, &message))?;
            schema.clone()
        }
        Some(_) => return Err(unsupported(name, "they must be a JSON schema, which is an object")),
    };
    match schema.get("type") {
        None => schema["type"] = "object".into(),
        Some(kind) if kind == "object" => {}
        Some(kind) => {
            let message = format!("they must be of the type \"object\", not {kind}");
            return Err(unsupported(name, &message));
        }
    }
    Ok(with_options(schema, !is_strict))
}

pub(super) fn grammar(tools: &[CallableTool]) -> TopLevelGrammar {
    let mut lark = String::from("start: \"\\n\" call \"\\n\"\ncall: ");
    for (index, tool) in tools.iter().enumerate() {
        let separator = if index > 0 { "\n | " } else { "" };
        let begin = literal(&format!(
            "{{\"name\": {}, \"arguments\": ",
            Value::from(tool.name.as_str())
        ));
        // Writing to a string can't fail.
        let _ = write!(lark, "{separator}{begin} @arguments_{index} \"}}\"");
    }
    let arguments = tools.iter().enumerate().map(|(index, tool)| GrammarWithLexer {
        name: Some(format!("arguments_{index}")),
        ..GrammarWithLexer::from_json_schema(tool.parameters.clone())
    });
    TopLevelGrammar {
        grammars: std::iter::once(GrammarWithLexer::from_lark(lark))
            .chain(arguments)
            .collect(),
        max_tokens: None,
    }
}

fn unsupported(name: &str, message: &str) -> TextError {
    TextError::UnsupportedTool {
        name: name.to_owned(),
        message: message.to_owned(),
    }
}
