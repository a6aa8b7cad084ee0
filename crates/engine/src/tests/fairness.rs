//! Who gets computed when, and how soon a request can be stopped.

use std::sync::atomic::Ordering;

use crate::FinishReason;
use crate::tests::conversations::text;
use crate::tests::fake_model::FakeModel;
use crate::tests::{Bench, Recipe};

#[test]
fn a_short_prompt_is_not_stuck_behind_a_long_one() {
    let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
    let long = bench.submit(Recipe::greedy(text(1, 1000), 1).request());
    bench.step();
    let short = bench.submit(Recipe::greedy(text(2, 30), 10).request());
    bench.step();
    // It has a pass of its own, which isn't made longer by the long one.
    assert_eq!(short.result().tokens.len(), 1);
    assert_eq!(bench.stats().prefilled_tokens, 64 + 30);
    for num_tokens in 2..=10 {
        bench.step();
        assert_eq!(
            short.result().tokens.len(),
            num_tokens,
            "one token a step beside the prefill"
        );
    }
    assert!(short.result().has_ended() && !long.result().has_ended());
    // The long one had 64 rows, and half as many in each pass beside the answer; now it gets whole chunks.
    assert_eq!(bench.run(), (1000usize - 64 - 9 * 32).div_ceil(64));
}

#[test]
fn of_prompts_that_arrive_together_the_short_ones_are_through_first() {
    let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
    let prompts = [text(1, 1000), text(2, 30), text(3, 10)];
    let [_long, medium, short] = prompts.map(|prompt| bench.submit(Recipe::greedy(prompt, 5).request()));
    bench.step();
    assert_eq!((medium.result().tokens.len(), short.result().tokens.len()), (1, 1));
    assert_eq!(bench.stats().prefilled_tokens, 40);
    bench.step();
    assert_eq!((medium.result().tokens.len(), short.result().tokens.len()), (2, 2));
    assert_eq!(bench.stats().prefilled_tokens, 40 + 32);
}

#[test]
fn no_stream_of_short_prompts_keeps_a_long_one_from_being_read() {
    // More come than can be read, in the last cases: they queue up beside the long one, and wait long, too.
    for (shorts_per_pass, most_passes) in [(1, 40), (2, 60), (5, 60)] {
        let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
        let long = bench.submit(Recipe::greedy(text(1, 640), 1).request());
        let mut shorts = Vec::new();
        let mut num_passes = 0;
        while !long.result().has_ended() {
            // Each would fill the pass.
            for _ in 0..shorts_per_pass {
                shorts.push(bench.submit(Recipe::greedy(text(100 + shorts.len() as u64, 60), 1).request()));
            }
            bench.step();
            num_passes += 1;
            assert!(
                num_passes <= most_passes,
                "starved beside {shorts_per_pass} in each pass"
            );
        }
        // Ten chunks, and the short ones weren't held up by them.
        assert!(num_passes >= 20, "{num_passes}");
        bench.run();
        assert!(shorts.iter().all(|submitted| submitted.result().has_ended()));
    }
}

#[test]
fn a_chunk_smaller_than_the_number_of_prompts_reads_them_all() {
    let mut bench = Bench::new(FakeModel::bytes(256), 256, 2, 5);
    let all: Vec<_> = (0..5)
        .map(|seed| bench.submit(Recipe::greedy(text(seed, 10), 1).request()))
        .collect();
    // 50 rows by two, and none is wasted.
    assert_eq!(bench.run(), 25);
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
