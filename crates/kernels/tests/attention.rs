//! Attention against a naive f64 one, over block tables in random order.

mod inputs;

use inputs::Random;
use izwi_kernels::{AttentionShape, Kernels, SequenceSpan, ThreadPool, attention, f16, store_kv};

/// One sequence's whole history, and its place in a cache.
struct Sequence {
    /// `[positions, num_heads, head_dim]`
    q: Vec<f32>,
    block_table: Vec<u32>,
}

struct World {
    shape: AttentionShape,
    keys: Vec<f16>,
    values: Vec<f16>,
    sequences: Vec<Sequence>,
}

fn shape(num_heads: usize, num_kv_heads: usize, head_dim: usize, block_size: usize) -> AttentionShape {
    AttentionShape {
        num_heads,
        num_kv_heads,
        head_dim,
        block_size,
    }
}

impl World {
    /// A cache with room to spare, its blocks given to the sequences in random order.
    fn new(shape: AttentionShape, contexts: &[usize], random: &mut Random) -> Self {
        let blocks_of = |len: &usize| len.div_ceil(shape.block_size);
        let num_blocks = contexts.iter().map(blocks_of).sum::<usize>() + 3;
        let mut free: Vec<u32> = (0..num_blocks as u32).collect();
        for i in (1..free.len()).rev() {
            free.swap(i, random.below(i + 1));
        }
        let row = shape.num_kv_heads * shape.head_dim;
        let len = num_blocks * shape.block_size * row;
        // What no sequence owns is NaN: reading it would show.
        let mut world = World {
            shape,
            keys: vec![f16::NAN; len],
            values: vec![f16::NAN; len],
            sequences: Vec::new(),
        };
        for &context_len in contexts {
            let block_table = free.split_off(free.len() - blocks_of(&context_len));
            for position in 0..context_len {
                let slot =
                    block_table[position / shape.block_size] as usize * shape.block_size + position % shape.block_size;
                let kernels = inputs::scalar();
                store_kv(kernels, &shape, &random.values(row), slot, &mut world.keys);
                store_kv(kernels, &shape, &random.values(row), slot, &mut world.values);
            }
            let q = random.values(context_len * shape.num_heads * shape.head_dim);
            let q = q.iter().map(|v| v * 3.0).collect();
            world.sequences.push(Sequence { q, block_table });
        }
        world
    }

    fn at<'a>(&self, cache: &'a [f16], sequence: &Sequence, position: usize, head: usize) -> &'a [f16] {
        let shape = &self.shape;
        let block = sequence.block_table[position / shape.block_size] as usize;
        let row = (block * shape.num_kv_heads + head) * shape.block_size + position % shape.block_size;
        &cache[row * shape.head_dim..][..shape.head_dim]
    }

    /// The attention of the query at `position`, `[num_heads, head_dim]`.
    fn naive(&self, sequence: &Sequence, position: usize) -> Vec<f64> {
        let shape = &self.shape;
        let mut out = Vec::new();
        for head in 0..shape.num_heads {
            let kv_head = head / (shape.num_heads / shape.num_kv_heads);
            let q = &sequence.q[(position * shape.num_heads + head) * shape.head_dim..];
            let scores: Vec<f64> = (0..=position)
                .map(|p| {
                    let key = self.at(&self.keys, sequence, p, kv_head);
                    let dot: f64 = key.iter().zip(q).map(|(k, q)| k.to_f64() * f64::from(*q)).sum();
                    dot / (shape.head_dim as f64).sqrt()
                })
                .collect();
            let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mut sums = vec![0f64; shape.head_dim];
            for (p, weight) in weights.iter().enumerate() {
                let value = self.at(&self.values, sequence, p, kv_head);
                for (sum, v) in sums.iter_mut().zip(value) {
                    *sum += weight / total * v.to_f64();
                }
            }
            out.extend(sums);
        }
        out
    }

    /// Attention of the positions `first..first + num_queries` of each sequence, in one call.
    fn attend(&self, kernels: &Kernels, pool: &ThreadPool, ranges: &[(usize, usize)]) -> Vec<Vec<f32>> {
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
            &self.keys,
            &self.values,
            &spans,
            &mut out,
        );
        let mut parts = Vec::new();
        for span in spans {
            parts.push(out[span.query_start * row..(span.query_start + span.num_queries) * row].to_vec());
        }
        parts
    }

    fn check(&self, kernels: &Kernels, pool: &ThreadPool, ranges: &[(usize, usize)]) {
        let row = self.shape.num_heads * self.shape.head_dim;
        let parts = self.attend(kernels, pool, ranges);
        for ((sequence, part), &(first, num_queries)) in self.sequences.iter().zip(parts).zip(ranges) {
            for query in 0..num_queries {
                let expected = self.naive(sequence, first + query);
                for (i, (a, e)) in part[query * row..].iter().zip(expected).enumerate() {
                    let error = (f64::from(*a) - e).abs();
                    assert!(
                        error < 2e-5,
                        "{:?} {:?} query {query} [{i}]: {a} instead of {e}",
                        kernels.isa(),
                        self.shape
                    );
                }
            }
        }
    }
}

fn tables() -> Vec<&'static Kernels> {
    [vec![inputs::scalar()], inputs::simd_tables()].concat()
}

