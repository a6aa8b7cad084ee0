//! The whole way of a request, from messages to events, on a small model with random weights.

use std::path::PathBuf;
use std::sync::OnceLock;

use izwi_model::random_model::RandomModel;
use izwi_runtime::{
    ChatEvent, ChatMessage, ChatRequest, ChatStream, CompletionRequest, ErrorCode, FinishReason, GenerationSettings,
    LoadOptions, Model, ModelOptions, Role, Usage,
};

/// What Qwen3's template puts after `<|im_start|>assistant\n` with thinking off, and leaves out of later prompts:
/// `<think>`, two line breaks (one token or two), `</think>`, two line breaks.
const EMPTY_THOUGHT: &str = "<think>\n\n</think>\n\n";

fn model_path() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("runtime-test.gguf");
        RandomModel::preset("tiny").unwrap().write(&path).unwrap();
        path
    })
}

fn load() -> Model {
    Model::load(model_path(), &ModelOptions::default()).unwrap()
}

fn load_with_context(context_length: usize) -> Model {
    let load = LoadOptions {
        context_length: Some(context_length),
        ..Default::default()
    };
    Model::load(
        model_path(),
        &ModelOptions {
            load,
            ..Default::default()
        },
    )
    .unwrap()
}

fn greedy(max_tokens: usize) -> GenerationSettings {
    GenerationSettings {
        temperature: Some(0.0),
        max_tokens: Some(max_tokens),
        ..Default::default()
    }
}

fn request(messages: &[(Role, &str)], generation: GenerationSettings) -> ChatRequest {
    let messages = messages
        .iter()
        .map(|&(role, content)| ChatMessage::new(role, content))
        .collect();
    ChatRequest {
        messages,
        generation,
        ..Default::default()
    }
}

fn events(stream: &ChatStream) -> Vec<ChatEvent> {
    std::iter::from_fn(|| stream.recv()).collect()
}

fn chat(model: &Model, request: &ChatRequest) -> Vec<ChatEvent> {
    let stream = ChatStream::new();
    model.chat(request, &stream);
    events(&stream)
}

fn text(events: &[ChatEvent]) -> String {
    let text = events.iter().filter_map(|event| match event {
        ChatEvent::TextDelta { text, .. } => Some(text.as_str()),
        _ => None,
    });
    text.collect()
}

fn end(events: &[ChatEvent]) -> (FinishReason, Usage) {
    match events.last() {
        Some(ChatEvent::End {
            finish_reason, usage, ..
        }) => (*finish_reason, *usage),
        other => panic!("the stream ended with {other:?}"),
    }
}

