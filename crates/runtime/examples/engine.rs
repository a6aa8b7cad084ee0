//! The engine without JavaScript around it, for `bench/compare.mjs`: a workload a line in, its time a line out.
//!
//! `cargo run --release -p izwi-runtime --example engine -- '{"path": "MODEL.gguf", "threads": 2, "contextLength": 2304}'`
//!
//! The lines are described in `bench/engines/serve.mjs`.

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use izwi_runtime::{
    BackendChoice, ChatEvent, ChatStream, CompletionRequest, GenerationSettings, KvType, LoadOptions, Model,
    ModelOptions, Speculation, Usage,
};
use serde_json::{Value, json};

fn start(model: &Model, token_ids: &[u32], max_tokens: usize) -> ChatStream {
    let stream = ChatStream::new();
    let request = CompletionRequest {
        token_ids: token_ids.to_vec(),
        stop_token_ids: Some(vec![]),
        generation: GenerationSettings {
            temperature: Some(0.0),
            max_tokens: Some(max_tokens),
            ..Default::default()
        },
    };
    model.complete(&request, &stream);
    stream
}

fn end(stream: &ChatStream) -> Usage {
    while let Some(event) = stream.recv() {
        match event {
            ChatEvent::End { usage, .. } => return usage,
            ChatEvent::Error(error) => panic!("{error}"),
            _ => {}
        }
    }
    unreachable!("a stream ends with its end")
}

fn measure(model: &Model, workload: &Value) -> Value {
    let prompts: Vec<Vec<u32>> = serde_json::from_value(workload["prompts"].clone()).expect("prompts");
    let count = |name: &str| workload[name].as_u64().expect(name) as usize;
    let (cached, generated) = (count("cached"), count("generated"));
    for prompt in prompts.iter().filter(|_| cached > 0) {
        end(&start(model, &prompt[..cached], 1));
    }
    let started = Instant::now();
    let streams: Vec<ChatStream> = prompts.iter().map(|prompt| start(model, prompt, generated)).collect();
    let usages: Vec<Usage> = streams.iter().map(end).collect();
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let prefilled: usize = usages
        .iter()
        .map(|usage| usage.prompt_tokens - usage.cached_tokens)
        .sum();
    let generated: usize = usages.iter().map(|usage| usage.completion_tokens).sum();
    json!({"ms": ms, "prompt": prefilled, "generated": generated})
}

fn main() {
    let settings = std::env::args().nth(1).expect("settings, as JSON");
    let settings: Value = serde_json::from_str(&settings).expect("settings are JSON");
    let count = |name: &str| settings[name].as_u64().map(|value| value as usize);
    let options = ModelOptions {
        load: LoadOptions {
            backend: BackendChoice::Cpu,
            num_threads: count("threads"),
            context_length: count("contextLength"),
            kv_type: settings["kvCacheType"].as_str().map_or(KvType::default(), |name| {
                KvType::from_name(name).expect("a type of KV cache")
            }),
            ..Default::default()
        },
        max_running: count("sequences"),
        // As for the peers: no token is guessed.
        speculation: Speculation::Off,
        ..Default::default()
    };
    let path = settings["path"].as_str().expect("path");
    let model = Model::load(Path::new(path), &options).expect("a model");
    println!(
        "@ {}",
        json!({"about": {"threads": count("threads")}, "loadMs": model.load_ms()})
    );
    for line in std::io::stdin().lock().lines() {
        let workload: Value = serde_json::from_str(&line.expect("a line")).expect("a workload");
        println!("@ {}", measure(&model, &workload));
    }
}
