//! A draft model beside few and many: by a clock that only passes move, so that every machine weighs alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::request::RequestLimits;
use crate::tests::conversations::text;
use crate::tests::fake_model::FakeModel;
use crate::tests::{Bench, Recipe, Submitted};
use crate::{SamplingParams, Speculation};

/// Four rows cost hardly more than one, and each further one half a pass.
fn pass_time(num_rows: u64) -> u64 {
    100_000 + 3_000 * num_rows + 50_000 * num_rows.saturating_sub(4)
}

fn draft_pass_time(num_rows: u64) -> u64 {
    9_000 + 1_000 * num_rows
}

fn recipe(seed: u64) -> Recipe {
    let mut recipe = Recipe::greedy(text(seed, 30), 150);
    recipe.sampling = SamplingParams {
        seed: Some(seed),
        temperature: 1.2,
        ..SamplingParams::default()
    };
    recipe
}

struct Company {
    bench: Bench,
    clock: Arc<AtomicU64>,
    num_asked: u64,
}

/// What happened in some time.
#[derive(Debug, PartialEq)]
struct Phase {
    /// Tokens of the answers.
    answers: Vec<Vec<u32>>,
    /// Guessed by the draft model.
    num_drafted: u64,
    micros: u64,
}

impl Company {
    fn new(has_draft: bool, differs_once_in: u64) -> Company {
        let clock = Arc::new(AtomicU64::new(0));
        let model = FakeModel::bytes(2048).taking(&clock, pass_time);
        let speculation = if has_draft { Speculation::Auto } else { Speculation::Off };
        let mut bench = Bench::speculating(model, 256, 64, 8, speculation);
        bench.timed_by(&clock);
        if has_draft {
            let draft = FakeModel::bytes(2048).taking(&clock, draft_pass_time);
            bench.drafting(draft.differing_once_in(differs_once_in), 256);
        }
        Company {
            bench,
            clock,
            num_asked: 0,
        }
    }

    /// So many clients ask at the same time, and all are answered.
    fn phase(&mut self, num_clients: usize) -> Phase {
        let (stats, begin) = (self.bench.stats(), self.clock.load(Ordering::SeqCst));
        let mut ask = |_| {
            self.num_asked += 1;
            self.bench.submit(recipe(self.num_asked).request())
        };
        let submitted: Vec<Submitted> = (0..num_clients).map(&mut ask).collect();
        self.bench.run();
        Phase {
            answers: submitted.iter().map(|submitted| submitted.result().tokens).collect(),
            num_drafted: self.bench.stats().model_drafted_tokens - stats.model_drafted_tokens,
            micros: self.clock.load(Ordering::SeqCst) - begin,
        }
    }
}

#[test]
fn a_draft_model_guesses_where_there_is_room_beside_the_others_and_stops_where_there_is_none() {
    let (mut plain, mut guessing) = (Company::new(false, 0), Company::new(true, 10));
    // Alone, with less room, without any, and back.
    for (num_clients, expected) in [
        (1, true),
        (2, true),
        (4, false),
        (8, false),
        (2, true),
        (6, false),
        (1, true),
    ] {
        let (plain, guessing) = (plain.phase(num_clients), guessing.phase(num_clients));
        assert_eq!(guessing.answers, plain.answers, "{num_clients} clients");
        let num_tokens = 150 * num_clients as u64;
        let (share, ratio) = (
            guessing.num_drafted as f64 / num_tokens as f64,
            plain.micros as f64 / guessing.micros as f64,
        );
        if expected {
            assert!(
                share > 0.4 && ratio > 1.15,
                "{num_clients} clients: {share} guessed, {ratio}"
            );
        } else {
            assert!(
                share < 0.03 && ratio > 0.97,
                "{num_clients} clients: {share} guessed, {ratio}"
            );
        }
    }
}

#[test]
fn a_draft_model_that_knows_nothing_costs_next_to_nothing_beside_any_number() {
    let (mut plain, mut guessing) = (Company::new(false, 0), Company::new(true, 1));
    for (index, num_clients) in [1, 2, 4, 8, 2, 1].into_iter().enumerate() {
        let (plain, guessing) = (plain.phase(num_clients), guessing.phase(num_clients));
        assert_eq!(guessing.answers, plain.answers);
        let ratio = plain.micros as f64 / guessing.micros as f64;
        // It has to be found out once.
        let least = if index == 0 { 0.9 } else { 0.97 };
        assert!(ratio > least, "{num_clients} clients: {ratio}");
    }
}

#[test]
fn answers_in_company_are_those_given_alone() {
    let mut company = Company::new(true, 3);
    let limits = RequestLimits {
        num_token_ids: 256,
        context_length: 2048,
    };
    for num_clients in [3, 1, 5] {
        let first = company.num_asked + 1;
        let answers = company.phase(num_clients).answers;
        for (seed, answer) in (first..).zip(answers) {
            assert_eq!(answer, recipe(seed).answer_alone(limits, 256).tokens);
        }
    }
}
