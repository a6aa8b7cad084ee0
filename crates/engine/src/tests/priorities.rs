//! Who goes first, and that nobody waits for ever.

use crate::request::RequestLimits;
use crate::tests::conversations::text;
use crate::tests::fake_model::FakeModel;
use crate::tests::{Bench, Recipe, Submitted};

fn bench(max_running: usize) -> Bench {
    Bench::new(FakeModel::bytes(1024), 256, 64, max_running)
}

fn ask(bench: &mut Bench, seed: u64, num_tokens: usize, priority: i32, client: Option<u64>) -> Submitted {
    let mut recipe = Recipe::greedy(text(seed, 20), num_tokens);
    (recipe.priority, recipe.client) = (priority, client);
    bench.submit(recipe.request())
}

fn has_started(submitted: &Submitted) -> bool {
    submitted.result().cached_tokens.is_some()
}

#[test]
fn what_waits_is_admitted_by_priority_and_then_by_age() {
    let mut bench = bench(1);
    let running = ask(&mut bench, 0, 3, -5, None);
    bench.step();
    let waiting = [(1, 2), (2, 0), (3, 1), (4, 0)].map(|(seed, priority)| ask(&mut bench, seed, 3, priority, None));
    let mut order = Vec::new();
    while !bench.stepper.is_idle() {
        bench.step();
        let started = (0..4).filter(|&index| has_started(&waiting[index]));
        let new: Vec<usize> = started.filter(|index| !order.contains(index)).collect();
        order.extend(new);
    }
    assert_eq!(order, [1, 3, 2, 0]);
    assert!(running.result().has_ended());
    assert_eq!(bench.stats().preemptions, 0);
}

#[test]
fn a_request_of_a_better_priority_takes_the_place_of_a_running_one() {
    let mut bench = bench(2);
    let mut recipe = Recipe::greedy(text(1, 200), 60);
    recipe.priority = 1;
    let background = [bench.submit(recipe.request()), ask(&mut bench, 2, 60, 2, None)];
    (0..10).for_each(|_| bench.step());
    let heard = background.each_ref().map(|submitted| submitted.result().tokens.len());
    let prefilled = bench.stats().prefilled_tokens;
    let interactive = ask(&mut bench, 3, 5, 0, None);
    bench.step();
    assert_eq!(interactive.result().tokens.len(), 1, "it began at once");
    let now = background.each_ref().map(|submitted| submitted.result().tokens.len());
    assert_eq!(now, [heard[0] + 1, heard[1]], "the one of the worst priority made room");
    bench.run();
    assert_eq!(bench.stats().preemptions, 1);
    // What it had was kept: only the token that was generated last is computed, with the interactive prompt.
    assert_eq!(bench.stats().prefilled_tokens - prefilled, 20);
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 1024,
    };
    assert_eq!(background[0].result().tokens, recipe.answer_alone(limits, 256).tokens);
    assert_eq!(background[1].result().tokens.len(), 60);
}

#[test]
fn an_equal_priority_never_takes_a_place() {
    let mut bench = bench(1);
    let first = ask(&mut bench, 1, 30, 0, None);
    bench.step();
    let second = ask(&mut bench, 2, 5, 0, None);
    (0..20).for_each(|_| bench.step());
    assert!(!has_started(&second) && !first.result().has_ended());
    bench.run();
    assert_eq!(bench.stats().preemptions, 0);
}

#[test]
fn room_in_the_cache_goes_by_priority_too() {
    // Eight blocks of 16. Each wants seven of them in the end, and the younger one is preferred.
    let mut bench = Bench::new(FakeModel::new(256, 128, 16, 8), 256, 128, 4);
    let mut recipe = Recipe::greedy(text(1, 40), 70);
    recipe.priority = 1;
    let background = bench.submit(recipe.request());
    let interactive = bench.submit(Recipe::greedy(text(2, 40), 70).request());
    while !interactive.result().has_ended() {
        let (ahead, behind) = (interactive.result().tokens.len(), background.result().tokens.len());
        assert!(ahead >= behind, "the preferred one waited");
        bench.step();
    }
    assert!(bench.stats().preemptions >= 1);
    bench.run();
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 128,
    };
    assert_eq!(background.result().tokens, recipe.answer_alone(limits, 256).tokens);
}

