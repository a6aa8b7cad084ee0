//! Models written, loaded on each backend, and run.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use izwi_kernels::{Isa, Kernels, KvType, available_isas};
use izwi_model::backend::candle::CandleBackend;
use izwi_model::backend::cpu::CpuBackend;
use izwi_model::gguf::GgufFile;
use izwi_model::random_model::RandomModel;
use izwi_model::{BLOCK_SIZE, Batch, LanguageModel, LoadOptions, load_on};

#[derive(Clone, Copy)]
pub enum Target {
    Cpu(Isa, KvType),
    Candle,
}

impl Target {
    /// Every backend of this machine; the CPU backend once for each instruction set and type of KV cache.
    pub fn all() -> Vec<Self> {
        available_isas()
            .into_iter()
            .flat_map(|isa| KvType::ALL.map(|kv_type| Target::Cpu(isa, kv_type)))
            .chain([Target::Candle])
            .collect()
    }

    pub fn name(self) -> String {
        match self {
            Target::Cpu(isa, kv_type) => format!("cpu {} {}", isa.name(), kv_type.name()),
            Target::Candle => "candle".to_owned(),
        }
    }

    pub fn load(self, file: &GgufFile, context_length: usize) -> Box<dyn LanguageModel> {
        let mut options = LoadOptions {
            context_length: Some(context_length),
            ..LoadOptions::default()
        };
        let loaded = match self {
            Target::Cpu(isa, kv_type) => {
                options.kv_type = kv_type;
                let kernels = Kernels::for_isa(isa).expect("an available ISA");
                load_on(
                    file,
                    &options,
                    CpuBackend::with_kernels(kernels, 2).with_kv_type(kv_type),
                )
            }
            Target::Candle => load_on(file, &options, CandleBackend::cpu()),
        };
        loaded.expect("a sound model").0
    }
}

/// Writes a random model and opens it; the file is gone from its folder when this returns.
pub fn open(model: &RandomModel) -> GgufFile {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path: PathBuf = std::env::temp_dir().join(format!("izwi-fidelity-{}-{number}.gguf", std::process::id()));
    model.write(&path).expect("a model that can be written");
    let bytes = std::fs::read(&path).expect("the file just written");
    std::fs::remove_file(&path).expect("the file just written");
    GgufFile::from_bytes(bytes).expect("a sound file")
}

/// Blocks `first..` that hold `positions` positions, in order.
pub fn blocks(first: usize, positions: usize) -> Vec<u32> {
    (first..first + positions.div_ceil(BLOCK_SIZE))
        .map(|block| block as u32)
        .collect()
}

/// Logits of the rows from `first` on, the whole sequence at once, `[len - first, vocab]`.
pub fn prefill(model: &mut dyn LanguageModel, token_ids: &[u32], first: usize) -> Vec<f32> {
    let mut batch = Batch::default();
    batch.push(token_ids, 0, &blocks(0, token_ids.len()));
    batch.logit_rows = (first..token_ids.len()).collect();
    let mut logits = Vec::new();
    model.forward(&batch, &mut logits).expect("a batch in range");
    logits
}

/// `log p(token[i + 1] | token[0..=i])` from position `first` on.
pub fn log_probs(model: &mut dyn LanguageModel, token_ids: &[u32], first: usize) -> Vec<f64> {
    let vocab_size = model.vocab_size();
    let logits = prefill(model, token_ids, first);
    let rows = logits.chunks_exact(vocab_size).zip(&token_ids[first + 1..]);
    rows.map(|(row, &next)| log_softmax(row, next as usize)).collect()
}

fn log_softmax(row: &[f32], index: usize) -> f64 {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&logit| f64::from(logit - max).exp()).sum();
    f64::from(row[index] - max) - sum.ln()
}
