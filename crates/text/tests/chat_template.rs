//! Chat templates against transformers' renderings and ids (tests/reference/text).

use izwi_text::{ChatMessage, ChatPrompt, ChatTemplate, Role, TextError, Tokenizer, Vocabulary, encode_chat};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Case {
    prompt: ChatPrompt,
    rendered: String,
    ids: Option<Vec<u32>>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/chat.json")).unwrap()
}

fn vocabulary() -> Vocabulary {
    serde_json::from_str(include_str!("fixtures/vocabulary.json")).unwrap()
}

fn render(source: &str, prompt: &ChatPrompt) -> Result<String, TextError> {
    ChatTemplate::new(source)?.render(prompt)
}

fn prompt() -> ChatPrompt {
    ChatPrompt {
        messages: vec![ChatMessage::new(Role::User, "hi")],
        ..ChatPrompt::default()
    }
}

fn rendered(source: &str) -> String {
    render(source, &prompt()).unwrap()
}

#[test]
fn the_built_in_template_renders_as_in_transformers() {
    let template = ChatTemplate::for_model(None, &vocabulary()).unwrap();
    let cases = cases();
    assert!(cases.len() >= 160);
    for case in cases {
        let rendered = template.render(&case.prompt).unwrap();
        assert_eq!(rendered, case.rendered, "{:?}", case.prompt);
    }
}

#[test]
fn prompts_have_transformers_ids() {
    let tokenizer = Tokenizer::new(&vocabulary()).unwrap();
    let template = ChatTemplate::new(ChatTemplate::BUILT_IN).unwrap();
    let mut compared = 0;
    for case in cases() {
        let ids = encode_chat(&tokenizer, &template, &case.prompt).unwrap();
        // With or without a special token's text in a message, the text survives.
        if let Some(expected) = case.ids {
            assert_eq!(ids, expected, "{:?}", case.prompt);
            compared += 1;
        }
    }
    assert_eq!(compared, 60);
}

/// Any template and goldens made for it: see tests/reference/text/README.md. Without the variables, nothing is compared.
#[test]
fn a_template_given_by_hand_renders_as_in_transformers() {
    let paths = ["CHAT_TEMPLATE", "CHAT_GOLDENS"].map(std::env::var);
    let [Ok(template), Ok(goldens)] = paths else {
        return;
    };
    let template = ChatTemplate::new(&std::fs::read_to_string(template).unwrap()).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(goldens).unwrap()).unwrap();
    for case in &cases {
        assert_eq!(
            template.render(&case.prompt).unwrap(),
            case.rendered,
            "{:?}",
            case.prompt
        );
    }
    println!("{} prompts compared", cases.len());
}

#[test]
fn jinja_is_set_up_as_in_transformers() {
    assert_eq!(rendered("{% if true %}\n  a\n  {% endif %}\nb\n"), "  a\nb");
    assert_eq!(
        rendered("{{ messages[::-1][0].content.upper().split('I') }}"),
        "['H', '']"
    );
    assert_eq!(
        rendered("{{ true }} {{ none }} {{ true | string }} {{ missing }}|"),
        "True None True |"
    );
    assert_eq!(
        rendered("{% for x in range(9) %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}"),
        "01"
    );
    assert_eq!(
        rendered("a\r\n{% generation %}\r\nb{%- endgeneration -%} \n c"),
        "a\nbc"
    );
    assert_eq!(rendered("{%- generation -%} x {%+ endgeneration %}y"), "x y");
    assert_eq!(
        rendered("{{ '<a>&' }}{{ {'b': 1, 'a': ['<é>']} | tojson }}"),
        "<a>&{\"b\": 1, \"a\": [\"<é>\"]}"
    );
    assert_eq!(
        rendered("{{ {'b': 1.0, 'a': []} | tojson(indent=2, sort_keys=true) }}"),
        "{\n  \"a\": [],\n  \"b\": 1.0\n}"
    );
    assert_eq!(
        rendered("{{ ['é', 1] | tojson(true, separators=(',', ':')) }}"),
        "[\"\\u00e9\",1]"
    );
    let year: u32 = rendered("{{ strftime_now('%Y') }}").parse().unwrap();
    assert!((2020..3000).contains(&year));
}

#[test]
fn variables_reach_the_template() {
    let mut prompt = prompt();
    prompt.template_kwargs.insert("x".into(), json!({"z": 1, "a": null}));
    let source = "{{ x | tojson }} {{ enable_thinking is defined }} {{ tools is none }} {{ eos_token }}";
    let template = ChatTemplate::for_model(Some(source), &vocabulary()).unwrap();
    let expected = "{\"z\": 1, \"a\": null} False True <|im_end|>";
    assert_eq!(template.render(&prompt).unwrap(), expected);
    prompt.enable_thinking = Some(false);
    assert_eq!(render("{{ enable_thinking is false }}", &prompt).unwrap(), "True");
    prompt.template_kwargs.insert("messages".into(), json!([]));
    assert!(matches!(render("", &prompt), Err(TextError::InvalidPrompt(_))));
    assert!(matches!(
        render("", &ChatPrompt::default()),
        Err(TextError::InvalidPrompt(_))
    ));
}

#[test]
fn long_conversations_fit() {
    let template = ChatTemplate::new(ChatTemplate::BUILT_IN).unwrap();
    let mut long = prompt();
    long.messages[0].content = "word ".repeat(1_000_000);
    assert!(template.render(&long).unwrap().len() > 5_000_000);
    let turn = [Role::User, Role::Assistant].map(|role| ChatMessage::new(role, "word"));
    long.messages = turn.iter().cycle().take(10_000).cloned().collect();
    assert!(template.render(&long).unwrap().len() > 250_000);
}

#[test]
fn errors_say_where() {
    let line = |source: &str| match render(source, &prompt()) {
        Err(TextError::Template { line, message }) => (line, message),
        other => panic!("{source}: {other:?}"),
    };
    assert_eq!(line("a\nb\n{% if %}").0, 3);
    assert_eq!(line("a\n{{ messages[7].role.x }}").0, 2);
    assert_eq!(line("{{ missing | tojson }}").0, 1);
    assert!(line("\n{{ 'a'.frobnicate() }}").1.contains("frobnicate"));
    assert!(line("{% include 'other' %}").1.contains("other"));
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}";
    assert!(line(endless).1.contains("takes too long"));
    let refused = "{% macro m() %}{{ raise_exception('roles must alternate') }}{% endmacro %}{{ m() }}";
    assert_eq!(
        render(refused, &prompt()),
        Err(TextError::Refused("roles must alternate".into()))
    );
}
