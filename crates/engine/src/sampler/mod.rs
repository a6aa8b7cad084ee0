//! From a row of logits to a token: the order of the steps is documented at [`SamplingParams`].

mod candidates;
mod penalties;
mod rng;
mod softmax;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod truncation_tests;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::sampler::candidates::{Candidate, highest_logits, truncate};
use crate::sampler::penalties::{Penalties, apply_bias};
use crate::sampler::rng::Rng;
use crate::sampler::softmax::{log_sum_exp, max};
use crate::{EngineError, Result, SamplingParams, TokenConstraint, TokenLogprob, TokenMask};

#[cfg(test)]
pub(crate) use rng::mix;

/// Chooses the tokens of one request. Its state depends on that request alone.
pub(crate) struct Sampler {
    params: SamplingParams,
    rng: Rng,
    penalties: Option<Penalties>,
    banned_token_ids: Arc<[u32]>,
    num_token_ids: usize,
    constraint: Option<Box<dyn TokenConstraint>>,
}

/// Buffers that samplers share one after another.
#[derive(Default)]
pub(crate) struct SamplerScratch {
    candidates: Vec<Candidate>,
    mask: TokenMask,
    /// `[vocab_size]`, the row as the model gave it; filled only for log-probabilities.
    raw_row: Vec<f32>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sampled {
    pub id: u32,
    pub logprob: Option<TokenLogprob>,
}

impl Sampler {
    /// `params` are valid.
    pub fn new(
        params: SamplingParams,
        prompt: &[u32],
        banned_token_ids: Arc<[u32]>,
        num_token_ids: usize,
        constraint: Option<Box<dyn TokenConstraint>>,
    ) -> Self {
        let seed = params
            .seed
            .unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let penalties = Penalties::new(&params, prompt);
        Sampler {
            rng: Rng::new(seed),
            penalties,
            params,
            banned_token_ids,
            num_token_ids,
            constraint,
        }
    }

    /// A sampler that chooses from another model's logits what this one would: with the same draws, so that models which
    /// agree on the probabilities agree on the token. `num_token_ids` is that model's. A constraint is followed where it can be
    /// copied.
    pub fn foresee(&self, num_token_ids: usize) -> Sampler {
        Sampler {
            params: SamplingParams {
                logprobs: None,
                ..self.params.clone()
            },
            rng: self.rng.clone(),
            penalties: self.penalties.clone(),
            banned_token_ids: self.banned_token_ids.clone(),
            num_token_ids: self.num_token_ids.min(num_token_ids),
            constraint: self.fork_of_constraint(),
        }
    }

    /// At most `most` tokens that the constraint leaves no choice about.
    pub fn forced(&mut self, most: usize) -> Vec<u32> {
        let Some(constraint) = &mut self.constraint else {
            return Vec::new();
        };
        // What goes wrong here goes wrong for the answer itself, too, and is told then.
        let mut forced = catch_unwind(AssertUnwindSafe(|| constraint.forced(most))).unwrap_or_default();
        forced.truncate(most);
        forced
    }

    fn fork_of_constraint(&self) -> Option<Box<dyn TokenConstraint>> {
        let constraint = self.constraint.as_ref()?;
        catch_unwind(AssertUnwindSafe(|| constraint.fork())).unwrap_or_default()
    }

    /// Chooses a token and takes note of it. `row` is `[vocab_size]` and is changed.
    ///
    /// # Errors
    /// `InvalidLogits`, `NoTokenAllowed` when everything is excluded, or `Constraint`.
    pub fn sample(&mut self, row: &mut [f32], scratch: &mut SamplerScratch) -> Result<Sampled> {
        check_finite(row)?;
        if self.params.logprobs.is_some() {
            scratch.raw_row.clear();
            scratch.raw_row.extend_from_slice(row);
        }
        let logits = &mut row[..self.num_token_ids];
        self.change(logits, &mut scratch.mask)?;
        let id = if self.params.temperature == 0.0 {
            argmax(logits)?
        } else {
            truncate(logits, &self.params, &mut scratch.candidates);
            draw(&scratch.candidates, self.rng.next_f64())?
        };
        if let Some(penalties) = &mut self.penalties {
            penalties.note_output(id);
        }
        if let Some(constraint) = &mut self.constraint {
            constraint.accept(id).map_err(EngineError::Constraint)?;
        }
        let logprob = self.params.logprobs.map(|num_top| {
            describe(
                &scratch.raw_row,
                id,
                num_top,
                self.num_token_ids,
                &mut scratch.candidates,
            )
        });
        Ok(Sampled { id, logprob })
    }

