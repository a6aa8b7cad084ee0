//! Conversations whose KV blocks are written to a file and read by another process's model.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use izwi_model::random_model::RandomModel;
use izwi_runtime::{
    BackendChoice, ChatEvent, ChatMessage, ChatRequest, ChatStream, ErrorCode, GenerationSettings, KvType, LoadOptions,
    Model, ModelOptions, Role, Usage,
};

/// A folder that is gone when it's dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "kv-file-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn load(folder: &Folder, seed: u64, context_length: usize) -> Model {
    load_with(folder, seed, context_length, KvType::F16)
}

fn load_with(folder: &Folder, seed: u64, context_length: usize, kv_type: KvType) -> Model {
    let path = folder.file(&format!("model-{seed}.gguf"));
    if !path.exists() {
        let model = RandomModel {
            seed,
            ..RandomModel::preset("tiny").unwrap()
        };
        model.write(&path).unwrap();
    }
    let load = LoadOptions {
        backend: BackendChoice::Cpu,
        context_length: Some(context_length),
        kv_type,
        ..Default::default()
    };
    let options = ModelOptions {
        load,
        ..Default::default()
    };
    Model::load(&path, &options).unwrap()
}

fn request(turns: usize) -> ChatRequest {
    let messages = (0..turns).flat_map(|turn| {
        let question = format!("Question {turn}: {}", "what comes after the words before? ".repeat(4));
        let answer = "Something else, as always. ".repeat(5);
        [
            ChatMessage::new(Role::User, question),
            ChatMessage::new(Role::Assistant, answer),
        ]
    });
    ChatRequest {
        messages: messages.chain([ChatMessage::new(Role::User, "And now?")]).collect(),
        generation: GenerationSettings {
            temperature: Some(0.0),
            max_tokens: Some(4),
            ..Default::default()
        },
        ..Default::default()
    }
}

fn ask(model: &Model, request: &ChatRequest) -> Usage {
    let stream = ChatStream::new();
    model.chat(request, &stream);
    match std::iter::from_fn(|| stream.recv()).last() {
        Some(ChatEvent::End { usage, .. }) => usage,
        other => panic!("{other:?}"),
    }
}

fn refusal(model: &Model, path: &Path) -> String {
    let error = model.load_cache(path).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidSessionFile, "{error}");
    error.message
}

#[test]
fn a_conversation_goes_on_from_a_file_without_being_read_again() {
    let folder = Folder::new();
    let (path, asked) = (folder.file("chat.kv"), request(6));
    let first = load(&folder, 1, 2048);
    assert_eq!(
        first.save_chat_cache(&asked, &path).unwrap(),
        0,
        "nothing is cached yet"
    );
    assert_eq!(folder.files(), ["model-1.gguf"]);
    let usage = ask(&first, &asked);
    let num_saved = first.save_chat_cache(&asked, &path).unwrap();
    assert_eq!(num_saved, usage.prompt_tokens / 32 * 32);
    assert_eq!(folder.files(), ["chat.kv", "model-1.gguf"], "nothing else is left");
    // Once more, over the file that is there.
    assert_eq!(first.save_chat_cache(&asked, &path).unwrap(), num_saved);

    let second = load(&folder, 1, 2048);
    assert_eq!(second.load_cache(&path).unwrap(), num_saved);
    let stats = second.stats();
    assert_eq!(stats.blocks_cached, num_saved / 32);
    let restored = ask(&second, &asked);
    assert_eq!(
        (restored.prompt_tokens, restored.cached_tokens),
        (usage.prompt_tokens, num_saved)
    );
    // A longer conversation begins with it just as well.
    assert!(ask(&second, &request(7)).cached_tokens + 32 > num_saved);
}

#[test]
fn another_model_takes_nothing_and_a_smaller_one_what_fits() {
    let folder = Folder::new();
    let (path, asked) = (folder.file("chat.kv"), request(6));
    let first = load(&folder, 1, 2048);
    ask(&first, &asked);
    let num_saved = first.save_chat_cache(&asked, &path).unwrap();
    assert_eq!(load(&folder, 2, 2048).load_cache(&path).unwrap(), 0);
    assert_eq!(
        load(&folder, 1, num_saved - 40).load_cache(&path).unwrap(),
        num_saved - 64
    );
    first.close();
    assert_eq!(first.load_cache(&path).unwrap_err().code, ErrorCode::Closed);
    assert_eq!(
        first.save_chat_cache(&asked, &path).unwrap_err().code,
        ErrorCode::Closed
    );
}

