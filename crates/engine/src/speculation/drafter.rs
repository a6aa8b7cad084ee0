//! Decides how much a pass verifies, and who guesses it.

use std::time::Duration;

use crate::scheduler::Chunk;
use crate::speculation::acceptance::Acceptance;
use crate::speculation::draft_costs::DraftCosts;
use crate::speculation::draft_lens::{DraftLens, Proposal, draft_lens, model_draft_lens};
use crate::speculation::pass_costs::PassCosts;
use crate::speculation::{MOST_ROWS, Speculation};

/// Most of the time that may go into finding out whether a draft model which guessed wrong has become better.
const RETRY_SHARE: f64 = 0.01;

/// So little that isn't read yet is read with the first guess.
const READ_ON_THE_WAY: usize = MOST_ROWS;

/// Learns what rows cost, and spends them where they bring most.
#[derive(Debug)]
pub(crate) struct Drafter {
    speculation: Speculation,
    /// Of a pass with drafts.
    most_rows: usize,
    costs: PassCosts,
    /// Of all that a draft model guessed: what a new sequence begins with.
    model_acceptance: Acceptance,
    /// Seconds that may be spent on retrying.
    retry_seconds: f64,
}

/// A sequence that the draft model could guess for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Most tokens; 0 where it can't.
    pub most: usize,
    pub acceptance: Acceptance,
    /// Tokens that the draft model hasn't read yet.
    pub num_unread: usize,
    /// Tokens of the answer by now, and those that may come.
    pub num_decoded: usize,
    pub num_left: usize,
}

/// What the draft model does before a pass.
#[derive(Debug, PartialEq)]
pub(crate) enum ModelTurn {
    Nothing,
    /// Guesses so many tokens for each candidate.
    Guess(Vec<usize>),
    /// Reads at most so many tokens of the candidate with this index.
    Read(usize, usize),
}

impl Drafter {
    /// A pass with drafts has no more rows than are computed alike, whatever their number: else they would be verified by
    /// other logits than one row at a time gives.
    pub fn new(speculation: Speculation, uniform_rows: usize) -> Self {
        Drafter {
            speculation,
            most_rows: uniform_rows.min(MOST_ROWS),
            costs: PassCosts::default(),
            model_acceptance: Acceptance::default(),
            retry_seconds: 0.0,
        }
    }

    /// How many draft tokens a pass may have that decodes this many sequences.
    pub fn most(&self, num_sequences: usize) -> usize {
        match self.speculation {
            Speculation::Off | Speculation::Always(0) => 0,
            Speculation::Auto if self.costs.is_stale(num_sequences) => 0,
            Speculation::Auto | Speculation::Always(_) => self.most_rows.saturating_sub(num_sequences),
        }
    }

    /// How much of each sequence's guess a pass that decodes all of them should verify.
    pub fn draft_lens(&mut self, guesses: &[Proposal]) -> DraftLens {
        let (num_sequences, most) = (guesses.len(), self.most(guesses.len()));
        if let Speculation::Always(wanted) = self.speculation {
            let num_guesses = guesses.iter().filter(|guess| guess.len > 0).count();
            let share = most / num_guesses.max(1);
            let lens = guesses.iter().map(|guess| guess.len.min(wanted).min(share)).collect();
            return DraftLens { lens, rate: 0.0 };
        }
        let found = draft_lens(guesses, num_sequences, self.rows_cost(num_sequences), most);
        if found.lens.iter().all(|&len| len == 0) && guesses.iter().any(|guess| guess.len > 0) {
            self.costs.note_skipped(num_sequences);
        }
        found
    }

