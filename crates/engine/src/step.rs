//! One step: plan, compute, sample, tell. Runs on whichever thread calls it.

mod drafts;
mod results;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use izwi_model::{Batch, LanguageModel};

use crate::active_request::{ActiveRequest, Submission};
use crate::error::panic_message;
use crate::request::RequestLimits;
use crate::sampler::SamplerScratch;
use crate::scheduler::{Plan, Scheduler, SchedulerLimits};
use crate::sequence::{Readout, Sequence, Standing};
use crate::speculation::{Clock, Draft, DraftModel, Drafter};
use crate::{EngineError, EngineStats, FinishReason, Result, Speculation};

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
    /// Rows of the batch whose hidden states are wanted.
    state_rows: Vec<usize>,
    /// `[state_rows, hidden_size]` of the last forward pass.
    states: Vec<f32>,
    scratch: SamplerScratch,
    drafter: Drafter,
    draft_model: Option<DraftModel>,
    /// Told once, when the draft model fails and is given up.
    tell_draft_failure: Box<dyn Fn(String) + Send>,
    /// Whether it was the draft model that guessed for the pass under way.
    is_model_draft: bool,
    /// What passes are timed with, to weigh guesses.
    clock: Clock,
    counters: EngineStats,
    publish: Box<dyn Fn(EngineStats) + Send>,
}

impl Stepper {
    /// `publish` gets the counters after every change, before the events that tell of it.
    pub fn new(
        model: Box<dyn LanguageModel>,
        limits: RequestLimits,
        scheduler_limits: SchedulerLimits,
        speculation: Speculation,
        publish: Box<dyn Fn(EngineStats) + Send>,
    ) -> Self {
        let stepper = Stepper {
            drafter: Drafter::new(speculation, model.uniform_rows()),
            draft_model: None,
            tell_draft_failure: Box::new(|_| {}),
            is_model_draft: false,
            model,
            limits,
            scheduler: Scheduler::new(scheduler_limits),
            requests: BTreeMap::new(),
            next_id: 0,
            batch: Batch::default(),
            logits: Vec::new(),
            state_rows: Vec::new(),
            states: Vec::new(),
            scratch: SamplerScratch::default(),
            clock: Clock::of_system(),
            counters: EngineStats::default(),
            publish,
        };
        stepper.publish_stats();
        stepper
    }

    /// Lets a second model guess. `tell_failure` is called if it fails, after which there are no more guesses of it.
    pub fn draft_with(&mut self, draft: Draft, tell_failure: Box<dyn Fn(String) + Send>) {
        self.draft_model = Some(DraftModel::new(draft, self.clock.clone()));
        self.tell_draft_failure = tell_failure;
    }

    pub fn submit(&mut self, submission: Submission) {
        let id = self.next_id;
        self.next_id += 1;
        let standing = Standing {
            priority: submission.request.priority,
            client: submission.request.client,
            num_passed: 0,
        };
        let (mut request, prompt) = ActiveRequest::new(id, submission, self.limits);
        let readout = request
            .reading
            .as_ref()
            .map_or(Readout::NextToken, |reading| reading.readout(prompt.len()));
        let sequence = Sequence::new(id, prompt, readout, standing);
        if sequence.num_needed() == 0 {
            // Nothing comes before its only token: there is nothing to compute.
            request.start(0);
            request.finish_reading();
            return request.end(FinishReason::Stop);
        }
        self.scheduler.add(sequence);
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
        let mut plan = self.scheduler.plan();
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
        let only_decodes = self.scheduler.only_decodes(&plan);
        if only_decodes {
            self.add_drafts(&mut plan);
        }
        let begin = self.clock.now();
        match self.compute(&plan) {
            Ok(true) => {
                self.take_results(&plan);
                if only_decodes {
                    let time = self.clock.now() - begin;
                    self.drafter.note_pass(&plan.chunks, time);
                }
            }
            // All that were in it have been cancelled meanwhile; the next step ends them.
            Ok(false) => {}
            Err(error) => self.fail_plan(&plan, error),
        }
        self.publish_stats();
    }

