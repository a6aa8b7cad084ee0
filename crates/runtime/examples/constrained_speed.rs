//! What a response format costs with a model of any size: the first grammar, each further one, and every token.
//!
//! `cargo run --release -p izwi-runtime --example constrained_speed -- MODEL.gguf`

use std::path::Path;
use std::time::Instant;

use izwi_runtime::{AnswerFormat, ChatEvent, ChatStream, CompletionRequest, GenerationSettings, Model, ModelOptions};
use serde_json::json;

const NUM_TOKENS: usize = 100;

/// Milliseconds to the first token and for each further one, and how many there were.
fn run(model: &Model, format: Option<AnswerFormat>) -> (f64, f64, usize) {
    let stream = ChatStream::new();
    let request = CompletionRequest {
        token_ids: vec![65; 8],
        stop_token_ids: Some(vec![]),
        generation: GenerationSettings {
            format,
            max_tokens: Some(NUM_TOKENS),
            seed: Some(1),
            ..Default::default()
        },
    };
    let start = Instant::now();
    model.complete(&request, &stream);
    let prepared_ms = start.elapsed().as_secs_f64() * 1e3;
    while let Some(event) = stream.recv() {
        match event {
            ChatEvent::End { usage, timings, .. } => {
                let num_further = usage.completion_tokens.saturating_sub(1).max(1);
                return (
                    prepared_ms,
                    timings.decode_ms / num_further as f64,
                    usage.completion_tokens,
                );
            }
            ChatEvent::Error(error) => panic!("{error}"),
            _ => {}
        }
    }
    unreachable!("a stream ends with its end")
}

fn main() {
    let path = std::env::args().nth(1).expect("the path of a GGUF file");
    let model = Model::load(Path::new(&path), &ModelOptions::default()).expect("a model");
    println!(
        "vocabulary of {}, loaded in {:.0} ms",
        model.info().vocab_size,
        model.load_ms()
    );
    let text = AnswerFormat::JsonSchema(json!({"type": "object", "properties": {
        "title": {"type": "string"}, "pages": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}},
    }, "required": ["title", "pages", "tags"]}));
    let formats = [
        ("no format", None),
        (
            "first format",
            Some(AnswerFormat::Choice(vec!["yes".into(), "no".into()])),
        ),
        ("choice", Some(AnswerFormat::Choice(vec!["yes".into(), "no".into()]))),
        ("any object", Some(AnswerFormat::JsonObject)),
        ("schema", Some(text)),
        ("pattern of letters", Some(AnswerFormat::Regex(r"\w+".into()))),
        ("pattern of anything", Some(AnswerFormat::Regex(r"(?s:.*)".into()))),
        ("no format", None),
    ];
    for (name, format) in formats {
        let (prepared_ms, token_ms, num_tokens) = run(&model, format);
        println!("{name}: prepared in {prepared_ms:.1} ms, {token_ms:.3} ms for each of {num_tokens} tokens");
    }
}
