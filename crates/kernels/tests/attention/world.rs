//! Caches with sequences in them, and what attention over them is.

use izwi_kernels::{
    AttentionShape, Kernels, KvLayer, KvType, SequenceSpan, ThreadPool, attention, f16, store_keys_f16,
    store_keys_q8_0, store_values_f16, store_values_q8_0,
};

use crate::inputs::{self, Random};

/// One sequence's whole history, and its place in a cache.
pub struct Sequence {
    /// `[positions, num_heads, head_dim]`
    pub q: Vec<f32>,
    pub block_table: Vec<u32>,
    /// `[positions, num_kv_heads, head_dim]`, as the cache's type keeps them.
    pub keys: Vec<f32>,
    pub values: Vec<f32>,
}

/// One layer's keys or values.
pub enum Layer {
    F16(Vec<f16>),
    Q8_0(Vec<u8>),
}

impl Layer {
    /// What no sequence owns is NaN: reading it would show. (In q8_0 the quants and scales are both 0xff.)
    pub fn new(kv_type: KvType, shape: &AttentionShape, num_blocks: usize) -> Self {
        let rows = num_blocks * shape.block_size * shape.num_kv_heads;
        match kv_type {
            KvType::F16 => Self::F16(vec![f16::NAN; rows * shape.head_dim]),
            KvType::Q8_0 => Self::Q8_0(vec![0xff; rows * kv_type.row_bytes(shape.head_dim)]),
        }
    }

    pub fn get(&self) -> KvLayer<'_> {
        match self {
            Self::F16(values) => KvLayer::F16(values),
            Self::Q8_0(bytes) => KvLayer::Q8_0(bytes),
        }
    }
}

pub struct World {
    pub shape: AttentionShape,
    pub kv_type: KvType,
    pub keys: Layer,
    pub values: Layer,
    pub sequences: Vec<Sequence>,
}

/// Values as int8 with a scale for every 32, which `scale` rounds, and back.
fn through_int8(values: &mut [f32], scale: impl Fn(f32) -> f32) {
    for group in values.chunks_mut(32) {
        let magnitude = group.iter().fold(0f32, |max, v| max.max(v.abs()));
        for value in group {
            *value = (*value * (127.0 / magnitude)).round_ties_even() * scale(magnitude / 127.0);
        }
    }
}

pub fn shape(num_heads: usize, num_kv_heads: usize, head_dim: usize, block_size: usize) -> AttentionShape {
    AttentionShape {
        num_heads,
        num_kv_heads,
        head_dim,
        block_size,
    }
}

impl World {
    /// A cache with room to spare, its blocks given to the sequences in random order.
    pub fn new(kv_type: KvType, shape: AttentionShape, contexts: &[usize], random: &mut Random) -> Self {
        let blocks_of = |len: &usize| len.div_ceil(shape.block_size);
        let num_blocks = contexts.iter().map(blocks_of).sum::<usize>() + 3;
        let mut free: Vec<u32> = (0..num_blocks as u32).collect();
        for i in (1..free.len()).rev() {
            free.swap(i, random.below(i + 1));
        }
        let row = shape.num_kv_heads * shape.head_dim;
        let mut world = World {
            shape,
            kv_type,
            keys: Layer::new(kv_type, &shape, num_blocks),
            values: Layer::new(kv_type, &shape, num_blocks),
            sequences: Vec::new(),
        };
        for &context_len in contexts {
            let q = random.values(context_len * shape.num_heads * shape.head_dim);
            let mut sequence = Sequence {
                q: q.iter().map(|v| v * 3.0).collect(),
                block_table: free.split_off(free.len() - blocks_of(&context_len)),
                keys: Vec::new(),
                values: Vec::new(),
            };
            for position in 0..context_len {
                let block = sequence.block_table[position / shape.block_size] as usize;
                let slot = block * shape.block_size + position % shape.block_size;
                world.store(&mut sequence, slot, random.values(row), random.values(row));
            }
            world.sequences.push(sequence);
        }
        world
    }