    /// Bytes of blocks `first..` of the longest cached beginning of these tokens, at most `most` blocks, whole ones only.
    pub fn read_cached_blocks(&self, tokens: &[u32], first: usize, most: usize) -> Result<Vec<u8>> {
        let blocks = self.scheduler.cached_blocks(tokens);
        let mut bytes = Vec::new();
        for &block in blocks.iter().skip(first).take(most) {
            self.model.read_block(block, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// Adds block `index` of these tokens to what is cached of them. False if there is no room for it.
    pub fn restore_block(&mut self, tokens: &[u32], index: usize, bytes: &[u8]) -> Result<bool> {
        let model = &mut self.model;
        let restored = self
            .scheduler
            .restore_block(tokens, index, |block| model.write_block(block, bytes))?;
        self.publish_stats();
        Ok(restored)
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

    /// Carries out a plan's copies and its forward pass. False if nobody wanted it any more before it was done.
    fn compute(&mut self, plan: &Plan) -> Result<bool> {
        self.build_batch(plan);
        let (model, batch) = (&mut self.model, &self.batch);
        let (logits, states) = (&mut self.logits, &mut self.states);
        let is_unwanted = || {
            let mut requests = plan.chunks.iter().map(|chunk| self.requests.get(&chunk.sequence));
            requests.all(|request| request.is_none_or(ActiveRequest::is_cancelled))
        };
        let result = catch_unwind(AssertUnwindSafe(|| {
            for copy in &plan.copies {
                model.copy_block(copy.from, copy.to)?;
            }
            let is_done = model.forward_if_wanted(batch, logits, &is_unwanted)?;
            if is_done {
                model.hidden_states(&self.state_rows, states)?;
            }
            Ok(is_done)
        }));
        match result {
            Ok(Err(error)) => return Err(error),
            Ok(Ok(false)) => return Ok(false),
            Ok(Ok(true)) => {}
            Err(payload) => return Err(EngineError::Panicked(panic_message(&*payload))),
        }
        let expect = |what: &str, values: &[f32], expected: usize| {
            let message = format!("the model returned {} {what} instead of {expected}", values.len());
            (values.len() == expected)
                .then_some(())
                .ok_or(EngineError::Panicked(message))
        };
        let num_logits = self.batch.logit_rows.len() * self.model.vocab_size();
        expect("logits", &self.logits, num_logits)?;
        expect("states", &self.states, self.state_rows.len() * self.model.hidden_size())?;
        Ok(true)
    }

    fn build_batch(&mut self, plan: &Plan) {
        self.batch.clear();
        self.state_rows.clear();
        for chunk in &plan.chunks {
            let sequence = self.scheduler.running(chunk.sequence).expect("a planned sequence runs");
            let end = chunk.start + chunk.num_rows();
            let num_blocks = end.div_ceil(self.model.block_size());
            let blocks = &sequence.block_table[..num_blocks];
            let known = &sequence.tokens[chunk.start..chunk.end()];
            let first_row = if chunk.draft.is_empty() {
                self.batch.push(known, chunk.start, blocks)
            } else {
                self.batch.push(&[known, &chunk.draft].concat(), chunk.start, blocks)
            };
            let wanted = sequence.read_from().max(chunk.start)..end;
            let rows = wanted.map(|position| first_row + position - chunk.start);
            match sequence.readout {
                Readout::States { .. } => self.state_rows.extend(rows),
                Readout::NextToken | Readout::Logits { .. } => self.batch.logit_rows.extend(rows),
            }
        }
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
        self.finish_sequence(id, true);
        self.publish_stats();
        if let Some(request) = self.requests.remove(&id) {
            request.end(finish_reason);
        }
    }

    fn fail(&mut self, id: u64, error: EngineError) {
        self.finish_sequence(id, false);
        self.publish_stats();
        if let Some(request) = self.requests.remove(&id) {
            request.fail(error);
        }
    }

    fn finish_sequence(&mut self, id: u64, keep: bool) {
        let sequence = self.scheduler.finish(id, keep);
        if let (Some(draft_model), Some(sequence)) = (&mut self.draft_model, sequence) {
            draft_model.finish(id, &sequence.tokens);
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

    /// Another clock, before there is a draft model.
    #[cfg(test)]
    pub fn time_with(&mut self, clock: Clock) {
        self.clock = clock;
    }

    #[cfg(test)]
    pub fn audit(&self) -> std::result::Result<(), String> {
        self.scheduler.audit()?;
        self.draft_model.as_ref().map_or(Ok(()), DraftModel::audit)
    }

    /// Sequences that the draft model follows.
    #[cfg(test)]
    pub fn num_draft_sequences(&self) -> usize {
        self.draft_model.as_ref().map_or(0, DraftModel::num_followed)
    }

    #[cfg(test)]
    pub fn has_draft_model(&self) -> bool {
        self.draft_model.is_some()
    }
}
