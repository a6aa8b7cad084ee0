//! Random schedules with few blocks: whatever runs beside it, a request's answer is the one it gives alone.

use crate::request::RequestLimits;
use crate::sampler::mix;
use crate::tests::fake_model::{Behaviour, FakeModel};
use crate::tests::{Bench, Recipe, Submitted};
use crate::{EngineStats, FinishReason, Pooling, SamplingParams, Speculation, Task};

/// Numbers that depend on the seed alone.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % sides as u64) as usize
    }

    fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.roll(high - low + 1)
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

const VOCAB_SIZE: usize = 12;
/// The last id is padding.
const NUM_TOKEN_IDS: usize = 11;

fn sampling(dice: &mut Dice) -> SamplingParams {
    let mut params = match dice.roll(3) {
        0 => SamplingParams::greedy(),
        1 => SamplingParams {
            top_k: 4,
            ..SamplingParams::qwen3_thinking()
        },
        _ => SamplingParams {
            top_p: 0.9,
            min_p: 0.02,
            ..SamplingParams::default()
        },
    };
    params.seed = Some(dice.roll(1000) as u64);
    if dice.one_in(3) {
        params.repetition_penalty = 1.3;
        params.presence_penalty = 0.5;
        params.frequency_penalty = 0.25;
    }
    if dice.one_in(4) {
        params.logprobs = Some(dice.roll(3));
    }
    if dice.one_in(4) {
        params.logit_bias = vec![(dice.roll(NUM_TOKEN_IDS) as u32, 2.5)];
    }
    params
}

/// Prompts that begin like earlier conversations, at any token, or like nothing before.
fn recipe(dice: &mut Dice, histories: &[Vec<u32>], context_length: usize) -> Recipe {
    let mut prompt = Vec::new();
    if !histories.is_empty() && !dice.one_in(4) {
        let history = &histories[dice.roll(histories.len())];
        let len = if dice.one_in(2) {
            history.len()
        } else {
            dice.roll(history.len() + 1)
        };
        prompt.extend_from_slice(&history[..len]);
    }
    for _ in 0..dice.between(usize::from(prompt.is_empty()), context_length / 3) {
        prompt.push(dice.roll(NUM_TOKEN_IDS) as u32);
    }
    prompt.truncate(context_length - 1);
    Recipe {
        prompt,
        sampling: sampling(dice),
        max_tokens: (!dice.one_in(4)).then(|| dice.between(1, context_length)),
        stop_token_ids: if dice.one_in(2) { vec![3] } else { Vec::new() },
        banned_token_ids: if dice.one_in(4) { vec![5, 11] } else { Vec::new() },
        task: match dice.roll(24) {
            0 => Task::Score,
            1 => Task::Logprobs { num_top: dice.roll(4) },
            2 => Task::Embed(Pooling::Mean),
            3 => Task::Embed(Pooling::Last),
            _ => Task::Generate,
        },
        priority: dice.roll(4) as i32 - 1,
        client: (!dice.one_in(3)).then(|| dice.roll(3) as u64),
    }
}

/// Adds a draft model of any quality, context and number of blocks, which may fail some day.
fn add_draft_model(bench: &mut Bench, dice: &mut Dice, most_context_length: usize) {
    let (block_size, context_length) = (dice.between(1, 5), dice.between(3, most_context_length));
    let num_blocks = dice.between(1, 2 * context_length.div_ceil(block_size));
    let vocab_size = if dice.one_in(4) { NUM_TOKEN_IDS - 2 } else { VOCAB_SIZE };
    let (fails, fails_at) = (dice.one_in(4), dice.roll(40));
    let behaviour = [Behaviour::Fail, Behaviour::Panic, Behaviour::NotANumber][dice.roll(3)];
    let model = FakeModel::new(vocab_size, context_length, block_size, num_blocks)
        .differing_once_in(dice.roll(4) as u64)
        .before_forward(move |number| {
            if fails && number == fails_at {
                behaviour
            } else {
                Behaviour::Compute
            }
        });
    bench.drafting(model, vocab_size.min(NUM_TOKEN_IDS));
}

