//! What the rows of a pass mean for their requests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Stepper;
use crate::active_request::ActiveRequest;
use crate::error::panic_message;
use crate::scheduler::{Chunk, Plan};
use crate::sequence::Readout;
use crate::{EngineError, EngineEvent, FinishReason, Result};

/// What sampling means for the request.
enum Outcome {
    Continue,
    End(FinishReason),
}

impl Stepper {
    /// Samples or reads every row of results.
    pub(super) fn take_results(&mut self, plan: &Plan) {
        self.scheduler.complete(&plan.chunks);
        self.counters.steps += 1;
        let (mut logits, states) = (std::mem::take(&mut self.logits), std::mem::take(&mut self.states));
        let (vocab_size, hidden_size) = (self.model.vocab_size(), self.model.hidden_size());
        let (mut logits_left, mut states_left) = (logits.as_mut_slice(), states.as_slice());
        for chunk in &plan.chunks {
            let sequence = self
                .scheduler
                .running_mut(chunk.sequence)
                .expect("a computed sequence runs");
            let end = chunk.end();
            let is_decode = sequence.tokens.len() > sequence.prompt_len && chunk.len == 1;
            self.counters.prefilled_tokens += if is_decode { 0 } else { chunk.len as u64 };
            let num_rows = (chunk.start + chunk.num_rows()).saturating_sub(sequence.read_from().max(chunk.start));
            let outcome = if let Readout::States { .. } = sequence.readout {
                let (rows, rest) = states_left.split_at(num_rows * hidden_size);
                states_left = rest;
                self.read_states(chunk.sequence, end, rows)
            } else {
                let (rows, rest) = logits_left.split_at_mut(num_rows * vocab_size);
                logits_left = rest;
                match sequence.readout {
                    Readout::Logits { .. } => self.read_logits(chunk.sequence, end, rows),
                    _ if rows.is_empty() => Ok(Outcome::Continue),
                    _ => self.sample_rows(chunk, rows),
                }
            };
            match outcome {
                Ok(Outcome::Continue) => {}
                Ok(Outcome::End(finish_reason)) => self.end(chunk.sequence, finish_reason),
                Err(error) => self.fail(chunk.sequence, error),
            }
        }
        (self.logits, self.states) = (logits, states);
    }

    /// Samples the row behind the last known token, and behind every draft token that was right: `[rows, vocab_size]`.
    fn sample_rows(&mut self, chunk: &Chunk, rows: &mut [f32]) -> Result<Outcome> {
        let mut num_accepted = 0;
        let mut outcome = Outcome::Continue;
        for (index, row) in rows.chunks_exact_mut(self.model.vocab_size()).enumerate() {
            let (sampled, next) = self.sample(chunk.sequence, row)?;
            outcome = next;
            if chunk.draft.get(index) != Some(&sampled) {
                break;
            }
            num_accepted += 1;
            self.counters.accepted_tokens += 1;
            if !matches!(outcome, Outcome::Continue) {
                break;
            }
            self.scheduler.accept_draft_token(chunk.sequence);
        }
        let request = self.requests.get_mut(&chunk.sequence).expect("has a request");
        if self.is_model_draft {
            let acceptance = request.model_acceptance.insert(
                request
                    .model_acceptance
                    .unwrap_or_else(|| self.drafter.model_acceptance()),
            );
            acceptance.note_draft(chunk.draft.len(), num_accepted);
            self.drafter.note_model_draft(chunk.draft.len(), num_accepted);
            self.counters.model_accepted_tokens += num_accepted as u64;
        } else if num_accepted >= request.num_forced {
            // What was sure says nothing of the guesses.
            let num_guessed = chunk.draft.len().saturating_sub(request.num_forced);
            request
                .acceptance
                .note_draft(num_guessed, num_accepted - request.num_forced);
        }
        Ok(outcome)
    }

    /// Samples one token: which it is, and what it means.
    fn sample(&mut self, id: u64, row: &mut [f32]) -> Result<(u32, Outcome)> {
        let request = self.requests.get_mut(&id).expect("has a request");
        let sampled = catch_unwind(AssertUnwindSafe(|| request.sampler.sample(row, &mut self.scratch)));
        let sampled = sampled.unwrap_or_else(|payload| Err(EngineError::Panicked(panic_message(&*payload))))?;
        request.note_first_result();
        if request.is_stop_token(sampled.id) {
            return Ok((sampled.id, Outcome::End(FinishReason::Stop)));
        }
        self.scheduler
            .running_mut(id)
            .expect("a sampled sequence runs")
            .tokens
            .push(sampled.id);
        self.counters.decoded_tokens += 1;
        let is_last = request.count_token();
        request.sink.send(EngineEvent::Token {
            id: sampled.id,
            logprob: sampled.logprob,
        });
        let outcome = if request.sampler.is_complete() {
            Outcome::End(FinishReason::Stop)
        } else if is_last {
            Outcome::End(FinishReason::Length)
        } else {
            Outcome::Continue
        };
        Ok((sampled.id, outcome))
    }

    /// Reads logits up to position `end`; `rows` are those of the positions that weren't read before,
    /// `[positions, vocab_size]`.
    fn read_logits(&mut self, id: u64, end: usize, rows: &[f32]) -> Result<Outcome> {
        let request = self.requests.get_mut(&id).expect("has a request");
        let sequence = self.scheduler.running_mut(id).expect("a read sequence runs");
        let num_rows = rows.len() / self.model.vocab_size();
        let next_tokens = &sequence.tokens[end - num_rows + 1..end + 1];
        let reading = request.reading.as_mut().expect("the prompt is read");
        let event = reading.read_logits(rows, next_tokens, self.limits.num_token_ids, &mut self.scratch)?;
        sequence.note_read(end);
        let is_done = end >= sequence.num_needed();
        if let Some(event) = event {
            request.sink.send(event);
        }
        Ok(end_of_reading(request, is_done))
    }

    /// Reads hidden states up to position `end`; `rows` are those that weren't read before, `[positions, hidden_size]`.
    fn read_states(&mut self, id: u64, end: usize, rows: &[f32]) -> Result<Outcome> {
        let request = self.requests.get_mut(&id).expect("has a request");
        let sequence = self.scheduler.running_mut(id).expect("a read sequence runs");
        let reading = request.reading.as_mut().expect("the prompt is read");
        reading.read_states(rows, self.model.hidden_size())?;
        sequence.note_read(end);
        Ok(end_of_reading(request, end >= sequence.num_needed()))
    }
}

/// Tells what was read if that was all.
fn end_of_reading(request: &mut ActiveRequest, is_done: bool) -> Outcome {
    if !is_done {
        return Outcome::Continue;
    }
    request.finish_reading();
    Outcome::End(FinishReason::Stop)
}
