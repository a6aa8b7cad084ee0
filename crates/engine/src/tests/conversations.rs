//! Prefix caching, asserted on counters.

use crate::sampler::mix;
use crate::tests::fake_model::FakeModel;
use crate::tests::{Bench, Recipe};
use crate::{EngineError, FinishReason, GenerateRequest, Pooling, SamplingParams, Task, TokenConstraint, TokenMask};

/// `len` tokens that depend on `seed`, none of them a stop token.
pub fn text(seed: u64, len: usize) -> Vec<u32> {
    (0..len as u64)
        .map(|index| (mix(seed << 32 | index) % 250) as u32)
        .collect()
}

/// Dictates the answer.
pub struct Script(pub std::vec::IntoIter<u32>);

/// Dictates the answer and ends it.
struct WholeScript(Script);

impl TokenConstraint for WholeScript {
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String> {
        self.0.mask(mask)
    }

    fn accept(&mut self, token_id: u32) -> Result<(), String> {
        if token_id == 13 {
            return Err("13 is unlucky".into());
        }
        self.0.accept(token_id)
    }

    fn is_complete(&self) -> bool {
        self.0.0.as_slice().is_empty()
    }
}

impl TokenConstraint for Script {
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String> {
        mask.forbid_all();
        mask.allow(self.0.as_slice()[0]);
        Ok(())
    }

    fn accept(&mut self, token_id: u32) -> Result<(), String> {
        assert_eq!(self.0.next(), Some(token_id));
        Ok(())
    }
}

const STOP: u32 = 255;

#[test]
fn each_turn_prefills_only_its_new_tokens() {
    let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
    let mut history = text(1, 37);
    let mut num_known = 0;
    for turn in 0..10 {
        let question = text(100 + turn, 5 + 7 * turn as usize);
        history.extend(&question);
        let before = bench.stats();
        let mut recipe = Recipe::greedy(history.clone(), 40 + turn as usize);
        recipe.sampling = SamplingParams {
            seed: Some(turn),
            ..SamplingParams::qwen3_non_thinking()
        };
        let submitted = bench.submit(recipe.request());
        bench.run();
        let (result, after) = (submitted.result(), bench.stats());
        let num_new = history.len() - num_known;
        assert_eq!(
            after.prefilled_tokens - before.prefilled_tokens,
            num_new as u64,
            "turn {turn}"
        );
        assert_eq!(result.cached_tokens, Some(num_known), "turn {turn}");
        assert_eq!(after.cached_tokens - before.cached_tokens, num_known as u64);
        assert_eq!(result.finish_reason(), Some(FinishReason::Length));
        history.extend(&result.tokens);
        // The last token was sampled but never computed.
        num_known = history.len() - 1;
    }
    // One conversation, one cached prefix: nothing but its blocks is held.
    assert_eq!(bench.stats().blocks_cached, num_known.div_ceil(16));
}

/// Ten turns of a conversation, each answered by a thought and an answer of 40 tokens together; later prompts leave the
/// thought out. Checks what each turn computes of its prompt.
fn converse_without_old_thoughts(bench: &mut Bench, between: &mut dyn FnMut(&mut Bench, u64)) {
    const THOUGHT: usize = 29;
    let mut history = text(1, 37);
    let mut last_prompt = 0;
    for turn in 0..10 {
        history.extend(text(100 + turn, 5 + 7 * turn as usize));
        let before = bench.stats().prefilled_tokens;
        let submitted = bench.submit(Recipe::greedy(history.clone(), 40).request());
        bench.run();
        let result = submitted.result();
        // New are the answer to the last question, without its thought, and the question.
        assert_eq!(result.cached_tokens, Some(last_prompt), "turn {turn}");
        let prefilled = bench.stats().prefilled_tokens - before;
        assert_eq!(prefilled, (history.len() - last_prompt) as u64, "turn {turn}");
        last_prompt = history.len();
        // A thought and the answer behind it begin differently.
        history.push(result.tokens[0] ^ 1);
        history.extend(&result.tokens[THOUGHT..]);
        between(bench, turn);
    }
}

#[test]
fn thoughts_that_are_left_out_later_cost_no_second_reading_of_what_came_before() {
    let mut bench = Bench::new(FakeModel::bytes(4096), 256, 64, 4);
    converse_without_old_thoughts(&mut bench, &mut |_, _| {});
    // The same beside others, in a cache that is too small for everything that was ever computed.
    let mut bench = Bench::new(FakeModel::new(256, 1024, 16, 64), 256, 64, 4);
    converse_without_old_thoughts(&mut bench, &mut |bench, turn| {
        bench.submit(Recipe::greedy(text(1000 + turn, 150), 20).request());
        bench.run();
    });
    let stats = bench.stats();
    assert_eq!(stats.blocks_free, 0, "the cache was full: {stats:?}");
}