#[test]
fn matches_naive_attention() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(11);
    let shapes = [
        shape(4, 2, 64, 16),
        shape(8, 1, 128, 32),
        shape(6, 2, 96, 16),
        shape(1, 1, 8, 1),
        shape(5, 1, 20, 7),
        shape(2, 2, 3, 16),
        shape(3, 3, 17, 256),
    ];
    for shape in shapes {
        let world = World::new(shape, &[1, 70, 33], &mut random);
        for kernels in tables() {
            world.check(kernels, &pool, &[(0, 1), (0, 70), (0, 33)]);
            world.check(kernels, &pool, &[(0, 1), (69, 1), (20, 13)]);
            world.check(kernels, &pool, &[(0, 1), (63, 3), (32, 1)]);
            world.check(kernels, &pool, &[(0, 0), (64, 6), (33, 0)]);
        }
    }
}

#[test]
fn long_contexts_are_split_over_threads_and_merged() {
    let mut random = Random::new(12);
    let world = World::new(shape(4, 1, 64, 16), &[1100, 300], &mut random);
    for kernels in tables() {
        for threads in [1, 2, 8] {
            let pool = ThreadPool::new(threads);
            world.check(kernels, &pool, &[(1099, 1), (299, 1)]);
            world.check(kernels, &pool, &[(1096, 4), (299, 1)]);
        }
    }
}

#[test]
fn a_query_has_the_same_result_in_whatever_company() {
    let mut random = Random::new(13);
    for shape in [shape(4, 2, 64, 32), shape(5, 1, 20, 7)] {
        let world = World::new(shape, &[600, 40], &mut random);
        for kernels in tables() {
            let whole = world.attend(kernels, &ThreadPool::new(1), &[(0, 600), (0, 40)]);
            for (chunk, threads) in [(1, 1), (1, 8), (7, 2), (64, 3), (300, 8)] {
                let pool = ThreadPool::new(threads);
                let mut joined = Vec::new();
                for first in (0..600).step_by(chunk) {
                    let n = chunk.min(600 - first);
                    let mut parts = world.attend(kernels, &pool, &[(first, n), (39, 1)]);
                    let row = whole[1].len() / 40;
                    assert_eq!(parts.remove(1), whole[1][39 * row..], "beside chunks of {chunk}");
                    joined.extend(parts.remove(0));
                }
                assert_eq!(joined, whole[0], "{:?}: chunks of {chunk}", kernels.isa());
            }
        }
    }
}

#[test]
fn scores_far_apart_stay_finite() {
    let pool = ThreadPool::new(2);
    let mut random = Random::new(14);
    let mut world = World::new(shape(2, 1, 64, 16), &[200], &mut random);
    for q in &mut world.sequences[0].q {
        *q *= 400.0;
    }
    for kernels in tables() {
        let out = world.attend(kernels, &pool, &[(0, 200)]).remove(0);
        assert!(out.iter().all(|v| v.is_finite() && v.abs() <= 1.001));
    }
}

#[test]
fn rows_outside_every_span_stay_as_they_are() {
    let mut random = Random::new(15);
    let world = World::new(shape(2, 1, 8, 4), &[5], &mut random);
    let span = SequenceSpan {
        query_start: 1,
        num_queries: 1,
        context_len: 5,
        block_table: &world.sequences[0].block_table,
    };
    let (q, mut out) = (vec![0.5; 3 * 16], vec![7.0; 3 * 16]);
    let pool = ThreadPool::new(1);
    let (keys, values) = (&world.keys, &world.values);
    attention(
        inputs::scalar(),
        &pool,
        &world.shape,
        &q,
        keys,
        values,
        &[span],
        &mut out,
    );
    assert!(out[..16].iter().chain(&out[32..]).all(|v| *v == 7.0));
    assert!(out[16..32].iter().all(|v| v.abs() <= 1.0));
}

#[test]
#[should_panic(expected = "overlaps another")]
fn overlapping_spans_panic() {
    let mut random = Random::new(16);
    let world = World::new(shape(1, 1, 8, 4), &[2], &mut random);
    let span = SequenceSpan {
        query_start: 0,
        num_queries: 1,
        context_len: 2,
        block_table: &world.sequences[0].block_table,
    };
    let pool = ThreadPool::new(1);
    let (keys, values) = (&world.keys, &world.values);
    let mut out = [0.0; 16];
    attention(
        inputs::scalar(),
        &pool,
        &world.shape,
        &[0.0; 16],
        keys,
        values,
        &[span, span],
        &mut out,
    );
}

#[test]
fn stored_values_are_rounded_to_f16() {
    let shape = shape(2, 2, 5, 4);
    for kernels in tables() {
        let mut cache = vec![f16::ZERO; 4 * 10];
        let row: Vec<f32> = (0..10)
            .map(|i| (i as f32 - 4.5) * 1.2345e-3 * 10f32.powi(i % 5))
            .collect();
        store_kv(kernels, &shape, &row, 2, &mut cache);
        // Two heads, each with four slots of five values.
        let (first, second) = (10..15, 30..35);
        for (i, value) in row.iter().enumerate() {
            let at = if i < 5 { first.start + i } else { second.start + i - 5 };
            assert_eq!(cache[at], f16::from_f32(*value));
        }
        let others = (0..cache.len()).filter(|i| !first.contains(i) && !second.contains(i));
        assert!(others.map(|i| cache[i]).all(|v| v.to_f32() == 0.0));
    }
}
