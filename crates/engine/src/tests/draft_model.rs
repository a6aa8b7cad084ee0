//! A second model that guesses: what it saves, and that it hurts nobody.

use crate::request::RequestLimits;
use crate::tests::conversations::text;
use crate::tests::fake_model::{Behaviour, FakeModel};
use crate::tests::{Bench, Recipe};
use crate::{FinishReason, SamplingParams, Speculation, TokenConstraint, TokenMask};

const LIMITS: RequestLimits = RequestLimits {
    num_token_ids: 256,
    context_length: 1024,
};

fn bench(speculation: Speculation, draft_model: FakeModel) -> Bench {
    let mut bench = Bench::speculating(FakeModel::bytes(1024), 256, 64, 8, speculation);
    bench.drafting(draft_model, 256);
    bench
}

fn sampled(prompt: Vec<u32>, max_tokens: usize, seed: u64) -> Recipe {
    let mut recipe = Recipe::greedy(prompt, max_tokens);
    recipe.sampling = SamplingParams {
        seed: Some(seed),
        temperature: 1.5,
        presence_penalty: 0.4,
        repetition_penalty: 1.1,
        ..SamplingParams::default()
    };
    recipe
}

#[test]
fn a_draft_model_that_agrees_is_always_right_also_where_tokens_are_drawn() {
    for recipe in [Recipe::greedy(text(1, 50), 100), sampled(text(1, 50), 100, 7)] {
        let mut bench = bench(Speculation::Always(4), FakeModel::bytes(1024));
        let submitted = bench.submit(recipe.request());
        bench.run();
        assert_eq!(submitted.result().tokens, recipe.answer_alone(LIMITS, 256).tokens);
        let stats = bench.stats();
        assert_eq!(stats.accepted_tokens, stats.drafted_tokens);
        assert_eq!(
            (stats.model_drafted_tokens, stats.model_accepted_tokens),
            (stats.drafted_tokens, stats.drafted_tokens)
        );
        // One with the prompt, then five at a time.
        assert_eq!(stats.steps, 1 + 99_u64.div_ceil(5));
    }
}

/// Allows every third token, and then one less.
struct Thirds {
    num_accepted: u32,
    /// Whether it is a copy that goes wrong, and how.
    failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy)]
enum Failure {
    Error,
    Panic,
}

impl TokenConstraint for Thirds {
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String> {
        mask.forbid_all();
        (0..256)
            .filter(|id| id % 3 == self.num_accepted % 3)
            .for_each(|id| mask.allow(id));
        Ok(())
    }

    fn accept(&mut self, token_id: u32) -> Result<(), String> {
        assert_eq!(token_id % 3, self.num_accepted % 3);
        self.num_accepted += 1;
        match self.failure {
            Some(Failure::Error) => Err("a copy may fail".into()),
            Some(Failure::Panic) => std::panic::resume_unwind(Box::new("a copy may panic")),
            None => Ok(()),
        }
    }

    fn fork(&self) -> Option<Box<dyn TokenConstraint>> {
        let failure = match self.num_accepted % 8 {
            6 => Some(Failure::Error),
            7 => Some(Failure::Panic),
            _ => None,
        };
        Some(Box::new(Thirds {
            num_accepted: self.num_accepted,
            failure,
        }))
    }
}

#[test]
fn guesses_follow_a_grammar_and_a_failing_copy_of_it_hurts_nobody() {
    let answers = [false, true].map(|has_draft| {
        let mut bench = Bench::speculating(FakeModel::bytes(1024), 256, 64, 8, Speculation::Always(3));
        if has_draft {
            bench.drafting(FakeModel::bytes(1024), 256);
        }
        let mut request = sampled(text(1, 50), 200, 7).request();
        request.constraint = Some(Box::new(Thirds {
            num_accepted: 0,
            failure: None,
        }));
        let submitted = bench.submit(request);
        bench.run();
        (submitted.result(), bench.stats(), bench.stepper.has_draft_model())
    });
    let [(plain, ..), (guessed, stats, has_draft)] = answers;
    assert_eq!(guessed.tokens, plain.tokens);
    assert!(guessed.error.is_none() && guessed.tokens.len() == 200);
    assert!(has_draft, "it is given up for its own failures only");
    // The same model, held to the same grammar, is always right.
    assert_eq!(stats.model_accepted_tokens, stats.model_drafted_tokens);
    assert!(stats.model_accepted_tokens > 100, "{stats:?}");
}

#[test]
fn several_are_guessed_for_in_one_pass_and_one_that_differs_slows_nobody_else() {
    let draft_model = FakeModel::bytes(1024).differing_once_in(3);
    let num_forwards = draft_model.forward_counter();
    let mut bench = bench(Speculation::Always(2), draft_model);
    let recipes = [1, 2].map(|seed| sampled(text(seed, 40), 90, seed));
    let submitted = recipes.clone().map(|recipe| bench.submit(recipe.request()));
    let num_steps = bench.run();
    for (recipe, submitted) in recipes.iter().zip(submitted) {
        assert_eq!(submitted.result().tokens, recipe.answer_alone(LIMITS, 256).tokens);
    }
    let stats = bench.stats();
    assert!(
        stats.accepted_tokens > stats.drafted_tokens / 3 && stats.accepted_tokens < stats.drafted_tokens,
        "{stats:?}"
    );
    let num_forwards = num_forwards.load(std::sync::atomic::Ordering::SeqCst);
    assert!(
        num_forwards <= 2 * num_steps + 2,
        "{num_forwards} passes of the draft model in {num_steps} steps"
    );
}

