use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::test_support::{Random, tokenizer};

static COMPILER: LazyLock<GrammarCompiler> = LazyLock::new(|| GrammarCompiler::new(tokenizer()).unwrap());

fn schema(schema: Value) -> AnswerFormat {
    AnswerFormat::JsonSchema(schema)
}

fn refusal(format: &AnswerFormat) -> String {
    COMPILER.answer(format).map(drop).unwrap_err().to_string()
}

fn ids(set: &[u32]) -> Vec<u32> {
    (0..set.len() as u32 * 32)
        .filter(|id| set[*id as usize / 32] >> (id % 32) & 1 == 1)
        .collect()
}

/// Whether a grammar takes a text, token by token, and lets it end there.
fn takes(grammar: &mut Grammar, text: &str) -> bool {
    for id in tokenizer().encode(text) {
        if grammar.is_complete() || !ids(grammar.allowed().unwrap()).contains(&id) {
            return false;
        }
        grammar.accept(id).unwrap();
    }
    grammar.may_end()
}

/// A text of random tokens that a grammar allows, ended as soon as it may after `most` tokens. None if it doesn't end.
fn random_text(mut grammar: Grammar, random: &mut Random, most: usize) -> Option<String> {
    let tokenizer = tokenizer();
    let mut written = Vec::new();
    while !grammar.is_complete() {
        let may_end = grammar.may_end();
        if may_end && (written.len() >= most || random.below(4) == 0) {
            break;
        }
        if written.len() > 40 * most {
            return None;
        }
        let mut allowed = ids(grammar.allowed().unwrap());
        assert!(
            !allowed.is_empty() || may_end,
            "stuck after {:?}",
            tokenizer.decode(&written)
        );
        assert!(allowed.iter().all(|&id| !tokenizer.is_special(id)));
        if written.len() > most {
            // Quotes and brackets get it to an end.
            let closes = |id: &u32| matches!(tokenizer.token_bytes(*id), Some(b"\"" | b"}" | b"]"));
            let closing: Vec<u32> = allowed.iter().copied().filter(closes).collect();
            if !closing.is_empty() {
                allowed = closing;
            }
        }
        if allowed.is_empty() {
            break;
        }
        let id = *random.pick(&allowed);
        written.push(id);
        grammar.accept(id).unwrap();
    }
    Some(tokenizer.decode(&written))
}

#[test]
fn every_random_text_is_valid() {
    let person = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 8},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "tags": {"type": "array", "items": {"enum": ["a", "b", 3, null]}, "maxItems": 3},
        },
        "required": ["name", "age"],
        "additionalProperties": false,
    });
    let mut random = Random::new(3);
    for _ in 0..200 {
        let grammar = COMPILER.answer(&schema(person.clone())).unwrap();
        let text = random_text(grammar, &mut random, 60).expect("it is bounded");
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let object = value.as_object().unwrap();
        assert!(object["name"].as_str().unwrap().chars().count() <= 8, "{text}");
        assert!((0..=150).contains(&object["age"].as_i64().unwrap()), "{text}");
        if let Some(tags) = object.get("tags") {
            let tags = tags.as_array().unwrap();
            assert!(
                tags.len() <= 3
                    && tags
                        .iter()
                        .all(|tag| json!(["a", "b", 3, null]).as_array().unwrap().contains(tag))
            );
        }
        assert!(object.keys().all(|key| ["name", "age", "tags"].contains(&key.as_str())));
        assert!(
            text.starts_with('{') && text.ends_with('}'),
            "nothing stands around it: {text:?}"
        );
    }
}

#[test]
fn any_object_is_json() {
    let mut random = Random::new(9);
    let mut num_whole = 0;
    for _ in 0..60 {
        let grammar = COMPILER.answer(&AnswerFormat::JsonObject).unwrap();
        if let Some(text) = random_text(grammar, &mut random, 20) {
            num_whole += 1;
            let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert!(value.is_object());
        }
    }
    assert!(num_whole > 20, "{num_whole}");
}

