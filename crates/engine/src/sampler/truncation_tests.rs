//! Truncation against sorting the whole row.

use crate::SamplingParams;
use crate::sampler::candidates::{Candidate, by_logit, highest_logits, truncate};
use crate::sampler::rng::Rng;

/// The vocabulary of Qwen3, padding included.
const QWEN3_VOCAB_SIZE: usize = 151_936;

fn random_row(rng: &mut Rng, len: usize, num_levels: f64) -> Vec<f32> {
    // Few levels give many ties; the cube makes high logits rare, as in real rows.
    let level = |draw: f64| ((draw * draw * draw * num_levels).floor() / num_levels * 16.0 - 6.0) as f32;
    (0..len).map(|_| level(rng.next_f64())).collect()
}

/// Every token with its probability after temperature, most probable first, lowest id among equals.
pub(super) fn sorted_distribution(logits: &[f32], temperature: f32) -> Vec<(u32, f64)> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| ((logit - highest) as f64 / temperature as f64).exp();
    let mut sorted: Vec<(u32, f64)> = (0..).zip(logits.iter().map(|&logit| weight(logit))).collect();
    sorted.retain(|&(id, _)| logits[id as usize] > f32::NEG_INFINITY);
    sorted.sort_by(|left, right| {
        logits[right.0 as usize]
            .total_cmp(&logits[left.0 as usize])
            .then(left.0.cmp(&right.0))
    });
    let total: f64 = sorted.iter().map(|&(_, weight)| weight).sum();
    sorted.iter_mut().for_each(|(_, weight)| *weight /= total);
    sorted
}

/// How many of the most probable tokens remain: the least and the most that rounding allows.
pub(super) fn plain_truncation(sorted: &[(u32, f64)], params: &SamplingParams) -> (usize, usize) {
    let top_k = if params.top_k == 0 {
        sorted.len()
    } else {
        params.top_k.min(sorted.len())
    };
    let total: f64 = sorted[..top_k].iter().map(|&(_, probability)| probability).sum();
    let count = |top_p: f64, min_p: f64| {
        let (mut sum, mut len) = (0.0, 0);
        while len < top_k && (sum < top_p * total || params.top_p == 1.0) {
            sum += sorted[len].1;
            len += 1;
        }
        let above = sorted[..len]
            .iter()
            .take_while(|&&(_, probability)| probability >= min_p * sorted[0].1)
            .count();
        above.max(1)
    };
    let (top_p, min_p) = (params.top_p as f64, params.min_p as f64);
    (
        count(top_p - 2e-6, min_p * (1.0 + 2e-6)),
        count(top_p + 2e-6, min_p * (1.0 - 2e-6)),
    )
}

fn check_truncation(logits: &[f32], params: &SamplingParams) {
    let mut candidates = Vec::new();
    truncate(logits, params, &mut candidates);
    candidates.sort_by(by_logit);
    let sorted = sorted_distribution(logits, params.temperature);
    let (least, most) = plain_truncation(&sorted, params);
    // Tokens below e^-32 of the best are dropped without being asked for.
    let measurable = sorted
        .iter()
        .filter(|&&(_, probability)| probability > sorted[0].1 * 1.3e-14)
        .count();
    let len = candidates.len();
    assert!(
        len >= least.min(measurable) && len <= most,
        "{len} candidates, not {least} to {most}: {params:?}"
    );
    let total: f64 = candidates.iter().map(|candidate| candidate.weight as f64).sum();
    let kept: f64 = sorted[..len].iter().map(|&(_, probability)| probability).sum();
    for (candidate, &(id, probability)) in candidates.iter().zip(&sorted) {
        assert_eq!(candidate.id, id, "{params:?}");
        assert!(
            (candidate.weight as f64 / total - probability / kept).abs() < 1e-5,
            "{params:?}"
        );
    }
}

#[test]
fn truncation_agrees_with_sorting_everything() {
    let mut rng = Rng::new(7);
    for round in 0..1500 {
        let len = 1 + (rng.next_f64() * 600.0) as usize;
        let num_levels = [3.0, 40.0, 1e6][round % 3];
        let mut logits = random_row(&mut rng, len, num_levels);
        if round % 5 == 0 {
            logits[1..]
                .iter_mut()
                .step_by(3)
                .for_each(|logit| *logit = f32::NEG_INFINITY);
        }
        let mut pick = |choices: &[f32]| choices[(rng.next_f64() * choices.len() as f64) as usize];
        let params = SamplingParams {
            temperature: pick(&[1e-3, 0.3, 0.7, 1.0, 2.0, 50.0]),
            top_k: pick(&[0.0, 0.0, 1.0, 5.0, 20.0, 150.0, 10_000.0]) as usize,
            top_p: pick(&[1.0, 1.0, 0.999, 0.95, 0.8, 0.3, 1e-6]),
            min_p: pick(&[0.0, 0.0, 0.05, 0.5, 1.0]),
            ..SamplingParams::default()
        };
        check_truncation(&logits, &params);
    }
}

#[test]
fn truncation_holds_for_a_whole_vocabulary() {
    let mut rng = Rng::new(8);
    for num_levels in [50.0, 1e6] {
        let logits = random_row(&mut rng, QWEN3_VOCAB_SIZE, num_levels);
        for params in [
            SamplingParams::qwen3_thinking(),
            SamplingParams {
                top_p: 0.9,
                ..SamplingParams::default()
            },
            SamplingParams {
                min_p: 0.1,
                ..SamplingParams::default()
            },
            SamplingParams {
                top_k: 3000,
                top_p: 0.99,
                temperature: 3.0,
                ..SamplingParams::default()
            },
        ] {
            check_truncation(&logits, &params);
        }
    }
}

#[test]
fn top_k_of_equals_takes_the_lowest_ids() {
    let mut candidates: Vec<Candidate> = Vec::new();
    highest_logits(&[1.0; 5000], 3, &mut candidates);
    assert_eq!(
        candidates.iter().map(|candidate| candidate.id).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    highest_logits(&[1.0, 2.0], 5, &mut candidates);
    assert_eq!(
        candidates.iter().map(|candidate| candidate.id).collect::<Vec<_>>(),
        [1, 0]
    );
    highest_logits(&[1.0, 2.0], 0, &mut candidates);
    assert!(candidates.is_empty());
}
