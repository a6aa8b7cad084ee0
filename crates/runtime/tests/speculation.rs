//! Tokens that are guessed ahead change the number of passes and nothing else, on a small model with random weights.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use izwi_model::random_model::RandomModel;
use izwi_model::{KvType, Memory};
use izwi_runtime::{
    AnswerFormat, ChatEvent, ChatMessage, ChatRequest, ChatStream, CompletionRequest, ErrorCode, GenerationSettings,
    LoadOptions, Model, ModelOptions, OnProgress, Role, RuntimeError, Speculation,
};
use serde_json::json;

fn tiny() -> RandomModel {
    RandomModel::preset("tiny").unwrap()
}

/// The file of the model that answers.
fn main_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| write("speculation-test.gguf", &tiny()))
}

/// A smaller model with other weights.
fn stranger_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let stranger = RandomModel {
        num_layers: 1,
        seed: 7,
        context_length: 512,
        ..tiny()
    };
    PATH.get_or_init(|| write("speculation-draft.gguf", &stranger))
}

fn write(name: &str, model: &RandomModel) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    model.write(&path).unwrap();
    path
}

fn load(speculation: Speculation) -> Model {
    load_with_draft(speculation, None).unwrap()
}

fn load_with_draft(speculation: Speculation, draft_model: Option<&Path>) -> Result<Model, RuntimeError> {
    let options = ModelOptions {
        load: LoadOptions {
            num_threads: Some(2),
            ..Default::default()
        },
        speculation,
        draft_model: draft_model.map(Path::to_owned),
        ..Default::default()
    };
    Model::load(main_path(), &options)
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
    let models = [None, Some(main_path()), Some(stranger_path())]
        .map(|draft_model| load_with_draft(Speculation::Always(2), draft_model).unwrap());
    let plain = load(Speculation::Off);
    let alone: Vec<String> = all_settings()
        .into_iter()
        .enumerate()
        .map(|(number, generation)| answer(&ask(&plain, number, generation)))
        .collect();
    for (guessing, group_len) in models.iter().zip([3, 3, 2]) {
        for group in all_settings()
            .into_iter()
            .enumerate()
            .collect::<Vec<_>>()
            .chunks(group_len)
        {
            let streams: Vec<_> = group
                .iter()
                .map(|(number, generation)| (*number, ask(guessing, *number, generation.clone())))
                .collect();
            for (number, stream) in streams {
                assert_eq!(answer(&stream), alone[number]);
            }
        }
    }
    assert!(models[0].stats().accepted_tokens > 0 && models[0].stats().model_drafted_tokens == 0);
    assert!(models[1].stats().model_accepted_tokens > 50);
    assert!(models[2].stats().model_drafted_tokens > 50);
}

#[test]
fn every_answer_is_the_same_with_a_draft_model() {
    let plain = load(Speculation::Off);
    for draft_model in [main_path(), stranger_path()] {
        let models = [Speculation::Always(4), Speculation::Auto]
            .map(|speculation| load_with_draft(speculation, Some(draft_model)).unwrap());
        for (number, generation) in all_settings().into_iter().enumerate() {
            let expected = answer(&ask(&plain, number, generation.clone()));
            for model in &models {
                assert_eq!(
                    answer(&ask(model, number, generation.clone())),
                    expected,
                    "{generation:?}"
                );
            }
        }
        assert!(models[0].stats().model_drafted_tokens > 100);
        assert_eq!(models[0].draft_failure(), None);
    }
}

#[test]
fn a_model_agrees_with_itself_also_where_tokens_are_drawn() {
    let model = load_with_draft(Speculation::Always(4), Some(main_path())).unwrap();
    for temperature in [0.0, 0.8, 2.0] {
        let request = CompletionRequest {
            token_ids: model.tokenize("once upon a time", false),
            stop_token_ids: Some(Vec::new()),
            generation: settings(temperature, 9),
        };
        let before = model.stats();
        let stream = ChatStream::new();
        model.complete(&request, &stream);
        answer(&stream);
        let after = model.stats();
        // The first token comes with the prompt, then five at a time.
        assert_eq!(after.steps - before.steps, 1 + 59_u64.div_ceil(5));
        assert_eq!(after.model_accepted_tokens, after.drafted_tokens);
    }
    let draft = model.draft().unwrap();
    assert_eq!(
        (draft.path.as_path(), draft.model.file_bytes),
        (main_path(), model.info().file_bytes)
    );
}

#[test]
fn a_grammar_s_forced_tokens_take_no_pass_each() {
    let names: Vec<String> = (0..6).map(|index| format!("the_name_of_number_{index}")).collect();
    let properties: serde_json::Map<_, _> = names
        .iter()
        .map(|name| (name.clone(), json!({"type": "boolean"})))
        .collect();
    let schema = json!({
        "type": "object", "properties": properties, "required": names, "additionalProperties": false,
    });
    let generation = GenerationSettings {
        format: Some(AnswerFormat::JsonSchema(schema)),
        max_tokens: Some(400),
        ..settings(1.0, 5)
    };
    let [(plain, plain_steps), (guessed, steps)] = [Speculation::Off, Speculation::Auto].map(|speculation| {
        let model = load(speculation);
        let text = answer(&ask(&model, 0, generation.clone()));
        (text, model.stats().steps)
    });
    assert_eq!(guessed, plain);
    assert!(plain.contains("the_name_of_number_5"), "{plain}");
    assert!(steps * 2 < plain_steps, "{steps} passes of {plain_steps}");
}

