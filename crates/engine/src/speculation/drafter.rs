//! Decides how much a pass verifies.

use std::time::Duration;

use crate::scheduler::Chunk;
use crate::speculation::acceptance::Acceptance;
use crate::speculation::draft_lens::{Proposal, draft_lens};
use crate::speculation::pass_costs::PassCosts;
use crate::speculation::{MOST_ROWS, Speculation};

/// Learns what rows cost, and spends them where they bring most.
#[derive(Debug)]
pub(crate) struct Drafter {
    speculation: Speculation,
    /// Of a pass with drafts.
    most_rows: usize,
    costs: PassCosts,
}

impl Drafter {
    /// A pass with drafts has no more rows than are computed alike, whatever their number: else they would be verified by
    /// other logits than one row at a time gives.
    pub fn new(speculation: Speculation, uniform_rows: usize) -> Self {
        Drafter {
            speculation,
            most_rows: uniform_rows.min(MOST_ROWS),
            costs: PassCosts::default(),
        }
    }

    /// How many draft tokens a pass may have that decodes this many sequences.
    pub fn most(&self, num_sequences: usize) -> usize {
        match self.speculation {
            Speculation::Off | Speculation::Always(0) => 0,
            Speculation::Auto | Speculation::Always(_) => self.most_rows.saturating_sub(num_sequences),
        }
    }

    /// How much of each sequence's guess a pass that decodes all of them should verify: how long the guess is, and how
    /// the ones before it fared.
    pub fn draft_lens(&mut self, guesses: &[(usize, Acceptance)]) -> Vec<usize> {
        let (num_sequences, most) = (guesses.len(), self.most(guesses.len()));
        if let Speculation::Always(wanted) = self.speculation {
            let num_guesses = guesses.iter().filter(|&&(len, _)| len > 0).count();
            let share = most / num_guesses.max(1);
            return guesses.iter().map(|&(len, _)| len.min(wanted).min(share)).collect();
        }
        let proposal = |&(len, acceptance): &(usize, Acceptance)| Proposal {
            len,
            acceptance: acceptance.rate(),
        };
        let proposals: Vec<Proposal> = guesses.iter().map(proposal).collect();
        let lens = draft_lens(&proposals, num_sequences, self.costs.row_cost(num_sequences), most);
        if lens.iter().all(|&len| len == 0) && guesses.iter().any(|&(len, _)| len > 0) {
            self.costs.note_skipped(num_sequences);
        }
        lens
    }

    /// Notes how long such a pass took.
    pub fn note_pass(&mut self, chunks: &[Chunk], time: Duration) {
        let num_drafted = chunks.iter().map(|chunk| chunk.draft.len()).sum();
        self.costs.note_pass(chunks.len(), num_drafted, time.as_secs_f64());
    }
}
