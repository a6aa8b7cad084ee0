//! Guessed tokens: what they save, and that they change nothing.

use crate::request::RequestLimits;
use crate::tests::conversations::{Script, text};
use crate::tests::fake_model::{FakeModel, fake_logits};
use crate::tests::{Bench, Recipe, RequestResult};
use crate::{FinishReason, GenerateRequest, SamplingParams, Speculation, TokenConstraint, TokenMask};

const STOP: u32 = 255;

fn bench(speculation: Speculation) -> Bench {
    Bench::speculating(FakeModel::bytes(1024), 256, 64, 8, speculation)
}

/// Asks for an answer that is dictated.
fn scripted(bench: &mut Bench, prompt: &[u32], answer: &[u32], max_tokens: usize) -> RequestResult {
    let mut request = GenerateRequest::new(prompt.to_vec());
    request.max_tokens = Some(max_tokens);
    request.stop_token_ids = vec![STOP];
    request.constraint = Some(Box::new(Script(Vec::from(answer).into_iter())));
    let submitted = bench.submit(request);
    bench.run();
    submitted.result()
}

#[test]
fn an_answer_that_repeats_the_prompt_takes_a_fraction_of_the_passes() {
    let prompt = text(1, 60);
    // The prompt's second half again, then something new.
    let answer = [&prompt[30..], &text(2, 10), &[STOP]].concat();
    let [plain, guessed] = [Speculation::Off, Speculation::Always(5)].map(|speculation| {
        let mut bench = bench(speculation);
        let result = scripted(&mut bench, &prompt, &answer, 500);
        assert_eq!(result.finish_reason(), Some(FinishReason::Stop));
        (result.tokens, bench.stats())
    });
    assert_eq!(plain.0, guessed.0);
    assert_eq!(plain.1.steps, 41);
    // Two tokens before the first match; then 28 in passes of six.
    let stats = guessed.1;
    assert_eq!((stats.accepted_tokens, stats.steps), (24, 41 - 24));
    assert_eq!(stats.steps + stats.accepted_tokens, stats.decoded_tokens + 1);
}

#[test]
fn an_answer_ends_within_a_draft_where_it_ends_without() {
    let prompt = [text(1, 40), vec![STOP], text(2, 5)].concat();
    for (answer, max_tokens) in [(prompt[20..41].to_vec(), 500), (prompt[20..40].to_vec(), 13)] {
        let results = [Speculation::Off, Speculation::Always(7)].map(|speculation| {
            let mut bench = bench(speculation);
            let result = scripted(&mut bench, &prompt, &answer, max_tokens);
            assert_eq!(bench.stats().accepted_tokens > 0, speculation != Speculation::Off);
            // What the end left of the draft is not taken for computed: the next turn starts behind the last token.
            let next = [&prompt[..], &result.tokens, &text(3, 9)].concat();
            let again = scripted(&mut bench, &next, &text(4, 3), 3);
            (result.tokens, result.end.map(|(reason, _)| reason), again.tokens)
        });
        assert_eq!(results[0], results[1]);
    }
}

#[test]
fn a_wrong_guess_leaves_nothing_behind() {
    // A bigram of the prompt comes again and again, and goes on otherwise each time.
    let mut answer = Vec::new();
    for index in 0..20 {
        answer.extend([7, 8, 100 + index]);
    }
    answer.push(STOP);
    let prompt = [text(1, 20), vec![7, 8, 9, 10, 11, 12]].concat();
    let mut bench = bench(Speculation::Always(4));
    let result = scripted(&mut bench, &prompt, &answer, 500);
    assert_eq!(result.tokens, answer[..60]);
    let stats = bench.stats();
    assert_eq!(stats.accepted_tokens, 0);
    assert!(stats.drafted_tokens >= 4 * 20);
    // The whole text is cached, exactly: what follows it is answered as without a cache.
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 1024,
    };
    let recipe = Recipe::greedy([&prompt[..], &result.tokens, &text(3, 9)].concat(), 20);
    let next = bench.submit(recipe.request());
    bench.run();
    assert_eq!(next.result().cached_tokens, Some(prompt.len() + 60));
    assert_eq!(next.result().tokens, recipe.answer_alone(limits, 256).tokens);
}

