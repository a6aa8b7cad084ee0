//! The sampler against plain twins, hand-made rows and statistics.

use crate::sampler::candidates::truncate;
use crate::sampler::rng::Rng;
use crate::sampler::truncation_tests::{plain_truncation, sorted_distribution};
use crate::sampler::{Sampler, SamplerScratch, token_logprob};
use crate::{EngineError, SamplingParams, TokenConstraint, TokenMask};

fn sampler(params: SamplingParams, num_token_ids: usize) -> Sampler {
    Sampler::new(params, &[], [].into(), num_token_ids, None)
}

fn sample(sampler: &mut Sampler, row: &[f32]) -> u32 {
    sampler
        .sample(&mut row.to_vec(), &mut SamplerScratch::default())
        .unwrap()
        .id
}

#[test]
fn draws_follow_the_truncated_distribution() {
    let logits: Vec<f32> = (0..40).map(|id| 2.0 - 0.15 * (id * 7 % 40) as f32).collect();
    let cases = [
        SamplingParams::default(),
        SamplingParams::qwen3_thinking(),
        SamplingParams {
            temperature: 1.7,
            top_p: 0.6,
            ..SamplingParams::default()
        },
        SamplingParams {
            temperature: 0.8,
            min_p: 0.2,
            ..SamplingParams::default()
        },
    ];
    for (seed, params) in (1..).zip(cases) {
        let sorted = sorted_distribution(&logits, params.temperature);
        let (len, most) = plain_truncation(&sorted, &params);
        assert_eq!(len, most);
        let kept: f64 = sorted[..len].iter().map(|&(_, probability)| probability).sum();
        let num_draws = 10_000;
        let mut counts = [0usize; 40];
        let mut sampler = sampler(
            SamplingParams {
                seed: Some(seed),
                ..params.clone()
            },
            40,
        );
        let mut scratch = SamplerScratch::default();
        for _ in 0..num_draws {
            counts[sampler.sample(&mut logits.clone(), &mut scratch).unwrap().id as usize] += 1;
        }
        let chi_square: f64 = sorted[..len]
            .iter()
            .map(|&(id, probability)| {
                let expected = probability / kept * num_draws as f64;
                (counts[id as usize] as f64 - expected).powi(2) / expected
            })
            .sum();
        // The mean is len - 1 and the standard deviation the root of twice that: five of them are far out.
        let bound = (len - 1) as f64 + 5.0 * (2.0 * (len - 1) as f64).sqrt();
        assert!(chi_square < bound, "chi-square {chi_square} above {bound}: {params:?}");
        let num_outside: usize = sorted[len..].iter().map(|&(id, _)| counts[id as usize]).sum();
        assert_eq!(num_outside, 0, "{params:?}");
    }
}

#[test]
fn the_same_seed_draws_the_same_tokens() {
    let row: Vec<f32> = (0..100).map(|id| (id % 7) as f32).collect();
    let draws = |seed| {
        let mut sampler = sampler(
            SamplingParams {
                seed,
                ..SamplingParams::default()
            },
            100,
        );
        (0..50).map(|_| sample(&mut sampler, &row)).collect::<Vec<u32>>()
    };
    assert_eq!(draws(Some(5)), draws(Some(5)));
    assert_ne!(draws(Some(5)), draws(Some(6)));
    assert_ne!(draws(None), draws(None));
}

#[test]
fn greedy_takes_the_highest_logit_and_the_lowest_id_among_equals() {
    let mut greedy = sampler(SamplingParams::greedy(), 40);
    let mut row = vec![0.0; 40];
    assert_eq!(sample(&mut greedy, &row), 0);
    row[17] = 3.0;
    row[33] = 3.0;
    assert_eq!(sample(&mut greedy, &row), 17);
}

