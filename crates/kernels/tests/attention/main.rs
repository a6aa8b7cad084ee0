//! Attention against a naive f64 one, over block tables in random order.

#[path = "../inputs/mod.rs"]
mod inputs;
mod world;

use inputs::Random;
use izwi_kernels::{
    AttentionShape, Kernels, KvType, SequenceSpan, ThreadPool, attention, f16, store_keys_f16, store_keys_q8_0,
    store_values_f16, store_values_q8_0,
};
use world::{Layer, World, shape};

fn tables() -> Vec<&'static Kernels> {
    [vec![inputs::scalar()], inputs::simd_tables()].concat()
}

/// Each shape with each type that it can have.
fn worlds(shapes: impl IntoIterator<Item = AttentionShape>) -> Vec<(KvType, AttentionShape)> {
    let shapes = shapes.into_iter();
    shapes
        .flat_map(|shape| KvType::ALL.map(|kv_type| (kv_type, shape)))
        .filter(|(kv_type, shape)| *kv_type == KvType::F16 || shape.has_panels())
        .collect()
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
        shape(3, 3, 32, 256),
        shape(7, 1, 288, 48),
    ];
    for (kv_type, shape) in worlds(shapes) {
        let world = World::new(kv_type, shape, &[1, 70, 33], &mut random);
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
    for kv_type in KvType::ALL {
        let world = World::new(kv_type, shape(4, 1, 64, 16), &[1100, 300], &mut random);
        for kernels in tables() {
            for threads in [1, 2, 8] {
                let pool = ThreadPool::new(threads);
                world.check(kernels, &pool, &[(1099, 1), (299, 1)]);
                world.check(kernels, &pool, &[(1096, 4), (299, 1)]);
            }
        }
    }
}

