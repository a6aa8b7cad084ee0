//! The same logits however a sequence is cut into passes, wherever its blocks lie, and whatever runs beside it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use izwi_model::backend::cpu::CpuBackend;
use izwi_model::gguf::GgufFile;
use izwi_model::random_model::{RandomModel, Scale};
use izwi_model::{BLOCK_SIZE, Batch, LanguageModel, LoadOptions, Memory, ModelError, OnProgress, load_on};

use crate::running::{self, Target, blocks, prefill};

/// How far logits may be apart.
#[derive(Clone, Copy)]
struct Tolerance {
    difference: f32,
    /// Share of logits that may differ by more.
    share_beyond: f64,
}

/// Our own kernels sum in one order, whatever else is computed.
const SAME: Tolerance = Tolerance {
    difference: 0.0,
    share_beyond: 0.0,
};
/// In exact weights only the order of candle's sums differs.
const EXACT: Tolerance = Tolerance {
    difference: 1e-4,
    share_beyond: 0.0,
};
/// candle's quantized products round their activations to int8: where sums of another order tip a value over the edge
/// between two steps, one 127th of the largest in its group changes.
const QUANTIZED: Tolerance = Tolerance {
    difference: 0.03,
    share_beyond: 0.0,
};
/// Where two experts are all but equal, such a tip makes the router choose the other one: a token in a hundred.
const QUANTIZED_EXPERTS: Tolerance = Tolerance {
    difference: 0.03,
    share_beyond: 0.015,
};
const LEN: usize = 150;
const CONTEXT: usize = 640;

/// Runs a check on dense and expert models, on every backend.
fn on_every_backend(check: impl Fn(&mut dyn LanguageModel, &str, Tolerance)) {
    for (preset, quantization) in [
        ("tiny", "Q4_K_M"),
        ("tiny", "F32"),
        ("tiny-moe", "F32"),
        ("tiny-moe", "Q8_0"),
    ] {
        let quantization_kind = quantization.parse().expect("a quantization");
        let model = RandomModel {
            seed: 3,
            scale: Scale::Initial,
            quantization: quantization_kind,
            ..RandomModel::preset(preset).expect("a preset")
        };
        let file: GgufFile = running::open(&model);
        for target in Target::all() {
            let name = format!("{preset} in {quantization} on {}", target.name());
            let tolerance = match (target, preset, quantization) {
                (Target::Cpu(..), ..) => SAME,
                (Target::Candle, _, "F32") => EXACT,
                (Target::Candle, "tiny-moe", _) => QUANTIZED_EXPERTS,
                (Target::Candle, ..) => QUANTIZED,
            };
            check(target.load(&file, CONTEXT).as_mut(), &name, tolerance);
        }
    }
}

fn token_ids(len: usize, seed: usize) -> Vec<u32> {
    (0..len)
        .map(|index| ((index * index * 31 + index * 7 + seed * 101) % 970) as u32)
        .collect()
}

fn assert_close(actual: &[f32], expected: &[f32], tolerance: Tolerance, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}: number of logits");
    let differences = actual
        .iter()
        .zip(expected)
        .map(|(actual, expected)| (actual - expected).abs());
    assert!(
        actual.iter().all(|logit| logit.is_finite()),
        "{what}: a logit is no number"
    );
    let largest = differences.clone().fold(0.0, f32::max);
    let within = differences
        .filter(|&difference| difference <= tolerance.difference)
        .count();
    let share_beyond = 1.0 - within as f64 / actual.len() as f64;
    assert!(
        share_beyond <= tolerance.share_beyond,
        "{what}: logits differ by {largest}, {:.1}% by more than {}",
        100.0 * share_beyond,
        tolerance.difference
    );
}

/// The sequence in passes of `chunk` tokens with its blocks as the table has them, `[len, vocab]`.
fn prefill_chunked(model: &mut dyn LanguageModel, token_ids: &[u32], chunk: usize, table: &[u32]) -> Vec<f32> {
    let (mut all, mut logits) = (Vec::new(), Vec::new());
    for (index, tokens) in token_ids.chunks(chunk).enumerate() {
        let mut batch = Batch::default();
        batch.push(tokens, index * chunk, table);
        batch.logit_rows = (0..tokens.len()).collect();
        model.forward(&batch, &mut logits).expect("a batch in range");
        all.extend_from_slice(&logits);
    }
    all
}