#[test]
fn a_tiny_temperature_is_greedy_and_a_huge_one_uniform() {
    let row = [1.0, 3.0, 2.0];
    let mut cold = sampler(
        SamplingParams {
            temperature: f32::MIN_POSITIVE,
            ..SamplingParams::default()
        },
        3,
    );
    assert!((0..50).all(|_| sample(&mut cold, &row) == 1));
    let hot = SamplingParams {
        temperature: f32::MAX,
        seed: Some(1),
        ..SamplingParams::default()
    };
    let mut hot = sampler(hot, 3);
    let mut counts = [0; 3];
    (0..3000).for_each(|_| counts[sample(&mut hot, &row) as usize] += 1);
    assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
}

#[test]
fn bias_and_penalties_change_the_choice_in_their_order() {
    // Token 1 gets 3 by bias. Seen once: 3 / 2 - 0.25 - 0.5 = 0.75, below token 0's 1.
    let params = SamplingParams {
        logit_bias: vec![(1, 3.0)],
        repetition_penalty: 2.0,
        frequency_penalty: 0.25,
        presence_penalty: 0.5,
        ..SamplingParams::greedy()
    };
    let row = [1.0, 0.0, 0.7];
    let mut greedy = sampler(params, 3);
    // Then token 0: 1 / 2 - 0.75 = -0.25, and token 1 is back at 0.75 against token 2's 0.7.
    assert_eq!([(); 4].map(|()| sample(&mut greedy, &row)), [1, 0, 1, 2]);
}

/// Allows one id, and remembers what was chosen.
struct Only(u32, std::sync::Arc<std::sync::Mutex<Vec<u32>>>);

impl TokenConstraint for Only {
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String> {
        mask.forbid_all();
        mask.allow(self.0);
        Ok(())
    }

    fn accept(&mut self, token_id: u32) -> Result<(), String> {
        self.1.lock().unwrap().push(token_id);
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn excluded_tokens_are_never_sampled() {
    // Ids 4 and 5 are padding, 3 is banned.
    for params in [
        SamplingParams::greedy(),
        SamplingParams {
            top_k: 2,
            ..SamplingParams::default()
        },
    ] {
        let mut banning = Sampler::new(params.clone(), &[], [3, 9].into(), 4, None);
        for _ in 0..200 {
            assert!(sample(&mut banning, &[0.0, 0.1, 0.2, 9.0, 99.0, 99.0]) < 3);
        }
        let accepted = std::sync::Arc::default();
        let only = Box::new(Only(1, std::sync::Arc::clone(&accepted)));
        let mut constrained = Sampler::new(params.clone(), &[], [].into(), 4, Some(only));
        assert_eq!(
            [(); 3].map(|()| sample(&mut constrained, &[5.0, 0.0, 0.0, -9.0, 9.0])),
            [1, 2, 3]
        );
        assert_eq!(*accepted.lock().unwrap(), [1, 2, 3]);
        // Now the constraint allows only padding.
        let error = constrained
            .sample(&mut [0.0; 5], &mut SamplerScratch::default())
            .unwrap_err();
        assert!(matches!(error, EngineError::NoTokenAllowed));
    }
}

#[test]
fn logprobs_are_of_the_unchanged_row() {
    let row = [1.0f32, 2.0, 3.0, 0.5];
    let log_total = row.iter().map(|logit| logit.exp()).sum::<f32>().ln();
    let params = SamplingParams {
        logit_bias: vec![(0, 100.0)],
        temperature: 0.3,
        top_k: 1,
        logprobs: Some(2),
        ..SamplingParams::default()
    };
    let sampled = sampler(params, 3)
        .sample(&mut row.clone(), &mut SamplerScratch::default())
        .unwrap();
    let logprob = sampled.logprob.unwrap();
    assert_eq!(sampled.id, 0);
    assert!((logprob.logprob - (1.0 - log_total)).abs() < 1e-6);
    assert_eq!(logprob.top.iter().map(|top| top.0).collect::<Vec<_>>(), [2, 1]);
    assert!((logprob.top[0].1 - (3.0 - log_total)).abs() < 1e-6);
    assert!((token_logprob(&row, 3).unwrap() - (0.5 - log_total)).abs() < 1e-6);
    let none = SamplingParams {
        logprobs: Some(0),
        ..SamplingParams::greedy()
    };
    let sampled = sampler(none, 4)
        .sample(&mut row.clone(), &mut SamplerScratch::default())
        .unwrap();
    assert!(sampled.logprob.unwrap().top.is_empty());
}

#[test]
fn logits_that_are_no_numbers_are_an_error() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut row = [0.0; 100];
        row[77] = bad;
        let error = sampler(SamplingParams::default(), 100)
            .sample(&mut row, &mut SamplerScratch::default())
            .unwrap_err();
        assert!(
            matches!(error, EngineError::InvalidLogits { token_id: 77, .. }),
            "{error}"
        );
        assert!(token_logprob(&row, 0).is_err());
    }
}

