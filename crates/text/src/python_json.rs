//! JSON as Python's `json.dumps` writes it: models are trained on prompts that were made with it.

use serde_json::Value;

/// The options of `json.dumps` that chat templates use.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) ensure_ascii: bool,
    /// What one level is indented by; `None` writes one line.
    pub(crate) indent: Option<String>,
    pub(crate) item_separator: String,
    pub(crate) key_separator: String,
    pub(crate) sort_keys: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            ensure_ascii: false,
            indent: None,
            item_separator: ", ".to_owned(),
            key_separator: ": ".to_owned(),
            sort_keys: false,
        }
    }
}

/// Writes `value` in the given style.
pub(crate) fn to_string(value: &Value, style: &Style) -> String {
    let mut out = String::new();
    write_value(&mut out, value, style, 0);
    out
}

fn write_value(out: &mut String, value: &Value, style: &Style, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => out.push_str(&float_repr(float)),
            None => out.push_str(&number.to_string()),
        },
        Value::String(text) => write_string(out, text, style),
        Value::Array(items) => write_items(out, items, ['[', ']'], style, depth, |out, item| {
            write_value(out, item, style, depth + 1);
        }),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            if style.sort_keys {
                entries.sort_by_key(|(key, _)| *key);
            }
            write_items(out, &entries, ['{', '}'], style, depth, |out, (key, value)| {
                write_string(out, key, style);
                out.push_str(&style.key_separator);
                write_value(out, value, style, depth + 1);
            });
        }
    }
}

fn write_items<T>(
    out: &mut String,
    items: &[T],
    [open, close]: [char; 2],
    style: &Style,
    depth: usize,
    mut write: impl FnMut(&mut String, &T),
) {
    let break_line = |out: &mut String, depth: usize| {
        if let Some(indent) = &style.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(indent.as_str(), depth));
        }
    };
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(&style.item_separator);
        }
        break_line(out, depth + 1);
        write(out, item);
    }
    if !items.is_empty() {
        break_line(out, depth);
    }
    out.push(close);
}

fn write_string(out: &mut String, text: &str, style: &Style) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '\0'..='\u{1F}' => escape(out, char),
            '\u{7F}'.. if style.ensure_ascii && char != '\u{7F}' => escape(out, char),
            _ => out.push(char),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, char: char) {
    for unit in char.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

/// Python's `repr` of a float: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16.
fn float_repr(value: f64) -> String {
    let shortest = format!("{value:e}");
    let Some((mantissa, exponent)) = shortest.split_once('e') else {
        return shortest;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn floats_are_python_s() {
        let cases = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (123456789012345.6, "123456789012345.6"),
        ];
        for (float, expected) in cases {
            assert_eq!(float_repr(float), expected);
        }
    }

    #[test]
    fn nothing_is_escaped_for_html() {
        let value = json!({"b": "<é'&\u{2028}\u{7F}>", "a": "\"\\\n\r\t\u{8}\u{C}\u{1}"});
        let expected = "{\"b\": \"<é'&\u{2028}\u{7F}>\", \"a\": \"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\"}";
        assert_eq!(to_string(&value, &Style::default()), expected);
    }

    #[test]
    fn options_work() {
        let value = json!({"b": [1, []], "a": {"c": "é😀\u{7F}"}});
        let style = Style {
            ensure_ascii: true,
            indent: Some("  ".into()),
            item_separator: ",".into(),
            sort_keys: true,
            ..Style::default()
        };
        let expected =
            "{\n  \"a\": {\n    \"c\": \"\\u00e9\\ud83d\\ude00\u{7F}\"\n  },\n  \"b\": [\n    1,\n    []\n  ]\n}";
        assert_eq!(to_string(&value, &style), expected);
    }
}
