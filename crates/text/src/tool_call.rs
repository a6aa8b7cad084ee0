//! Reads what a model wrote between `<tool_call>` and `</tool_call>`, whole or as it comes.

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

/// Reads a call while it is written, so that its arguments can be passed on at once.
#[derive(Debug, Default)]
pub(crate) struct ToolCallReader {
    body: String,
    /// Set once the name is known and the arguments begin.
    arguments: Option<Arguments>,
}

#[derive(Debug)]
struct Arguments {
    /// Where they begin in the body.
    start: usize,
    /// Where what was read of them ends.
    end: usize,
    /// Open objects and arrays; 0 once they are complete.
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// What a piece of a call brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CallProgress {
    /// The name, once.
    pub(crate) name: Option<String>,
    /// More of the arguments.
    pub(crate) arguments: String,
}

impl ToolCallReader {
    /// Reads the next piece of text.
    pub(crate) fn push(&mut self, text: &str) -> CallProgress {
        self.body.push_str(text);
        let mut progress = CallProgress::default();
        // The arguments begin with a brace: without a new one, looking again is in vain.
        if self.arguments.is_none()
            && text.contains('{')
            && let Some((name, start)) = head(&self.body)
        {
            progress.name = Some(name);
            self.arguments = Some(Arguments::at(start));
        }
        if let Some(arguments) = &mut self.arguments {
            progress.arguments = arguments.read(&self.body).to_owned();
        }
        progress
    }

    /// Whether pieces of it were passed on.
    pub(crate) fn has_started(&self) -> bool {
        self.arguments.is_some()
    }

    /// What was read, as it was written.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// The name and the arguments of the whole call, if it is one and its arguments are those that were passed on.
    pub(crate) fn finish(&self) -> Option<(String, String)> {
        let (name, arguments) = parse(&self.body)?;
        let passed_on = self
            .arguments
            .as_ref()
            .map(|passed_on| &self.body[passed_on.start..passed_on.end]);
        passed_on
            .is_none_or(|passed_on| passed_on == arguments)
            .then_some((name, arguments))
    }
}

impl Arguments {
    fn at(start: usize) -> Self {
        Self {
            start,
            end: start,
            depth: 0,
            in_string: false,
            escaped: false,
        }
    }

    /// What `body` has more of them.
    fn read<'b>(&mut self, body: &'b str) -> &'b str {
        let first = self.end;
        for byte in body.bytes().skip(first) {
            if self.end > self.start && self.depth == 0 {
                break;
            }
            self.end += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => self.depth -= 1,
                _ => {}
            }
        }
        &body[first..self.end]
    }
}

/// The name of a call whose body begins `{"name": …, "arguments": {`, and where that last brace is. None for any other
/// order and where the body isn't that long yet.
fn head(body: &str) -> Option<(String, usize)> {
    let rest = body.trim_start().strip_prefix('{')?.trim_start();
    let rest = rest
        .strip_prefix("\"name\"")?
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    let (name, name_bytes): (String, _) = first_value(rest)?;
    let rest = rest[name_bytes..].trim_start().strip_prefix(',')?.trim_start();
    let rest = rest
        .strip_prefix("\"arguments\"")?
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    (!name.is_empty() && rest.starts_with('{')).then(|| (name, body.len() - rest.len()))
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

    /// Feeds a body in pieces of `size` characters: the name, the joined arguments and the end.
    fn read(body: &str, size: usize) -> (Option<String>, String, Option<(String, String)>) {
        let (mut reader, mut name, mut arguments) = (ToolCallReader::default(), None, String::new());
        let chars: Vec<char> = body.chars().collect();
        for piece in chars.chunks(size) {
            let progress = reader.push(&piece.iter().collect::<String>());
            if let Some(known) = progress.name {
                assert_eq!(name.replace(known), None, "the name comes once");
            }
            assert!(name.is_some() || progress.arguments.is_empty());
            arguments.push_str(&progress.arguments);
        }
        assert_eq!(reader.has_started(), name.is_some());
        (name, arguments, reader.finish())
    }

    #[test]
    fn pieces_of_any_size_join_to_the_whole() {
        let arguments = r#"{"a}\\": ["x\"}]", {"é": 1}], "b": {}}"#;
        let body = format!("\n{{\"name\": \"f\\\"g\", \"arguments\": {arguments} }}\n");
        for size in 1..40 {
            let (name, read, end) = read(&body, size);
            assert_eq!((name.as_deref(), read.as_str()), (Some("f\"g"), arguments), "{size}");
            assert_eq!(end, call("f\"g", arguments));
        }
    }

    #[test]
    fn other_shapes_come_whole_or_not_at_all() {
        for size in [1, 3, 100] {
            let swapped = r#"{"arguments": {"a": 1}, "name": "f"}"#;
            assert_eq!(read(swapped, size), (None, String::new(), call("f", r#"{"a": 1}"#)));
            assert_eq!(read("{\"name\": \"f\", \"argum", size), (None, String::new(), None));
            let cut_off = r#"{"name": "f", "arguments": {"a": ["#;
            assert_eq!(read(cut_off, size), (Some("f".into()), r#"{"a": ["#.into(), None));
            let twice = r#"{"name": "f", "arguments": {}, "arguments": {"a": 1}}"#;
            assert_eq!(read(twice, size), (Some("f".into()), "{}".into(), None));
            let mismatched = r#"{"name": "f", "arguments": {]}}"#;
            assert_eq!(read(mismatched, size).2, None);
        }
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