    /// Whether the constraint lets nothing follow.
    pub fn is_complete(&self) -> bool {
        self.constraint
            .as_ref()
            .is_some_and(|constraint| constraint.is_complete())
    }

    /// Bias and penalties; tokens that may not come get minus infinity. `logits` is `[num_token_ids]`.
    fn change(&mut self, logits: &mut [f32], mask: &mut TokenMask) -> Result<()> {
        apply_bias(&self.params.logit_bias, logits);
        if let Some(penalties) = &self.penalties {
            penalties.apply(logits);
        }
        for &token_id in self.banned_token_ids.iter() {
            if let Some(logit) = logits.get_mut(token_id as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        if let Some(constraint) = &mut self.constraint {
            mask.reset(logits.len());
            constraint.mask(mask).map_err(EngineError::Constraint)?;
            mask.apply(logits);
        }
        Ok(())
    }
}

/// The log-probability of a token in the distribution of an unchanged row, `[vocab_size]`.
///
/// # Errors
/// `InvalidLogits`
pub(crate) fn token_logprob(row: &[f32], token_id: u32) -> Result<f32> {
    check_finite(row)?;
    Ok(minus(row[token_id as usize], log_sum_exp(row)))
}

/// The same with its `num_top` best alternatives among the first `num_token_ids`.
///
/// # Errors
/// `InvalidLogits`
pub(crate) fn token_alternatives(
    row: &[f32],
    token_id: u32,
    num_top: usize,
    num_token_ids: usize,
    scratch: &mut SamplerScratch,
) -> Result<TokenLogprob> {
    check_finite(row)?;
    Ok(describe(row, token_id, num_top, num_token_ids, &mut scratch.candidates))
}

fn describe(
    row: &[f32],
    token_id: u32,
    num_top: usize,
    num_token_ids: usize,
    candidates: &mut Vec<Candidate>,
) -> TokenLogprob {
    let log_total = log_sum_exp(row);
    highest_logits(&row[..num_token_ids], num_top, candidates);
    let top = candidates
        .iter()
        .map(|candidate| (candidate.id, minus(candidate.logit, log_total)))
        .collect();
    TokenLogprob {
        logprob: minus(row[token_id as usize], log_total),
        top,
    }
}

fn minus(logit: f32, log_total: f64) -> f32 {
    (logit as f64 - log_total) as f32
}

fn check_finite(row: &[f32]) -> Result<()> {
    // A sum without a branch is vectorized; the search runs only for the message.
    let num_invalid: u32 = row.iter().map(|logit| u32::from(!logit.is_finite())).sum();
    if num_invalid == 0 {
        return Ok(());
    }
    let token_id = row.iter().position(|logit| !logit.is_finite()).unwrap_or_default();
    Err(EngineError::InvalidLogits {
        token_id: token_id as u32,
        value: row[token_id],
    })
}

/// The highest logit, the lowest id among equals.
fn argmax(logits: &[f32]) -> Result<u32> {
    let highest = max(logits);
    if highest == f32::NEG_INFINITY {
        return Err(EngineError::NoTokenAllowed);
    }
    // A logit that overflowed to NaN by a penalty is never equal: then nothing sensible is left to choose.
    let id = logits
        .iter()
        .position(|&logit| logit == highest)
        .ok_or(EngineError::NoTokenAllowed)?;
    Ok(id as u32)
}

/// The candidate at `uniform` (from 0 to 1) of the way through their weights.
fn draw(candidates: &[Candidate], uniform: f64) -> Result<u32> {
    let total: f64 = candidates.iter().map(|candidate| candidate.weight as f64).sum();
    let mut left = uniform * total;
    for candidate in candidates {
        left -= candidate.weight as f64;
        if left < 0.0 {
            return Ok(candidate.id);
        }
    }
    // Rounding may leave a crumb after the last one.
    candidates
        .last()
        .map(|candidate| candidate.id)
        .ok_or(EngineError::NoTokenAllowed)
}
