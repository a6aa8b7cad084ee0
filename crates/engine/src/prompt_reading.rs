//! What is read off a prompt while it is computed, where nothing is generated.

use crate::request::{Pooling, Task};
use crate::sampler::{SamplerScratch, token_alternatives, token_logprob};
use crate::sequence::Readout;
use crate::{EngineError, EngineEvent, Result};

/// What was read so far.
#[derive(Debug)]
pub(crate) enum PromptReading {
    /// `[positions read]`
    Scores(Vec<f32>),
    /// Each part is told when it is there.
    Logprobs { num_top: usize },
    Embedding {
        pooling: Pooling,
        /// `[hidden_size]`, the sum of the states read; f64 so that it doesn't depend on their number.
        sum: Vec<f64>,
    },
}

impl PromptReading {
    /// None where the prompt is only gone on from.
    pub fn new(task: Task) -> Option<PromptReading> {
        match task {
            Task::Generate => None,
            Task::Score => Some(PromptReading::Scores(Vec::new())),
            Task::Logprobs { num_top } => Some(PromptReading::Logprobs { num_top }),
            Task::Embed(pooling) => Some(PromptReading::Embedding {
                pooling,
                sum: Vec::new(),
            }),
        }
    }

    /// What it needs of a prompt of this length.
    pub fn readout(&self, prompt_len: usize) -> Readout {
        match self {
            PromptReading::Scores(_) | PromptReading::Logprobs { .. } => Readout::Logits { from: 0 },
            PromptReading::Embedding { pooling, .. } => Readout::States {
                from: match pooling {
                    Pooling::Mean => 0,
                    Pooling::Last => prompt_len - 1,
                },
            },
        }
    }

    /// Reads rows of logits, `[next_tokens, vocab_size]`, each by the token that follows it. May give something to tell.
    ///
    /// # Errors
    /// `InvalidLogits`
    pub fn read_logits(
        &mut self,
        rows: &[f32],
        next_tokens: &[u32],
        num_token_ids: usize,
        scratch: &mut SamplerScratch,
    ) -> Result<Option<EngineEvent>> {
        if next_tokens.is_empty() {
            return Ok(None);
        }
        let rows = rows.chunks_exact(rows.len() / next_tokens.len()).zip(next_tokens);
        match self {
            PromptReading::Scores(scores) => {
                for (row, &next_token) in rows {
                    scores.push(token_logprob(row, next_token)?);
                }
                Ok(None)
            }
            PromptReading::Logprobs { num_top } => {
                let entries = rows.map(|(row, &next)| {
                    token_alternatives(row, next, *num_top, num_token_ids, scratch).map(|entry| (next, entry))
                });
                Ok(Some(EngineEvent::PromptLogprobs(entries.collect::<Result<_>>()?)))
            }
            PromptReading::Embedding { .. } => Ok(None),
        }
    }

    /// Reads hidden states, `[rows, hidden_size]`.
    ///
    /// # Errors
    /// `InvalidState`
    pub fn read_states(&mut self, rows: &[f32], hidden_size: usize) -> Result<()> {
        if let Some(&value) = rows.iter().find(|value| !value.is_finite()) {
            return Err(EngineError::InvalidState { value });
        }
        if let PromptReading::Embedding { sum, .. } = self {
            sum.resize(hidden_size, 0.0);
            for row in rows.chunks_exact(hidden_size) {
                sum.iter_mut()
                    .zip(row)
                    .for_each(|(sum, &value)| *sum += f64::from(value));
            }
        }
        Ok(())
    }

    /// What is told at the end.
    pub fn finish(self) -> Option<EngineEvent> {
        match self {
            PromptReading::Scores(scores) => Some(EngineEvent::Scores(scores)),
            PromptReading::Logprobs { .. } => None,
            // The mean and the sum have the same direction, and only that remains.
            PromptReading::Embedding { sum, .. } => Some(EngineEvent::Embedding(unit_vector(&sum))),
        }
    }
}

/// The vector of length 1 in the same direction; zeros stay zeros.
fn unit_vector(vector: &[f64]) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    vector.iter().map(|value| (value * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_get_length_one() {
        assert_eq!(unit_vector(&[3.0, 0.0, -4.0]), [0.6, 0.0, -0.8]);
        assert_eq!(unit_vector(&[0.0, 0.0]), [0.0, 0.0]);
    }
}
