//! Reads what a model wrote between `<tool_call>` and `</tool_call>`.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// The name of the function and its arguments, JSON as the model wrote it. `None` if `body` isn't one JSON object with
/// a name, or if the arguments are neither an object nor a string that holds one.
pub(crate) fn parse(body: &str) -> Option<(String, String)> {
    let (mut name, mut arguments) = (None, None);
    for (key, value) in object_entries(body.trim())? {
        match key.as_str() {
            "name" => name = Some(serde_json::from_str::<String>(value).ok()?),
            "arguments" => arguments = Some(value),
            _ => {}
        }
    }
    let name = name.filter(|name| !name.is_empty())?;
    Some((name, arguments_object(arguments)?))
}

fn arguments_object(written: Option<&str>) -> Option<String> {
    let Some(written) = written else {
        return Some("{}".to_owned());
    };
    match serde_json::from_str(written).ok()? {
        Value::Object(_) => Some(written.to_owned()),
        Value::Null => Some("{}".to_owned()),
        Value::String(inner) => match serde_json::from_str(&inner).ok()? {
            Value::Object(_) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

/// The keys of a JSON object with their values' source text, which keeps numbers and spaces as they were written.
fn object_entries(json: &str) -> Option<Vec<(String, &str)>> {
    let mut entries = Vec::new();
    let mut rest = json.strip_prefix('{')?.trim_start();
    if rest == "}" {
        return Some(entries);
    }
    loop {
        let (key, key_bytes): (String, _) = first_value(rest)?;
        let value = rest[key_bytes..].trim_start().strip_prefix(':')?.trim_start();
        let (IgnoredAny, value_bytes) = first_value(value)?;
        entries.push((key, value[..value_bytes].trim_end()));
        rest = value[value_bytes..].trim_start();
        if rest == "}" {
            return Some(entries);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// The JSON value that `text` begins with, and its length in bytes.
fn first_value<T: DeserializeOwned>(text: &str) -> Option<(T, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Option<(String, String)> {
        parse(body)
    }

    fn call(name: &str, arguments: &str) -> Option<(String, String)> {
        Some((name.to_owned(), arguments.to_owned()))
    }

    #[test]
    fn arguments_stay_as_written() {
        let written = r#"{"b": 1e5,  "a": [12345678901234567890123, "é}\"{"]}"#;
        let body = format!("\n{{\"name\": \"f\", \"arguments\": {written} }}\n");
        assert_eq!(parsed(&body), call("f", written));
        let swapped = format!("{{ \"arguments\":{written},\"id\" : 7 , \"name\":\"f\"}}");
        assert_eq!(parsed(&swapped), call("f", written));
    }

    #[test]
    fn arguments_may_be_missing_or_a_string() {
        assert_eq!(parsed(r#"{"name": "f"}"#), call("f", "{}"));
        assert_eq!(parsed(r#"{"name": "f", "arguments": null}"#), call("f", "{}"));
        assert_eq!(
            parsed(r#"{"name": "f", "arguments": "{\"a\": 1}"}"#),
            call("f", r#"{"a": 1}"#)
        );
    }

    #[test]
    fn anything_else_is_no_call() {
        let bad = [
            "",
            "{",
            "{}",
            "[]",
            "null",
            "f()",
            r#"{"name": ""}"#,
            r#"{"name": 1}"#,
            r#"{"arguments": {}}"#,
            r#"{"name": "f", "arguments": [1]}"#,
            r#"{"name": "f", "arguments": "x"}"#,
            r#"{"name": "f", "arguments": {"a": }}"#,
            r#"{"name": "f"} x"#,
            r#"{"name": "f",}"#,
            r#"{"name" "f"}"#,
            r#"{"name": "f" "arguments": {}}"#,
            r#"{"name": "f", "arguments": {"a": 1}"#,
        ];
        for body in bad {
            assert_eq!(parsed(body), None, "{body}");
        }
        let deep = format!(
            r#"{{"name": "f", "arguments": {}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(parsed(&deep), None);
    }
}
