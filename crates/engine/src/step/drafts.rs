//! What a pass verifies beside computing the next tokens.

use super::Stepper;
use crate::Result;
use crate::scheduler::{Chunk, Plan};
use crate::speculation::{Candidate, Guess, ModelTurn, Proposal, look_up};

impl Stepper {
    /// Lets a pass that only decodes verify guesses as well.
    pub(super) fn add_drafts(&mut self, plan: &mut Plan) {
        self.is_model_draft = false;
        let most = self.drafter.most(plan.chunks.len());
        if most == 0 {
            return;
        }
        let mut guesses: Vec<Vec<u32>> = plan
            .chunks
            .iter()
            .map(|chunk| self.guess_by_text(chunk, most))
            .collect();
        let proposal = |(chunk, guess): (&Chunk, &Vec<u32>)| {
            let request = &self.requests[&chunk.sequence];
            Proposal {
                len: guess.len(),
                num_sure: request.num_forced,
                acceptance: request.acceptance.rate(),
            }
        };
        let proposals: Vec<Proposal> = plan.chunks.iter().zip(&guesses).map(proposal).collect();
        let mut found = self.drafter.draft_lens(&proposals);
        if let Some(by_model) = self.guess_by_model(plan, found.rate) {
            self.is_model_draft = true;
            found.lens = by_model.iter().map(Vec::len).collect();
            guesses = by_model;
        }
        for ((chunk, mut guess), len) in plan.chunks.iter_mut().zip(guesses).zip(found.lens) {
            if guess.is_empty() {
                continue;
            }
            guess.truncate(len);
            self.scheduler.add_draft(chunk, guess);
            let num_drafted = chunk.draft.len() as u64;
            self.counters.drafted_tokens += num_drafted;
            if self.is_model_draft {
                self.counters.model_drafted_tokens += num_drafted;
            } else if chunk.draft.is_empty() {
                let request = self.requests.get_mut(&chunk.sequence).expect("has a request");
                request.acceptance.note_skipped();
            }
        }
    }

    /// What the grammar leaves no choice about, and then what followed when the text was like this before.
    fn guess_by_text(&mut self, chunk: &Chunk, most: usize) -> Vec<u32> {
        let most = most.min(self.most_guessed(chunk));
        let request = self.requests.get_mut(&chunk.sequence).expect("has a request");
        let mut guess = request.sampler.forced(most);
        request.num_forced = guess.len();
        let sequence = self.scheduler.running(chunk.sequence).expect("a planned sequence runs");
        if guess.is_empty() {
            return look_up(&sequence.tokens, most);
        }
        let text = [&sequence.tokens[..], &guess].concat();
        guess.extend(look_up(&text, most - guess.len()));
        guess
    }

    /// How many tokens may be guessed: the last that may come needs no row of its own.
    fn most_guessed(&self, chunk: &Chunk) -> usize {
        self.requests[&chunk.sequence].num_tokens_left().saturating_sub(1)
    }

    /// The draft model's guesses for each chunk, where they bring more than `rate`. None if it doesn't guess this time.
    fn guess_by_model(&mut self, plan: &Plan, rate: f64) -> Option<Vec<Vec<u32>>> {
        let result = self.draft_model.is_some().then(|| self.take_model_turn(plan, rate))?;
        if let Some(draft_model) = &self.draft_model {
            self.counters.draft_model_rows = draft_model.num_rows();
        }
        result.unwrap_or_else(|error| {
            // It may have written anything into its cache; nobody but the guesses suffers from that.
            self.draft_model = None;
            (self.tell_draft_failure)(error.to_string());
            None
        })
    }

    fn take_model_turn(&mut self, plan: &Plan, rate: f64) -> Result<Option<Vec<Vec<u32>>>> {
        let mut candidates: Vec<Candidate> = plan.chunks.iter().map(|chunk| self.candidate(chunk)).collect();
        // More than once only where all is read at once.
        loop {
            let draft_model = self.draft_model.as_mut().expect("there is one");
            match self.drafter.model_turn(&candidates, rate, draft_model.costs()) {
                ModelTurn::Nothing => return Ok(None),
                ModelTurn::Guess(lens) => return self.guess(plan, &lens).map(Some),
                ModelTurn::Read(index, most) => {
                    let id = plan.chunks[index].sequence;
                    let sequence = self.scheduler.running(id).expect("a planned sequence runs");
                    draft_model.read(id, &sequence.tokens, most)?;
                    if most < usize::MAX {
                        return Ok(None);
                    }
                    // Where there is no room for all, one would push out the other for ever.
                    candidates[index].num_unread = 0;
                }
            }
        }
    }

    fn candidate(&self, chunk: &Chunk) -> Candidate {
        let draft_model = self.draft_model.as_ref().expect("there is one");
        let request = &self.requests[&chunk.sequence];
        let sequence = self.scheduler.running(chunk.sequence).expect("a planned sequence runs");
        let tokens = &sequence.tokens;
        let num_unread = draft_model.num_unread(chunk.sequence, tokens);
        let most = self.most_guessed(chunk).min(draft_model.room(tokens.len()));
        Candidate {
            most: if num_unread.is_some() { most } else { 0 },
            acceptance: request
                .model_acceptance
                .unwrap_or_else(|| self.drafter.model_acceptance()),
            num_unread: num_unread.unwrap_or(0),
            num_decoded: tokens.len() - sequence.prompt_len,
            num_left: request.num_tokens_left(),
        }
    }

    /// So many guesses of the draft model for each chunk.
    fn guess(&mut self, plan: &Plan, lens: &[usize]) -> Result<Vec<Vec<u32>>> {
        let draft_model = self.draft_model.as_mut().expect("there is one");
        let (mut indexes, mut texts, mut guesses) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (chunk, &len)) in plan
            .chunks
            .iter()
            .zip(lens)
            .enumerate()
            .filter(|(_, (_, len))| **len > 0)
        {
            let sequence = self.scheduler.running(chunk.sequence).expect("a planned sequence runs");
            indexes.push(index);
            texts.push(sequence.tokens.as_slice());
            guesses.push(Guess {
                sequence: chunk.sequence,
                len,
                sampler: self.requests[&chunk.sequence]
                    .sampler
                    .foresee(draft_model.num_token_ids()),
                tokens: Vec::new(),
            });
        }
        draft_model.guess(&texts, &mut guesses, &mut self.scratch)?;
        let mut all = vec![Vec::new(); plan.chunks.len()];
        for (index, guess) in indexes.into_iter().zip(guesses) {
            all[index] = guess.tokens;
        }
        Ok(all)
    }
}