    /// What the draft model should do before a pass that decodes all these, where guesses from the text would bring `rate`.
    pub fn model_turn(&mut self, candidates: &[Candidate], rate: f64, draft_costs: &DraftCosts) -> ModelTurn {
        let (num_sequences, most) = (candidates.len(), self.most(candidates.len()));
        if let Speculation::Always(wanted) = self.speculation {
            return always(candidates, wanted, most);
        }
        // Nothing can be weighed before a pass without drafts was measured.
        let Some(plain) = self.costs.plain(num_sequences).filter(|_| most > 0) else {
            return ModelTurn::Nothing;
        };
        let proposal = |candidate: &Candidate| Proposal {
            len: if candidate.num_unread > READ_ON_THE_WAY {
                0
            } else {
                candidate.most
            },
            num_sure: 0,
            acceptance: candidate.acceptance.rate(),
        };
        let proposals: Vec<Proposal> = candidates.iter().map(proposal).collect();
        let found = self.weigh(&proposals, plain, draft_costs);
        if found.rate > rate {
            return ModelTurn::Guess(found.lens);
        }
        let worth_reading =
            |candidate: &&Candidate| self.is_worth_reading(candidate, num_sequences, plain, draft_costs);
        let unread = candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| candidate.num_unread > READ_ON_THE_WAY);
        if let Some((index, _)) = unread
            .filter(|(_, candidate)| worth_reading(candidate))
            .min_by_key(|(_, c)| c.num_unread)
        {
            return ModelTurn::Read(index, reading_rows(plain, draft_costs));
        }
        self.retry(candidates, plain, draft_costs)
    }

    fn weigh(&self, proposals: &[Proposal], plain: f64, draft_costs: &DraftCosts) -> DraftLens {
        let num_sequences = proposals.len();
        let draft_cost = |num_guessed| draft_costs.pass(num_guessed, plain) / plain;
        let rows_cost = self.rows_cost(num_sequences);
        model_draft_lens(
            proposals,
            num_sequences,
            rows_cost,
            draft_cost,
            self.most(num_sequences),
        )
    }

    /// What so many draft rows add to a pass, as a share of it.
    fn rows_cost(&self, num_sequences: usize) -> impl Fn(usize) -> f64 {
        move |num_rows| self.costs.rows_cost(num_sequences, num_rows)
    }

    /// Whether an answer would have paid by now for reading its text, and may do so again: how long it gets nobody knows, and
    /// most go on for about as long as they have lasted.
    fn is_worth_reading(
        &self,
        candidate: &Candidate,
        num_sequences: usize,
        plain: f64,
        draft_costs: &DraftCosts,
    ) -> bool {
        let mut proposals = vec![Proposal::NONE; num_sequences];
        proposals[0] = Proposal {
            len: candidate.most,
            num_sure: 0,
            acceptance: candidate.acceptance.rate(),
        };
        let gain = self.weigh(&proposals, plain, draft_costs).rate / num_sequences as f64;
        let saved = plain * (1.0 - 1.0 / gain);
        let num_passes = candidate.num_decoded.min(candidate.num_left) as f64;
        num_passes * saved > candidate.num_unread as f64 * draft_costs.row(plain)
    }

    /// Now and then, one token by a model that has guessed wrong so far.
    fn retry(&mut self, candidates: &[Candidate], plain: f64, draft_costs: &DraftCosts) -> ModelTurn {
        self.retry_seconds += RETRY_SHARE * plain;
        let most_likely = candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| candidate.most > 0);
        let Some((index, candidate)) = most_likely.min_by_key(|(_, candidate)| candidate.num_unread) else {
            return ModelTurn::Nothing;
        };
        let hopeful = Proposal {
            len: candidate.most,
            num_sure: 0,
            acceptance: candidate.acceptance.hopeful().rate(),
        };
        let mut proposals = vec![Proposal::NONE; candidates.len()];
        proposals[index] = hopeful;
        let reading = candidate.num_unread as f64 * draft_costs.row(plain);
        let guessing = draft_costs.pass(1, plain) + self.costs.rows_cost(candidates.len(), 1) * plain;
        let may_pay = self.weigh(&proposals, plain, draft_costs).lens[index] > 0;
        if !may_pay || reading + guessing > self.retry_seconds {
            return ModelTurn::Nothing;
        }
        if candidate.num_unread > READ_ON_THE_WAY {
            let rows = reading_rows(plain, draft_costs).min(candidate.num_unread);
            self.retry_seconds -= rows as f64 * draft_costs.row(plain);
            return ModelTurn::Read(index, rows);
        }
        self.retry_seconds -= reading + guessing;
        let mut lens = vec![0; candidates.len()];
        lens[index] = 1;
        ModelTurn::Guess(lens)
    }

    /// What a sequence begins with that the draft model hasn't guessed for yet.
    pub fn model_acceptance(&self) -> Acceptance {
        self.model_acceptance
    }

    /// Notes how a draft of the draft model fared.
    pub fn note_model_draft(&mut self, num_drafted: usize, num_accepted: usize) {
        self.model_acceptance.note_draft(num_drafted, num_accepted);
    }

    /// Notes how long such a pass took.
    pub fn note_pass(&mut self, chunks: &[Chunk], time: Duration) {
        let num_drafted = chunks.iter().map(|chunk| chunk.draft.len()).sum();
        self.costs.note_pass(chunks.len(), num_drafted, time.as_secs_f64());
    }
}