#[test]
fn each_turn_is_read_once_by_the_draft_model_too() {
    let mut bench = bench(Speculation::Always(3), FakeModel::bytes(1024));
    let mut history = text(1, 200);
    let mut last = 0;
    for turn in 0..5 {
        let submitted = bench.submit(Recipe::greedy(history.clone(), 30).request());
        bench.run();
        assert_eq!(submitted.result().tokens.len(), 30);
        let rows = bench.stats().draft_model_rows - last;
        // The question and the answer, each token once, after the first turn.
        let expected = if turn == 0 { 200 + 30 } else { 20 + 30 };
        assert!(rows <= expected + 3, "turn {turn}: {rows} rows");
        last += rows;
        history.extend(submitted.result().tokens);
        history.extend(text(10 + turn, 20));
    }
    assert_eq!(bench.stepper.num_draft_sequences(), 0);
}

#[test]
fn a_draft_model_that_fails_is_given_up_and_no_request_notices() {
    for behaviour in [Behaviour::Fail, Behaviour::Panic, Behaviour::NotANumber] {
        for fails_at in [0, 1, 5, 17] {
            let draft_model = FakeModel::bytes(1024).before_forward(move |number| match number {
                _ if number == fails_at => behaviour,
                _ => Behaviour::Compute,
            });
            let mut bench = Bench::speculating(FakeModel::bytes(1024), 256, 64, 8, Speculation::Always(3));
            let failure = bench.drafting(draft_model, 256);
            let recipes = [1, 2].map(|seed| sampled(text(seed, 300), 40, seed));
            let submitted = recipes.clone().map(|recipe| bench.submit(recipe.request()));
            bench.run();
            for (recipe, submitted) in recipes.iter().zip(submitted) {
                let result = submitted.result();
                assert_eq!(result.finish_reason(), Some(FinishReason::Length));
                assert_eq!(result.tokens, recipe.answer_alone(LIMITS, 256).tokens);
            }
            // A reading has no logits that could be wrong.
            let failure = failure.lock().unwrap().clone();
            if let Some(failure) = &failure {
                assert!(
                    failure.contains("fail") || failure.contains("panic") || failure.contains("NaN"),
                    "{failure}"
                );
            }
            assert_eq!(bench.stepper.has_draft_model(), failure.is_none());
            assert!(
                failure.is_some() || behaviour == Behaviour::NotANumber,
                "{behaviour:?} at {fails_at}"
            );
        }
    }
}

#[test]
fn a_draft_model_with_a_short_context_or_fewer_tokens_guesses_as_long_as_it_can() {
    let mut bench = bench(Speculation::Always(3), FakeModel::new(256, 60, 4, 40));
    let recipe = Recipe::greedy(text(1, 40), 100);
    let submitted = bench.submit(recipe.request());
    bench.run();
    assert_eq!(submitted.result().tokens, recipe.answer_alone(LIMITS, 256).tokens);
    let stats = bench.stats();
    assert!((15..=20).contains(&stats.accepted_tokens), "{stats:?}");
    assert!(bench.stepper.has_draft_model());

    let mut bench = self::bench(Speculation::Always(3), FakeModel::bytes(1024));
    bench.drafting(FakeModel::new(100, 1024, 16, 100), 100);
    let recipe = Recipe::greedy([text(1, 40), vec![200]].concat(), 20);
    let submitted = bench.submit(recipe.request());
    bench.run();
    assert_eq!(submitted.result().tokens, recipe.answer_alone(LIMITS, 256).tokens);
    assert_eq!(bench.stats().draft_model_rows, 0);
    assert!(bench.stepper.has_draft_model());
}

#[test]
fn too_few_blocks_for_all_are_shared_out() {
    // Room for one of the four texts at a time.
    let mut bench = bench(Speculation::Always(1), FakeModel::new(256, 200, 8, 12));
    let recipes = [1, 2, 3, 4].map(|seed| Recipe::greedy(text(seed, 60), 20));
    let submitted = recipes.clone().map(|recipe| bench.submit(recipe.request()));
    bench.run();
    for (recipe, submitted) in recipes.iter().zip(submitted) {
        assert_eq!(submitted.result().tokens, recipe.answer_alone(LIMITS, 256).tokens);
    }
    assert!(bench.stats().model_accepted_tokens > 0);
    assert_eq!(bench.stepper.num_draft_sequences(), 0);
}

#[test]
fn a_cancelled_answer_leaves_what_was_read_for_the_next() {
    let mut bench = bench(Speculation::Always(3), FakeModel::bytes(1024));
    let prompt = text(1, 300);
    let cancelled = bench.submit(Recipe::greedy(prompt.clone(), 500).request());
    (0..12).for_each(|_| bench.step());
    cancelled.cancel();
    bench.run();
    assert_eq!(bench.stepper.num_draft_sequences(), 0);
    let before = bench.stats().draft_model_rows;
    assert!(before > 300);
    bench.submit(Recipe::greedy(prompt, 10).request());
    bench.run();
    assert!(bench.stats().draft_model_rows - before < 40);
}
