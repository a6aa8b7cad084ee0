//! Who gets computed when, and how soon a request can be stopped.

use std::sync::atomic::Ordering;

use crate::FinishReason;
use crate::tests::conversations::text;
use crate::tests::fake_model::FakeModel;
use crate::tests::{Bench, Recipe};

#[test]
fn a_short_prompt_is_not_stuck_behind_a_long_one() {
    let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
    let long = bench.submit(Recipe::greedy(text(1, 4000), 1).request());
    bench.step();
    let short = bench.submit(Recipe::greedy(text(2, 30), 10).request());
    bench.step();
    // Half of the chunk is enough for it.
    assert_eq!(short.result().tokens.len(), 1);
    for num_tokens in 2..=10 {
        bench.step();
        assert_eq!(
            short.result().tokens.len(),
            num_tokens,
            "one token a step beside the prefill"
        );
    }
    assert!(short.result().has_ended() && !long.result().has_ended());
    // The long one had 64 + 34 + 9 * 64 rows by now and gets the rest of its 4000 in whole chunks.
    assert_eq!(bench.run(), (4000usize - 64 - 34 - 9 * 64).div_ceil(64));
}

#[test]
fn prompts_that_arrive_together_share_a_chunk() {
    let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
    let prompts = [text(1, 1000), text(2, 30), text(3, 10)];
    let [_long, medium, short] = prompts.map(|prompt| bench.submit(Recipe::greedy(prompt, 5).request()));
    bench.step();
    // A third each, and what the short one leaves goes to the long one.
    assert_eq!((medium.result().tokens.len(), short.result().tokens.len()), (0, 1));
    assert_eq!(bench.stats().prefilled_tokens, 64);
    bench.step();
    assert_eq!((medium.result().tokens.len(), short.result().tokens.len()), (1, 2));
}

#[test]
fn prefilling_sequences_take_turns_when_the_chunk_is_smaller_than_their_number() {
    let mut bench = Bench::new(FakeModel::bytes(256), 256, 2, 5);
    let all: Vec<_> = (0..5)
        .map(|seed| bench.submit(Recipe::greedy(text(seed, 10), 1).request()))
        .collect();
    // 50 rows by two: in turns, nobody is through after 40.
    (0..20).for_each(|_| bench.step());
    assert!(all.iter().all(|submitted| submitted.result().tokens.is_empty()));
    assert_eq!(bench.run(), 5);
    assert!(
        all.iter()
            .all(|submitted| submitted.result().finish_reason() == Some(FinishReason::Length))
    );
}

#[test]
fn requests_start_in_order_even_if_a_later_one_would_fit() {
    // Eight blocks of 16. The first takes six, the second needs five and waits, the third needs one.
    let mut bench = Bench::new(FakeModel::new(256, 128, 16, 8), 256, 128, 4);
    let first = bench.submit(Recipe::greedy(text(1, 90), 4).request());
    let second = bench.submit(Recipe::greedy(text(2, 70), 1).request());
    let third = bench.submit(Recipe::greedy(text(3, 5), 1).request());
    for _ in 0..3 {
        bench.step();
        assert!(second.result().cached_tokens.is_none() && third.result().cached_tokens.is_none());
        assert_eq!((bench.stats().running, bench.stats().waiting), (1, 2));
    }
    bench.run();
    for submitted in [first, second, third] {
        assert_eq!(submitted.result().finish_reason(), Some(FinishReason::Length));
    }
}

#[test]
fn the_youngest_is_preempted_and_nobody_sees_it() {
    // Two sequences grow to seven blocks each, in a pool of eight.
    let mut bench = Bench::new(FakeModel::new(256, 128, 16, 8), 256, 128, 4);
    let recipes = [Recipe::greedy(text(1, 40), 70), Recipe::greedy(text(2, 40), 70)];
    let [older, younger] = recipes.clone().map(|recipe| bench.submit(recipe.request()));
    while !older.result().has_ended() {
        let (ahead, behind) = (older.result().tokens.len(), younger.result().tokens.len());
        assert!(ahead >= behind, "the older one waited for the younger one");
        bench.step();
    }
    assert!(bench.stats().preemptions >= 1);
    assert!(!younger.result().has_ended());
    bench.run();
    let limits = crate::request::RequestLimits {
        num_token_ids: 256,
        context_length: 128,
    };
    for (recipe, submitted) in recipes.iter().zip([older, younger]) {
        assert_eq!(submitted.result().tokens, recipe.answer_alone(limits, 256).tokens);
    }
}

#[test]
fn cancelling_takes_effect_before_the_next_chunk() {
    let model = FakeModel::bytes(4096);
    let num_forwards = model.forward_counter();
    let mut bench = Bench::new(model, 256, 64, 1);
    let prefilling = bench.submit(Recipe::greedy(text(1, 4000), 5).request());
    let waiting = bench.submit(Recipe::greedy(text(2, 10), 5).request());
    bench.step();
    bench.step();
    prefilling.cancel();
    waiting.cancel();
    bench.step();
    assert_eq!(num_forwards.load(Ordering::SeqCst), 2);
    assert!(bench.stepper.is_idle());
    for submitted in [&prefilling, &waiting] {
        assert_eq!(submitted.result().finish_reason(), Some(FinishReason::Cancelled));
    }
    // What was computed is not lost: 128 rows.
    let again = bench.submit(Recipe::greedy(text(1, 200), 1).request());
    bench.run();
    assert_eq!(again.result().cached_tokens, Some(128));
}