fn failure(events: &[ChatEvent]) -> (ErrorCode, String) {
    match events {
        [ChatEvent::Error(error)] => (error.code, error.message.clone()),
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn each_turn_of_a_conversation_prefills_only_its_new_tokens() {
    let model = load();
    let mut messages = vec![ChatMessage::new(Role::System, "Keep responses brief.")];
    let mut prompts: Vec<Vec<u32>> = Vec::new();
    for turn in 0..10 {
        messages.push(ChatMessage::new(
            Role::User,
            format!("Question {turn}: what comes next?"),
        ));
        let request = ChatRequest {
            messages: messages.clone(),
            generation: greedy(12),
            ..Default::default()
        };
        let prompt = model.tokenize(&model.apply_template(&request).unwrap(), true);
        let before = model.stats();
        let answer = chat(&model, &request);
        let (_, usage) = end(&answer);
        let after = model.stats();

        assert_eq!(usage.prompt_tokens, prompt.len());
        let prefilled = (after.prefilled_tokens - before.prefilled_tokens) as usize;
        assert_eq!(prefilled, usage.prompt_tokens - usage.cached_tokens, "turn {turn}");
        if let Some(previous) = prompts.last() {
            // The template drops the empty thought from earlier turns, so everything before it is in the cache.
            let kept = previous.len() - model.tokenize(EMPTY_THOUGHT, true).len();
            assert_eq!(prompt[..kept], previous[..kept]);
            assert_eq!(usage.cached_tokens, kept, "turn {turn}");
        }
        messages.push(ChatMessage::new(Role::Assistant, text(&answer)));
        prompts.push(prompt);
    }
}

#[test]
fn the_same_seed_gives_the_same_answer_alone_and_beside_others() {
    let model = load();
    let settings = GenerationSettings {
        seed: Some(7),
        max_tokens: Some(40),
        ..Default::default()
    };
    let asked = request(&[(Role::User, "Tell me a story")], settings.clone());
    let alone = text(&chat(&model, &asked));
    let others: Vec<ChatStream> = (0..4)
        .map(|number| {
            let stream = ChatStream::new();
            model.chat(
                &request(&[(Role::User, &format!("Other {number}"))], settings.clone()),
                &stream,
            );
            stream
        })
        .collect();
    assert_eq!(text(&chat(&model, &asked)), alone);
    for stream in &others {
        end(&events(stream));
    }
}

/// Nothing but the context's end would end it.
fn endless() -> CompletionRequest {
    CompletionRequest {
        token_ids: vec![5, 6, 7],
        stop_token_ids: Some(vec![]),
        generation: greedy(4000),
    }
}

#[test]
fn cancelling_ends_the_stream_and_frees_its_blocks() {
    let model = load();
    let stream = ChatStream::new();
    model.complete(&endless(), &stream);
    stream.recv();
    stream.cancel();
    let rest = events(&stream);
    assert_eq!(end(&rest).0, FinishReason::Cancelled);
    let stats = model.stats();
    assert_eq!((stats.running, stats.waiting), (0, 0));
    assert_eq!(stats.blocks_free + stats.blocks_cached, stats.blocks_total);
}

#[test]
fn a_stream_cancelled_before_its_request_is_queued_ends_as_cancelled() {
    let model = load();
    let stream = ChatStream::new();
    stream.cancel();
    model.chat(&request(&[(Role::User, "Hello")], greedy(4000)), &stream);
    assert_eq!(end(&events(&stream)).0, FinishReason::Cancelled);
}

#[test]
fn a_stop_string_ends_the_answer_and_is_not_part_of_it() {
    let model = load();
    let asked = request(&[(Role::User, "Hello")], greedy(60));
    let whole = text(&chat(&model, &asked));
    let stop: String = whole.chars().skip(5).take(3).collect();
    let at = whole.find(&stop).unwrap();
    let mut stopped = asked.clone();
    stopped.generation.stop = vec![stop.clone()];
    let answer = chat(&model, &stopped);
    assert_eq!(text(&answer), whole[..at]);
    match answer.last() {
        Some(ChatEvent::End {
            finish_reason: FinishReason::Stop,
            stop_string,
            usage,
            ..
        }) => {
            assert_eq!(stop_string.as_deref(), Some(stop.as_str()));
            assert!(usage.completion_tokens < 60);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn scores_are_the_log_probabilities_that_a_completion_reports() {
    let model = load();
    let prompt: Vec<u32> = (0..20).map(|index| index * 11 % 250).collect();
    let stream = ChatStream::new();
    let generation = GenerationSettings {
        logprobs: Some(2),
        ..greedy(8)
    };
    let completion = CompletionRequest {
        token_ids: prompt.clone(),
        stop_token_ids: Some(vec![]),
        generation,
    };
    model.complete(&completion, &stream);
    let reported: Vec<(u32, f32)> = events(&stream)
        .into_iter()
        .filter_map(|event| match event {
            ChatEvent::TextDelta { logprobs, .. } => Some(logprobs),
            _ => None,
        })
        .flatten()
        .map(|entry| {
            assert_eq!(
                (entry.top.len(), &entry.top[0].0),
                (2, &entry.token),
                "greedy takes the best"
            );
            (entry.token.id, entry.logprob)
        })
        .collect();
    assert!(
        reported.len() >= 7,
        "all but tokens still held back: {}",
        reported.len()
    );

    let mut whole = prompt.clone();
    whole.extend(reported.iter().map(|&(id, _)| id));
    let stream = ChatStream::new();
    model.score(whole.clone(), &stream);
    let Some(ChatEvent::Scores { scores }) = stream.recv() else {
        panic!("no scores")
    };
    assert_eq!(scores.len(), whole.len() - 1);
    for (index, (_, logprob)) in reported.iter().enumerate() {
        assert!(
            (scores[prompt.len() - 1 + index] - logprob).abs() < 1e-5,
            "token {index}"
        );
    }
}

#[test]
fn an_overlong_prompt_is_refused_with_both_numbers() {
    let model = load_with_context(64);
    let asked = request(&[(Role::User, &"word ".repeat(200))], greedy(1));
    let tokens = model.tokenize(&model.apply_template(&asked).unwrap(), true).len();
    let (code, message) = failure(&chat(&model, &asked));
    assert_eq!(code, ErrorCode::ContextOverflow);
    assert!(
        message.contains(&tokens.to_string()) && message.contains("64"),
        "{message}"
    );
    // The next request is served.
    assert_eq!(
        end(&chat(&model, &request(&[(Role::User, "Hi")], greedy(3))))
            .1
            .completion_tokens,
        3
    );
}

#[test]
fn an_answer_that_fills_the_context_ends_with_length() {
    let model = load_with_context(64);
    let stream = ChatStream::new();
    let generation = GenerationSettings {
        temperature: Some(0.0),
        ..Default::default()
    };
    let completion = CompletionRequest {
        token_ids: vec![65; 10],
        stop_token_ids: Some(vec![]),
        generation,
    };
    model.complete(&completion, &stream);
    let (reason, usage) = end(&events(&stream));
    assert_eq!(reason, FinishReason::Length);
    assert!(
        (54..=55).contains(&usage.completion_tokens),
        "{}",
        usage.completion_tokens
    );
}

#[test]
fn bad_settings_name_the_parameter() {
    let model = load();
    let bad = [
        (
            GenerationSettings {
                temperature: Some(-1.0),
                ..Default::default()
            },
            "temperature",
        ),
        (
            GenerationSettings {
                top_p: Some(0.0),
                ..Default::default()
            },
            "top_p",
        ),
        (
            GenerationSettings {
                max_tokens: Some(0),
                ..Default::default()
            },
            "max_tokens",
        ),
        (
            GenerationSettings {
                stop: vec![String::new()],
                ..Default::default()
            },
            "stop",
        ),
        (
            GenerationSettings {
                logit_bias: vec![(1 << 30, 1.0)],
                ..Default::default()
            },
            "logit_bias",
        ),
    ];
    for (settings, parameter) in bad {
        let (code, message) = failure(&chat(&model, &request(&[(Role::User, "Hi")], settings)));
        assert_eq!(code, ErrorCode::InvalidRequest);
        assert!(message.contains(parameter), "{message}");
    }
}

#[test]
fn closing_ends_running_answers_and_refuses_later_ones() {
    let model = load();
    let stream = ChatStream::new();
    model.complete(&endless(), &stream);
    model.close();
    let last = events(&stream).pop().unwrap();
    assert!(
        matches!(&last, ChatEvent::Error(error) if error.code == ErrorCode::Closed),
        "{last:?}"
    );
    assert_eq!(
        failure(&chat(&model, &request(&[(Role::User, "Hi")], greedy(3)))).0,
        ErrorCode::Closed
    );
}

#[test]
fn files_that_are_no_model_say_why() {
    let missing = Model::load(
        &std::env::temp_dir().join("izwi-no-such-file.gguf"),
        &ModelOptions::default(),
    );
    assert_eq!(missing.err().unwrap().code, ErrorCode::ModelNotFound);
    let directory = Model::load(&std::env::temp_dir(), &ModelOptions::default())
        .err()
        .unwrap();
    assert!(directory.message.contains("directory"), "{}", directory.message);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("runtime-test-truncated.gguf");
    let bytes = std::fs::read(model_path()).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let truncated = Model::load(&path, &ModelOptions::default()).err().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(truncated.code, ErrorCode::InvalidModelFile);
    assert!(
        truncated.message.contains("incomplete download"),
        "{}",
        truncated.message
    );
}
