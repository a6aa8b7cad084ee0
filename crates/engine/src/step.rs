//! One step: plan, compute, sample, tell. Runs on whichever thread calls it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use izwi_model::{Batch, LanguageModel};

use crate::active_request::{ActiveRequest, Submission};
use crate::error::panic_message;
use crate::request::RequestLimits;
use crate::sampler::{SamplerScratch, token_logprob};
use crate::scheduler::{Plan, Scheduler, SchedulerLimits};
use crate::sequence::Sequence;
use crate::{EngineError, EngineEvent, EngineStats, FinishReason, Result};

/// The model, what is scheduled on it, and who waits for the results.
pub(crate) struct Stepper {
    model: Box<dyn LanguageModel>,
    limits: RequestLimits,
    scheduler: Scheduler,
    /// By sequence id.
    requests: BTreeMap<u64, ActiveRequest>,
    next_id: u64,
    batch: Batch,
    /// `[logit_rows, vocab_size]` of the last forward pass.
    logits: Vec<f32>,
    scratch: SamplerScratch,
    counters: EngineStats,
    publish: Box<dyn Fn(EngineStats) + Send>,
}

/// What sampling means for the request.
enum Outcome {
    Continue,
    End(FinishReason),
}

impl Stepper {
    /// `publish` gets the counters after every change, before the events that tell of it.
    pub fn new(
        model: Box<dyn LanguageModel>,
        limits: RequestLimits,
        scheduler_limits: SchedulerLimits,
        publish: Box<dyn Fn(EngineStats) + Send>,
    ) -> Self {
        let stepper = Stepper {
            model,
            limits,
            scheduler: Scheduler::new(scheduler_limits),
            requests: BTreeMap::new(),
            next_id: 0,
            batch: Batch::default(),
            logits: Vec::new(),
            scratch: SamplerScratch::default(),
            counters: EngineStats::default(),
            publish,
        };
        stepper.publish_stats();
        stepper
    }

    pub fn submit(&mut self, submission: Submission) {
        let id = self.next_id;
        self.next_id += 1;
        let (mut request, prompt) = ActiveRequest::new(id, submission, self.limits);
        if request.scores.is_some() && prompt.len() == 1 {
            // Nothing comes before its only token: there is nothing to compute.
            request.start(0);
            request.note_first_result();
            request.sink.send(EngineEvent::Scores(Vec::new()));
            return request.end(FinishReason::Stop);
        }
        self.scheduler.add(Sequence::new(id, prompt, request.scores.is_some()));
        self.requests.insert(id, request);
        self.publish_stats();
    }

    /// Whether there is nothing to do until the next submission.
    pub fn is_idle(&self) -> bool {
        self.requests.is_empty()
    }

    /// Ends the cancelled requests and computes one forward pass for the others.
    pub fn step(&mut self) {
        self.end_cancelled();
        let plan = self.scheduler.plan();
        for admission in &plan.admissions {
            self.counters.cached_tokens += admission.num_cached as u64;
        }
        self.publish_stats();
        for admission in &plan.admissions {
            self.requests
                .get_mut(&admission.sequence)
                .expect("has a request")
                .start(admission.num_cached);
        }
        if plan.chunks.is_empty() {
            return;
        }
        match self.compute(&plan) {
            Ok(()) => self.take_results(&plan),
            Err(error) => self.fail_plan(&plan, error),
        }
        self.publish_stats();
    }

    /// Ends everything with an error.
    pub fn fail_all(&mut self, error: EngineError) {
        let ids: Vec<u64> = self.requests.keys().copied().collect();
        ids.into_iter().for_each(|id| self.fail(id, error.clone()));
    }

    fn end_cancelled(&mut self) {
        let cancelled = self
            .requests
            .values()
            .filter(|request| request.is_cancelled())
            .map(|request| request.id);
        for id in cancelled.collect::<Vec<u64>>() {
            self.end(id, FinishReason::Cancelled);
        }
    }

    /// Carries out a plan's copies and its forward pass.
    fn compute(&mut self, plan: &Plan) -> Result<()> {
        self.build_batch(plan);
        let (model, batch, logits) = (&mut self.model, &self.batch, &mut self.logits);
        let result = catch_unwind(AssertUnwindSafe(|| {
            for copy in &plan.copies {
                model.copy_block(copy.from, copy.to)?;
            }
            model.forward(batch, logits)
        }));
        match result {
            Ok(computed) => computed?,
            Err(payload) => return Err(EngineError::Panicked(panic_message(&*payload))),
        }
        let expected = self.batch.logit_rows.len() * self.model.vocab_size();
        if self.logits.len() == expected {
            return Ok(());
        }
        Err(EngineError::Panicked(format!(
            "the model returned {} logits instead of {expected}",
            self.logits.len()
        )))
    }