#[test]
fn extreme_logits_never_panic() {
    let mut rng = Rng::new(3);
    let extremes = [f32::MAX, f32::MIN, 0.0, f32::MIN_POSITIVE, -1e30, 1e30];
    for _ in 0..2000 {
        let row: Vec<f32> = (0..50).map(|_| extremes[(rng.next_f64() * 6.0) as usize]).collect();
        let params = SamplingParams {
            temperature: [0.0, 1e-30, 1.0, f32::MAX][(rng.next_f64() * 4.0) as usize],
            top_k: (rng.next_f64() * 60.0) as usize,
            top_p: 0.5,
            repetition_penalty: 0.1,
            logprobs: Some(3),
            ..SamplingParams::default()
        };
        let mut sampler = Sampler::new(params, &[1, 2, 3], [].into(), 50, None);
        // An answer or an error are both fine: a penalty may overflow such a row.
        if let Ok(sampled) = sampler.sample(&mut row.clone(), &mut SamplerScratch::default()) {
            assert!(sampled.id < 50);
        }
    }
}

fn numbers<T: std::str::FromStr>(line: &str) -> Vec<T> {
    line.split_whitespace().map(|word| word.parse().ok().unwrap()).collect()
}

fn pairs<T: std::str::FromStr>(line: &str) -> Vec<(u32, T)> {
    let pair = |word: &str| {
        word.split_once(':')
            .and_then(|(id, value)| Some((id.parse().ok()?, value.parse().ok()?)))
    };
    line.split_whitespace().map(|word| pair(word).unwrap()).collect()
}

/// `goldens/sampler.py` writes the file and describes it.
#[test]
fn what_remains_is_what_transformers_leaves() {
    let lines: Vec<&str> = include_str!("../../goldens/sampler.txt").lines().collect();
    assert_eq!(lines.len(), 50);
    for case in lines.chunks_exact(5) {
        let settings: Vec<f32> = numbers(case[0]);
        let params = SamplingParams {
            temperature: settings[0],
            top_k: settings[1] as usize,
            top_p: settings[2],
            min_p: settings[3],
            repetition_penalty: settings[4],
            logit_bias: pairs(case[1]),
            ..SamplingParams::default()
        };
        let (seen, mut logits) = (numbers::<u32>(case[2]), numbers::<f32>(case[3]));
        let mut candidates = Vec::new();
        Sampler::new(params.clone(), &seen, [].into(), logits.len(), None)
            .change(&mut logits, &mut TokenMask::default())
            .unwrap();
        truncate(&logits, &params, &mut candidates);
        candidates.sort_by_key(|candidate| candidate.id);
        let total: f32 = candidates.iter().map(|candidate| candidate.weight).sum();
        let expected: Vec<(u32, f32)> = pairs(case[4]);
        let ids = |pairs: &[(u32, f32)]| pairs.iter().map(|pair| pair.0).collect::<Vec<u32>>();
        let got: Vec<_> = candidates
            .iter()
            .map(|candidate| (candidate.id, candidate.weight / total))
            .collect();
        assert_eq!(ids(&got), ids(&expected), "{params:?}");
        for (got, expected) in got.iter().zip(&expected) {
            assert!(
                (got.1 - expected.1).abs() < 1e-6,
                "{got:?}, not {expected:?}: {params:?}"
            );
        }
    }
}