#[test]
fn chunked_prefill_is_the_whole_prefill() {
    on_every_backend(|model, name, tolerance| {
        let token_ids = token_ids(LEN, 1);
        let whole = prefill(model, &token_ids, 0);
        // In none of the orders do neighbours stay neighbours; the tables are longer than needed, as an engine's may be.
        for (chunk, table) in [
            (7, vec![9, 2, 11, 4, 0, 7]),
            (32, vec![5, 3, 1, 8, 6]),
            (33, vec![10, 12, 4, 2, 0]),
            (149, vec![4, 3, 2, 1, 0]),
        ] {
            let chunked = prefill_chunked(model, &token_ids, chunk, &table);
            assert_close(&chunked, &whole, tolerance, &format!("{name}, chunks of {chunk}"));
        }
    });
}

#[test]
fn decoding_one_by_one_is_the_prefill() {
    on_every_backend(|model, name, tolerance| {
        let token_ids = token_ids(LEN, 2);
        let whole = prefill(model, &token_ids, 0);
        let table = blocks(6, LEN);
        let decoded = prefill_chunked(model, &token_ids, 1, &table);
        assert_close(&decoded, &whole, tolerance, &format!("{name}, one by one"));
    });
}

#[test]
fn a_batch_of_sequences_is_each_one_alone() {
    on_every_backend(|model, name, tolerance| {
        // A prefill, a later chunk of one that is under way, and two that decode, in one pass.
        let sequences = [token_ids(LEN, 3), token_ids(90, 4), token_ids(65, 5), token_ids(2, 6)];
        let tables = [vec![3, 0, 9, 5, 7], vec![1, 12, 4], vec![11, 2, 8], vec![6]];
        let cached = [0, 40, 64, 1];
        let vocab = model.vocab_size();
        let alone: Vec<Vec<f32>> = sequences
            .iter()
            .zip(cached)
            .map(|(token_ids, cached)| prefill(model, token_ids, 0)[cached * vocab..].to_vec())
            .collect();

        let (mut logits, mut batch) = (Vec::new(), Batch::default());
        for ((token_ids, table), cached) in sequences.iter().zip(&tables).zip(cached) {
            if cached > 0 {
                prefill_chunked(model, &token_ids[..cached], cached, table);
            }
            batch.push(&token_ids[cached..], cached, table);
        }
        batch.logit_rows = (0..batch.token_ids.len()).collect();
        model.forward(&batch, &mut logits).expect("a batch in range");
        assert_close(&logits, &alone.concat(), tolerance, &format!("{name}, batched"));

        // Only some rows' logits: the same rows.
        let wanted = [0, LEN - 1, LEN + 49, LEN + 50];
        let expected: Vec<f32> = wanted
            .iter()
            .flat_map(|row| logits[row * vocab..(row + 1) * vocab].to_vec())
            .collect();
        batch.logit_rows = wanted.to_vec();
        model.forward(&batch, &mut logits).expect("a batch in range");
        assert_close(&logits, &expected, tolerance, &format!("{name}, some rows"));
    });
}

#[test]
fn a_cached_prefix_is_a_computed_one() {
    on_every_backend(|model, name, tolerance| {
        let token_ids = token_ids(LEN, 7);
        let whole = prefill(model, &token_ids, 0);
        let vocab = model.vocab_size();
        // Blocks 0 and 1 are shared as they are, 2 is copied and continued in the middle, as after an edited turn.
        let cached = 2 * BLOCK_SIZE + 9;
        model.copy_block(2, 14).expect("blocks in range");
        model.copy_block(0, 15).expect("blocks in range");
        for (first, what) in [(0, "shared"), (15, "copied")] {
            let (mut logits, mut batch) = (Vec::new(), Batch::default());
            batch.push(&token_ids[cached..], cached, &[first, 1, 14, 8, 10]);
            batch.logit_rows = (0..LEN - cached).collect();
            model.forward(&batch, &mut logits).expect("a batch in range");
            assert_close(
                &logits,
                &whole[cached * vocab..],
                tolerance,
                &format!("{name}, {what} blocks"),
            );
        }
    });
}