/// Rows that take the draft model about as long as the pass itself takes: the answer flows on.
fn reading_rows(plain: f64, draft_costs: &DraftCosts) -> usize {
    ((plain / draft_costs.row(plain)) as usize).clamp(16, 256)
}

/// As many tokens as are wanted, after all was read.
fn always(candidates: &[Candidate], wanted: usize, most: usize) -> ModelTurn {
    let can = candidates.iter().filter(|candidate| candidate.most > 0);
    let share = most / can.clone().count().max(1);
    let unread = candidates
        .iter()
        .position(|candidate| candidate.most > 0 && candidate.num_unread > READ_ON_THE_WAY);
    match unread {
        _ if share == 0 => ModelTurn::Nothing,
        Some(index) => ModelTurn::Read(index, usize::MAX),
        None => ModelTurn::Guess(
            candidates
                .iter()
                .map(|candidate| candidate.most.min(wanted).min(share))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A draft model that takes a tenth of the other one's 100 ms for a token, and 2 ms for each row that it reads.
    fn costs() -> DraftCosts {
        let mut costs = DraftCosts::default();
        costs.note_pass(1, 0.010);
        costs.note_reading(100, 0.2);
        costs
    }

    fn drafter() -> Drafter {
        let mut drafter = Drafter::new(Speculation::Auto, usize::MAX);
        for num_sequences in [1, 2, 4] {
            (0..60).for_each(|_| drafter.costs.note_pass(num_sequences, 2, 0.115));
            drafter.costs.note_pass(num_sequences, 0, 0.1);
            (0..60).for_each(|_| drafter.costs.note_pass(num_sequences, 2, 0.115));
            drafter.costs.note_pass(num_sequences, 0, 0.1);
        }
        drafter
    }

    fn candidate(acceptance: Acceptance, num_unread: usize, num_decoded: usize) -> Candidate {
        Candidate {
            most: 500,
            acceptance,
            num_unread,
            num_decoded,
            num_left: 500,
        }
    }

    /// After so many drafts of one token, right or wrong.
    fn after(num_drafts: usize, is_right: bool) -> Acceptance {
        let mut acceptance = Acceptance::default();
        (0..num_drafts).for_each(|_| acceptance.note_draft(1, usize::from(is_right)));
        acceptance
    }

    #[test]
    fn a_draft_model_guesses_where_it_brings_more_than_the_text_does() {
        let mut drafter = drafter();
        let good = candidate(after(20, true), 1, 10);
        assert_eq!(drafter.model_turn(&[good], 1.0, &costs()), ModelTurn::Guess(vec![7]));
        assert_eq!(drafter.model_turn(&[good], 6.0, &costs()), ModelTurn::Nothing);
        let unknown = candidate(Acceptance::default(), 1, 10);
        let ModelTurn::Guess(lens) = drafter.model_turn(&[unknown], 1.0, &costs()) else {
            panic!("it is worth a try");
        };
        assert!(lens[0] < 4, "{lens:?}");
        // Beside three others, seven rows are too dear for what one sequence gains.
        let idle = Candidate { most: 0, ..unknown };
        assert_eq!(
            drafter.model_turn(&[idle, unknown, idle, idle], 4.0, &costs()),
            ModelTurn::Nothing
        );
        assert_eq!(
            Drafter::new(Speculation::Auto, 8).model_turn(&[good], 1.0, &costs()),
            ModelTurn::Nothing
        );
        assert_eq!(Drafter::new(Speculation::Auto, 1).most(1), 0);
    }

    #[test]
    fn a_text_is_read_once_the_answer_is_long_enough_for_it() {
        let mut drafter = drafter();
        let good = after(20, true);
        // 2 seconds of reading; each pass saves about 70 ms.
        assert_eq!(
            drafter.model_turn(&[candidate(good, 1000, 10)], 1.0, &costs()),
            ModelTurn::Nothing
        );
        assert_eq!(
            drafter.model_turn(&[candidate(good, 1000, 60)], 1.0, &costs()),
            ModelTurn::Read(0, 50)
        );
        assert_eq!(
            drafter.model_turn(&[candidate(good, 50, 10)], 1.0, &costs()),
            ModelTurn::Read(0, 50)
        );
        let ending = Candidate {
            num_left: 20,
            ..candidate(good, 1000, 60)
        };
        assert_eq!(drafter.model_turn(&[ending], 1.0, &costs()), ModelTurn::Nothing);
    }

    #[test]
    fn a_useless_draft_model_is_tried_again_for_a_hundredth_of_the_time() {
        let (mut drafter, costs) = (drafter(), costs());
        let bad = after(20, false);
        let (mut seconds, mut num_guessed) = (0.0, 0);
        // Answers of 300 tokens to questions of 30.
        for _ in 0..20 {
            let mut num_unread = 30;
            for num_decoded in 0..300 {
                match drafter.model_turn(&[candidate(bad, num_unread, num_decoded)], 1.0, &costs) {
                    ModelTurn::Nothing => num_unread += 1,
                    ModelTurn::Read(_, rows) => {
                        seconds += rows as f64 * 0.002;
                        num_unread = num_unread + 1 - rows.min(num_unread);
                    }
                    ModelTurn::Guess(lens) => {
                        assert_eq!(lens, [1]);
                        seconds += 0.010 + num_unread as f64 * 0.002;
                        (num_unread, num_guessed) = (1, num_guessed + 1);
                    }
                }
            }
        }
        assert!(num_guessed > 3, "{num_guessed}");
        assert!(seconds < 20.0 * 300.0 * 0.1 * RETRY_SHARE, "{seconds} s");
    }

    #[test]
    fn an_answer_begins_with_what_is_known_of_the_draft_model() {
        let mut drafter = drafter();
        (0..20).for_each(|_| drafter.note_model_draft(2, 0));
        assert!(drafter.model_acceptance().rate() < 0.05);
        assert_eq!(
            drafter.model_turn(&[candidate(drafter.model_acceptance(), 1, 10)], 1.0, &costs()),
            ModelTurn::Nothing
        );
    }

    #[test]
    fn everything_is_read_and_guessed_where_that_is_asked_for() {
        let mut drafter = Drafter::new(Speculation::Always(3), usize::MAX);
        let bad = after(20, false);
        let costs = DraftCosts::default();
        let [read, unread] = [0, 1000].map(|num_unread| candidate(bad, num_unread, 0));
        assert_eq!(
            drafter.model_turn(&[read, unread], 2.0, &costs),
            ModelTurn::Read(1, usize::MAX)
        );
        assert_eq!(
            drafter.model_turn(&[read, read], 2.0, &costs),
            ModelTurn::Guess(vec![3, 3])
        );
        assert_eq!(
            drafter.model_turn(&[read; 4], 2.0, &costs),
            ModelTurn::Guess(vec![1; 4])
        );
        assert_eq!(drafter.model_turn(&[read; 8], 2.0, &costs), ModelTurn::Nothing);
    }
}