    fn store(&mut self, sequence: &mut Sequence, slot: usize, mut key: Vec<f32>, mut value: Vec<f32>) {
        let (kernels, shape) = (inputs::scalar(), &self.shape);
        match (&mut self.keys, &mut self.values) {
            (Layer::F16(keys), Layer::F16(values)) => {
                store_keys_f16(kernels, shape, &key, slot, keys);
                store_values_f16(kernels, shape, &value, slot, values);
            }
            (Layer::Q8_0(keys), Layer::Q8_0(values)) => {
                store_keys_q8_0(kernels, shape, &key, slot, keys);
                store_values_q8_0(kernels, shape, &value, slot, values);
            }
            _ => unreachable!("both have one type"),
        }
        for row in [&mut key, &mut value] {
            match self.kv_type {
                KvType::F16 => row.iter_mut().for_each(|v| *v = f16::from_f32(*v).to_f32()),
                KvType::Q8_0 => through_int8(row, |scale| f16::from_f32(scale).to_f32()),
            }
        }
        sequence.keys.extend(key);
        sequence.values.extend(value);
    }

    fn at<'a>(&self, kept: &'a [f32], position: usize, head: usize) -> &'a [f32] {
        let shape = &self.shape;
        &kept[(position * shape.num_kv_heads + head) * shape.head_dim..][..shape.head_dim]
    }

    /// The attention of the query at `position`, `[num_heads, head_dim]`.
    fn naive(&self, sequence: &Sequence, position: usize) -> Vec<f64> {
        let shape = &self.shape;
        let mut out = Vec::new();
        for head in 0..shape.num_heads {
            let kv_head = head / (shape.num_heads / shape.num_kv_heads);
            let mut q = sequence.q[(position * shape.num_heads + head) * shape.head_dim..][..shape.head_dim].to_vec();
            if self.kv_type == KvType::Q8_0 {
                through_int8(&mut q, |scale| scale);
            }
            let scores: Vec<f64> = (0..=position)
                .map(|p| {
                    let key = self.at(&sequence.keys, p, kv_head);
                    let dot: f64 = key.iter().zip(&q).map(|(k, q)| f64::from(*k) * f64::from(*q)).sum();
                    dot / (shape.head_dim as f64).sqrt()
                })
                .collect();
            let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mut sums = vec![0f64; shape.head_dim];
            for (p, weight) in weights.iter().enumerate() {
                let value = self.at(&sequence.values, p, kv_head);
                for (sum, v) in sums.iter_mut().zip(value) {
                    *sum += weight / total * f64::from(*v);
                }
            }
            out.extend(sums);
        }
        out
    }

    /// Attention of the positions `first..first + num_queries` of each sequence, in one call.
    pub fn attend(&self, kernels: &Kernels, pool: &ThreadPool, ranges: &[(usize, usize)]) -> Vec<Vec<f32>> {
        let row = self.shape.num_heads * self.shape.head_dim;
        let mut q = vec![];
        let mut spans = vec![];
        for (sequence, &(first, num_queries)) in self.sequences.iter().zip(ranges) {
            spans.push(SequenceSpan {
                query_start: q.len() / row,
                num_queries,
                context_len: first + num_queries,
                block_table: &sequence.block_table,
            });
            q.extend_from_slice(&sequence.q[first * row..(first + num_queries) * row]);
        }
        let mut out = vec![f32::NAN; q.len()];
        attention(
            kernels,
            pool,
            &self.shape,
            &q,
            self.keys.get(),
            self.values.get(),
            &spans,
            &mut out,
        );
        let mut parts = Vec::new();
        for span in spans {
            parts.push(out[span.query_start * row..(span.query_start + span.num_queries) * row].to_vec());
        }
        parts
    }

    pub fn check(&self, kernels: &Kernels, pool: &ThreadPool, ranges: &[(usize, usize)]) {
        let row = self.shape.num_heads * self.shape.head_dim;
        let bound = match self.kv_type {
            KvType::F16 => 2e-5,
            // The weights of values are integers, too.
            KvType::Q8_0 => 6e-5,
        };
        let parts = self.attend(kernels, pool, ranges);
        for ((sequence, part), &(first, num_queries)) in self.sequences.iter().zip(parts).zip(ranges) {
            for query in 0..num_queries {
                let expected = self.naive(sequence, first + query);
                for (i, (a, e)) in part[query * row..].iter().zip(expected).enumerate() {
                    let error = (f64::from(*a) - e).abs();
                    assert!(
                        error < bound,
                        "{:?} {:?} {:?} query {query} [{i}]: {a} instead of {e}",
                        kernels.isa(),
                        self.kv_type,
                        self.shape
                    );
                }
            }
        }
    }
}