#[test]
fn a_query_has_the_same_result_in_whatever_company() {
    let mut random = Random::new(13);
    for (kv_type, shape) in worlds([shape(4, 2, 64, 32), shape(5, 1, 20, 7)]) {
        let world = World::new(kv_type, shape, &[600, 40], &mut random);
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
    for kv_type in KvType::ALL {
        let mut world = World::new(kv_type, shape(2, 1, 64, 16), &[200], &mut random);
        for q in &mut world.sequences[0].q {
            *q *= 400.0;
        }
        for kernels in tables() {
            let out = world.attend(kernels, &pool, &[(0, 200)]).remove(0);
            assert!(out.iter().all(|v| v.is_finite() && v.abs() <= 1.001));
        }
    }
}

#[test]
fn rows_outside_every_span_stay_as_they_are() {
    let mut random = Random::new(15);
    let world = World::new(KvType::F16, shape(2, 1, 8, 4), &[5], &mut random);
    let span = SequenceSpan {
        query_start: 1,
        num_queries: 1,
        context_len: 5,
        block_table: &world.sequences[0].block_table,
    };
    let (q, mut out) = (vec![0.5; 3 * 16], vec![7.0; 3 * 16]);
    let pool = ThreadPool::new(1);
    let (keys, values) = (world.keys.get(), world.values.get());
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
    let world = World::new(KvType::F16, shape(1, 1, 8, 4), &[2], &mut random);
    let span = SequenceSpan {
        query_start: 0,
        num_queries: 1,
        context_len: 2,
        block_table: &world.sequences[0].block_table,
    };
    let pool = ThreadPool::new(1);
    let (keys, values) = (world.keys.get(), world.values.get());
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
fn what_is_stored_is_rounded_to_f16() {
    let shape = shape(2, 2, 5, 4);
    for kernels in tables() {
        let (mut keys, mut values) = (vec![f16::ZERO; 4 * 10], vec![f16::ZERO; 4 * 10]);
        let row: Vec<f32> = (0..10)
            .map(|i| (i as f32 - 4.5) * 1.2345e-3 * 10f32.powi(i % 5))
            .collect();
        store_keys_f16(kernels, &shape, &row, 2, &mut keys);
        store_values_f16(kernels, &shape, &row, 2, &mut values);
        // Two heads, each with four slots of five values.
        for (i, value) in row.iter().enumerate() {
            let (head, column) = (i / 5 * 20, i % 5);
            assert_eq!(keys[head + column * 4 + 2], f16::from_f32(*value));
            assert_eq!(values[head + 2 * 5 + column], f16::from_f32(*value));
        }
        for cache in [keys, values] {
            assert_eq!(cache.iter().filter(|v| v.to_f32() != 0.0).count(), row.len());
        }
    }
}

#[test]
fn q8_0_is_int8_with_a_scale_for_every_32_values() {
    let shape = shape(2, 2, 64, 16);
    for kernels in tables() {
        let mut world = World::new(KvType::Q8_0, shape, &[], &mut Random::new(17));
        let (Layer::Q8_0(keys), Layer::Q8_0(values)) = (&mut world.keys, &mut world.values) else {
            unreachable!("the type is q8_0");
        };
        // Of a block of two heads: a panel of 16 positions each, with 2 scales and 64 values per position.
        assert_eq!(keys.len() / 3, 2 * 16 * (2 * 2 + 64));
        keys.fill(0);
        values.fill(0);
        let row: Vec<f32> = (0..128).map(|i| (i as f32 - 60.5) * 10f32.powi(i / 32)).collect();
        store_keys_q8_0(kernels, &shape, &row, 16 + 5, keys);
        store_values_q8_0(kernels, &shape, &row, 16 + 5, values);
        for (i, value) in row.iter().enumerate() {
            let (head, column) = (i / 64, i % 64);
            let panel = (2 + head) * 16 * 68;
            let (scale, quants) = (panel + (column / 32 * 16 + 5) * 2, panel + 64);
            let key = quants + (column / 4 * 16 + 5) * 4 + column % 4;
            let own = quants + ((column / 32 * 4 + 1) * 32 + column % 32) * 4 + 1;
            for (cache, at) in [(&*keys, key), (&*values, own)] {
                let scale = f16::from_le_bytes([cache[scale], cache[scale + 1]]).to_f32();
                let kept = scale * f32::from(cache[at] as i8);
                let bound = scale * (0.5 + 127.0 / 1024.0);
                assert!(
                    (kept - value).abs() <= bound,
                    "{:?} [{i}]: {kept} for {value}",
                    kernels.isa()
                );
            }
        }
        let written = |cache: &[u8]| cache.iter().filter(|byte| **byte != 0).count();
        assert!(written(keys) <= 128 + 8 && written(values) <= 128 + 8);
    }
}

#[test]
fn a_nan_in_q8_0_shows() {
    let pool = ThreadPool::new(1);
    let mut random = Random::new(18);
    let shape = shape(2, 1, 64, 16);
    for is_key in [true, false] {
        let mut world = World::new(KvType::Q8_0, shape, &[40], &mut random);
        let slot = world.sequences[0].block_table[1] as usize * 16 + 3;
        let mut row = random.values(64);
        row[40] = f32::NAN;
        match (is_key, &mut world.keys, &mut world.values) {
            (true, Layer::Q8_0(keys), _) => store_keys_q8_0(inputs::scalar(), &shape, &row, slot, keys),
            (_, _, Layer::Q8_0(values)) => store_values_q8_0(inputs::scalar(), &shape, &row, slot, values),
            _ => unreachable!("the type is q8_0"),
        }
        for kernels in tables() {
            let out = world.attend(kernels, &pool, &[(18, 22)]).remove(0);
            let is_nan = |query: usize| out[query * 128..][..128].iter().any(|v| v.is_nan());
            // Position 19 has it: the query before doesn't see it.
            assert!(is_nan(1) && is_nan(21), "{:?}", kernels.isa());
        }
    }
}