#[test]
fn the_draft_model_s_kv_cache_is_planned_with_the_other_one_s() {
    let short_heads = RandomModel {
        num_layers: 1,
        num_heads: 16,
        head_dim: 80,
        ..tiny()
    };
    let short_heads = write("speculation-heads.gguf", &short_heads);
    for (draft_model, expected) in [(stranger_path(), "q8_0"), (short_heads.as_path(), "f16")] {
        let load = |mib: usize, draft_model: Option<&Path>| {
            let options = ModelOptions {
                load: LoadOptions {
                    kv_type: KvType::Q8_0,
                    memory: Some(Memory {
                        total_bytes: 1 << 30,
                        available_bytes: mib << 20,
                    }),
                    ..Default::default()
                },
                draft_model: draft_model.map(Path::to_owned),
                ..Default::default()
            };
            Model::load(main_path(), &options)
        };
        let (alone, both) = (load(16, None).unwrap(), load(16, Some(draft_model)).unwrap());
        let draft = &both.draft().unwrap().model;
        assert_eq!(
            (both.info().kv_cache_type, draft.kv_cache_type),
            ("q8_0", expected),
            "{draft_model:?}"
        );
        assert_eq!(draft.num_blocks, both.info().num_blocks);
        let taken = |info: &izwi_model::ModelInfo| info.weights_bytes + info.scratch_bytes + info.kv_cache_bytes;
        assert!(taken(both.info()) + taken(draft) <= 16 << 20);
        assert!(both.info().num_blocks < alone.info().num_blocks);
        let error = load(6, Some(draft_model)).err().unwrap();
        assert_eq!(error.code, ErrorCode::OutOfMemory);
        assert!(error.message.contains("do without a draft model"), "{error}");
    }
}

#[test]
fn both_models_count_as_one_load() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let options = ModelOptions {
        load: LoadOptions {
            on_progress: Some(OnProgress::new(move |progress| {
                log.lock().unwrap().push(progress);
                ControlFlow::Continue(())
            })),
            ..Default::default()
        },
        draft_model: Some(stranger_path().to_owned()),
        ..Default::default()
    };
    Model::load(main_path(), &options).unwrap();
    let told = told.lock().unwrap();
    let total = told[0].total_bytes;
    assert!(told.is_sorted_by_key(|progress| progress.loaded_bytes));
    assert!(told.iter().all(|progress| progress.total_bytes == total));
    assert_eq!((told[0].loaded_bytes, told.last().unwrap().loaded_bytes), (0, total));
}

#[test]
fn a_draft_model_that_does_not_fit_is_refused_by_name() {
    let other = RandomModel {
        vocab_size: 900,
        ..tiny()
    };
    let other = write("speculation-vocabulary.gguf", &other);
    let missing = other.with_file_name("speculation-missing.gguf");
    let damaged = other.with_file_name("speculation-damaged.gguf");
    std::fs::write(&damaged, &std::fs::read(main_path()).unwrap()[..10_000]).unwrap();
    for (path, code, also) in [
        (&other, ErrorCode::UnsupportedModel, main_path()),
        (&missing, ErrorCode::ModelNotFound, Path::new("draft model")),
        (&damaged, ErrorCode::InvalidModelFile, Path::new("draft model")),
    ] {
        let error = load_with_draft(Speculation::Auto, Some(path)).err().unwrap();
        assert_eq!(error.code, code, "{error}");
        for part in [path, also] {
            assert!(error.message.contains(part.to_str().unwrap()), "{error}");
        }
        // Where nothing is guessed, none is needed.
        assert!(load_with_draft(Speculation::Off, Some(path)).unwrap().draft().is_none());
    }
}

#[test]
fn answers_are_cancelled_and_the_model_closed_while_a_draft_model_guesses() {
    let model = load_with_draft(Speculation::Always(3), Some(main_path())).unwrap();
    let endless = |number: u32| {
        let stream = ChatStream::new();
        let request = CompletionRequest {
            token_ids: vec![number; 30],
            stop_token_ids: Some(Vec::new()),
            generation: GenerationSettings {
                max_tokens: None,
                ..settings(1.0, 3)
            },
        };
        model.complete(&request, &stream);
        stream
    };
    let plain = load(Speculation::Off);
    let streams: Vec<_> = (10..14).map(endless).collect();
    streams.iter().for_each(|stream| drop(stream.recv()));
    streams[0].cancel();
    assert!(answer(&streams[0]).contains("Cancelled"));
    let expected = answer(&ask(&plain, 1, settings(0.7, 2)));
    assert_eq!(answer(&ask(&model, 1, settings(0.7, 2))), expected);
    model.close();
    for stream in &streams[1..] {
        let answer = answer(stream);
        assert!(answer.contains("shut down"), "{answer}");
    }
    let stats = model.stats();
    assert_eq!((stats.running, stats.waiting), (0, 0));
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
