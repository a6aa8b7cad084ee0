//! The candle backend: the same operations on candle tensors, for Metal and CUDA, and on the CPU as a second opinion.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{DType, Device, Module, Tensor as CandleTensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::rope_thd;
use half::f16;
use izwi_kernels::BlockType;

use super::{AttentionConfig, Backend, EmbeddingTable, ExpertWeights, KvCacheShape, route};
use crate::gguf::{Tensor, TensorInfo};
use crate::{Batch, ModelError, Result};

pub struct CandleBackend {
    device: Device,
    /// F32 on the CPU, F16 on GPUs.
    kv_dtype: DType,
}

/// `[tokens, width]`; `None` before it is first written.
#[derive(Default)]
pub struct Rows(Option<CandleTensor>);

impl Rows {
    fn get(&self) -> Result<&CandleTensor> {
        self.0
            .as_ref()
            .ok_or_else(|| failure("activations were read before they were written"))
    }
}

pub struct CandleKvCache {
    shape: KvCacheShape,
    /// One for each layer, `[num_blocks * block_size, num_kv_heads, head_dim]`.
    keys: Vec<CandleTensor>,
    values: Vec<CandleTensor>,
}

impl CandleBackend {
    pub fn cpu() -> Self {
        Self {
            device: Device::Cpu,
            kv_dtype: DType::F32,
        }
    }

    /// # Errors
    /// `DeviceUnavailable` when this build or this machine has none.
    pub fn cuda() -> Result<Self> {
        Self::gpu(Device::new_cuda(0))
    }

    /// # Errors
    /// `DeviceUnavailable` when this build or this machine has none.
    pub fn metal() -> Result<Self> {
        Self::gpu(Device::new_metal(0))
    }

    fn gpu(device: candle_core::Result<Device>) -> Result<Self> {
        let device = device.map_err(|error| ModelError::DeviceUnavailable(first_line(&error)))?;
        Ok(Self {
            device,
            kv_dtype: DType::F16,
        })
    }

    /// The chosen rows, `[rows, width]`.
    fn gather(&self, hidden: &Rows, rows: &[usize]) -> Result<CandleTensor> {
        let indexes: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        let indexes = CandleTensor::from_vec(indexes, rows.len(), &self.device)?;
        Ok(hidden.get()?.index_select(&indexes, 0)?)
    }

    fn product(&self, bytes: &[u8], block_type: BlockType, rows: usize, cols: usize) -> Result<QMatMul> {
        let storage = QStorage::from_data(Cow::Borrowed(bytes), &self.device, ggml_dtype(block_type))?;
        Ok(QMatMul::from_arc(Arc::new(QTensor::new(storage, (rows, cols))?))?)
    }

    /// Cosines and sines `[tokens, head_dim / 2]` of the positions' angles, computed in f64.
    fn angles(&self, config: &AttentionConfig, positions: &[u32]) -> Result<(CandleTensor, CandleTensor)> {
        let half = config.head_dim / 2;
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for &position in positions {
            for pair in 0..half {
                let exponent = 2.0 * pair as f64 / config.head_dim as f64;
                let angle = f64::from(position) * f64::from(config.rope_theta).powf(-exponent);
                cos.push(angle.cos() as f32);
                sin.push(angle.sin() as f32);
            }
        }
        let tensor = |values| CandleTensor::from_vec(values, (positions.len(), half), &self.device);
        Ok((tensor(cos)?, tensor(sin)?))
    }

    /// Attention of one sequence: `q` and the result are `[len, num_heads, head_dim]`, `slots` is `[context_len]`.
    fn attend_sequence(
        &self,
        config: &AttentionConfig,
        q: &CandleTensor,
        keys: &CandleTensor,
        values: &CandleTensor,
        slots: &CandleTensor,
    ) -> Result<CandleTensor> {
        let (len, context_len) = (q.dim(0)?, slots.dim(0)?);
        let (kv_heads, group) = (config.num_kv_heads, config.num_heads / config.num_kv_heads);
        // [kv_heads, context, head_dim]
        let gather = |cache: &CandleTensor| -> candle_core::Result<CandleTensor> {
            cache
                .index_select(slots, 0)?
                .to_dtype(DType::F32)?
                .transpose(0, 1)?
                .contiguous()
        };
        let (keys, values) = (gather(keys)?, gather(values)?);
        // [kv_heads, group * len, head_dim]: query heads follow one another within their key-value head.
        let q = q
            .transpose(0, 1)?
            .contiguous()?
            .reshape((kv_heads, group * len, config.head_dim))?;
        let scores = (q.matmul(&keys.transpose(1, 2)?.contiguous()?)? * (1.0 / (config.head_dim as f64).sqrt()))?;
        let scores = if len == 1 {
            scores
        } else {
            let mask = self.causal_mask(len, context_len)?;
            let scores = scores
                .reshape((kv_heads * group, len, context_len))?
                .broadcast_add(&mask)?;
            scores.reshape((kv_heads, group * len, context_len))?
        };
        let attended = softmax_last_dim(&scores)?.matmul(&values)?;
        Ok(attended
            .reshape((config.num_heads, len, config.head_dim))?
            .transpose(0, 1)?
            .contiguous()?)
    }

