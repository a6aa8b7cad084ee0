//! Damaged and hostile files: an error or a working model, never a panic, a hang or an allocation out of proportion.

mod allocation;
mod mutations;
mod parts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use izwi_model::backend::cpu::CpuBackend;
use izwi_model::gguf::GgufFile;
use izwi_model::random_model::RandomModel;
use izwi_model::{BackendChoice, Batch, LoadOptions, Qwen3Config, load_on};
use mutations::{Case, Random};
use parts::Parts;

/// What a case may allocate at once: this much for each byte of its file, and a constant for the KV cache and the
/// threads.
const BYTES_PER_FILE_BYTE: usize = 4;
const CONSTANT_BYTES: usize = 1 << 20;
const CONTEXT: usize = 64;
/// Generous: a case takes a few milliseconds.
const LONGEST_CASE: Duration = Duration::from_secs(20);

/// Allocations are counted for the whole process, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn valid_file(preset: &str, quantization: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{preset}-{quantization}.gguf"));
    let model = RandomModel {
        hidden_size: 64,
        intermediate_size: 96,
        vocab_size: 320,
        num_layers: 2,
        quantization: quantization.parse().expect("a quantization"),
        ..RandomModel::preset(preset).expect("a preset")
    };
    model.write(&path).expect("a model that can be written");
    std::fs::read(path).expect("the file just written")
}

/// Reads, loads and runs a file as far as it goes; whether it ran.
fn try_file(bytes: Vec<u8>) -> bool {
    let Ok(file) = GgufFile::from_bytes(bytes) else {
        return false;
    };
    // Errors of these are errors of the tokenizer's; the model runs without it.
    let _ = file.metadata().optional_strings("tokenizer.ggml.tokens");
    let _ = file.metadata().optional_strings("tokenizer.ggml.merges");
    let _ = file.metadata().optional_u32s("tokenizer.ggml.token_type");
    if Qwen3Config::from_gguf(&file).is_err() {
        return false;
    }
    let options = LoadOptions {
        backend: BackendChoice::Cpu,
        context_length: Some(CONTEXT),
        ..Default::default()
    };
    let Ok((mut model, _)) = load_on(&file, &options, CpuBackend::new(1)) else {
        return false;
    };
    let mut batch = Batch::default();
    batch.push(&[0, 1, 2], 0, &[0]);
    batch.logit_rows = vec![2];
    model.forward(&batch, &mut Vec::new()).is_ok()
}

/// How the cases went, by kind of damage.
#[derive(Default)]
struct Tally {
    cases: usize,
    ran: usize,
    /// Most bytes that one case had allocated at once.
    peak: usize,
}

impl Tally {
    fn check(&mut self, (bytes, what): Case) {
        let allowed = bytes.len() * BYTES_PER_FILE_BYTE + CONSTANT_BYTES;
        let start = Instant::now();
        let (outcome, peak) = allocation::peak_bytes(|| catch_unwind(AssertUnwindSafe(|| try_file(bytes))));
        let ran = outcome.unwrap_or_else(|_| panic!("{what}: panicked"));
        assert!(
            peak <= allowed,
            "{what}: {peak} bytes allocated at once, {allowed} allowed"
        );
        assert!(start.elapsed() < LONGEST_CASE, "{what}: took {:?}", start.elapsed());
        self.cases += 1;
        self.ran += usize::from(ran);
        self.peak = self.peak.max(peak);
    }

    fn check_all(&mut self, cases: impl IntoIterator<Item = Case>) {
        cases.into_iter().for_each(|case| self.check(case));
    }
}

const FILES: [(&str, &str); 3] = [("tiny", "Q8_0"), ("tiny-moe", "Q5_0"), ("tiny", "F32")];

