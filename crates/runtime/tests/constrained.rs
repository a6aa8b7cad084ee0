//! Answers that are held to a format, to tools or to a short thought, on a small model with random weights: it says
//! anything at all, so whatever comes out right is the constraint's doing.

use std::path::PathBuf;
use std::sync::OnceLock;

use izwi_model::random_model::RandomModel;
use izwi_runtime::{
    AnswerFormat, ChatEvent, ChatMessage, ChatRequest, ChatStream, CompletionRequest, ErrorCode, FinishReason,
    GenerationSettings, Model, ModelOptions, Pooling, Role, ToolChoice, Usage,
};
use serde_json::{Value, json};

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("constrained-test.gguf");
        RandomModel::preset("tiny").unwrap().write(&path).unwrap();
        Model::load(&path, &ModelOptions::default()).unwrap()
    })
}

fn settings(seed: u64, max_tokens: usize) -> GenerationSettings {
    GenerationSettings {
        temperature: Some(1.5),
        top_k: Some(0),
        top_p: Some(1.0),
        seed: Some(seed),
        max_tokens: Some(max_tokens),
        ..Default::default()
    }
}

fn request(generation: GenerationSettings) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage::new(Role::User, "Hello")],
        generation,
        ..Default::default()
    }
}

fn person() -> AnswerFormat {
    AnswerFormat::JsonSchema(json!({
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 6}, "age": {"type": "integer", "maximum": 99}},
        "required": ["name", "age"],
        "additionalProperties": false,
    }))
}

fn tools() -> Vec<Value> {
    let tool = |name: &str, properties: Value| {
        json!({"type": "function", "function": {"name": name, "parameters": {
            "type": "object", "properties": properties, "required": ["a"], "additionalProperties": false,
        }}})
    };
    vec![
        tool("add", json!({"a": {"type": "integer", "minimum": 0, "maximum": 999}})),
        tool("say", json!({"a": {"type": "string", "maxLength": 5}})),
    ]
}

/// An answer, taken apart. Checks that the pieces of calls join to the wholes.
#[derive(Debug, Default)]
struct Answer {
    reasoning: String,
    text: String,
    /// Name and arguments of the whole ones.
    calls: Vec<(String, String)>,
    /// The same of all that began.
    begun: Vec<(String, String)>,
    finish_reason: Option<FinishReason>,
    usage: Usage,
    error: Option<(ErrorCode, String)>,
}

fn read(stream: &ChatStream) -> Answer {
    let mut answer = Answer::default();
    while let Some(event) = stream.recv() {
        match event {
            ChatEvent::ReasoningDelta { text } => answer.reasoning.push_str(&text),
            ChatEvent::TextDelta { text, .. } => answer.text.push_str(&text),
            ChatEvent::ToolCallStart { index, name } => {
                assert_eq!(index, answer.begun.len());
                answer.begun.push((name, String::new()));
            }
            ChatEvent::ToolCallDelta { index, text } => answer.begun[index].1.push_str(&text),
            ChatEvent::ToolCall { index, name, arguments } => {
                assert_eq!(answer.begun[index], (name.clone(), arguments.clone()));
                answer.calls.push((name, arguments));
            }
            ChatEvent::End {
                finish_reason, usage, ..
            } => (answer.finish_reason, answer.usage) = (Some(finish_reason), usage),
            ChatEvent::Error(error) => answer.error = Some((error.code, error.message)),
            other => panic!("{other:?}"),
        }
    }
    answer
}

fn chat(request: &ChatRequest) -> Answer {
    let stream = ChatStream::new();
    model().chat(request, &stream);
    read(&stream)
}

fn is_person(text: &str) -> bool {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    value["name"].as_str().unwrap().chars().count() <= 6 && value["age"].as_f64().unwrap() <= 99.0
}

