//! Writes a random model as GGUF version 3: the header at once, then the tensors piece by piece.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use izwi_kernels::BlockType;

use super::vocabulary::Vocabulary;
use super::{RandomModel, RandomTensor};
use crate::{ModelError, Result};

const ALIGNMENT: usize = 32;
/// Values that one thread makes and quantizes at a time.
const PIECE_LEN: usize = 1 << 20;
const CHAT_TEMPLATE: &str = include_str!("../../../../models/chat_template.jinja");

pub(super) fn write(model: &RandomModel, path: &Path) -> Result<()> {
    let io_error = |error: std::io::Error| ModelError::Io {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let tensors = model.tensors();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io_error)?);
    let mut header = header(model, &tensors);
    pad(&mut header);
    out.write_all(&header).map_err(io_error)?;
    for tensor in &tensors {
        for_each_piece(tensor, |bytes| out.write_all(bytes).map_err(io_error))?;
        let padding = tensor.num_bytes().next_multiple_of(ALIGNMENT) - tensor.num_bytes();
        out.write_all(&[0; ALIGNMENT][..padding]).map_err(io_error)?;
    }
    out.flush().map_err(io_error)
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}

/// Makes the tensor's bytes on all cores and hands them over in order.
fn for_each_piece(tensor: &RandomTensor, mut give: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let num_threads = std::thread::available_parallelism()
        .map_or(1, |count| count.get())
        .min(16);
    let rows_each = (PIECE_LEN / tensor.cols()).max(1);
    let starts: Vec<usize> = (0..tensor.num_rows()).step_by(rows_each).collect();
    for group in starts.chunks(num_threads) {
        let pieces: Vec<Result<Vec<u8>>> = std::thread::scope(|scope| {
            let make = |start: usize| quantize(tensor, start..(start + rows_each).min(tensor.num_rows()));
            let threads: Vec<_> = group.iter().map(|&start| scope.spawn(move || make(start))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(failed("a thread panicked"))))
                .collect()
        });
        for piece in pieces {
            give(&piece?)?;
        }
    }
    Ok(())
}

fn quantize(tensor: &RandomTensor, rows: std::ops::Range<usize>) -> Result<Vec<u8>> {
    let shape = (rows.len(), tensor.cols());
    let quantized = Tensor::from_vec(tensor.values(rows), shape, &Device::Cpu)
        .and_then(|values| QTensor::quantize(&values, candle_type(tensor.block_type)))
        .map_err(|error| failed(&error.to_string()))?;
    Ok(quantized
        .data()
        .map_err(|error| failed(&error.to_string()))?
        .into_owned())
}

fn failed(message: &str) -> ModelError {
    ModelError::Backend {
        backend: "candle",
        message: format!("quantizing: {message}"),
    }
}

fn candle_type(block_type: BlockType) -> GgmlDType {
    match block_type {
        BlockType::F32 => GgmlDType::F32,
        BlockType::F16 => GgmlDType::F16,
        BlockType::BF16 => GgmlDType::BF16,
        BlockType::Q4_0 => GgmlDType::Q4_0,
        BlockType::Q4_1 => GgmlDType::Q4_1,
        BlockType::Q5_0 => GgmlDType::Q5_0,
        BlockType::Q5_1 => GgmlDType::Q5_1,
        BlockType::Q8_0 => GgmlDType::Q8_0,
        BlockType::Q2K => GgmlDType::Q2K,
        BlockType::Q3K => GgmlDType::Q3K,
        BlockType::Q4K => GgmlDType::Q4K,
        BlockType::Q5K => GgmlDType::Q5K,
        BlockType::Q6K => GgmlDType::Q6K,
    }
}