#[test]
fn hostile_files_are_refused_or_run() {
    let _turn = turn();
    let mut random = Random(1);
    let mut total = 0;
    for (preset, quantization) in FILES {
        let file = valid_file(preset, quantization);
        let parts = Parts::of(&file);
        assert!(parts.bytes() == file, "the parts are the file's");
        assert!(try_file(file.clone()), "the file itself runs");
        let header = file.len() - parts.data.len() - 64;

        let mut report = |kind: &str, check: &mut dyn FnMut(&mut Tally)| {
            let mut tally = Tally::default();
            check(&mut tally);
            let Tally { cases, ran, peak } = tally;
            println!(
                "{preset} {quantization}, {kind}: {cases} cases, {ran} ran, {} KiB at most",
                peak >> 10
            );
            total += cases;
        };
        report("blind damage", &mut |tally| {
            tally.check_all((0..600).map(|_| mutations::blind(&file, header, &mut random)));
        });
        report("garbage", &mut |tally| {
            tally.check_all((0..200).map(|_| mutations::garbage(&file, &mut random)));
        });
        report("cuts", &mut |tally| tally.check_all(mutations::cuts(&parts)));
        report("metadata", &mut |tally| tally.check_all(mutations::metadata(&parts)));
        report("arrays", &mut |tally| tally.check_all(mutations::arrays(&parts)));
        report("sizes", &mut |tally| {
            tally.check(mutations::overflowing_cache(&parts));
            tally.check_all((0..300).map(|_| mutations::sizes(&parts, &mut random)));
        });
        report("alignments", &mut |tally| {
            tally.check_all(mutations::alignments(&parts))
        });
        report("tensors", &mut |tally| tally.check_all(mutations::tensors(&parts)));
        report("weights", &mut |tally| {
            tally.check_all((0..150).map(|_| mutations::weights(&parts, &mut random)));
            assert_eq!(tally.ran, tally.cases, "weights of any value run");
        });
    }
    println!("{total} cases in all");
    assert!(total >= 2000);
}

#[test]
fn duplicates_are_refused() {
    let _turn = turn();
    let parts = Parts::of(&valid_file("tiny", "F32"));
    let error = |change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        let file = GgufFile::from_bytes(parts.bytes());
        file.err().expect("something appears twice").to_string()
    };
    let tensor = error(&|parts| parts.tensors[1].name = parts.tensors[0].name.clone());
    assert!(
        tensor.contains(&format!("{} appears twice", parts.tensors[0].name)),
        "{tensor}"
    );
    let key = error(&|parts| parts.values[1].key = parts.values[0].key.clone());
    assert!(key.contains(&format!("{} appears twice", parts.values[0].key)), "{key}");
}

#[test]
fn a_sound_file_reads_as_with_candle() {
    let _turn = turn();
    for preset in ["tiny", "tiny-moe"] {
        let bytes = valid_file(preset, "Q8_0");
        let candle = candle_core::quantized::gguf_file::Content::read(&mut std::io::Cursor::new(&bytes)).unwrap();
        let ours = GgufFile::from_bytes(bytes.clone()).unwrap();
        let mut keys: Vec<&str> = ours.metadata().keys().collect();
        let mut expected: Vec<&str> = candle.metadata.keys().map(String::as_str).collect();
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        for (key, value) in &candle.metadata {
            assert_same_value(&ours, key, value);
        }
        assert_eq!(ours.tensors().count(), candle.tensor_infos.len());
        for (name, info) in &candle.tensor_infos {
            let tensor = ours.tensor(name).expect("a tensor that candle sees");
            assert_eq!(tensor.info.shape, info.shape.dims(), "{name}");
            assert_eq!(
                tensor.info.block_type.name(),
                format!("{:?}", info.ggml_dtype),
                "{name}"
            );
            let start = (candle.tensor_data_offset + info.offset) as usize;
            assert!(
                tensor.bytes() == &bytes[start..start + tensor.info.num_bytes()],
                "{name}: other bytes"
            );
        }
    }
}

fn assert_same_value(file: &GgufFile, key: &str, expected: &candle_core::quantized::gguf_file::Value) {
    use candle_core::quantized::gguf_file::Value;
    let metadata = file.metadata();
    match expected {
        Value::U32(expected) => assert_eq!(metadata.u32(key).ok(), Some(*expected), "{key}"),
        Value::F32(expected) => assert_eq!(metadata.optional_f32(key).ok(), Some(Some(*expected)), "{key}"),
        Value::Bool(expected) => assert_eq!(metadata.optional_bool(key).ok(), Some(Some(*expected)), "{key}"),
        Value::String(expected) => assert_eq!(metadata.str(key).ok(), Some(expected.as_str()), "{key}"),
        Value::Array(expected) => match expected.first() {
            Some(Value::String(_)) => {
                let strings: Vec<String> = expected
                    .iter()
                    .map(|value| value.to_string().cloned().unwrap())
                    .collect();
                assert_eq!(metadata.optional_strings(key).ok(), Some(Some(strings)), "{key}");
            }
            _ => {
                let numbers: Vec<u32> = expected.iter().map(|value| value.to_i32().unwrap() as u32).collect();
                assert_eq!(metadata.optional_u32s(key).ok(), Some(Some(numbers)), "{key}");
            }
        },
        other => panic!("{key}: {other:?} is a type that the random models don't use"),
    }
}