#[test]
fn after_a_stop_token_the_whole_answer_is_cached() {
    let mut bench = Bench::new(FakeModel::bytes(512), 256, 64, 4);
    let (question, answer) = (text(1, 20), text(2, 9));
    let mut request = GenerateRequest::new(question.clone());
    request.stop_token_ids = vec![STOP];
    request.constraint = Some(Box::new(Script([answer.clone(), vec![STOP]].concat().into_iter())));
    let first = bench.submit(request);
    bench.run();
    assert_eq!(first.result().tokens, answer);
    assert_eq!(first.result().finish_reason(), Some(FinishReason::Stop));

    let second = bench.submit(Recipe::greedy([question, answer, vec![STOP], text(3, 6)].concat(), 3).request());
    bench.run();
    assert_eq!(second.result().cached_tokens, Some(29));
}

#[test]
fn a_cancelled_answer_and_a_changed_one_are_reused_to_the_token() {
    let mut bench = Bench::new(FakeModel::bytes(1024), 256, 64, 4);
    let prompt = text(1, 100);
    let cancelled = bench.submit(Recipe::greedy(prompt.clone(), 500).request());
    (0..10).for_each(|_| bench.step());
    cancelled.cancel();
    bench.run();
    let heard = cancelled.result().tokens;
    assert_eq!(cancelled.result().finish_reason(), Some(FinishReason::Cancelled));
    assert!(heard.len() > 5);

    // The client goes on from the third token of the answer, in the middle of a block.
    let changed = [&prompt, &heard[..3], &text(7, 20)].concat();
    let result = bench.submit(Recipe::greedy(changed, 2).request());
    bench.run();
    assert_eq!(result.result().cached_tokens, Some(103));
    // The first branch is still there; its last token was never computed.
    let again = bench.submit(Recipe::greedy([&prompt[..], &heard, &[9]].concat(), 2).request());
    bench.run();
    assert_eq!(again.result().cached_tokens, Some(100 + heard.len() - 1));
}

#[test]
fn the_same_prompt_again_computes_its_last_token_only() {
    for len in [31, 32, 33] {
        let mut bench = Bench::new(FakeModel::bytes(256), 256, 64, 4);
        let recipe = Recipe::greedy(text(1, len), 4);
        let first = bench.submit(recipe.request());
        bench.run();
        let before = bench.stats().prefilled_tokens;
        let second = bench.submit(recipe.request());
        bench.run();
        assert_eq!(bench.stats().prefilled_tokens - before, 1);
        assert_eq!(first.result().tokens, second.result().tokens);
    }
}

#[test]
fn requests_with_one_system_prompt_compute_it_once() {
    // Submitted together, and while the first one is being prefilled or is decoding.
    for steps_between in [0, 1, 2, 10] {
        let mut bench = Bench::new(FakeModel::bytes(1024), 256, 64, 4);
        let system = text(1, 200);
        let mut all = Vec::new();
        for user in 0..3 {
            let recipe = Recipe::greedy([system.clone(), text(10 + user, 30)].concat(), 20);
            all.push(bench.submit(recipe.request()));
            (0..steps_between).for_each(|_| bench.step());
        }
        bench.run();
        let stats = bench.stats();
        assert_eq!(
            (stats.prefilled_tokens, stats.cached_tokens),
            (200 + 3 * 30, 2 * 200),
            "{steps_between} steps"
        );
        let cached: Vec<_> = all
            .iter()
            .map(|submitted| submitted.result().cached_tokens.unwrap())
            .collect();
        assert_eq!(cached, [0, 200, 200]);
    }
}

#[test]
fn least_recently_used_prefixes_go_first_and_from_their_end() {
    // Eight blocks of 16: two conversations of three blocks each, then one that needs four.
    let mut bench = Bench::new(FakeModel::new(256, 128, 16, 8), 256, 64, 4);
    let mut ask = |prompt: &[u32]| {
        let submitted = bench.submit(Recipe::greedy(prompt.to_vec(), 1).request());
        bench.run();
        submitted.result().cached_tokens.unwrap()
    };
    let (old, recent, new) = (text(1, 48), text(2, 48), text(3, 64));
    assert_eq!((ask(&old), ask(&recent), ask(&new)), (0, 0, 0));
    assert_eq!(ask(&recent), 47);
    // `new` took two blocks from `old`; the copy above took the third.
    assert!(ask(&old) <= 16);
}

