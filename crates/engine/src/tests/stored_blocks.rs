//! Blocks that are read out of one engine and put into another.

use crate::request::RequestLimits;
use crate::tests::conversations::text;
use crate::tests::fake_model::FakeModel;
use crate::tests::{Bench, Recipe};

const BLOCK_SIZE: usize = 16;
const BLOCK_BYTES: usize = BLOCK_SIZE * 8;

/// The blocks of these tokens that a fresh engine has after reading them.
fn blocks_of(tokens: &[u32]) -> Vec<Vec<u8>> {
    let mut bench = Bench::new(FakeModel::bytes(512), 256, 64, 4);
    bench.submit(Recipe::greedy(tokens.to_vec(), 1).request());
    bench.run();
    // By two at a time, as a client may.
    let num_blocks = tokens.len() / BLOCK_SIZE;
    let bytes =
        (0..num_blocks.div_ceil(2)).flat_map(|pair| bench.stepper.read_cached_blocks(tokens, pair * 2, 2).unwrap());
    let bytes: Vec<u8> = bytes.collect();
    bytes.chunks(BLOCK_BYTES).map(<[u8]>::to_vec).collect()
}

fn restore(bench: &mut Bench, tokens: &[u32], blocks: &[Vec<u8>]) -> usize {
    let mut num_restored = 0;
    for (index, bytes) in blocks.iter().enumerate() {
        if !bench.stepper.restore_block(tokens, index, bytes).unwrap() {
            break;
        }
        bench.stepper.audit().unwrap();
        num_restored += 1;
    }
    num_restored
}

/// Asks for what follows these tokens, checks the answer and says how many of them were cached.
fn ask(bench: &mut Bench, tokens: &[u32]) -> usize {
    let recipe = Recipe::greedy(tokens.to_vec(), 5);
    let submitted = bench.submit(recipe.request());
    bench.run();
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 512,
    };
    assert_eq!(submitted.result().tokens, recipe.answer_alone(limits, 256).tokens);
    submitted.result().cached_tokens.unwrap()
}

#[test]
fn what_was_read_in_one_engine_is_cached_in_another() {
    let tokens = text(1, 100);
    let blocks = blocks_of(&tokens);
    assert_eq!(blocks.len(), 6, "whole blocks only");
    let mut bench = Bench::new(FakeModel::bytes(512), 256, 64, 4);
    assert_eq!(restore(&mut bench, &tokens, &blocks), 6);
    assert_eq!(ask(&mut bench, &tokens), 96);
    assert_eq!(ask(&mut bench, &[&tokens[..], &text(2, 9)].concat()), 100);
    // A second time there is nothing to do.
    let free = bench.stats().blocks_free;
    assert_eq!(restore(&mut bench, &tokens, &blocks), 6);
    assert_eq!(bench.stats().blocks_free, free);
}

#[test]
fn a_beginning_that_is_there_already_is_shared() {
    let system = text(1, 40);
    let tokens = [&system[..], &text(2, 50)].concat();
    let blocks = blocks_of(&tokens);
    let mut bench = Bench::new(FakeModel::bytes(512), 256, 64, 4);
    assert_eq!(ask(&mut bench, &[&system[..], &text(3, 50)].concat()), 0);
    let before = bench.stats();
    assert_eq!(restore(&mut bench, &tokens, &blocks), 5);
    assert_eq!(
        before.blocks_free - bench.stats().blocks_free,
        3,
        "two of five were there"
    );
    assert_eq!(ask(&mut bench, &tokens), 80);
    assert!(ask(&mut bench, &[&system[..], &text(3, 50)].concat()) >= 89);
}

#[test]
fn blocks_come_in_order_and_only_as_far_as_there_is_room() {
    let tokens = text(1, 128);
    let blocks = blocks_of(&tokens);
    let mut bench = Bench::new(FakeModel::new(256, 128, BLOCK_SIZE, 8), 256, 64, 4);
    assert!(
        !bench.stepper.restore_block(&tokens, 1, &blocks[1]).unwrap(),
        "the first is missing"
    );
    // A running request has three blocks, and may need a fourth.
    let running = bench.submit(Recipe::greedy(text(2, 40), 30).request());
    bench.step();
    let num_restored = restore(&mut bench, &tokens, &blocks);
    assert_eq!(num_restored, 5);
    bench.run();
    assert_eq!(running.result().tokens.len(), 30);
    bench.stepper.audit().unwrap();
}
