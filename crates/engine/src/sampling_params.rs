//! How the next token is chosen from a row of logits.

use crate::{EngineError, Result};

/// The steps are applied in transformers' order:
///
/// 1. `logit_bias` is added;
/// 2. `repetition_penalty`, then `frequency_penalty` and `presence_penalty`;
/// 3. banned tokens, ids past the tokenizer's vocabulary and the constraint's mask are excluded;
/// 4. `temperature` (0 takes the highest logit here and skips the rest);
/// 5. `top_k`, `top_p`, `min_p`, each on the distribution that the one before it left;
/// 6. one random draw.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingParams {
    /// 0 is greedy: the highest logit, the lowest id among equals, no randomness. Otherwise logits are divided by it.
    pub temperature: f32,
    /// Keep the `top_k` most probable tokens (lowest ids among equals). 0 keeps all.
    pub top_k: usize,
    /// Keep the most probable tokens until their probabilities sum to this. Above 0, at most 1; 1 keeps all.
    pub top_p: f32,
    /// Keep tokens at least this fraction as probable as the most probable one. From 0 to 1; 0 keeps all.
    pub min_p: f32,
    /// Divides positive logits and multiplies negative ones of every token seen in the prompt or the output, as in
    /// transformers. From 0.1 to 10; 1 changes nothing.
    pub repetition_penalty: f32,
    /// Subtracted once from the logit of every token seen in the output, as in OpenAI's API. From -2 to 2; 0 is off.
    pub presence_penalty: f32,
    /// Subtracted for every time that a token was seen in the output, as in OpenAI's API. From -2 to 2; 0 is off.
    pub frequency_penalty: f32,
    /// Token ids and what is added to their logits, from -100 to 100. An id named twice gets the sum.
    pub logit_bias: Vec<(u32, f32)>,
    /// The same seed and the same logits give the same tokens, whatever runs beside. None draws a fresh seed.
    pub seed: Option<u64>,
    /// Report each token's log-probability and that many of the most probable tokens.
    pub logprobs: Option<usize>,
}

impl Default for SamplingParams {
    /// The model's own distribution, unchanged.
    fn default() -> Self {
        SamplingParams {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            logit_bias: Vec::new(),
            seed: None,
            logprobs: None,
        }
    }
}

impl SamplingParams {
    pub fn greedy() -> Self {
        SamplingParams {
            temperature: 0.0,
            ..Self::default()
        }
    }

    /// What Qwen3's model cards recommend with thinking on. Greedy decoding loops there.
    pub fn qwen3_thinking() -> Self {
        SamplingParams {
            temperature: 0.6,
            top_p: 0.95,
            top_k: 20,
            ..Self::default()
        }
    }

    /// What Qwen3's model cards recommend with thinking off.
    pub fn qwen3_non_thinking() -> Self {
        SamplingParams {
            temperature: 0.7,
            top_p: 0.8,
            top_k: 20,
            ..Self::default()
        }
    }

    /// # Errors
    /// `InvalidParameter` names the first parameter that is out of its range.
    pub fn validate(&self) -> Result<()> {
        require("temperature", self.temperature, self.temperature >= 0.0, "0 or more")?;
        require(
            "top_p",
            self.top_p,
            self.top_p > 0.0 && self.top_p <= 1.0,
            "above 0 and at most 1",
        )?;
        require("min_p", self.min_p, (0.0..=1.0).contains(&self.min_p), "from 0 to 1")?;
        let repetition = self.repetition_penalty;
        require(
            "repetition_penalty",
            repetition,
            (0.1..=10.0).contains(&repetition),
            "from 0.1 to 10",
        )?;
        let range = -2.0..=2.0;
        require(
            "presence_penalty",
            self.presence_penalty,
            range.contains(&self.presence_penalty),
            "from -2 to 2",
        )?;
        require(
            "frequency_penalty",
            self.frequency_penalty,
            range.contains(&self.frequency_penalty),
            "from -2 to 2",
        )?;
        for &(_, bias) in &self.logit_bias {
            require("logit_bias", bias, (-100.0..=100.0).contains(&bias), "from -100 to 100")?;
        }
        Ok(())
    }
}

/// NaN fails every comparison and infinity the check for a finite number.
fn require(parameter: &'static str, value: f32, in_range: bool, range: &str) -> Result<()> {
    if in_range && value.is_finite() {
        return Ok(());
    }
    Err(EngineError::InvalidParameter {
        parameter,
        message: format!("must be a number {range}, not {value}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_hold_the_recommended_values() {
        let thinking = SamplingParams::qwen3_thinking();
        assert_eq!(
            (thinking.temperature, thinking.top_p, thinking.top_k, thinking.min_p),
            (0.6, 0.95, 20, 0.0)
        );
        let plain = SamplingParams::qwen3_non_thinking();
        assert_eq!(
            (plain.temperature, plain.top_p, plain.top_k, plain.min_p),
            (0.7, 0.8, 20, 0.0)
        );
        for params in [thinking, plain, SamplingParams::default(), SamplingParams::greedy()] {
            params.validate().unwrap();
        }
    }

    #[test]
    fn values_out_of_range_name_the_parameter_and_the_range() {
        type Change = fn(&mut SamplingParams);
        let cases: [(Change, &str); 13] = [
            (
                |p| p.temperature = -0.1,
                "temperature must be a number 0 or more, not -0.1",
            ),
            (
                |p| p.temperature = f32::NAN,
                "temperature must be a number 0 or more, not NaN",
            ),
            (
                |p| p.temperature = f32::INFINITY,
                "temperature must be a number 0 or more, not inf",
            ),
            (|p| p.top_p = 0.0, "top_p must be a number above 0 and at most 1, not 0"),
            (
                |p| p.top_p = 1.1,
                "top_p must be a number above 0 and at most 1, not 1.1",
            ),
            (|p| p.min_p = -0.5, "min_p must be a number from 0 to 1, not -0.5"),
            (|p| p.min_p = 1.5, "min_p must be a number from 0 to 1, not 1.5"),
            (
                |p| p.repetition_penalty = 0.0,
                "repetition_penalty must be a number from 0.1 to 10, not 0",
            ),
            (
                |p| p.presence_penalty = 2.5,
                "presence_penalty must be a number from -2 to 2, not 2.5",
            ),
            (
                |p| p.presence_penalty = f32::NAN,
                "presence_penalty must be a number from -2 to 2, not NaN",
            ),
            (
                |p| p.frequency_penalty = -3.0,
                "frequency_penalty must be a number from -2 to 2, not -3",
            ),
            (
                |p| p.logit_bias = vec![(1, 1.0), (2, 101.0)],
                "logit_bias must be a number from -100 to 100, not 101",
            ),
            (
                |p| p.logit_bias = vec![(1, f32::NAN)],
                "logit_bias must be a number from -100 to 100, not NaN",
            ),
        ];
        for (change, message) in cases {
            let mut params = SamplingParams::default();
            change(&mut params);
            assert_eq!(params.validate().unwrap_err().to_string(), message);
        }
    }
}
