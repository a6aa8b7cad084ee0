//! How often one sequence's guesses come true.

/// What is believed before anything is known.
const PRIOR: f64 = 0.6;
/// Weight of each verified token.
const WEIGHT: f64 = 0.15;
/// How fast a bad record is forgotten with each guess that wasn't tried, so that another one is tried some day.
const FORGETTING: f64 = 0.01;

/// The share of verified draft tokens that were right, recent ones counting more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acceptance(f64);

impl Default for Acceptance {
    fn default() -> Self {
        Acceptance(PRIOR)
    }
}

impl Acceptance {
    /// Not below what is believed before anything is known.
    pub fn hopeful(self) -> Acceptance {
        Acceptance(self.0.max(PRIOR))
    }

    pub fn rate(self) -> f64 {
        self.0
    }

    /// Notes that the first `num_accepted` tokens of a draft were right. The one after them was wrong, and what follows that
    /// one says nothing.
    pub fn note_draft(&mut self, num_drafted: usize, num_accepted: usize) {
        for _ in 0..num_accepted {
            self.0 += WEIGHT * (1.0 - self.0);
        }
        if num_accepted < num_drafted {
            self.0 -= WEIGHT * self.0;
        }
    }

    /// Notes that there was a guess which wasn't worth trying.
    pub fn note_skipped(&mut self) {
        self.0 += FORGETTING * (PRIOR - self.0).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_what_happens_and_forgets_the_bad() {
        let mut acceptance = Acceptance::default();
        (0..20).for_each(|_| acceptance.note_draft(4, 4));
        assert!(acceptance.rate() > 0.99);
        acceptance.note_skipped();
        assert!(acceptance.rate() > 0.99, "only a bad record is forgotten");
        (0..20).for_each(|_| acceptance.note_draft(4, 0));
        let bad = acceptance.rate();
        assert!(bad < 0.05);
        (0..500).for_each(|_| acceptance.note_skipped());
        assert!((acceptance.rate() - PRIOR).abs() < 0.01, "{bad} is forgotten");
        // One right, one wrong, and two that nobody knows.
        let mut half = Acceptance(0.5);
        half.note_draft(4, 1);
        assert!((half.rate() - (0.5 + WEIGHT * 0.5) * (1.0 - WEIGHT)).abs() < 1e-12);
    }
}