#[test]
fn white_space_is_a_choice_but_not_for_ever() {
    let grammar = COMPILER.answer(&AnswerFormat::JsonObject).unwrap();
    for good in [
        "{\"a\":1,\"b\":[]}",
        "{\"a\": 1, \"b\": [1, 2]}",
        "{\n  \"a\": {\n    \"b\": 1\n  }\n}",
        "{\n\t\"a\": 1\n}",
    ] {
        assert!(takes(&mut grammar.clone(), good), "{good:?}");
    }
    for bad in [
        "{\"a\":  1}",
        "{\n\n\"a\":1}",
        " {}",
        "{} ",
        "[1]",
        "{\"a\":1,}",
        "{'a':1}",
    ] {
        assert!(!takes(&mut grammar.clone(), bad), "{bad:?}");
    }
    let mut white_space = grammar.clone();
    assert!(!takes(&mut white_space, &format!("{{\n{}\"a\": 1}}", " ".repeat(30))));
}

#[test]
fn a_complete_text_is_noticed_at_its_last_token() {
    let mut grammar = COMPILER
        .answer(&schema(json!({"type": "object", "properties": {}})))
        .unwrap();
    assert!(!grammar.may_end());
    assert!(takes(&mut grammar, "{\"a\": {}}"));
    assert!(grammar.is_complete());
    assert_eq!(grammar.allowed().unwrap(), [0; 0]);
}

#[test]
fn choices_are_exactly_their_texts() {
    let choices = ["yes", "yes please", "no\n\"é\u{7f}\\x41\" /i", "e\u{301}"].map(str::to_owned);
    let grammar = COMPILER.answer(&AnswerFormat::Choice(choices.to_vec())).unwrap();
    let tokenizer = tokenizer();
    for choice in &choices {
        let mut grammar = grammar.clone();
        for id in tokenizer.encode_as_is(choice) {
            assert!(ids(grammar.allowed().unwrap()).contains(&id), "{choice:?}");
            grammar.accept(id).unwrap();
        }
        assert!(grammar.may_end(), "{choice:?}");
        assert_eq!(grammar.is_complete(), choice != "yes", "{choice:?}");
    }
    for bad in ["ye", "yes ", "no", "maybe", "é"] {
        assert!(!takes(&mut grammar.clone(), bad), "{bad:?}");
    }
    for none in [vec![], vec![String::new()]] {
        assert!(refusal(&AnswerFormat::Choice(none)).contains("a choice needs"));
    }
}

#[test]
fn patterns_match_the_whole_text() {
    let regex = |pattern: &str| COMPILER.answer(&AnswerFormat::Regex(pattern.to_owned())).unwrap();
    for pattern in [r"\d{3}-[a-c]+/x", r"^\d{3}-[a-c]+/x$"] {
        assert!(takes(&mut regex(pattern), "123-abc/x"), "{pattern}");
        assert!(!takes(&mut regex(pattern), "123-abd/x"), "{pattern}");
        assert!(!takes(&mut regex(pattern), "123-abc/xy"), "{pattern}");
    }
    assert!(takes(&mut regex(r"a\$"), "a$"));
    assert!(!takes(&mut regex(r"\d"), "٣"));
    assert!(takes(&mut regex("\n+#"), "\n\n#"));
    for bad in ["(", "a{2,1}", r"a\", "(?=a)b", "[z-a]", "", "^$"] {
        assert!(refusal(&AnswerFormat::Regex(bad.to_owned())).len() > 20, "{bad}");
    }
}

