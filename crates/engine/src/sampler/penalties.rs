//! Logit bias and penalties: changes to the few logits whose tokens were named or seen.

use std::collections::HashMap;

use crate::SamplingParams;

/// The tokens seen so far, kept only when a penalty is on.
#[derive(Debug, Clone)]
pub(crate) struct Penalties {
    repetition: f32,
    presence: f32,
    frequency: f32,
    /// Tokens of the prompt and the output, each once, with how often the output has it.
    seen: Vec<(u32, u32)>,
    /// Where each token is in `seen`.
    seen_index: HashMap<u32, usize>,
}

impl Penalties {
    /// None when every penalty is off.
    pub fn new(params: &SamplingParams, prompt: &[u32]) -> Option<Penalties> {
        let (repetition, presence) = (params.repetition_penalty, params.presence_penalty);
        if repetition == 1.0 && presence == 0.0 && params.frequency_penalty == 0.0 {
            return None;
        }
        let mut penalties = Penalties {
            repetition,
            presence,
            frequency: params.frequency_penalty,
            seen: Vec::new(),
            seen_index: HashMap::new(),
        };
        // The prompt counts for repetition only.
        if repetition != 1.0 {
            prompt.iter().for_each(|&token_id| penalties.note(token_id, 0));
        }
        Some(penalties)
    }

    /// Notes a token of the output.
    pub fn note_output(&mut self, token_id: u32) {
        self.note(token_id, 1);
    }

    fn note(&mut self, token_id: u32, count: u32) {
        let index = *self.seen_index.entry(token_id).or_insert_with(|| {
            self.seen.push((token_id, 0));
            self.seen.len() - 1
        });
        self.seen[index].1 += count;
    }

    pub fn apply(&self, logits: &mut [f32]) {
        for &(token_id, count) in &self.seen {
            let Some(logit) = logits.get_mut(token_id as usize) else {
                continue;
            };
            *logit = if *logit > 0.0 {
                *logit / self.repetition
            } else {
                *logit * self.repetition
            };
            if count > 0 {
                *logit -= self.frequency * count as f32 + self.presence;
            }
        }
    }
}

pub(crate) fn apply_bias(logit_bias: &[(u32, f32)], logits: &mut [f32]) {
    for &(token_id, bias) in logit_bias {
        if let Some(logit) = logits.get_mut(token_id as usize) {
            *logit += bias;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 6] = [2.0, -2.0, 0.5, -0.5, 4.0, 0.0];

    fn penalized(params: &SamplingParams, prompt: &[u32], output: &[u32]) -> Vec<f32> {
        let mut logits = LOGITS.to_vec();
        let mut penalties = Penalties::new(params, prompt).unwrap();
        output.iter().for_each(|&token_id| penalties.note_output(token_id));
        penalties.apply(&mut logits);
        logits
    }

    #[test]
    fn repetition_reads_prompt_and_output_once_each() {
        let params = SamplingParams {
            repetition_penalty: 2.0,
            ..SamplingParams::default()
        };
        assert_eq!(
            penalized(&params, &[0, 0, 1, 5], &[4, 4, 0]),
            [1.0, -4.0, 0.5, -0.5, 2.0, 0.0]
        );
    }

    #[test]
    fn presence_and_frequency_read_the_output_only() {
        let params = SamplingParams {
            presence_penalty: 0.5,
            ..SamplingParams::default()
        };
        assert_eq!(
            penalized(&params, &[0, 1], &[4, 4, 3]),
            [2.0, -2.0, 0.5, -1.0, 3.5, 0.0]
        );
        let params = SamplingParams {
            frequency_penalty: -0.25,
            ..SamplingParams::default()
        };
        assert_eq!(
            penalized(&params, &[0, 1], &[4, 4, 3]),
            [2.0, -2.0, 0.5, -0.25, 4.5, 0.0]
        );
    }

    #[test]
    fn repetition_comes_before_presence_and_frequency() {
        let params = SamplingParams {
            repetition_penalty: 2.0,
            presence_penalty: 1.0,
            frequency_penalty: 0.5,
            ..SamplingParams::default()
        };
        // 4 / 2 - 2 * 0.5 - 1 and -2 * 2 - 0.5 - 1; token 0 is in the prompt only.
        assert_eq!(penalized(&params, &[0], &[4, 1, 4]), [1.0, -5.5, 0.5, -0.5, 0.0, 0.0]);
    }

    #[test]
    fn nothing_is_kept_when_every_penalty_is_off() {
        assert!(Penalties::new(&SamplingParams::default(), &[1]).is_none());
    }

    #[test]
    fn bias_adds_up() {
        let mut logits = LOGITS.to_vec();
        apply_bias(&[(0, 1.5), (3, -100.0), (0, 1.0)], &mut logits);
        assert_eq!(logits, [4.5, -2.0, 0.5, -100.5, 4.0, 0.0]);
    }
}