#[test]
fn guesses_that_fail_are_given_up_and_those_that_hold_are_kept() {
    let mut unlucky = Vec::new();
    for index in 0..200 {
        unlucky.extend([7, 8, index % 250]);
    }
    let mut bench = bench(Speculation::Auto);
    scripted(&mut bench, &text(1, 20), &unlucky, unlucky.len());
    let stats = bench.stats();
    assert!(stats.drafted_tokens < 120, "{stats:?}");

    let mut bench = self::bench(Speculation::Auto);
    let lucky: Vec<u32> = (0..600).map(|index| index % 40).collect();
    scripted(&mut bench, &text(1, 20), &lucky, lucky.len());
    let stats = bench.stats();
    assert!(stats.accepted_tokens * 10 >= stats.drafted_tokens * 9, "{stats:?}");
}

/// Dictates the answer and tells of it before; only so many of these tokens are true.
struct Foretold {
    script: Script,
    num_true: usize,
}

impl TokenConstraint for Foretold {
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String> {
        self.script.mask(mask)
    }

    fn accept(&mut self, token_id: u32) -> Result<(), String> {
        self.script.accept(token_id)
    }

    fn forced(&mut self, most: usize) -> Vec<u32> {
        let told = self.script.0.as_slice().iter().take(most).enumerate();
        told.map(|(index, &id)| if index < self.num_true { id } else { id ^ 1 })
            .collect()
    }
}

#[test]
fn what_a_grammar_forces_is_verified_together_and_a_wrong_one_changes_nothing() {
    let answer = [text(2, 60), vec![STOP]].concat();
    for (speculation, num_true, expected_steps) in [
        (Speculation::Off, 9, 61),
        (Speculation::Always(5), 9, 11),
        (Speculation::Always(5), 3, 16),
        (Speculation::Always(5), 0, 61),
        // From a pass of one row on, at most eight.
        (Speculation::Auto, 9, 9),
    ] {
        let mut bench = bench(speculation);
        let mut request = GenerateRequest::new(text(1, 30));
        request.stop_token_ids = vec![STOP];
        let script = Script(answer.clone().into_iter());
        request.constraint = Some(Box::new(Foretold { script, num_true }));
        let submitted = bench.submit(request);
        bench.run();
        assert_eq!(submitted.result().tokens, answer[..60]);
        let steps = bench.stats().steps;
        assert!(
            steps.abs_diff(expected_steps) <= 1,
            "{speculation:?}, {num_true} true: {steps} steps"
        );
    }
}

/// A request whose answer repeats its prompt.
fn monotonous() -> GenerateRequest {
    let mut request = GenerateRequest::new(vec![5; 20]);
    request.constraint = Some(Box::new(Script(vec![5; 100].into_iter())));
    request.max_tokens = Some(100);
    request
}

#[test]
fn nothing_is_guessed_beside_a_prefill() {
    let mut bench = bench(Speculation::Always(5));
    let first = bench.submit(monotonous());
    bench.step();
    bench.submit(Recipe::greedy(text(1, 640), 1).request());
    (0..8).for_each(|_| bench.step());
    assert_eq!((first.result().tokens.len(), bench.stats().drafted_tokens), (9, 0));
    bench.run();
    assert!(bench.stats().drafted_tokens > 0);
}

#[test]
fn a_pass_has_no_more_rows_than_are_computed_alike() {
    // Two sequences and 100 tokens each, the first of which come with the prompts.
    for (uniform_rows, num_steps) in [(1, 100), (2, 100), (4, 51), (6, 34)] {
        let model = FakeModel::bytes(1024).uniform_rows(uniform_rows);
        let mut bench = Bench::speculating(model, 256, 64, 8, Speculation::Always(2));
        let all = [bench.submit(monotonous()), bench.submit(monotonous())];
        let steps = bench.run();
        assert!(all.iter().all(|submitted| submitted.result().tokens.len() == 100));
        assert!(steps.abs_diff(num_steps) <= 2, "{uniform_rows} rows: {steps} steps");
    }
}

