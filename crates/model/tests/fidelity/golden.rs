//! The goldens that tests/reference/model writes: models, token sequences and their log-probabilities by transformers.

use std::path::{Path, PathBuf};

use izwi_model::gguf::GgufFile;
use izwi_model::random_model::{RandomModel, Scale};
use izwi_model::{Architecture, ExpertsConfig};
use serde_json::Value;

pub struct Golden {
    pub name: String,
    pub sequences: Vec<Sequence>,
    pub quantizations: Vec<Quantization>,
}

pub struct Sequence {
    pub token_ids: Vec<u32>,
    /// The first position whose next token is scored.
    pub first: usize,
}

pub struct Quantization {
    pub name: String,
    pub model: RandomModel,
    /// CRC-32 of the tensors' bytes, in the order of their names.
    pub checksum: u32,
    /// For each sequence, `log p(token[i + 1] | token[0..=i])` from `first` on.
    pub log_probs: Vec<Vec<f64>>,
}

pub fn goldens() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fidelity");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the goldens' folder")
        .map(|entry| entry.expect("a golden").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| golden(path)).collect()
}

fn golden(path: &Path) -> Golden {
    let text = std::fs::read_to_string(path).expect("a readable golden");
    let value: Value = serde_json::from_str(&text).expect("a golden in JSON");
    let sequences = value["sequences"]
        .as_array()
        .expect("sequences")
        .iter()
        .map(|sequence| Sequence {
            token_ids: numbers(&sequence["token_ids"]).map(|id| id as u32).collect(),
            first: integer(&sequence["first"]),
        });
    let quantizations = value["quantizations"]
        .as_object()
        .expect("quantizations")
        .iter()
        .map(|(name, entry)| {
            let quantization = name.parse().expect("a known quantization");
            Quantization {
                name: name.clone(),
                model: RandomModel {
                    quantization,
                    ..model(&value["model"])
                },
                checksum: integer(&entry["checksum"]) as u32,
                log_probs: entry["log_probs"]
                    .as_array()
                    .expect("log_probs")
                    .iter()
                    .map(|row| numbers(row).collect())
                    .collect(),
            }
        });
    Golden {
        name: path.file_stem().expect("a file name").to_string_lossy().into_owned(),
        sequences: sequences.collect(),
        quantizations: quantizations.collect(),
    }
}

fn model(value: &Value) -> RandomModel {
    let size = |key: &str| integer(&value[key]);
    let experts = value["experts"].as_str().map(|experts| {
        let sizes: Vec<usize> = experts.split(',').map(|size| size.parse().expect("a size")).collect();
        ExpertsConfig {
            num_experts: sizes[0],
            num_used: sizes[1],
            intermediate_size: sizes[2],
        }
    });
    RandomModel {
        architecture: if experts.is_some() {
            Architecture::Qwen3Moe
        } else {
            Architecture::Qwen3
        },
        num_layers: size("layers"),
        hidden_size: size("hidden"),
        num_heads: size("heads"),
        num_kv_heads: size("kv-heads"),
        head_dim: size("head-dim"),
        intermediate_size: size("ffn"),
        vocab_size: size("vocab"),
        tied_embeddings: value["tied"] == "true",
        experts,
        context_length: size("context"),
        rope_theta: size("rope-theta") as f32,
        seed: size("seed") as u64,
        scale: if value["scale"] == "initial" {
            Scale::Initial
        } else {
            Scale::Trained
        },
        ..RandomModel::preset("tiny").expect("the tiny preset")
    }
}

fn integer(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not an integer")) as usize
}

fn numbers(value: &Value) -> impl Iterator<Item = f64> {
    value
        .as_array()
        .expect("a list of numbers")
        .iter()
        .map(|number| number.as_f64().expect("a number"))
}

/// The checksum that the goldens state: it tells a changed generator from a wrong computation.
pub fn checksum(file: &GgufFile) -> u32 {
    let mut names: Vec<&str> = file.tensors().map(|(name, _)| name).collect();
    names.sort_unstable();
    let crc = names.iter().fold(u32::MAX, |crc, name| {
        crc32(crc, file.tensor(name).expect("a listed tensor").bytes())
    });
    !crc
}

/// CRC-32 as zlib has it, a byte at a time.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256)
        .map(|byte| {
            (0..8).fold(byte, |crc: u32, _| {
                if crc & 1 == 1 {
                    0xedb8_8320 ^ (crc >> 1)
                } else {
                    crc >> 1
                }
            })
        })
        .collect();
    bytes.iter().fold(crc, |crc, &byte| {
        table[((crc ^ u32::from(byte)) & 0xff) as usize] ^ (crc >> 8)
    })
}