#[test]
fn an_answer_is_what_its_schema_says() {
    for seed in 0..30 {
        let mut generation = settings(seed, 300);
        generation.format = Some(person());
        let answer = chat(&request(generation));
        match answer.finish_reason {
            Some(FinishReason::Stop) => assert!(is_person(&answer.text)),
            // Only a number without an end takes so long.
            Some(FinishReason::Length) => assert!(answer.text.contains("\"age\"")),
            _ => panic!("{answer:?}"),
        }
    }
}

#[test]
fn a_choice_and_a_pattern_come_exactly_even_with_line_breaks() {
    let choices = ["\n\nyes", "no\n"].map(str::to_owned);
    let mut seen = std::collections::HashSet::new();
    for seed in 0..20 {
        let mut generation = settings(seed, 50);
        generation.format = Some(AnswerFormat::Choice(choices.to_vec()));
        let answer = chat(&request(generation.clone()));
        assert_eq!(answer.finish_reason, Some(FinishReason::Stop));
        assert!(choices.contains(&answer.text), "{:?}", answer.text);
        seen.insert(answer.text);
        // The same behind a thought, whose own line breaks aren't a part of the answer.
        let mut thinking = request(generation);
        thinking.thinking = true;
        thinking.thinking_budget = Some(8);
        let answer = chat(&thinking);
        assert!(choices.contains(&answer.text), "{answer:?}");
    }
    assert_eq!(seen.len(), 2, "both are possible");
    let mut generation = settings(1, 50);
    generation.format = Some(AnswerFormat::Regex(r"\n[ab]{5}".into()));
    let answer = chat(&request(generation)).text;
    assert!(answer.starts_with('\n') && answer.len() == 6, "{answer:?}");
}

#[test]
fn a_completion_is_held_to_its_format_too() {
    let stream = ChatStream::new();
    let mut generation = settings(3, 300);
    generation.format = Some(AnswerFormat::Regex("[0-9]{4}".into()));
    let completion = CompletionRequest {
        token_ids: vec![65, 66],
        stop_token_ids: Some(vec![]),
        generation,
    };
    model().complete(&completion, &stream);
    let answer = read(&stream);
    // Without any token that ends it, it ends because it is complete.
    assert_eq!(answer.finish_reason, Some(FinishReason::Stop));
    assert!(answer.text.len() == 4 && answer.text.parse::<u32>().is_ok());
}

#[test]
fn a_thought_ends_within_its_budget_and_the_answer_keeps_its_format() {
    for (seed, budget) in (0..40).zip([0, 1, 2, 5, 12, 40].into_iter().cycle()) {
        for format in [None, Some(person())] {
            let mut asked = request(settings(seed, 400));
            asked.generation.format = format.clone();
            asked.thinking = budget > 0;
            asked.thinking_budget = Some(budget);
            let answer = chat(&asked);
            // The marks count as well; a character that isn't whole yet may take some more.
            let most = budget + 2 + 3;
            assert!(answer.usage.reasoning_tokens <= most, "{budget}: {:?}", answer.usage);
            assert!(!answer.reasoning.contains("</think>"));
            if format.is_some() && answer.finish_reason == Some(FinishReason::Stop) {
                assert!(is_person(&answer.text));
            }
        }
    }
}

/// A model that always opens a thought: the template does it.
fn thinking_request(max_tokens: usize) -> ChatRequest {
    let mut asked = request(settings(5, max_tokens));
    asked.thinking = true;
    // Within the thought the random model hardly ever closes it or ends its turn.
    let tokens = ["<|im_end|>", "<|endoftext|>", "</think>"].map(|text| model().tokenize(text, true)[0]);
    asked.generation.logit_bias = tokens.iter().map(|&id| (id, -100.0)).collect();
    let open = model().tokenize("<think>", true)[0];
    asked.generation.logit_bias.push((open, 100.0));
    asked.generation.format = Some(person());
    asked
}

