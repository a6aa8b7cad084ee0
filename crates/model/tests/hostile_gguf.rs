//! Damaged and hostile files: an error or a working model, never a panic, a hang or an allocation out of proportion.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use izwi_model::backend::cpu::CpuBackend;
use izwi_model::gguf::GgufFile;
use izwi_model::random_model::RandomModel;
use izwi_model::{BackendChoice, Batch, LoadOptions, Qwen3Config, load_on};

/// What a case may allocate: this much for each byte of its file, and a constant for the KV cache and the threads.
const BYTES_PER_FILE_BYTE: usize = 16;
const CONSTANT_BYTES: usize = 64 << 20;
const CONTEXT: usize = 64;

struct CountingAllocator;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counters don't touch the memory.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A small deterministic generator (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn valid_file(preset: &str, quantization: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{preset}-{quantization}.gguf"));
    let quantization = quantization.parse().unwrap();
    RandomModel {
        quantization,
        ..RandomModel::preset(preset).unwrap()
    }
    .write(&path)
    .unwrap();
    std::fs::read(path).unwrap()
}

/// Where the header ends: everything before the first tensor's data that isn't padding.
fn header_bytes(file: &[u8]) -> usize {
    let data: usize = GgufFile::from_bytes(file.to_vec())
        .unwrap()
        .tensors()
        .map(|(_, info)| info.num_bytes())
        .sum();
    file.len() - data
}

/// Reads, loads and runs a file as far as it goes; whether it ran.
fn try_file(bytes: Vec<u8>) -> bool {
    let Ok(file) = GgufFile::from_bytes(bytes) else {
        return false;
    };
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

fn check(bytes: Vec<u8>, what: &str) -> bool {
    let allowed = LIVE.load(Ordering::Relaxed) + bytes.len() * BYTES_PER_FILE_BYTE + CONSTANT_BYTES;
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    let outcome = catch_unwind(AssertUnwindSafe(|| try_file(bytes)));
    let peak = PEAK.load(Ordering::Relaxed);
    assert!(
        peak <= allowed,
        "{what}: {peak} bytes allocated at once, {allowed} allowed"
    );
    outcome.unwrap_or_else(|_| panic!("{what}: panicked"))
}

/// Values that lengths, counts, types, sizes and offsets are replaced by.
const EVIL: [u64; 12] = [
    0,
    1,
    2,
    9,
    31,
    255,
    1 << 20,
    (1 << 31) - 1,
    1 << 31,
    1 << 63,
    u64::MAX - 7,
    u64::MAX,
];

fn mutate(file: &[u8], header: usize, random: &mut Random) -> (Vec<u8>, String) {
    let mut bytes = file.to_vec();
    let at = random.below(header);
    match random.below(6) {
        0 => {
            let range = if random.below(2) == 0 { header } else { file.len() };
            let end = random.below(range);
            bytes.truncate(end);
            (bytes, format!("cut at {end}"))
        }
        1 => {
            let bit = random.below(8);
            bytes[at] ^= 1 << bit;
            (bytes, format!("bit {bit} of byte {at}"))
        }
        2 => {
            let value = EVIL[random.below(EVIL.len())];
            let end = (at + 8).min(bytes.len());
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            (bytes, format!("{value} in 8 bytes at {at}"))
        }
        3 => {
            let value = EVIL[random.below(EVIL.len())] as u32;
            let end = (at + 4).min(bytes.len());
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            (bytes, format!("{value} in 4 bytes at {at}"))
        }
        4 => {
            let len = 1 + random.below(64).min(header - at - 1);
            bytes[at..at + len].fill_with(|| random.next() as u8);
            (bytes, format!("{len} random bytes at {at}"))
        }
        _ => {
            let (len, to) = (1 + random.below(40), random.below(header));
            let end = (at + len).min(header);
            bytes.copy_within(at..end, to.min(header - (end - at)));
            (bytes, format!("bytes {at}..{end} again at {to}"))
        }
    }
}

#[test]
fn mutated_files_are_refused_or_run() {
    let start = Instant::now();
    let mut random = Random(1);
    let mut ran = 0;
    let mut cases = 0;
    for (preset, quantization) in [("tiny", "Q4_K_M"), ("tiny-moe", "Q8_0")] {
        let file = valid_file(preset, quantization);
        assert!(check(file.clone(), "the file itself"));
        let header = header_bytes(&file);
        for case in 0..800 {
            let (bytes, what) = mutate(&file, header, &mut random);
            ran += usize::from(check(bytes, &format!("{preset}, case {case}: {what}")));
            cases += 1;
        }
        // Each field of the header's own, and those of keys and tensors that matter most, by name.
        for name in NAMES {
            let Some(place) = file[..header]
                .windows(name.len())
                .position(|bytes| bytes == name.as_bytes())
            else {
                continue;
            };
            for offset in (0..24).step_by(4) {
                for value in EVIL {
                    let mut bytes = file.clone();
                    let at = place + name.len() + offset;
                    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
                    check(bytes, &format!("{preset}: {value} at {offset} after {name}"));
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} cases, {ran} of the random ones still ran");
    assert!(cases >= 2000, "{cases} cases");
    assert!(ran > 0, "mutations that nobody notices exist too");
    assert!(start.elapsed() < Duration::from_secs(300), "took {:?}", start.elapsed());
}

/// Keys and tensors whose fields are replaced one by one.
const NAMES: [&str; 16] = [
    "GGUF",
    "general.architecture",
    "block_count",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_rms_epsilon",
    "rope.freq_base",
    "context_length",
    "expert_count",
    "expert_used_count",
    "tokenizer.ggml.tokens",
    "token_embd.weight",
    "blk.0.attn_q.weight",
];

#[test]
fn duplicates_are_refused() {
    let file = valid_file("tiny", "F32");
    let mut renamed = file.clone();
    let (from, to) = ("blk.0.attn_k.weight", "blk.0.attn_q.weight");
    let place = file
        .windows(from.len())
        .position(|bytes| bytes == from.as_bytes())
        .expect("a tensor of that name");
    renamed[place..place + to.len()].copy_from_slice(to.as_bytes());
    let error = GgufFile::from_bytes(renamed)
        .err()
        .expect("a tensor appears twice")
        .to_string();
    assert!(error.contains("blk.0.attn_q.weight appears twice"), "{error}");
}

#[test]
fn a_sound_file_reads_as_with_candle() {
    for preset in ["tiny", "tiny-moe"] {
        let bytes = valid_file(preset, "Q8_0");
        let candle = candle_core::quantized::gguf_file::Content::read(&mut std::io::Cursor::new(&bytes)).unwrap();
        let ours = GgufFile::from_bytes(bytes).unwrap();
        let mut keys: Vec<&str> = ours.metadata().keys().collect();
        let mut expected: Vec<&str> = candle.metadata.keys().map(String::as_str).collect();
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        for key in ["qwen3.block_count", "qwen3moe.block_count", "qwen3.context_length"] {
            let expected = candle.metadata.get(key).map(|value| value.to_u32().unwrap());
            assert_eq!(ours.metadata().optional_u32(key).unwrap(), expected, "{key}");
        }
        let shapes: BTreeMap<&str, Vec<usize>> =
            ours.tensors().map(|(name, info)| (name, info.shape.clone())).collect();
        let expected: BTreeMap<&str, Vec<usize>> = candle
            .tensor_infos
            .iter()
            .map(|(name, info)| (name.as_str(), info.shape.dims().to_vec()))
            .collect();
        assert_eq!(shapes, expected);
    }
}