    /// `[1, len, context_len]`: 0 where a query may look, minus infinity elsewhere.
    fn causal_mask(&self, len: usize, context_len: usize) -> Result<CandleTensor> {
        let first = context_len - len;
        let allowed = |query: usize, key: usize| if key <= first + query { 0.0 } else { f32::NEG_INFINITY };
        let mask: Vec<f32> = (0..len)
            .flat_map(|query| (0..context_len).map(move |key| allowed(query, key)))
            .collect();
        Ok(CandleTensor::from_vec(mask, (1, len, context_len), &self.device)?)
    }
}

impl Backend for CandleBackend {
    type Matrix = QMatMul;
    type MatrixStack = Vec<QMatMul>;
    type Vector = CandleTensor;
    type Activations = Rows;
    type KvCache = CandleKvCache;

    fn name(&self) -> &'static str {
        match self.device {
            Device::Cpu => "candle",
            Device::Cuda(_) => "cuda",
            Device::Metal(_) => "metal",
        }
    }

    fn device(&self) -> String {
        match self.device {
            Device::Cpu => "CPU",
            Device::Cuda(_) => "CUDA 0",
            Device::Metal(_) => "Metal 0",
        }
        .to_owned()
    }

    fn isa(&self) -> String {
        // candle chooses most of its CPU kernels when it is compiled.
        "compiled in".to_owned()
    }

    fn num_threads(&self) -> usize {
        candle_core::utils::get_num_threads()
    }

    fn kv_type(&self) -> &'static str {
        match self.kv_dtype {
            DType::F16 => "f16",
            _ => "f32",
        }
    }

    fn kv_layout(&self) -> &'static str {
        self.kv_type()
    }

    fn kv_row_bytes(&self, head_dim: usize) -> usize {
        head_dim.saturating_mul(self.kv_dtype.size_in_bytes())
    }

    fn kv_cache_is_lazy(&self) -> bool {
        false
    }

    fn uses_main_memory(&self) -> bool {
        self.device.is_cpu()
    }

    fn weight_bytes(&self, info: &TensorInfo) -> usize {
        info.num_bytes()
    }

    fn uniform_rows(&self) -> usize {
        1
    }

    fn matrix(&self, tensor: &Tensor) -> Result<QMatMul> {
        let [rows, cols] = tensor.info.shape[..] else {
            return Err(wrong_rank(tensor));
        };
        self.product(tensor.bytes(), tensor.info.block_type, rows, cols)
    }

    fn matrix_stack(&self, tensor: &Tensor) -> Result<Vec<QMatMul>> {
        let [_, rows, cols] = tensor.info.shape[..] else {
            return Err(wrong_rank(tensor));
        };
        let matrix_bytes = rows * tensor.info.block_type.row_bytes(cols);
        let matrices = tensor.bytes().chunks_exact(matrix_bytes);
        matrices
            .map(|bytes| self.product(bytes, tensor.info.block_type, rows, cols))
            .collect()
    }

    fn vector(&self, tensor: &Tensor) -> Result<CandleTensor> {
        let values = tensor.to_f32();
        let len = values.len();
        Ok(CandleTensor::from_vec(values, len, &self.device)?)
    }

    fn kv_cache(&self, shape: KvCacheShape) -> Result<CandleKvCache> {
        let dims = (shape.num_blocks * shape.block_size, shape.num_kv_heads, shape.head_dim);
        let out_of_memory = |error| ModelError::OutOfMemory(format!("the KV cache: {}", first_line(&error)));
        let layers = || -> Result<Vec<CandleTensor>> {
            let zeros = || CandleTensor::zeros(dims, self.kv_dtype, &self.device).map_err(out_of_memory);
            (0..shape.num_layers).map(|_| zeros()).collect()
        };
        Ok(CandleKvCache {
            shape,
            keys: layers()?,
            values: layers()?,
        })
    }

    fn copy_block(&self, cache: &mut CandleKvCache, from: u32, to: u32) -> Result<()> {
        let size = cache.shape.block_size;
        for layer in cache.keys.iter().chain(&cache.values) {
            let block = layer.narrow(0, from as usize * size, size)?.force_contiguous()?;
            layer.slice_set(&block, 0, to as usize * size)?;
        }
        Ok(())
    }

    fn read_block(&self, cache: &CandleKvCache, block: u32, out: &mut Vec<u8>) -> Result<()> {
        let size = cache.shape.block_size;
        for layer in cache.keys.iter().chain(&cache.values) {
            let values = layer.narrow(0, block as usize * size, size)?.flatten_all()?;
            match self.kv_dtype {
                DType::F16 => out.extend(values.to_vec1::<f16>()?.iter().flat_map(|value| value.to_le_bytes())),
                _ => out.extend(values.to_vec1::<f32>()?.iter().flat_map(|value| value.to_le_bytes())),
            }
        }
        Ok(())
    }

    fn write_block(&self, cache: &mut CandleKvCache, block: u32, bytes: &[u8]) -> Result<()> {
        let shape = cache.shape;
        let dims = (shape.block_size, shape.num_kv_heads, shape.head_dim);
        let layer_bytes = shape.block_len() * self.kv_dtype.size_in_bytes();
        let layers = cache.keys.iter().chain(&cache.values);
        for (layer, bytes) in layers.zip(bytes.chunks_exact(layer_bytes)) {
            let values = CandleTensor::from_raw_buffer(bytes, self.kv_dtype, &[dims.0, dims.1, dims.2], &self.device)?;
            layer.slice_set(&values, 0, block as usize * shape.block_size)?;
        }
        Ok(())
    }

    fn embed(&self, table: &EmbeddingTable, token_ids: &[u32], out: &mut Rows) -> Result<()> {
        let shape = (token_ids.len(), table.hidden_size());
        let mut rows = vec![0.0; shape.0 * shape.1];
        table.rows(token_ids, &mut rows);
        out.0 = Some(CandleTensor::from_vec(rows, shape, &self.device)?);
        Ok(())
    }

    fn norm_project<const N: usize>(
        &self,
        x: &Rows,
        norm: &CandleTensor,
        epsilon: f32,
        matrices: [&QMatMul; N],
        out: [&mut Rows; N],
    ) -> Result<()> {
        let normed = rms_norm(x.get()?, norm, epsilon)?;
        for (rows, matrix) in out.into_iter().zip(matrices) {
            rows.0 = Some(matrix.forward(&normed)?);
        }
        Ok(())
    }

    fn rotate_and_store(
        &self,
        config: &AttentionConfig,
        batch: &Batch,
        (q_norm, k_norm): (&CandleTensor, &CandleTensor),
        q: &mut Rows,
        k: &mut Rows,
        v: &Rows,
        cache: &mut CandleKvCache,
        layer: usize,
    ) -> Result<()> {
        let (cos, sin) = self.angles(config, &batch.positions)?;
        let tokens = batch.token_ids.len();
        for (rows, heads, norm) in [
            (&mut *q, config.num_heads, q_norm),
            (&mut *k, config.num_kv_heads, k_norm),
        ] {
            let values = rows.get()?.reshape((tokens, heads, config.head_dim))?;
            let values = rms_norm(&values, norm, config.rms_norm_epsilon)?;
            let rotated = rope_thd(&values.unsqueeze(0)?, &cos, &sin)?;
            rows.0 = Some(rotated.reshape((tokens, heads * config.head_dim))?);
        }
        let shape = (tokens, config.num_kv_heads, config.head_dim);
        let k = k.get()?.reshape(shape)?.to_dtype(self.kv_dtype)?;
        let v = v.get()?.reshape(shape)?.to_dtype(self.kv_dtype)?;
        let block_size = cache.shape.block_size;
        for sequence in &batch.sequences {
            let mut stored = 0;
            while stored < sequence.len {
                let position = sequence.context_len - sequence.len + stored;
                let count = (block_size - position % block_size).min(sequence.len - stored);
                let slot = sequence.block_table[position / block_size] as usize * block_size + position % block_size;
                for (from, to) in [(&k, &cache.keys[layer]), (&v, &cache.values[layer])] {
                    to.slice_set(&from.narrow(0, sequence.start + stored, count)?.contiguous()?, 0, slot)?;
                }
                stored += count;
            }
        }
        Ok(())
    }

    fn attend(
        &self,
        config: &AttentionConfig,
        batch: &Batch,
        q: &Rows,
        cache: &CandleKvCache,
        layer: usize,
        out: &mut Rows,
    ) -> Result<()> {
        let q = q
            .get()?
            .reshape((batch.token_ids.len(), config.num_heads, config.head_dim))?;
        let block_size = cache.shape.block_size;
        let mut attended = Vec::with_capacity(batch.sequences.len());
        for sequence in &batch.sequences {
            let slot = |position: usize| {
                sequence.block_table[position / block_size] * block_size as u32 + (position % block_size) as u32
            };
            let slots: Vec<u32> = (0..sequence.context_len).map(slot).collect();
            let slots = CandleTensor::from_vec(slots, sequence.context_len, &self.device)?;
            let q = q.narrow(0, sequence.start, sequence.len)?;
            attended.push(self.attend_sequence(config, &q, &cache.keys[layer], &cache.values[layer], &slots)?);
        }
        let attended = CandleTensor::cat(&attended, 0)?;
        out.0 = Some(attended.reshape((batch.token_ids.len(), config.num_heads * config.head_dim))?);
        Ok(())
    }

    fn project_add(&self, x: &Rows, matrix: &QMatMul, residual: &mut Rows) -> Result<()> {
        residual.0 = Some((residual.get()? + matrix.forward(x.get()?)?)?);
        Ok(())
    }

    fn gated_mlp(
        &self,
        hidden: &mut Rows,
        norm: &CandleTensor,
        epsilon: f32,
        [gate, up, down]: [&QMatMul; 3],
    ) -> Result<()> {
        let normed = rms_norm(hidden.get()?, norm, epsilon)?;
        let mixed = swiglu(gate, up, down, &normed)?;
        hidden.0 = Some((hidden.get()? + mixed)?);
        Ok(())
    }

    fn experts_mlp(
        &self,
        hidden: &mut Rows,
        norm: &CandleTensor,
        epsilon: f32,
        weights: &ExpertWeights<'_, Self>,
    ) -> Result<()> {
        let normed = rms_norm(hidden.get()?, norm, epsilon)?;
        let router = weights.router.forward(&normed)?;
        let num_experts = router.dim(1)?;
        let mut router = router.flatten_all()?.to_vec1::<f32>()?;
        let mut routed = Vec::new();
        route(&mut router, num_experts, weights.num_used, &mut routed);
        let mut sum = hidden.get()?.clone();
        for (expert, tokens) in routed.iter().enumerate().filter(|(_, tokens)| !tokens.is_empty()) {
            let (rows, shares): (Vec<u32>, Vec<f32>) = tokens.iter().copied().unzip();
            let count = rows.len();
            let rows = CandleTensor::from_vec(rows, count, &self.device)?;
            let shares = CandleTensor::from_vec(shares, (count, 1), &self.device)?;
            let chosen = normed.index_select(&rows, 0)?;
            let output = swiglu(
                &weights.gate[expert],
                &weights.up[expert],
                &weights.down[expert],
                &chosen,
            )?;
            sum = sum.index_add(&rows, &output.broadcast_mul(&shares)?, 0)?;
        }
        hidden.0 = Some(sum);
        Ok(())
    }

    fn final_states(
        &self,
        hidden: &Rows,
        rows: &[usize],
        norm: &CandleTensor,
        epsilon: f32,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        let states = rms_norm(&self.gather(hidden, rows)?, norm, epsilon)?;
        *out = states.flatten_all()?.to_vec1()?;
        Ok(())
    }

    fn logits(
        &self,
        hidden: &Rows,
        rows: &[usize],
        norm: &CandleTensor,
        epsilon: f32,
        head: &QMatMul,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        let wanted = self.gather(hidden, rows)?;
        let logits = head.forward(&rms_norm(&wanted, norm, epsilon)?)?;
        *out = logits.flatten_all()?.to_vec1()?;
        Ok(())
    }
}

fn swiglu(gate: &QMatMul, up: &QMatMul, down: &QMatMul, x: &CandleTensor) -> candle_core::Result<CandleTensor> {
    down.forward(&(gate.forward(x)?.silu()? * up.forward(x)?)?)
}

fn ggml_dtype(block_type: BlockType) -> GgmlDType {
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

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        failure(first_line(&error))
    }
}

fn failure(message: impl Into<String>) -> ModelError {
    ModelError::Backend {
        backend: "candle",
        message: message.into(),
    }
}

/// candle appends a whole backtrace where RUST_BACKTRACE is set.
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn wrong_rank(tensor: &Tensor) -> ModelError {
    ModelError::InvalidFile(format!(
        "the tensor {} has the shape {:?}",
        tensor.name, tensor.info.shape
    ))
}
