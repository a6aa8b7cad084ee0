//! Tokens that are guessed ahead change the number of passes and nothing else, on a small model with random weights.

use std::path::PathBuf;
use std::sync::OnceLock;

use izwi_model::random_model::RandomModel;
use izwi_runtime::{
    AnswerFormat, ChatEvent, ChatMessage, ChatRequest, ChatStream, CompletionRequest, GenerationSettings, LoadOptions,
    Model, ModelOptions, Role, Speculation,
};
use serde_json::json;

fn load(speculation: Speculation) -> Model {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("speculation-test.gguf");
        RandomModel::preset("tiny").unwrap().write(&path).unwrap();
        path
    });
    let options = ModelOptions {
        load: LoadOptions {
            num_threads: Some(2),
            ..Default::default()
        },
        speculation,
        ..Default::default()
    };
    Model::load(path, &options).unwrap()
}

/// Everything that the client hears but the times, joined where events may be cut anywhere.
fn answer(stream: &ChatStream) -> String {
    let (mut text, mut logprobs, mut others) = (String::new(), Vec::new(), Vec::new());
    for event in std::iter::from_fn(|| stream.recv()) {
        match event {
            ChatEvent::TextDelta {
                text: delta,
                logprobs: more,
            } => {
                text.push_str(&delta);
                logprobs.extend(more);
            }
            ChatEvent::End {
                finish_reason,
                stop_string,
                usage,
                ..
            } => others.push(format!(
                "{finish_reason:?} {stop_string:?} {} {}",
                usage.completion_tokens, usage.reasoning_tokens
            )),
            ChatEvent::ReasoningDelta { text: delta } => text.push_str(&delta),
            other => others.push(format!("{other:?}")),
        }
    }
    format!("{text:?} {logprobs:?} {others:?}")
}

fn settings(temperature: f32, seed: u64) -> GenerationSettings {
    GenerationSettings {
        temperature: Some(temperature),
        seed: Some(seed),
        max_tokens: Some(60),
        ..Default::default()
    }
}

/// One of each kind that could see a difference.
fn all_settings() -> Vec<GenerationSettings> {
    let schema = json!({"type": "object", "properties": {
        "names": {"type": "array", "items": {"type": "string", "maxLength": 4}, "minItems": 3, "maxItems": 6},
        "ages": {"type": "array", "items": {"type": "integer", "maximum": 99}, "minItems": 3, "maxItems": 6},
    }, "required": ["names", "ages"], "additionalProperties": false});
    vec![
        settings(0.0, 0),
        settings(0.1, 1),
        settings(0.7, 2),
        GenerationSettings {
            repetition_penalty: Some(1.2),
            presence_penalty: Some(0.3),
            frequency_penalty: Some(0.2),
            ..settings(0.5, 3)
        },
        GenerationSettings {
            logprobs: Some(3),
            ..settings(0.0, 4)
        },
        GenerationSettings {
            format: Some(AnswerFormat::JsonSchema(schema)),
            ..settings(1.0, 5)
        },
        GenerationSettings {
            max_tokens: Some(17),
            ..settings(0.0, 6)
        },
    ]
}

fn chat_request(number: usize, generation: GenerationSettings) -> ChatRequest {
    let text = format!("Say it again, {number}: one two three one two three one two three");
    ChatRequest {
        messages: vec![ChatMessage::new(Role::User, text)],
        thinking: number == 1,
        thinking_budget: (number == 1).then_some(12),
        generation,
        ..Default::default()
    }
}

fn ask(model: &Model, number: usize, generation: GenerationSettings) -> ChatStream {
    let stream = ChatStream::new();
    model.chat(&chat_request(number, generation), &stream);
    stream
}

#[test]
fn every_answer_is_the_same_alone() {
    let (plain, guessing, auto) = (
        load(Speculation::Off),
        load(Speculation::Always(4)),
        load(Speculation::Auto),
    );
    for (number, generation) in all_settings().into_iter().enumerate() {
        let [expected, always, sometimes] =
            [&plain, &guessing, &auto].map(|model| answer(&ask(model, number, generation.clone())));
        assert_eq!(always, expected, "{generation:?}");
        assert_eq!(sometimes, expected, "{generation:?}");
    }
    let (stats, plain) = (guessing.stats(), plain.stats());
    assert_eq!((plain.drafted_tokens, plain.accepted_tokens), (0, 0));
    assert!(
        stats.accepted_tokens > 20 && stats.accepted_tokens < stats.drafted_tokens,
        "{stats:?}"
    );
    assert!(
        stats.steps + stats.accepted_tokens <= plain.steps + 2,
        "{stats:?} {plain:?}"
    );
}

#[test]
fn every_answer_is_the_same_in_company() {
    let (plain, guessing) = (load(Speculation::Off), load(Speculation::Always(2)));
    let alone: Vec<String> = all_settings()
        .into_iter()
        .enumerate()
        .map(|(number, generation)| answer(&ask(&plain, number, generation)))
        .collect();
    for group in all_settings().into_iter().enumerate().collect::<Vec<_>>().chunks(3) {
        let streams: Vec<_> = group
            .iter()
            .map(|(number, generation)| (*number, ask(&guessing, *number, generation.clone())))
            .collect();
        for (number, stream) in streams {
            assert_eq!(answer(&stream), alone[number]);
        }
    }
    assert!(guessing.stats().accepted_tokens > 0);
}

#[test]
fn a_stop_string_ends_the_answer_within_a_draft() {
    let (plain, guessing) = (load(Speculation::Off), load(Speculation::Always(4)));
    let prompt = plain.tokenize("abcabcabcabc", false);
    let complete = |model: &Model, stop: Vec<String>| {
        let stream = ChatStream::new();
        let request = CompletionRequest {
            token_ids: prompt.clone(),
            stop_token_ids: Some(Vec::new()),
            generation: GenerationSettings {
                stop,
                ..settings(0.0, 0)
            },
        };
        model.complete(&request, &stream);
        stream
    };
    let whole: String = std::iter::from_fn({
        let stream = complete(&plain, Vec::new());
        move || stream.recv()
    })
    .filter_map(|event| match event {
        ChatEvent::TextDelta { text, .. } => Some(text),
        _ => None,
    })
    .collect();
    let letters: Vec<char> = whole.chars().collect();
    // A piece that comes for the first time late in the text.
    let stop = (1..letters.len() - 3)
        .rev()
        .map(|at| letters[at..at + 3].iter().collect::<String>())
        .find(|piece| !piece.contains('\u{fffd}') && whole.find(piece.as_str()) > Some(10))
        .unwrap();
    let [expected, always] = [&plain, &guessing].map(|model| answer(&complete(model, vec![stop.clone()])));
    assert_eq!(always, expected);
    assert!(expected.contains("Stop"), "{expected}");
}
