//! The CPU backend: our own kernels.

mod experts;
mod kv_cache;
mod weights;

use std::sync::Mutex;

use izwi_kernels::{Activations as PreparedRows, AttentionShape, Kernels, KvType, RopeTable, SequenceSpan, ThreadPool};

use self::experts::ExpertScratch;
use self::kv_cache::CpuKvCache;
use self::weights::{CpuMatrix, CpuMatrixStack, Packing};
use super::{AttentionConfig, Backend, EmbeddingTable, ExpertWeights, KvCacheShape};
use crate::gguf::{Tensor, TensorInfo};
use crate::{Batch, Result};

pub struct CpuBackend {
    kernels: &'static Kernels,
    pool: ThreadPool,
    packing: Packing,
    kv_type: KvType,
    /// Only one pass runs at a time, so this is never waited for.
    scratch: Mutex<Scratch>,
}

/// Buffers used within one operation.
#[derive(Default)]
struct Scratch {
    /// `[tokens, width]`
    normed: Vec<f32>,
    prepared: PreparedRows,
    /// `[tokens, intermediate]`
    gate: Vec<f32>,
    /// `[tokens, intermediate]`
    up: Vec<f32>,
    experts: ExpertScratch,
    rope: Option<RopeTable>,
}

/// `[tokens, width]`
#[derive(Default)]
pub struct Rows {
    values: Vec<f32>,
    width: usize,
}

impl Rows {
    fn resize(&mut self, tokens: usize, width: usize) -> &mut [f32] {
        self.width = width;
        self.values.resize(tokens * width, 0.0);
        &mut self.values
    }

    fn tokens(&self) -> usize {
        self.values.len() / self.width
    }

    /// Fills `out` with the chosen rows, `[rows, width]`.
    fn gather(&self, rows: &[usize], out: &mut Vec<f32>) {
        out.clear();
        for &row in rows {
            out.extend_from_slice(&self.values[row * self.width..(row + 1) * self.width]);
        }
    }
}

impl CpuBackend {
    pub fn new(num_threads: usize) -> Self {
        Self::with_kernels(Kernels::active(), num_threads)
    }

    /// With the kernels of a chosen instruction set, for tests.
    pub fn with_kernels(kernels: &'static Kernels, num_threads: usize) -> Self {
        Self {
            kernels,
            pool: ThreadPool::new(num_threads),
            packing: Packing::default(),
            kv_type: KvType::default(),
            scratch: Mutex::default(),
        }
    }

    /// With a KV cache of another type than f16.
    #[must_use]
    pub fn with_kv_type(self, kv_type: KvType) -> Self {
        Self { kv_type, ..self }
    }

    fn scratch(&self) -> std::sync::MutexGuard<'_, Scratch> {
        // A panic in mid-operation leaves buffers of odd lengths, which each operation sets anew.
        self.scratch.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// RMS-normalises rows into `normed` and makes them ready for products.
    fn norm(&self, x: &[f32], norm: &[f32], epsilon: f32, normed: &mut Vec<f32>, prepared: &mut PreparedRows) {
        normed.resize(x.len(), 0.0);
        izwi_kernels::rms_norm_rows(self.kernels, &self.pool, x, norm, epsilon, normed);
        prepared.prepare(self.kernels, &self.pool, normed, x.len() / norm.len(), norm.len());
    }

    /// `gate = silu(gate) . up` for rows of `width` values.
    fn silu_mul(&self, gate: &mut [f32], up: &[f32], width: usize) {
        izwi_kernels::for_each_row(&self.pool, gate, width, &|row, gate| {
            izwi_kernels::silu_mul(self.kernels, gate, &up[row * width..][..width]);
        });
    }
}

impl Backend for CpuBackend {
    type Matrix = CpuMatrix;
    type MatrixStack = CpuMatrixStack;
    type Vector = Vec<f32>;
    type Activations = Rows;
    type KvCache = CpuKvCache;