#[test]
fn batches_out_of_range_are_refused() {
    on_every_backend(|model, name, _| {
        let vocab = model.vocab_size() as u32;
        let bad: [(&[u32], usize, &[u32]); 5] = [
            (&[vocab], 0, &[0]),
            (&[1, 2], BLOCK_SIZE - 1, &[0]),
            (&[1], 0, &[u32::MAX]),
            (&[1], CONTEXT, &[0; CONTEXT / BLOCK_SIZE + 1]),
            (&[], 0, &[0]),
        ];
        for (token_ids, cached, table) in bad {
            let mut batch = Batch::default();
            batch.push(token_ids, cached, table);
            assert!(model.forward(&batch, &mut Vec::new()).is_err(), "{name}: {batch:?}");
        }
        assert!(model.copy_block(0, u32::MAX).is_err(), "{name}");
    });
}

/// The states are what the output head makes logits of: `logits = head * states`.
#[test]
fn hidden_states_are_those_behind_the_logits() {
    let model = RandomModel {
        seed: 3,
        scale: Scale::Initial,
        quantization: "F32".parse().expect("a quantization"),
        ..RandomModel::preset("tiny").expect("a preset")
    };
    let file = running::open(&model);
    let head = if file.has_tensor("output.weight") {
        "output.weight"
    } else {
        "token_embd.weight"
    };
    let head = file.tensor(head).expect("the head");
    let weights = head.to_f32();
    for target in Target::all() {
        let name = target.name();
        let mut model = target.load(&file, CONTEXT);
        let (hidden_size, vocab_size) = (model.hidden_size(), model.vocab_size());
        let token_ids = token_ids(LEN, 4);
        let logits = prefill(model.as_mut(), &token_ids, 0);
        let rows = [LEN - 1, 0, 77];
        let mut states = Vec::new();
        model.hidden_states(&rows, &mut states).expect("rows of the batch");
        assert_eq!(states.len(), rows.len() * hidden_size, "{name}");
        for (&row, state) in rows.iter().zip(states.chunks_exact(hidden_size)) {
            let products: Vec<f32> = weights
                .chunks_exact(hidden_size)
                .map(|weights| weights.iter().zip(state).map(|(weight, value)| weight * value).sum())
                .collect();
            assert_close(
                &products,
                &logits[row * vocab_size..(row + 1) * vocab_size],
                EXACT,
                &format!("{name}, row {row}"),
            );
        }
        assert!(model.hidden_states(&[LEN], &mut states).is_err(), "{name}");
        model.hidden_states(&[], &mut states).expect("no rows");
        assert!(states.is_empty());
    }
}

#[test]
fn blocks_can_be_carried_to_another_cache() {
    on_every_backend(|model, name, tolerance| {
        let token_ids = token_ids(LEN, 5);
        let table = blocks(0, LEN);
        let whole = prefill_chunked(model, &token_ids, 64, &table);
        let vocab_size = model.vocab_size();
        // The first four blocks go elsewhere, in another order; the rest is computed after them.
        let carried = [17u32, 9, 14, 11];
        for (from, to) in carried.into_iter().enumerate() {
            let mut bytes = Vec::new();
            model.read_block(from as u32, &mut bytes).expect("a block");
            assert_eq!(bytes.len(), model.block_bytes(), "{name}");
            assert!(model.write_block(to, &bytes[1..]).is_err(), "{name}");
            model.write_block(to, &bytes).expect("a block");
        }
        let mut table = carried.to_vec();
        table.push(16);
        let mut batch = Batch::default();
        let first = carried.len() * BLOCK_SIZE;
        batch.push(&token_ids[first..], first, &table);
        batch.logit_rows = (0..LEN - first).collect();
        let mut logits = Vec::new();
        model.forward(&batch, &mut logits).expect("a batch in range");
        assert_close(
            &logits,
            &whole[first * vocab_size..],
            tolerance,
            &format!("{name}, carried"),
        );
        assert!(model.read_block(u32::MAX, &mut Vec::new()).is_err(), "{name}");
    });
}

