//! A second, faster model that guesses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use izwi_model::{Batch, LanguageModel};

use crate::error::panic_message;
use crate::sampler::{Sampler, SamplerScratch};
use crate::speculation::clock::Clock;
use crate::speculation::draft_costs::DraftCosts;
use crate::speculation::draft_sequences::DraftSequences;
use crate::{EngineError, Result};

/// Most rows that it reads in one pass.
const READING_ROWS: usize = 256;

/// A model with the vocabulary of the one that it guesses for.
pub struct Draft {
    pub model: Box<dyn LanguageModel>,
    /// Size of its tokenizer's vocabulary: ids from here on are never guessed.
    pub num_token_ids: usize,
}

/// What is guessed for one sequence.
pub(crate) struct Guess {
    pub sequence: u64,
    /// How many tokens are wanted.
    pub len: usize,
    /// Foresees the choices of the sequence's own sampler.
    pub sampler: Sampler,
    pub tokens: Vec<u32>,
}

/// The draft model and what it has computed. After an error it is worth nothing: drop it.
pub(crate) struct DraftModel {
    draft: Draft,
    sequences: DraftSequences,
    costs: DraftCosts,
    clock: Clock,
    num_rows: u64,
    batch: Batch,
    /// `[logit_rows, vocab_size]` of its last pass.
    logits: Vec<f32>,
}

impl DraftModel {
    pub fn new(draft: Draft, clock: Clock) -> Self {
        DraftModel {
            clock,
            sequences: DraftSequences::new(draft.model.num_blocks(), draft.model.block_size()),
            draft,
            costs: DraftCosts::default(),
            num_rows: 0,
            batch: Batch::default(),
            logits: Vec::new(),
        }
    }

    pub fn num_token_ids(&self) -> usize {
        self.draft.num_token_ids
    }

    pub fn costs(&self) -> &DraftCosts {
        &self.costs
    }

    /// Rows computed so far.
    pub fn num_rows(&self) -> u64 {
        self.num_rows
    }

    /// How many tokens of a text it has yet to read, but for the last, before it can guess what follows. None where it
    /// can't: its context is too short, or it doesn't have a token.
    pub fn num_unread(&self, id: u64, tokens: &[u32]) -> Option<usize> {
        let unread = &tokens[self.sequences.num_computed(id, tokens)..];
        let vocab_size = self.draft.model.vocab_size();
        let knows = |&token: &u32| (token as usize) < vocab_size;
        (tokens.len() < self.draft.model.context_length() && unread.iter().all(knows)).then(|| unread.len() - 1)
    }

    /// How many tokens may be guessed behind so many.
    pub fn room(&self, num_tokens: usize) -> usize {
        (self.draft.model.context_length() + 1).saturating_sub(num_tokens)
    }

    /// Reads at most so many tokens of a text, never the last.
    ///
    /// # Errors
    /// When the model fails.
    pub fn read(&mut self, id: u64, tokens: &[u32], most: usize) -> Result<()> {
        let begin = self.clock.now();
        let start = self.sequences.follow(id, tokens);
        let end = (tokens.len() - 1).min(start + most);
        for from in (start..end).step_by(READING_ROWS) {
            let to = end.min(from + READING_ROWS);
            if !self.sequences.reserve(id, to, &[id]) {
                return Ok(());
            }
            self.batch.clear();
            self.push(id, &tokens[from..to], from);
            self.forward()?;
            self.sequences.note_computed(id, &tokens[from..to]);
        }
        if end > start {
            let time = self.clock.now() - begin;
            self.costs.note_reading(end - start, time.as_secs_f64());
        }
        Ok(())
    }

    /// Guesses what follows the tokens of each sequence: `texts` has them, in the order of `guesses`. A little that isn't
    /// read yet is read on the way. Where there is no room, fewer tokens are guessed or none.
    ///
    /// # Errors
    /// When the model fails.
    pub fn guess(&mut self, texts: &[&[u32]], guesses: &mut [Guess], scratch: &mut SamplerScratch) -> Result<()> {
        let busy: Vec<u64> = guesses.iter().map(|guess| guess.sequence).collect();
        let mut num_computed = Vec::new();
        for (guess, text) in guesses.iter_mut().zip(texts) {
            num_computed.push(self.sequences.follow(guess.sequence, text));
        }
        let most = guesses.iter().map(|guess| guess.len).max().unwrap_or(0);
        for num_guessed in 0..most {
            let begin = self.clock.now();
            self.batch.clear();
            let mut guessed = Vec::new();
            for (index, guess) in guesses.iter().enumerate() {
                if guess.tokens.len() != num_guessed || guess.len <= num_guessed {
                    continue;
                }
                let end = texts[index].len() + num_guessed;
                let new = match num_guessed {
                    0 => &texts[index][num_computed[index]..],
                    _ => &guess.tokens[num_guessed - 1..],
                };
                if new.len() > READING_ROWS || !self.sequences.reserve(guess.sequence, end, &busy) {
                    continue;
                }
                let last_row = self.push(guess.sequence, new, end - new.len()) + new.len() - 1;
                self.batch.logit_rows.push(last_row);
                self.sequences.note_computed(guess.sequence, new);
                guessed.push(index);
            }
            if guessed.is_empty() {
                break;
            }
            self.forward()?;
            self.sample(&guessed, guesses, scratch)?;
            if self.batch.token_ids.len() <= 2 * guessed.len() {
                let time = self.clock.now() - begin;
                self.costs.note_pass(guessed.len(), time.as_secs_f64());
            }
        }
        Ok(())
    }

    /// Takes a token from each row of the last pass, for the guesses with these indexes.
    fn sample(&mut self, guessed: &[usize], guesses: &mut [Guess], scratch: &mut SamplerScratch) -> Result<()> {
        let rows = self.logits.chunks_exact_mut(self.draft.model.vocab_size());
        for (&index, row) in guessed.iter().zip(rows) {
            let guess = &mut guesses[index];
            let sampled = catch_unwind(AssertUnwindSafe(|| guess.sampler.sample(row, scratch)));
            match sampled {
                Ok(Ok(sampled)) => guess.tokens.push(sampled.id),
                // None of these tokens may come, or the grammar fails, which is the answer's business: then there is no guess.
                Ok(Err(EngineError::NoTokenAllowed | EngineError::Constraint(_))) | Err(_) => {}
                Ok(Err(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets a sequence that has ended with these tokens.
    pub fn finish(&mut self, id: u64, tokens: &[u32]) {
        self.sequences.finish(id, tokens);
    }

    /// Adds rows to the batch and returns the first.
    fn push(&mut self, id: u64, tokens: &[u32], start: usize) -> usize {
        let blocks = self.sequences.block_table(id, start + tokens.len());
        self.batch.push(tokens, start, blocks)
    }

    fn forward(&mut self) -> Result<()> {
        let (model, batch, logits) = (&mut self.draft.model, &self.batch, &mut self.logits);
        self.num_rows += batch.token_ids.len() as u64;
        let result = catch_unwind(AssertUnwindSafe(|| model.forward(batch, logits)));
        result.map_err(|payload| EngineError::Panicked(panic_message(&*payload)))??;
        let expected = batch.logit_rows.len() * model.vocab_size();
        if logits.len() == expected {
            return Ok(());
        }
        let message = format!("the model returned {} logits instead of {expected}", logits.len());
        Err(EngineError::Panicked(message))
    }

    #[cfg(test)]
    pub fn audit(&self) -> std::result::Result<(), String> {
        self.sequences.audit()
    }

    #[cfg(test)]
    pub fn num_followed(&self) -> usize {
        self.sequences.num_followed()
    }
}
