//! What an answer's text may be.

use llguidance::api::TopLevelGrammar;
use llguidance::regex_to_lark;
use serde_json::{Value, json};

use super::WHITE_SPACE;
use crate::error::TextError;

/// What a pattern may have at most, in bytes.
const MAX_PATTERN_BYTES: usize = 10_000;
/// Most keys of one object in a schema: the time that a grammar takes grows with their square.
const MAX_KEYS: usize = 1_000;
/// Most values in a schema, all together.
const MAX_VALUES: usize = 50_000;

/// Texts that an answer may be.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that is valid against a schema.
    JsonSchema(Value),
    /// What a whole pattern matches.
    Regex(String),
    /// One of these texts.
    Choice(Vec<String>),
}

pub(super) fn grammar(format: &AnswerFormat) -> Result<TopLevelGrammar, TextError> {
    match format {
        AnswerFormat::JsonObject => Ok(TopLevelGrammar::from_json_schema(with_options(
            json!({"type": "object"}),
            false,
        ))),
        AnswerFormat::JsonSchema(schema @ Value::Object(_)) => {
            check_size(schema).map_err(TextError::UnsupportedFormat)?;
            Ok(TopLevelGrammar::from_json_schema(with_options(schema.clone(), false)))
        }
        AnswerFormat::JsonSchema(_) => unsupported("a JSON schema must be an object"),
        AnswerFormat::Regex(pattern) => {
            // Digits and letters of words are ASCII's, as in JavaScript.
            let pattern = regex_to_lark(without_anchors(pattern)?, "dw");
            Ok(TopLevelGrammar::from_lark(format!("start: /{pattern}/")))
        }
        AnswerFormat::Choice(choices) if choices.iter().any(String::is_empty) || choices.is_empty() => {
            unsupported("a choice needs texts that aren't empty")
        }
        AnswerFormat::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| literal(choice)).collect();
            // A name in capitals is one piece to the grammar, however many choices there are.
            Ok(TopLevelGrammar::from_lark(format!(
                "start: CHOICE\nCHOICE: {}",
                choices.join("\n | ")
            )))
        }
    }
}

/// Refuses what would take long to compile.
pub(super) fn check_size(schema: &Value) -> Result<(), String> {
    let (mut rest, mut num_values) = (vec![schema], 0);
    while let Some(value) = rest.pop() {
        num_values += 1;
        match value {
            Value::Object(object) if object.len() > MAX_KEYS => {
                return Err(format!(
                    "an object in the schema has {} keys, at most {MAX_KEYS} are possible",
                    object.len()
                ));
            }
            Value::Object(object) => rest.extend(object.values()),
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    if num_values > MAX_VALUES {
        return Err(format!(
            "the schema has {num_values} values, at most {MAX_VALUES} are possible"
        ));
    }
    Ok(())
}

/// A schema with how its JSON is written. `lenient` passes over keywords that can't be enforced.
pub(super) fn with_options(mut schema: Value, lenient: bool) -> Value {
    schema["x-guidance"] = json!({"whitespace_pattern": WHITE_SPACE, "lenient": lenient});
    schema
}

/// A text in the grammar language's quotes, which are JSON's.
pub(super) fn literal(text: &str) -> String {
    // The language wants this control character written as JSON needn't.
    Value::from(text).to_string().replace('\u{7F}', r"\u007f")
}

/// The whole text must match, so anchors at the ends say nothing new; the grammar library has none.
fn without_anchors(pattern: &str) -> Result<&str, TextError> {
    let is_escaped = |text: &str| text.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(TextError::UnsupportedFormat(format!(
            "the pattern has {} bytes, at most {MAX_PATTERN_BYTES} are possible",
            pattern.len()
        )));
    }
    if is_escaped(pattern) {
        return unsupported("the pattern ends in a single backslash");
    }
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = match pattern.strip_suffix('$') {
        Some(before) if !is_escaped(before) => before,
        _ => pattern,
    };
    if pattern.is_empty() {
        return unsupported("the pattern matches nothing but the empty text");
    }
    Ok(pattern)
}

fn unsupported<T>(message: &str) -> Result<T, TextError> {
    Err(TextError::UnsupportedFormat(message.to_owned()))
}