#[test]
fn what_a_schema_has_that_isn_t_supported_is_named() {
    for (bad, word) in [
        (
            json!({"type": "object", "properties": {"a": {"not": {"type": "string"}}}}),
            "not",
        ),
        (json!({"type": "string", "format": "no-such-format"}), "no-such-format"),
        (json!({"type": "sting"}), "sting"),
        (json!({"type": "array", "uniqueItems": true}), "uniqueItems"),
        (json!({"$ref": "#/$defs/missing"}), "missing"),
        (json!({"$ref": "https://example.com/schema"}), "ref"),
        (json!({"enum": []}), "nsatisfiable"),
        (json!({"type": "integer", "minimum": 3, "maximum": 2}), "nsatisfiable"),
    ] {
        let message = refusal(&schema(bad.clone()));
        assert!(message.contains(word), "{bad}: {message}");
        assert!(message.len() < 600 && !message.contains("backtrace"), "{message}");
    }
    assert!(refusal(&schema(Value::Bool(true))).contains("must be an object"));
    let keys: serde_json::Map<String, Value> = (0..1_001).map(|key| (key.to_string(), json!({}))).collect();
    assert!(refusal(&schema(json!({"properties": keys}))).contains("1001 keys"));
    assert!(refusal(&schema(json!({"enum": vec![0; 50_001]}))).contains("at most 50000"));
    assert!(refusal(&AnswerFormat::Regex("x".repeat(10_001))).contains("10001 bytes"));
    // A schema can't change how it is enforced.
    let mut loose = COMPILER
        .answer(&schema(
            json!({"type": "object", "x-guidance": {"whitespace_flexible": true}}),
        ))
        .unwrap();
    assert!(!takes(&mut loose, "{   }"));
}

#[test]
fn references_and_recursion_work() {
    let tree = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object",
            "properties": {"left": {"$ref": "#/$defs/node"}, "value": {"type": "integer"}},
            "required": ["value"],
            "additionalProperties": false,
        }},
    });
    let grammar = COMPILER.answer(&schema(tree)).unwrap();
    assert!(takes(
        &mut grammar.clone(),
        r#"{"left":{"left":{"value":1},"value":2},"value":3}"#
    ));
    assert!(!takes(&mut grammar.clone(), r#"{"left":{"value":"1"},"value":3}"#));
}

/// What is made to cost much must be refused or stay cheap, and never panic.
#[test]
fn hostile_formats_are_refused_or_cheap() {
    let nested = |depth: usize| {
        (0..depth).fold(
            json!({"type": "string"}),
            |inner, _| json!({"type": "array", "items": inner}),
        )
    };
    let nested_by = |keyword: &str, depth: usize| {
        (0..depth).fold(
            json!({"type": "object"}),
            |inner, index| json!({keyword: [inner, {"properties": {index.to_string(): {"type": "string"}}}]}),
        )
    };
    let nested_objects = (0..60).fold(
        json!({}),
        |inner, _| json!({"type": "object", "properties": {"a": inner}, "required": ["a"]}),
    );
    let wide: serde_json::Map<String, Value> = (0..1_000)
        .map(|index| (format!("p{index}"), json!({"type": "string"})))
        .collect();
    let doubling: serde_json::Map<String, Value> = (0..40)
        .map(|index| {
            let next = json!({"$ref": format!("#/$defs/d{}", index + 1)});
            (format!("d{index}"), json!({"allOf": [next.clone(), next]}))
        })
        .chain([("d40".to_owned(), json!({"type": "string"}))])
        .collect();
    let hostile = [
        AnswerFormat::Regex("(a{1,1000}){1,1000}".into()),
        AnswerFormat::Regex("((a+)+)+b".into()),
        AnswerFormat::Regex("(.*a){30}".into()),
        AnswerFormat::Regex(format!("{}a{}", "(".repeat(2_000), ")".repeat(2_000))),
        AnswerFormat::Regex("[ab]*a[ab]{200}".into()),
        AnswerFormat::Regex("x".repeat(10_000)),
        AnswerFormat::Regex(r"[^\s\S]".into()),
        AnswerFormat::Choice((0..20_000).map(|index| format!("choice {index}")).collect()),
        schema(nested(120)),
        schema(nested_by("allOf", 60)),
        schema(nested_by("anyOf", 60)),
        schema(nested_by("oneOf", 60)),
        schema(nested_objects),
        schema(json!({"type": "object", "properties": wide})),
        schema(json!({"$ref": "#"})),
        schema(json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})),
        schema(json!({"$ref": "#/$defs/d0", "$defs": doubling})),
        schema(json!({"type": "string", "pattern": "(a|b|ab)*c{1000}(d|e)*", "minLength": 100_000})),
        schema(json!({"type": "string", "maxLength": 1_000_000_000})),
        schema(json!({"type": "array", "items": {"type": "string"}, "minItems": 1_000_000_000})),
        schema(json!({"type": "integer", "minimum": -1e300, "maximum": 1e300})),
        schema(json!({"type": "number", "multipleOf": 1e-300})),
        schema(json!({"enum": (0..20_000).collect::<Vec<i32>>()})),
    ];
    for format in &hostile {
        let name: String = format!("{format:?}").chars().take(80).collect();
        let start = Instant::now();
        let mut longest_step = Duration::ZERO;
        if let Ok(mut grammar) = COMPILER.answer(format) {
            let mut random = Random::new(1);
            for _ in 0..50 {
                let step = Instant::now();
                let Ok(allowed) = grammar.allowed().map(ids) else { break };
                longest_step = longest_step.max(step.elapsed());
                if allowed.is_empty() || grammar.accept(*random.pick(&allowed)).is_err() {
                    break;
                }
            }
        }
        let took = start.elapsed();
        println!("{took:?}, longest step {longest_step:?}: {name}");
        assert!(took < Duration::from_secs(5), "{took:?}: {name}");
        assert!(longest_step < Duration::from_secs(1), "{longest_step:?}: {name}");
    }
}