#[test]
fn scores_come_in_bounded_chunks_and_leave_no_trace() {
    let mut bench = Bench::new(FakeModel::bytes(1024), 256, 256, 4);
    let mut recipe = Recipe::greedy(text(1, 300), 1);
    recipe.task = Task::Score;
    let submitted = bench.submit(recipe.request());
    // 299 rows of logits, at most 64 in a pass.
    assert_eq!(bench.run(), 5);
    let limits = crate::request::RequestLimits {
        num_token_ids: 256,
        context_length: 1024,
    };
    assert_eq!(submitted.result().scores, recipe.answer_alone(limits, 256).scores);
    assert_eq!(submitted.result().scores.unwrap().len(), 299);
    assert_eq!(bench.stats().blocks_free, bench.stats().blocks_total);

    let single = bench.submit(GenerateRequest::score(vec![7]));
    assert_eq!(single.result().scores, Some(Vec::new()));
    assert_eq!(single.result().finish_reason(), Some(FinishReason::Stop));
    assert!(bench.stepper.is_idle());
}

#[test]
fn a_complete_constraint_ends_the_answer_and_a_failing_one_fails_it() {
    let mut bench = Bench::new(FakeModel::bytes(512), 256, 64, 4);
    let mut ask = |script: Vec<u32>, max_tokens: usize| {
        let mut request = Recipe::greedy(text(1, 20), max_tokens).request();
        request.constraint = Some(Box::new(WholeScript(Script(script.into_iter()))));
        let submitted = bench.submit(request);
        bench.run();
        submitted.result()
    };
    // Its last token may also be the last that is allowed.
    for max_tokens in [3, 100] {
        let result = ask(vec![7, 8, 9], max_tokens);
        assert_eq!(result.tokens, [7, 8, 9]);
        assert_eq!(result.finish_reason(), Some(FinishReason::Stop));
    }
    let failed = ask(vec![7, 13, 9], 100);
    assert_eq!(failed.tokens, [7]);
    assert!(matches!(failed.error, Some(EngineError::Constraint(message)) if message == "13 is unlucky"));
}

#[test]
fn an_embedding_may_begin_with_a_cached_prefix_only_if_it_is_the_last_state() {
    let mut bench = Bench::new(FakeModel::bytes(512), 256, 64, 4);
    let prompt = text(1, 100);
    bench.submit(Recipe::greedy(prompt.clone(), 1).request());
    bench.run();
    for (pooling, cached_tokens) in [(Pooling::Last, 99), (Pooling::Mean, 0)] {
        let mut recipe = Recipe::greedy(prompt.clone(), 1);
        recipe.task = Task::Embed(pooling);
        let submitted = bench.submit(recipe.request());
        bench.run();
        assert_eq!(submitted.result().cached_tokens, Some(cached_tokens));
        assert!(submitted.result().embedding.is_some());
    }
}

#[test]
fn a_prefix_that_was_partly_used_is_kept_over_older_ones() {
    // Ten blocks of 16: two conversations of three, then a branch of the first, then one that needs room.
    let mut bench = Bench::new(FakeModel::new(256, 128, 16, 10), 256, 64, 4);
    let mut ask = |prompt: &[u32]| {
        let submitted = bench.submit(Recipe::greedy(prompt.to_vec(), 1).request());
        bench.run();
        submitted.result().cached_tokens.unwrap()
    };
    let (branched, other) = (text(1, 48), text(2, 48));
    assert_eq!((ask(&branched), ask(&other)), (0, 0));
    assert_eq!(ask(&[&branched[..20], &text(4, 20)].concat()), 20);
    assert_eq!(ask(&text(3, 64)), 0);
    assert_eq!(ask(&branched), 47);
}

#[test]
fn sharing_a_running_sequence_s_blocks_makes_room() {
    // Eight blocks of 16: the first takes six, and the second needs two of its own beside the five it shares.
    let mut bench = Bench::new(FakeModel::new(256, 128, 16, 8), 256, 128, 4);
    let system = text(1, 80);
    let first = bench.submit(Recipe::greedy([&system[..], &text(2, 5)].concat(), 8).request());
    bench.step();
    let second = bench.submit(Recipe::greedy([&system[..], &text(3, 5)].concat(), 2).request());
    bench.step();
    assert_eq!(second.result().cached_tokens, Some(80));
    assert!(!first.result().has_ended());
    bench.run();
}