/// Plays one schedule and returns the counters at its end.
fn play(seed: u64, with_failures: bool) -> EngineStats {
    let mut dice = Dice(seed);
    let dice = &mut dice;
    let (block_size, context_length) = (dice.between(1, 5), dice.between(6, 40));
    let num_blocks = context_length.div_ceil(block_size) + dice.roll(2 * context_length / block_size);
    let mut failures = Dice(seed ^ 0xfa11);
    let model = FakeModel::new(VOCAB_SIZE, context_length, block_size, num_blocks).before_forward(move |_| {
        match failures.roll(if with_failures { 20 } else { 1 }) {
            17 => Behaviour::Fail,
            18 => Behaviour::Panic,
            19 => Behaviour::NotANumber,
            _ => Behaviour::Compute,
        }
    });
    let (prefill_chunk, max_running) = (dice.between(1, 12), dice.between(1, 6));
    let speculation = match dice.roll(3) {
        0 => Speculation::Off,
        1 => Speculation::Auto,
        _ => Speculation::Always(dice.between(1, 7)),
    };
    let mut bench = Bench::speculating(model, NUM_TOKEN_IDS, prefill_chunk, max_running, speculation);
    if dice.one_in(2) {
        add_draft_model(&mut bench, dice, context_length);
    }
    let limits = RequestLimits {
        num_token_ids: NUM_TOKEN_IDS,
        context_length,
    };
    let mut histories: Vec<Vec<u32>> = Vec::new();
    let mut submitted: Vec<(Recipe, Submitted)> = Vec::new();
    let num_requests = dice.between(2, 14);
    let mut num_steps = 0;
    while submitted.len() < num_requests || !bench.stepper.is_idle() {
        while submitted.len() < num_requests && dice.one_in(3) {
            let recipe = recipe(dice, &histories, context_length);
            recipe.request().validate(limits).unwrap();
            submitted.push((recipe.clone(), bench.submit(recipe.request())));
            histories.push(recipe.prompt);
        }
        if !submitted.is_empty() && dice.one_in(12) {
            submitted[dice.roll(submitted.len())].1.cancel();
        }
        bench.step();
        for (recipe, submitted) in submitted.iter().filter(|_| dice.one_in(8)) {
            histories.push([recipe.prompt.clone(), submitted.result().tokens].concat());
        }
        num_steps += 1;
        assert!(num_steps < 20_000, "seed {seed}: somebody is starved");
    }
    for (recipe, submitted) in &submitted {
        let (got, alone) = (submitted.result(), recipe.answer_alone(limits, VOCAB_SIZE));
        assert!(got.has_ended(), "seed {seed}: no end");
        if got.finish_reason() == Some(FinishReason::Cancelled) || (with_failures && got.error.is_some()) {
            assert!(
                alone.tokens.starts_with(&got.tokens),
                "seed {seed}: {recipe:?} gave {got:?}, alone {alone:?}"
            );
            continue;
        }
        assert!(got.error.is_none(), "seed {seed}: {:?}", got.error);
        assert_eq!(
            (&got.tokens, &got.logprobs, &got.scores, got.finish_reason()),
            (&alone.tokens, &alone.logprobs, &alone.scores, alone.finish_reason()),
            "seed {seed}: {recipe:?}"
        );
        let difference = |(got, alone): (&f32, &f32)| (got - alone).abs();
        let embeddings = got.embedding.iter().flatten().zip(alone.embedding.iter().flatten());
        assert_eq!(got.embedding.is_some(), alone.embedding.is_some());
        assert!(
            embeddings.map(difference).all(|difference| difference < 1e-6),
            "seed {seed}: {recipe:?}"
        );
    }
    let stats = bench.stats();
    assert_eq!((stats.running, stats.waiting), (0, 0));
    assert_eq!(
        stats.blocks_free + stats.blocks_cached,
        num_blocks,
        "seed {seed}: a block leaked"
    );
    assert_eq!(bench.stepper.num_draft_sequences(), 0, "seed {seed}");
    let num_tokens: usize = submitted
        .iter()
        .map(|(_, submitted)| submitted.result().tokens.len())
        .sum();
    assert_eq!(stats.decoded_tokens, num_tokens as u64);
    assert!(stats.accepted_tokens <= stats.drafted_tokens.min(stats.decoded_tokens));
    assert!(stats.model_drafted_tokens <= stats.drafted_tokens && stats.model_accepted_tokens <= stats.accepted_tokens);
    assert!(stats.model_accepted_tokens <= stats.model_drafted_tokens);
    stats
}

/// Unoptimized code takes ten times as long.
const NUM_SCHEDULES: u64 = if cfg!(debug_assertions) { 500 } else { 5000 };

#[test]
fn every_answer_is_the_one_given_alone() {
    let all: Vec<EngineStats> = (0..NUM_SCHEDULES).map(|seed| play(seed, false)).collect();
    // The schedules mean something only if they preempt and reuse a lot.
    assert!(all.iter().filter(|stats| stats.preemptions > 0).count() > all.len() / 10);
    assert!(all.iter().filter(|stats| stats.cached_tokens > 10).count() > all.len() / 2);
    let speculated = all.iter().filter(|stats| stats.drafted_tokens > stats.accepted_tokens);
    assert!(speculated.filter(|stats| stats.accepted_tokens > 0).count() > all.len() / 10);
    let drafted = all
        .iter()
        .filter(|stats| stats.model_drafted_tokens > stats.model_accepted_tokens);
    let num_drafted = drafted.filter(|stats| stats.model_accepted_tokens > 0).count();
    assert!(num_drafted > all.len() / 20, "{num_drafted}");
}

#[test]
fn failing_passes_hurt_only_those_that_were_in_them() {
    for seed in 1_000_000..1_000_000 + NUM_SCHEDULES / 2 {
        play(seed, true);
    }
}