/// What chi-square with 63 degrees of freedom stays below with a probability of 99.99%.
const CHI_SQUARE_63: f64 = 114.0;

#[test]
fn guessing_from_the_text_leaves_the_distribution_as_it_is() {
    check_distribution(None);
}

#[test]
fn guessing_by_a_model_leaves_the_distribution_as_it_is() {
    for differs_once_in in [1, 3] {
        check_distribution(Some(FakeModel::new(4, 64, 4, 200).differing_once_in(differs_once_in)));
    }
}

/// Samples many answers of four tokens and holds them against the exact probabilities of their last three.
fn check_distribution(draft_model: Option<FakeModel>) {
    const VOCAB: usize = 4;
    const NUM_SAMPLES: u64 = if cfg!(debug_assertions) { 4000 } else { 40_000 };
    let prompt: Vec<u32> = [0, 1, 2].into_iter().cycle().take(11).collect();
    let model = FakeModel::new(VOCAB, 64, 4, 200);
    let mut bench = Bench::speculating(model, VOCAB, 64, 8, Speculation::Always(5));
    let is_by_model = draft_model.is_some();
    if let Some(draft_model) = draft_model {
        bench.drafting(draft_model, VOCAB);
    }
    let sampling = SamplingParams {
        temperature: 2.5,
        ..SamplingParams::default()
    };
    let mut counts = [0u64; VOCAB * VOCAB * VOCAB];
    for seed in 0..NUM_SAMPLES / 4 {
        let ask = |index| {
            let mut recipe = Recipe::greedy(prompt.clone(), 4);
            recipe.sampling = SamplingParams {
                seed: Some(4 * seed + index),
                ..sampling.clone()
            };
            recipe.request()
        };
        let submitted = [0, 1, 2, 3].map(|index| bench.submit(ask(index)));
        bench.run();
        for submitted in submitted {
            let tokens = submitted.result().tokens;
            counts[tokens[1..].iter().fold(0, |index, &id| index * VOCAB + id as usize)] += 1;
        }
    }
    let stats = bench.stats();
    assert!(stats.accepted_tokens > NUM_SAMPLES / 10 && stats.accepted_tokens < stats.drafted_tokens * 9 / 10);
    assert_eq!(stats.model_drafted_tokens > 0, is_by_model);
    // The exact probability of each triple, whatever token came before it.
    let probabilities = |tokens: &[u32]| {
        let weights = fake_logits(tokens, VOCAB)
            .into_iter()
            .map(|logit| (f64::from(logit) / 2.5).exp());
        let weights: Vec<f64> = weights.collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(move |weight| weight / total)
    };
    let mut expected = vec![(prompt.clone(), 1.0)];
    for _ in 0..4 {
        let longer = |(tokens, probability): (Vec<u32>, f64)| {
            let next = probabilities(&tokens).enumerate();
            let next = next.map(|(id, p)| ([&tokens[..], &[id as u32]].concat(), probability * p));
            next.collect::<Vec<_>>()
        };
        expected = expected.into_iter().flat_map(longer).collect();
    }
    let mut triples = [0.0; VOCAB * VOCAB * VOCAB];
    for (tokens, probability) in expected {
        triples[tokens[prompt.len() + 1..]
            .iter()
            .fold(0, |index, &id| index * VOCAB + id as usize)] += probability;
    }
    let deviation = |(&count, probability): (&u64, f64)| {
        let expected = probability * NUM_SAMPLES as f64;
        (count as f64 - expected).powi(2) / expected
    };
    let chi_square: f64 = counts.iter().zip(triples).map(deviation).sum();
    assert!(chi_square < CHI_SQUARE_63, "{chi_square}");
}