fn header(model: &RandomModel, tensors: &[RandomTensor]) -> Vec<u8> {
    let metadata = metadata(model);
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend(metadata.count.to_le_bytes());
    bytes.extend(&metadata.bytes);
    let mut offset = 0_u64;
    for tensor in tensors {
        push_string(&mut bytes, &tensor.name);
        bytes.extend((tensor.shape.len() as u32).to_le_bytes());
        for &dim in tensor.shape.iter().rev() {
            bytes.extend((dim as u64).to_le_bytes());
        }
        bytes.extend(tensor.block_type.ggml_type().to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        offset += tensor.num_bytes().next_multiple_of(ALIGNMENT) as u64;
    }
    bytes
}

fn metadata(model: &RandomModel) -> Metadata {
    let mut metadata = Metadata::default();
    let architecture = model.architecture.name();
    metadata.string("general.architecture", architecture);
    metadata.string("general.type", "model");
    metadata.string("general.name", "Random weights");
    metadata.u32("general.quantization_version", 2);
    metadata.u32("general.file_type", model.quantization.file_type());

    let key = |name: &str| format!("{architecture}.{name}");
    metadata.u32(&key("block_count"), model.num_layers as u32);
    metadata.u32(&key("context_length"), model.context_length as u32);
    metadata.u32(&key("embedding_length"), model.hidden_size as u32);
    metadata.u32(&key("feed_forward_length"), model.intermediate_size as u32);
    metadata.u32(&key("attention.head_count"), model.num_heads as u32);
    metadata.u32(&key("attention.head_count_kv"), model.num_kv_heads as u32);
    metadata.u32(&key("attention.key_length"), model.head_dim as u32);
    metadata.u32(&key("attention.value_length"), model.head_dim as u32);
    metadata.f32(&key("attention.layer_norm_rms_epsilon"), 1e-6);
    metadata.f32(&key("rope.freq_base"), model.rope_theta);
    if let Some(experts) = &model.experts {
        metadata.u32(&key("expert_count"), experts.num_experts as u32);
        metadata.u32(&key("expert_used_count"), experts.num_used as u32);
        metadata.u32(&key("expert_feed_forward_length"), experts.intermediate_size as u32);
    }

    let vocabulary = Vocabulary::new(model.vocab_size);
    metadata.string("tokenizer.ggml.model", "gpt2");
    metadata.string("tokenizer.ggml.pre", "qwen2");
    metadata.strings("tokenizer.ggml.tokens", &vocabulary.tokens);
    metadata.i32s("tokenizer.ggml.token_type", &vocabulary.token_types);
    metadata.strings("tokenizer.ggml.merges", &vocabulary.merges);
    metadata.u32("tokenizer.ggml.eos_token_id", vocabulary.end_of_turn());
    metadata.u32("tokenizer.ggml.padding_token_id", vocabulary.end_of_text());
    metadata.u32("tokenizer.ggml.bos_token_id", vocabulary.end_of_text());
    metadata.bool("tokenizer.ggml.add_bos_token", false);
    metadata.string("tokenizer.chat_template", CHAT_TEMPLATE);
    metadata
}

#[derive(Default)]
struct Metadata {
    count: u64,
    bytes: Vec<u8>,
}

impl Metadata {
    /// The numbers of GGUF's value types.
    const U32: u32 = 4;
    const I32: u32 = 5;
    const F32: u32 = 6;
    const BOOL: u32 = 7;
    const STRING: u32 = 8;
    const ARRAY: u32 = 9;

    fn key(&mut self, key: &str, value_type: u32) {
        self.count += 1;
        push_string(&mut self.bytes, key);
        self.bytes.extend(value_type.to_le_bytes());
    }

    fn array(&mut self, key: &str, element_type: u32, len: usize) {
        self.key(key, Self::ARRAY);
        self.bytes.extend(element_type.to_le_bytes());
        self.bytes.extend((len as u64).to_le_bytes());
    }

    fn u32(&mut self, key: &str, value: u32) {
        self.key(key, Self::U32);
        self.bytes.extend(value.to_le_bytes());
    }

    fn f32(&mut self, key: &str, value: f32) {
        self.key(key, Self::F32);
        self.bytes.extend(value.to_le_bytes());
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.key(key, Self::BOOL);
        self.bytes.push(u8::from(value));
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key, Self::STRING);
        push_string(&mut self.bytes, value);
    }

    fn strings(&mut self, key: &str, values: &[String]) {
        self.array(key, Self::STRING, values.len());
        for value in values {
            push_string(&mut self.bytes, value);
        }
    }

    fn i32s(&mut self, key: &str, values: &[i32]) {
        self.array(key, Self::I32, values.len());
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }
}

fn push_string(bytes: &mut Vec<u8>, string: &str) {
    bytes.extend((string.len() as u64).to_le_bytes());
    bytes.extend(string.as_bytes());
}
