//! Temperature, top_k, top_p and min_p: from a row of logits to the few tokens that may be drawn.

use std::cmp::Ordering;

use crate::SamplingParams;
use crate::sampler::softmax::{exp, max, sum_exp};

/// A token that may be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub id: u32,
    pub logit: f32,
    /// Probability relative to the most probable token, after temperature.
    pub weight: f32,
}

/// Fills `candidates` with the tokens that remain after truncation, the most probable first where `top_k` is on and in
/// a fixed but arbitrary order otherwise. `logits` is `[num_token_ids]`, minus infinity where excluded; empty when all
/// are.
pub(crate) fn truncate(logits: &[f32], params: &SamplingParams, candidates: &mut Vec<Candidate>) {
    candidates.clear();
    let highest = max(logits);
    if highest == f32::NEG_INFINITY {
        return;
    }
    // Below this, quotients overflow; the highest logit has all the mass long before.
    let scale = 1.0 / params.temperature.max(1e-6);
    if params.top_k > 0 && params.top_k < logits.len() {
        top_k(logits, params.top_k, candidates);
        weigh(candidates, highest, scale);
        if params.top_p < 1.0 {
            let total: f64 = candidates.iter().map(|candidate| candidate.weight as f64).sum();
            keep_mass(candidates, total * params.top_p as f64);
        }
    } else if params.top_p < 1.0 {
        let mass = sum_exp(logits, highest, scale) * params.top_p as f64;
        gather_mass(logits, highest, scale, mass, candidates);
        keep_mass(candidates, mass);
    } else {
        // What min_p will drop needn't be collected; a margin leaves the decision to it.
        let depth = if params.min_p > 0.0 {
            MAX_DEPTH.min(1.0 - params.min_p.ln())
        } else {
            MAX_DEPTH
        };
        gather(logits, highest, highest - depth / scale, candidates);
        weigh(candidates, highest, scale);
    }
    if params.min_p > 0.0 {
        candidates.retain(|candidate| candidate.weight >= params.min_p);
    }
}

/// Logits further than this below the highest one, in units of temperature, are never drawn: 150,000 of them have less
/// than 2e-9 of the probability together.
const MAX_DEPTH: f32 = 32.0;

fn weigh(candidates: &mut [Candidate], highest: f32, scale: f32) {
    for candidate in candidates {
        candidate.weight = exp((candidate.logit - highest) * scale);
    }
}

/// Collects the tokens with logits of at least `threshold`, in order of id.
fn gather(logits: &[f32], highest: f32, threshold: f32, candidates: &mut Vec<Candidate>) {
    candidates.clear();
    // Excluded tokens stay out even where the threshold has overflowed.
    let threshold = threshold.max(f32::MIN).min(highest);
    for (start, stretch) in (0u32..).step_by(STRETCH).zip(logits.chunks(STRETCH)) {
        if max(stretch) < threshold {
            continue;
        }
        for (id, &logit) in (start..).zip(stretch) {
            if logit >= threshold {
                candidates.push(Candidate { id, logit, weight: 0.0 });
            }
        }
    }
}

/// Tokens looked at together: most stretches of a row hold no candidate and are passed over quickly.
const STRETCH: usize = 64;

/// Collects the most probable tokens until they hold `mass`, and some more.
fn gather_mass(logits: &[f32], highest: f32, scale: f32, mass: f64, candidates: &mut Vec<Candidate>) {
    let mut depth = 4.0;
    loop {
        gather(logits, highest, highest - depth / scale, candidates);
        weigh(candidates, highest, scale);
        let gathered: f64 = candidates.iter().map(|candidate| candidate.weight as f64).sum();
        if gathered >= mass || depth >= MAX_DEPTH {
            return;
        }
        depth = (depth * 2.0).min(MAX_DEPTH);
    }
}

/// Collects the `k` highest logits, highest first, lowest ids among equals.
fn top_k(logits: &[f32], k: usize, candidates: &mut Vec<Candidate>) {
    candidates.clear();
    let room = (2 * k).max(256);
    // The k-th highest so far: an equal one with a higher id comes too late.
    let mut threshold = f32::NEG_INFINITY;
    for (start, stretch) in (0u32..).step_by(STRETCH).zip(logits.chunks(STRETCH)) {
        if max(stretch) <= threshold {
            continue;
        }
        for (id, &logit) in (start..).zip(stretch) {
            if logit > threshold {
                candidates.push(Candidate { id, logit, weight: 0.0 });
            }
        }
        if candidates.len() >= room {
            candidates.select_nth_unstable_by(k - 1, by_logit);
            candidates.truncate(k);
            threshold = candidates[k - 1].logit;
        }
    }
    if candidates.len() > k {
        candidates.select_nth_unstable_by(k - 1, by_logit);
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(by_logit);
}

/// Keeps the fewest most probable candidates whose weights reach `mass`, or all if they don't.
fn keep_mass(candidates: &mut Vec<Candidate>, mass: f64) {
    let (mut len, mut missing) = narrow(candidates, mass);
    candidates[len..].sort_unstable_by(by_logit);
    while len < candidates.len() && missing > 0.0 {
        missing -= candidates[len].weight as f64;
        len += 1;
    }
    candidates.truncate(len);
}

/// Moves candidates that certainly belong to the most probable `mass` to the front, drops those that certainly don't,
/// and leaves the few between them at the end, so that only these need sorting. Returns the number of the first and the
/// mass that they leave missing.
fn narrow(candidates: &mut Vec<Candidate>, mass: f64) -> (usize, f64) {
    const BUCKETS: usize = 1024;
    if candidates.len() <= 64 {
        return (0, mass);
    }
    let highest = candidates
        .iter()
        .fold(f32::MIN, |highest, candidate| highest.max(candidate.logit));
    let lowest = candidates
        .iter()
        .fold(f32::MAX, |lowest, candidate| lowest.min(candidate.logit));
    // Equal logits give 0 * infinity: the cast takes NaN to bucket 0.
    let scale = BUCKETS as f32 / (highest - lowest);
    let bucket = |candidate: &Candidate| (((highest - candidate.logit) * scale) as usize).min(BUCKETS - 1);
    let mut masses = [0f64; BUCKETS];
    candidates
        .iter()
        .for_each(|candidate| masses[bucket(candidate)] += candidate.weight as f64);
    let (mut last, mut missing) = (0, mass);
    while last < BUCKETS - 1 && masses[last] < missing {
        missing -= masses[last];
        last += 1;
    }
    candidates.retain(|candidate| bucket(candidate) <= last);
    let mut len = 0;
    for index in 0..candidates.len() {
        if bucket(&candidates[index]) < last {
            candidates.swap(index, len);
            len += 1;
        }
    }
    (len, missing)
}

/// Highest logit first, then lowest id.
pub(crate) fn by_logit(left: &Candidate, right: &Candidate) -> Ordering {
    right.logit.total_cmp(&left.logit).then(left.id.cmp(&right.id))
}

/// The `n` highest logits of a row with their ids, highest first.
pub(crate) fn highest_logits(logits: &[f32], n: usize, candidates: &mut Vec<Candidate>) {
    candidates.clear();
    if n > 0 {
        top_k(logits, n, candidates);
    }
}