fn tool(name: &str, parameters: Value) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": parameters}})
}

#[test]
fn a_call_is_one_of_the_tools_with_its_own_arguments() {
    let tools = [
        tool(
            "add",
            json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}),
        ),
        tool(
            "add_all",
            json!({"properties": {"b": {"$ref": "#/$defs/list"}}, "$defs": {"list": {"type": "array"}}, "required": ["b"]}),
        ),
        json!({"type": "function", "function": {"name": "now\"<\\"}}),
    ];
    let grammar = COMPILER.tool_call(&tools, None).unwrap();
    for good in [
        "\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n",
        "\n{\"name\": \"add\", \"arguments\": {\"a\":-12}}\n",
        "\n{\"name\": \"add_all\", \"arguments\": {\"b\": []}}\n",
        "\n{\"name\": \"now\\\"<\\\\\", \"arguments\": {}}\n",
    ] {
        let mut call = grammar.clone();
        assert!(takes(&mut call, good), "{good:?}");
        assert!(call.is_complete());
    }
    for bad in [
        "\n{\"name\": \"sub\", \"arguments\": {}}\n",
        "\n{\"name\": \"add\", \"arguments\": {\"b\": []}}\n",
        "\n{\"name\": \"add\", \"arguments\": {}}\n",
        "{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n",
        "\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}",
    ] {
        assert!(!takes(&mut grammar.clone(), bad), "{bad:?}");
    }
    let mut only = COMPILER.tool_call(&tools, Some("add_all")).unwrap();
    assert!(!takes(
        &mut only.clone(),
        "\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n"
    ));
    assert!(takes(
        &mut only,
        "\n{\"name\": \"add_all\", \"arguments\": {\"b\": []}}\n"
    ));
}

#[test]
fn a_tool_is_lenient_unless_it_is_strict() {
    let parameters = json!({"type": "object", "properties": {"a": {"type": "string", "format": "no-such-format"}}});
    assert!(COMPILER.tool_call(&[tool("f", parameters.clone())], None).is_ok());
    let mut strict = tool("f", parameters);
    strict["function"]["strict"] = true.into();
    let refusal =
        |tools: &[Value], only: Option<&str>| COMPILER.tool_call(tools, only).map(drop).unwrap_err().to_string();
    let message = refusal(&[tool("g", json!({"type": "object"})), strict], None);
    assert!(
        message.contains("\"f\"") && message.contains("no-such-format"),
        "{message}"
    );
    assert!(refusal(&[tool("f", json!([]))], None).contains("must be a JSON schema"));
    assert!(refusal(&[tool("f", json!({"type": "string"}))], None).contains("\"object\""));
    assert!(refusal(&[tool("f", json!({}))], Some("g")).contains("no such tool"));
}