#[test]
fn thinking_can_be_ended_from_outside() {
    let stream = ChatStream::new();
    model().chat(&thinking_request(3000), &stream);
    let mut reasoning = 0;
    while reasoning < 20 {
        match stream.recv() {
            Some(ChatEvent::ReasoningDelta { .. }) => reasoning += 1,
            other => panic!("{other:?}"),
        }
    }
    stream.end_thinking();
    let answer = read(&stream);
    assert!(answer.usage.reasoning_tokens < 2500, "{:?}", answer.usage);
    if answer.finish_reason == Some(FinishReason::Stop) {
        assert!(is_person(&answer.text));
    }
    // Asked for before it began, it hardly thinks at all; where nothing thinks, nothing happens.
    let stream = ChatStream::new();
    stream.end_thinking();
    model().chat(&thinking_request(200), &stream);
    assert!(read(&stream).usage.reasoning_tokens <= 2);
    let stream = ChatStream::new();
    stream.end_thinking();
    model().chat(&request(settings(1, 10)), &stream);
    assert!(read(&stream).error.is_none());
}

fn is_call((name, arguments): &(String, String)) -> bool {
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    match name.as_str() {
        "add" => (0..=999).contains(&arguments["a"].as_i64().unwrap()),
        "say" => arguments["a"].as_str().unwrap().chars().count() <= 5,
        other => panic!("{other} is no tool"),
    }
}

#[test]
fn required_calls_are_all_that_comes() {
    let mut names = std::collections::HashSet::new();
    for seed in 0..40 {
        for (choice, at_most_one) in [
            (ToolChoice::Required, false),
            (ToolChoice::Required, true),
            (ToolChoice::Named("say".into()), false),
        ] {
            let mut asked = request(settings(seed, 300));
            asked.tools = tools();
            asked.tool_choice = choice.clone();
            asked.at_most_one_call = at_most_one;
            asked.thinking = seed % 2 == 0;
            asked.thinking_budget = Some(6);
            let answer = chat(&asked);
            assert_eq!(answer.text, "", "{answer:?}");
            assert!(
                !answer.calls.is_empty() && answer.calls.iter().all(is_call),
                "{answer:?}"
            );
            if answer.finish_reason != Some(FinishReason::Length) {
                assert_eq!(answer.finish_reason, Some(FinishReason::ToolCalls));
                assert_eq!(answer.calls.len(), answer.begun.len());
            }
            if at_most_one || choice != ToolChoice::Required {
                assert_eq!(answer.calls.len(), 1);
            }
            if choice == ToolChoice::Required {
                names.extend(answer.calls.iter().map(|(name, _)| name.clone()));
            } else {
                assert_eq!(answer.calls[0].0, "say");
            }
        }
    }
    assert_eq!(names.len(), 2, "both tools are called");
}

#[test]
fn a_call_by_choice_is_held_to_its_tool() {
    let open = model().tokenize("<tool_call>", true)[0];
    let (mut num_calls, mut num_texts) = (0, 0);
    for seed in 0..40 {
        let mut asked = request(settings(seed, 120));
        asked.tools = tools();
        // So that it comes to calls, and now and then to none.
        asked.generation.logit_bias = vec![(open, if seed % 2 == 0 { 5.0 } else { -20.0 })];
        for format in [None, Some(person())] {
            asked.generation.format = format.clone();
            let answer = chat(&asked);
            assert!(answer.error.is_none(), "{answer:?}");
            assert!(answer.calls.iter().all(is_call), "{answer:?}");
            num_calls += answer.calls.len();
            if format.is_some() && answer.finish_reason == Some(FinishReason::Stop) {
                num_texts += 1;
                assert!(is_person(&answer.text));
            }
        }
    }
    assert!(num_calls > 5 && num_texts > 2, "{num_calls} calls, {num_texts} texts");
}

#[test]
fn no_tools_are_offered_when_none_may_be_called() {
    let mut asked = request(settings(1, 5));
    asked.tools = tools();
    assert!(model().apply_template(&asked).unwrap().contains("\"add\""));
    asked.tool_choice = ToolChoice::None;
    assert!(!model().apply_template(&asked).unwrap().contains("\"add\""));
}