    fn name(&self) -> &'static str {
        "cpu"
    }

    fn device(&self) -> String {
        "CPU".to_owned()
    }

    fn isa(&self) -> String {
        self.kernels.isa().name().to_owned()
    }

    fn num_threads(&self) -> usize {
        self.pool.num_threads()
    }

    fn kv_type(&self) -> &'static str {
        self.kv_type.name()
    }

    fn kv_layout(&self) -> &'static str {
        match self.kv_type {
            KvType::F16 => "f16, keys by column",
            KvType::Q8_0 => "q8_0, head by head in panels of 16 positions",
        }
    }

    fn kv_row_bytes(&self, head_dim: usize) -> usize {
        // At most four bytes for a value.
        match head_dim.checked_mul(4) {
            Some(_) => self.kv_type.row_bytes(head_dim),
            None => usize::MAX,
        }
    }

    fn kv_cache_is_lazy(&self) -> bool {
        true
    }

    fn uses_main_memory(&self) -> bool {
        true
    }

    fn weight_bytes(&self, info: &TensorInfo) -> usize {
        weights::loaded_bytes(self.kernels, info)
    }

    fn uniform_rows(&self) -> usize {
        // Every product and every sum of attention runs in one order, whatever else is in the batch.
        usize::MAX
    }

    fn matrix(&self, tensor: &Tensor) -> Result<CpuMatrix> {
        self.packing.matrix(self.kernels, &self.pool, tensor)
    }

    fn matrix_stack(&self, tensor: &Tensor) -> Result<CpuMatrixStack> {
        self.packing.stack(self.kernels, &self.pool, tensor)
    }

    fn vector(&self, tensor: &Tensor) -> Result<Vec<f32>> {
        Ok(tensor.to_f32())
    }

    fn kv_cache(&self, shape: KvCacheShape) -> Result<CpuKvCache> {
        CpuKvCache::new(shape, self.kv_type)
    }

    fn copy_block(&self, cache: &mut CpuKvCache, from: u32, to: u32) -> Result<()> {
        cache.copy_block(from, to);
        Ok(())
    }

    fn read_block(&self, cache: &CpuKvCache, block: u32, out: &mut Vec<u8>) -> Result<()> {
        cache.read_block(block, out);
        Ok(())
    }

    fn write_block(&self, cache: &mut CpuKvCache, block: u32, bytes: &[u8]) -> Result<()> {
        cache.write_block(block, bytes);
        Ok(())
    }

    fn embed(&self, table: &EmbeddingTable, token_ids: &[u32], out: &mut Rows) -> Result<()> {
        table.rows(token_ids, out.resize(token_ids.len(), table.hidden_size()));
        Ok(())
    }

    fn norm_project<const N: usize>(
        &self,
        x: &Rows,
        norm: &Vec<f32>,
        epsilon: f32,
        matrices: [&CpuMatrix; N],
        out: [&mut Rows; N],
    ) -> Result<()> {
        let Scratch { normed, prepared, .. } = &mut *self.scratch();
        self.norm(&x.values, norm, epsilon, normed, prepared);
        let mut index = 0;
        let mut products = out.map(|rows| {
            let matrix = matrices[index];
            index += 1;
            (matrix.view(), rows.resize(x.tokens(), matrix.rows()))
        });
        izwi_kernels::matmul(self.kernels, &self.pool, &mut products, prepared, false);
        Ok(())
    }

    fn rotate_and_store(
        &self,
        config: &AttentionConfig,
        batch: &Batch,
        (q_norm, k_norm): (&Vec<f32>, &Vec<f32>),
        q: &mut Rows,
        k: &mut Rows,
        v: &Rows,
        cache: &mut CpuKvCache,
        layer: usize,
    ) -> Result<()> {
        let scratch = &mut *self.scratch();
        let rope = scratch
            .rope
            .get_or_insert_with(|| RopeTable::new(f64::from(config.rope_theta), config.head_dim));
        if let Some(&last) = batch.positions.iter().max() {
            rope.grow(last as usize + 1);
        }
        let rope = &*rope;
        for (rows, norm) in [(&mut *q, q_norm), (&mut *k, k_norm)] {
            izwi_kernels::for_each_row(&self.pool, &mut rows.values, rows.width, &|token, row| {
                let (cos, sin) = rope.at(batch.positions[token] as usize);
                for head in row.chunks_exact_mut(config.head_dim) {
                    izwi_kernels::rms_norm_in_place(self.kernels, head, norm, config.rms_norm_epsilon);
                    izwi_kernels::rotate(self.kernels, head, cos, sin);
                }
            });
        }
        let block_size = cache.shape.block_size;
        let attention = attention_shape(config, block_size);
        for sequence in &batch.sequences {
            for index in 0..sequence.len {
                let position = sequence.context_len - sequence.len + index;
                let block = sequence.block_table[position / block_size] as usize;
                let slot = block * block_size + position % block_size;
                let [k, v] = [&*k, v].map(|rows| &rows.values[(sequence.start + index) * rows.width..][..rows.width]);
                cache.store(self.kernels, &attention, layer, slot, [k, v]);
            }
        }
        Ok(())
    }

    fn attend(
        &self,
        config: &AttentionConfig,
        batch: &Batch,
        q: &Rows,
        cache: &CpuKvCache,
        layer: usize,
        out: &mut Rows,
    ) -> Result<()> {
        let spans: Vec<SequenceSpan<'_>> = batch
            .sequences
            .iter()
            .map(|sequence| SequenceSpan {
                query_start: sequence.start,
                num_queries: sequence.len,
                context_len: sequence.context_len,
                block_table: &sequence.block_table,
            })
            .collect();
        let shape = attention_shape(config, cache.shape.block_size);
        let out = out.resize(q.tokens(), q.width);
        let [keys, values] = cache.layer(layer);
        izwi_kernels::attention(self.kernels, &self.pool, &shape, &q.values, keys, values, &spans, out);
        Ok(())
    }

    fn project_add(&self, x: &Rows, matrix: &CpuMatrix, residual: &mut Rows) -> Result<()> {
        let prepared = &mut self.scratch().prepared;
        prepared.prepare(self.kernels, &self.pool, &x.values, x.tokens(), x.width);
        let products = &mut [(matrix.view(), &mut residual.values[..])];
        izwi_kernels::matmul(self.kernels, &self.pool, products, prepared, true);
        Ok(())
    }

    fn gated_mlp(
        &self,
        hidden: &mut Rows,
        norm: &Vec<f32>,
        epsilon: f32,
        [gate_matrix, up_matrix, down_matrix]: [&CpuMatrix; 3],
    ) -> Result<()> {
        let Scratch {
            normed,
            prepared,
            gate,
            up,
            ..
        } = &mut *self.scratch();
        let tokens = hidden.tokens();
        self.norm(&hidden.values, norm, epsilon, normed, prepared);
        gate.resize(tokens * gate_matrix.rows(), 0.0);
        up.resize(tokens * up_matrix.rows(), 0.0);
        let products = &mut [(gate_matrix.view(), &mut gate[..]), (up_matrix.view(), &mut up[..])];
        izwi_kernels::matmul(self.kernels, &self.pool, products, prepared, false);
        self.silu_mul(gate, up, gate_matrix.rows());
        prepared.prepare(self.kernels, &self.pool, gate, tokens, gate_matrix.rows());
        let products = &mut [(down_matrix.view(), &mut hidden.values[..])];
        izwi_kernels::matmul(self.kernels, &self.pool, products, prepared, true);
        Ok(())
    }

    fn experts_mlp(
        &self,
        hidden: &mut Rows,
        norm: &Vec<f32>,
        epsilon: f32,
        weights: &ExpertWeights<'_, Self>,
    ) -> Result<()> {
        self.mix_experts(hidden, norm, epsilon, weights);
        Ok(())
    }

    fn final_states(
        &self,
        hidden: &Rows,
        rows: &[usize],
        norm: &Vec<f32>,
        epsilon: f32,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        let wanted = &mut self.scratch().gate;
        hidden.gather(rows, wanted);
        out.resize(wanted.len(), 0.0);
        izwi_kernels::rms_norm_rows(self.kernels, &self.pool, wanted, norm, epsilon, out);
        Ok(())
    }

    fn logits(
        &self,
        hidden: &Rows,
        rows: &[usize],
        norm: &Vec<f32>,
        epsilon: f32,
        head: &CpuMatrix,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        let Scratch {
            normed,
            prepared,
            gate: wanted,
            ..
        } = &mut *self.scratch();
        hidden.gather(rows, wanted);
        self.norm(wanted, norm, epsilon, normed, prepared);
        out.resize(rows.len() * head.rows(), 0.0);
        izwi_kernels::matmul(
            self.kernels,
            &self.pool,
            &mut [(head.view(), &mut out[..])],
            prepared,
            false,
        );
        Ok(())
    }
}

fn attention_shape(config: &AttentionConfig, block_size: usize) -> AttentionShape {
    let &AttentionConfig {
        num_heads,
        num_kv_heads,
        head_dim,
        ..
    } = config;
    AttentionShape {
        num_heads,
        num_kv_heads,
        head_dim,
        block_size,
    }
}