#[test]
fn a_file_is_of_the_type_of_its_kv_cache() {
    let folder = Folder::new();
    let (request, path) = (request(6), folder.file("q8.kv"));
    let first = load_with(&folder, 1, 2048, KvType::Q8_0);
    ask(&first, &request);
    let saved = first.save_chat_cache(&request, &path).unwrap();
    assert!(saved > 0);
    assert_eq!(
        load_with(&folder, 1, 2048, KvType::Q8_0).load_cache(&path).unwrap(),
        saved
    );

    let other = load_with(&folder, 1, 2048, KvType::F16);
    assert_eq!(other.load_cache(&path).unwrap(), 0);
    assert_eq!(ask(&other, &request).cached_tokens, 0);
    let halves = folder.file("f16.kv");
    assert_eq!(other.save_chat_cache(&request, &halves).unwrap(), saved);
    let bytes = |path| std::fs::metadata(path).unwrap().len() as f64;
    let ratio = bytes(&path) / bytes(&halves);
    assert!((ratio - 17.0 / 32.0).abs() < 0.01, "{ratio}");
}

#[test]
fn damaged_files_are_refused_and_nothing_of_them_is_used() {
    let folder = Folder::new();
    let (path, asked) = (folder.file("chat.kv"), request(3));
    let first = load(&folder, 1, 2048);
    let usage = ask(&first, &asked);
    first.save_chat_cache(&asked, &path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let model = load(&folder, 1, 2048);

    assert!(refusal(&model, &folder.file("missing.kv")).contains("missing.kv"));
    assert!(refusal(&model, &folder.0).len() > 20);
    let write = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();
    for length in (0..80).chain([good.len() / 2, good.len() - 1]) {
        write(&good[..length]);
        refusal(&model, &path);
    }
    write(&[&good[..], &[0]].concat());
    assert!(refusal(&model, &path).contains("instead of"));
    // One bit anywhere: in the header, the tokens, the blocks, the checksums.
    for position in (0..68).chain((68..good.len()).step_by(good.len() / 40)) {
        let mut bytes = good.clone();
        bytes[position] ^= 1 << (position % 8);
        write(&bytes);
        refusal(&model, &path);
    }
    // Sizes that claim more than there is, with a checksum that is right.
    for (at, value) in [
        (12, u32::MAX),
        (16, u32::MAX),
        (20, u32::MAX),
        (24, u32::MAX),
        (28, u32::MAX),
        (24, 0),
        (12, 0),
    ] {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..64]);
        bytes[64..68].copy_from_slice(&crc.to_le_bytes());
        write(&bytes);
        refusal(&model, &path);
    }
    // Another format is another version's.
    let mut bytes = good.clone();
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..64]);
    bytes[64..68].copy_from_slice(&crc.to_le_bytes());
    write(&bytes);
    assert_eq!(model.load_cache(&path).unwrap(), 0);

    let stats = model.stats();
    assert_eq!(stats.running + stats.waiting, 0);
    write(&good);
    let num_restored = model.load_cache(&path).unwrap();
    assert_eq!(ask(&model, &asked).cached_tokens, num_restored);
    assert_eq!(num_restored, usage.prompt_tokens / 32 * 32);
}

#[test]
fn a_file_that_can_t_be_written_says_so_and_leaves_nothing() {
    let folder = Folder::new();
    let asked = request(2);
    let model = load(&folder, 1, 2048);
    ask(&model, &asked);
    let error = model
        .save_chat_cache(&asked, &folder.file("no/such/folder.kv"))
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidSessionFile);
    // A folder stands where the file should be.
    std::fs::create_dir(folder.file("folder.kv")).unwrap();
    std::fs::write(folder.file("folder.kv").join("x"), "x").unwrap();
    assert!(model.save_chat_cache(&asked, &folder.file("folder.kv")).is_err());
    assert_eq!(folder.files(), ["folder.kv", "model-1.gguf"]);
}