#[test]
fn the_prefill_of_a_better_priority_goes_first_and_the_other_gets_what_is_left() {
    let mut bench = bench(4);
    let mut recipe = Recipe::greedy(text(1, 300), 1);
    recipe.priority = 1;
    bench.submit(recipe.request());
    let interactive = bench.submit(Recipe::greedy(text(2, 100), 5).request());
    bench.step();
    assert_eq!(bench.stats().prefilled_tokens, 64);
    bench.step();
    // 100 of its own are through after two passes of 64.
    assert_eq!(interactive.result().tokens.len(), 1);
    assert_eq!(bench.stats().prefilled_tokens, 100);
    bench.step();
    assert_eq!(bench.stats().prefilled_tokens, 100 + 32);
}

#[test]
fn no_stream_of_better_requests_keeps_one_waiting_for_ever() {
    for (priority, most_passed) in [(1, 20), (3, 52)] {
        let mut bench = bench(2);
        let mut stream: Vec<Submitted> = Vec::new();
        let background = ask(&mut bench, 1, 10, priority, None);
        let mut num_steps = 0;
        while !background.result().has_ended() {
            // Always more waiting than there are places.
            while stream
                .iter()
                .filter(|submitted| !submitted.result().has_ended())
                .count()
                < 4
            {
                let seed = 1000 + stream.len() as u64;
                stream.push(ask(&mut bench, seed, 4, 0, None));
            }
            bench.step();
            num_steps += 1;
            assert!(num_steps < 10_000, "starved");
        }
        let num_passed = stream.iter().filter(|submitted| has_started(submitted)).count();
        assert!(num_passed > 10, "it went first: {num_passed}");
        assert!(num_passed <= most_passed + 10, "{num_passed} passed it");
    }
}

#[test]
fn one_client_s_many_requests_leave_room_for_another_s_one() {
    let mut bench = bench(2);
    let many: Vec<Submitted> = (0..8)
        .map(|seed| ask(&mut bench, seed, 10 + seed as usize, 0, Some(1)))
        .collect();
    bench.step();
    let other = ask(&mut bench, 100, 12, 0, Some(2));
    let anonymous = ask(&mut bench, 101, 10, 0, None);
    let num_started = || many.iter().filter(|submitted| has_started(submitted)).count();
    while !has_started(&other) {
        bench.step();
    }
    // It took the place of the first that ended, though six others had asked before it.
    assert_eq!(num_started(), 2);
    while !has_started(&anonymous) {
        bench.step();
    }
    assert_eq!(num_started(), 3, "in turns");
    bench.run();
    assert!(many.iter().all(|submitted| submitted.result().has_ended()));
}

#[test]
fn a_client_that_just_got_much_comes_after_one_that_did_not_until_that_is_past() {
    let mut bench = bench(1);
    ask(&mut bench, 0, 600, 0, Some(1));
    bench.run();
    for (pause, expected) in [(5, [false, true]), (900, [true, false])] {
        // Somebody else has the only place meanwhile.
        ask(&mut bench, 1000 + pause as u64, pause, 0, None);
        bench.step();
        let waiting = [1, 2].map(|client| ask(&mut bench, 10 * pause as u64 + client, 5, 0, Some(client)));
        while !waiting.iter().any(has_started) {
            bench.step();
        }
        assert_eq!(waiting.each_ref().map(has_started), expected, "after {pause} passes");
        bench.run();
    }
}

#[test]
fn a_priority_out_of_range_is_refused() {
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 128,
    };
    for (priority, is_valid) in [(-101, false), (-100, true), (100, true), (101, false)] {
        let mut recipe = Recipe::greedy(text(1, 3), 1);
        recipe.priority = priority;
        let checked = recipe.request().validate(limits).map_err(|error| error.to_string());
        let message = format!("priority must be from -100 to 100, not {priority}");
        assert_eq!(checked, if is_valid { Ok(()) } else { Err(message) });
    }
}