    fn build_batch(&mut self, plan: &Plan) {
        self.batch.clear();
        for chunk in &plan.chunks {
            let sequence = self.scheduler.running(chunk.sequence).expect("a planned sequence runs");
            let end = chunk.start + chunk.len;
            let num_blocks = end.div_ceil(self.model.block_size());
            let blocks = &sequence.block_table[..num_blocks];
            let first_row = self.batch.push(&sequence.tokens[chunk.start..end], chunk.start, blocks);
            let wanted = sequence.logits_from().max(chunk.start)..end;
            self.batch
                .logit_rows
                .extend(wanted.map(|position| first_row + position - chunk.start));
        }
    }

    /// Samples or scores every row of logits.
    fn take_results(&mut self, plan: &Plan) {
        self.scheduler.complete(&plan.chunks);
        self.counters.steps += 1;
        let mut logits = std::mem::take(&mut self.logits);
        let vocab_size = self.model.vocab_size();
        let mut remaining = logits.as_mut_slice();
        for chunk in &plan.chunks {
            let sequence = self
                .scheduler
                .running_mut(chunk.sequence)
                .expect("a computed sequence runs");
            let end = chunk.start + chunk.len;
            let is_decode = sequence.tokens.len() > sequence.prompt_len && chunk.len == 1;
            self.counters.prefilled_tokens += if is_decode { 0 } else { chunk.len as u64 };
            let num_rows = end.saturating_sub(sequence.logits_from().max(chunk.start));
            let (rows, rest) = remaining.split_at_mut(num_rows * vocab_size);
            remaining = rest;
            let outcome = if sequence.score_position.is_some() {
                self.score(chunk.sequence, end, rows)
            } else if rows.is_empty() {
                Ok(Outcome::Continue)
            } else {
                self.sample(chunk.sequence, rows)
            };
            match outcome {
                Ok(Outcome::Continue) => {}
                Ok(Outcome::End(finish_reason)) => self.end(chunk.sequence, finish_reason),
                Err(error) => self.fail(chunk.sequence, error),
            }
        }
        self.logits = logits;
    }

    fn sample(&mut self, id: u64, row: &mut [f32]) -> Result<Outcome> {
        let request = self.requests.get_mut(&id).expect("has a request");
        let sampled = catch_unwind(AssertUnwindSafe(|| request.sampler.sample(row, &mut self.scratch)));
        let sampled = sampled.unwrap_or_else(|payload| Err(EngineError::Panicked(panic_message(&*payload))))?;
        request.note_first_result();
        if request.is_stop_token(sampled.id) {
            return Ok(Outcome::End(FinishReason::Stop));
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
        Ok(if is_last {
            Outcome::End(FinishReason::Length)
        } else {
            Outcome::Continue
        })
    }

    /// Takes the scores of the positions before `end` that had none yet; `rows` are their logits,
    /// `[positions, vocab_size]`.
    fn score(&mut self, id: u64, end: usize, rows: &[f32]) -> Result<Outcome> {
        let request = self.requests.get_mut(&id).expect("has a request");
        let sequence = self.scheduler.running_mut(id).expect("a scored sequence runs");
        let scores = request.scores.as_mut().expect("scores are wanted");
        for row in rows.chunks_exact(self.model.vocab_size()) {
            let next_token = sequence.tokens[scores.len() + 1];
            scores.push(token_logprob(row, next_token)?);
        }
        sequence.score_position = Some(scores.len());
        if end < sequence.num_needed() {
            return Ok(Outcome::Continue);
        }
        request.note_first_result();
        let scores = request.scores.take().unwrap_or_default();
        request.sink.send(EngineEvent::Scores(scores));
        Ok(Outcome::End(FinishReason::Stop))
    }

    /// After a failed forward pass nothing is known about the blocks that it should have written.
    fn fail_plan(&mut self, plan: &Plan, error: EngineError) {
        let copied = plan.copies.iter().map(|copy| copy.sequence);
        let mut ids: Vec<u64> = plan.chunks.iter().map(|chunk| chunk.sequence).chain(copied).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().for_each(|id| self.fail(id, error.clone()));
    }

    fn end(&mut self, id: u64, finish_reason: FinishReason) {
        self.scheduler.finish(id, true);
        self.publish_stats();
        if let Some(request) = self.requests.remove(&id) {
            request.end(finish_reason);
        }
    }

    fn fail(&mut self, id: u64, error: EngineError) {
        self.scheduler.finish(id, false);
        self.publish_stats();
        if let Some(request) = self.requests.remove(&id) {
            request.fail(error);
        }
    }

    fn publish_stats(&self) {
        let blocks_free = self.scheduler.num_free_blocks();
        (self.publish)(EngineStats {
            preemptions: self.scheduler.num_preemptions(),
            running: self.scheduler.num_running(),
            waiting: self.scheduler.num_waiting(),
            blocks_total: self.model.num_blocks(),
            blocks_free,
            blocks_cached: self.scheduler.num_available_blocks() - blocks_free,
            ..self.counters
        });
    }

    #[cfg(test)]
    pub fn audit(&self) -> std::result::Result<(), String> {
        self.scheduler.audit()
    }
}