#[test]
fn a_load_tells_every_byte_in_order_and_ends_when_it_is_not_wanted() {
    for (preset, tied_embeddings) in [("tiny", true), ("tiny", false), ("tiny-moe", true)] {
        let file = running::open(&RandomModel {
            tied_embeddings,
            ..RandomModel::preset(preset).expect("a preset")
        });
        let total_bytes = file.tensors().map(|(_, info)| info.num_bytes()).sum();
        let load = |most: usize| {
            let told = Arc::new(Mutex::new(Vec::new()));
            let told_here = Arc::clone(&told);
            let options = LoadOptions {
                on_progress: Some(OnProgress::new(move |progress| {
                    let mut told = told_here.lock().expect("nobody panics");
                    told.push(progress);
                    if told.len() < most {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                })),
                ..LoadOptions::default()
            };
            let outcome = load_on(&file, &options, CpuBackend::new(1)).map(drop);
            let told = told.lock().expect("nobody panics").clone();
            (outcome, told)
        };

        let (outcome, told) = load(usize::MAX);
        outcome.expect("a sound model");
        assert!(told.is_sorted_by_key(|progress| progress.loaded_bytes));
        assert!(told.iter().all(|progress| progress.total_bytes == total_bytes));
        let loaded = told.iter().map(|progress| progress.loaded_bytes).collect::<Vec<_>>();
        assert_eq!((loaded[0], loaded[loaded.len() - 1]), (0, total_bytes));
        // All was counted tensor by tensor; the last call adds nothing.
        assert_eq!(
            loaded[loaded.len() - 2],
            total_bytes,
            "{preset}, tied: {tied_embeddings}"
        );

        let (outcome, told) = load(5);
        assert!(matches!(outcome, Err(ModelError::Cancelled)), "{outcome:?}");
        assert_eq!(told.len(), 5);
    }
}

#[test]
fn a_model_is_planned_before_it_is_loaded() {
    let file = running::open(&RandomModel {
        context_length: 32_768,
        ..RandomModel::preset("tiny").expect("a preset")
    });
    let load = |available_bytes: usize, context_length: Option<usize>| {
        let options = LoadOptions {
            context_length,
            memory: Some(Memory {
                total_bytes: 1 << 30,
                available_bytes,
            }),
            on_progress: Some(OnProgress::new(|_| panic!("a load begins that can't end"))),
            ..LoadOptions::default()
        };
        match load_on(&file, &options, CpuBackend::new(1)) {
            Ok(_) => panic!("loaded into {available_bytes} bytes"),
            Err(error) => error,
        }
    };
    assert!(matches!(load(1 << 20, None), ModelError::OutOfMemory(_)));
    assert!(matches!(load(16 << 20, Some(32_768)), ModelError::OutOfMemory(_)));

    let loaded = |available_bytes: usize| {
        let options = LoadOptions {
            memory: Some(Memory {
                total_bytes: 1 << 30,
                available_bytes,
            }),
            ..LoadOptions::default()
        };
        load_on(&file, &options, CpuBackend::new(1))
            .expect("room for some context")
            .1
    };
    let (little, plenty) = (loaded(16 << 20), loaded(1 << 30));
    assert!(little.is_context_shortened && !plenty.is_context_shortened);
    assert!(
        (512..32_768).contains(&little.context_length),
        "{}",
        little.context_length
    );
    assert_eq!(plenty.context_length, 32_768);
    let taken = little.weights_bytes + little.scratch_bytes + little.kv_cache_bytes;
    assert!(taken <= 16 << 20, "{taken} bytes");
    assert!(
        little.weights_bytes as f64 >= 0.9 * little.file_bytes as f64,
        "{little:?}"
    );
}