#[test]
fn what_can_t_be_enforced_is_an_invalid_request() {
    let mut bad_format = request(settings(1, 5));
    bad_format.generation.format = Some(AnswerFormat::JsonSchema(
        json!({"type": "string", "format": "no-such-format"}),
    ));
    let mut bad_pattern = request(settings(1, 5));
    bad_pattern.generation.format = Some(AnswerFormat::Regex("(".into()));
    let mut bad_tool = request(settings(1, 5));
    bad_tool.tools = vec![json!({"type": "function", "function": {"name": "f", "parameters": {"type": "string"}}})];
    let mut no_tools = request(settings(1, 5));
    no_tools.tool_choice = ToolChoice::Required;
    for (bad, word) in [
        (bad_format, "no-such-format"),
        (bad_pattern, "format can't be used"),
        (bad_tool, "\"f\""),
        (no_tools, "no tools"),
    ] {
        let (code, message) = chat(&bad).error.unwrap();
        assert_eq!(code, ErrorCode::InvalidRequest);
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn a_cut_off_answer_ends_with_length() {
    let mut asked = request(settings(1, 3));
    asked.generation.format = Some(person());
    let answer = chat(&asked);
    assert_eq!(answer.finish_reason, Some(FinishReason::Length));
    asked.generation.format = None;
    asked.generation.max_tokens = Some(12);
    asked.tools = tools();
    asked.tool_choice = ToolChoice::Required;
    let answer = chat(&asked);
    assert_eq!(
        (answer.finish_reason, answer.calls.len()),
        (Some(FinishReason::Length), 0)
    );
}

fn embed(token_ids: &[u32], pooling: Pooling) -> Vec<f32> {
    let stream = ChatStream::new();
    model().embed(token_ids.to_vec(), pooling, &stream);
    match stream.recv() {
        Some(ChatEvent::Embedding { embedding }) => embedding,
        other => panic!("{other:?}"),
    }
}

#[test]
fn embeddings_are_unit_vectors_and_alike_for_like_texts() {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let ids: Vec<u32> = (0..700).map(|index| index * 7 % 250).collect();
    for pooling in [Pooling::Mean, Pooling::Last] {
        let whole = embed(&ids, pooling);
        assert_eq!(whole.len(), model().info().hidden_size);
        assert!((dot(&whole, &whole) - 1.0).abs() < 1e-4);
        assert!((dot(&whole, &embed(&ids, pooling)) - 1.0).abs() < 1e-4);
        assert!(dot(&whole, &embed(&[3, 1, 4], pooling)) < 0.999);
    }
    // The mean and the last state are the same for one token.
    assert!((dot(&embed(&[9], Pooling::Mean), &embed(&[9], Pooling::Last)) - 1.0).abs() < 1e-4);
}

#[test]
fn prompt_log_probabilities_are_the_scores_with_alternatives() {
    let ids: Vec<u32> = (0..300).map(|index| index * 11 % 250).collect();
    let stream = ChatStream::new();
    model().score(ids.clone(), &stream);
    let Some(ChatEvent::Scores { scores }) = stream.recv() else {
        panic!("no scores")
    };
    let stream = ChatStream::new();
    model().logprobs(ids.clone(), 3, &stream);
    let (mut logprobs, mut num_events) = (Vec::new(), 0);
    while let Some(ChatEvent::PromptLogprobs { logprobs: more }) = stream.recv() {
        logprobs.extend(more);
        num_events += 1;
    }
    assert!(num_events > 1, "they come in parts");
    assert_eq!(logprobs.len(), scores.len());
    for (index, (entry, score)) in logprobs.iter().zip(&scores).enumerate() {
        assert_eq!(entry.token.id, ids[index + 1]);
        assert!((entry.logprob - score).abs() < 1e-4);
        assert_eq!(entry.top.len(), 3);
        assert!(entry.top.is_sorted_by(|left, right| left.1 >= right.1) && entry.top[0].1 >= entry.logprob);
    }
}
