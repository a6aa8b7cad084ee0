//! What a pass takes, and what each further row adds.

use crate::speculation::MOST_ROWS;

/// What a draft row is believed to cost, as a share of a pass without drafts, before it is measured.
const PRIOR_ROW_COST: f64 = 0.3;
/// Weight of each measured pass.
const WEIGHT: f64 = 0.1;
/// How fast a high cost is forgotten with each pass whose guesses weren't tried, so that it is measured again some day.
const FORGETTING: f64 = 0.01;

/// Passes with drafts after which one without is measured again: answers grow, and with them what a pass takes.
const MOST_UNMEASURED: u32 = 64;

/// Measured times of passes that decode only, by the number of sequences in them.
#[derive(Debug)]
pub(crate) struct PassCosts {
    /// `[MOST_ROWS]`
    of: [Cost; MOST_ROWS],
}

#[derive(Debug, Clone, Copy)]
struct Cost {
    /// Seconds without drafts.
    plain: Option<f64>,
    /// Of one draft row, as a share of `plain`.
    row: f64,
    /// Passes with drafts since the last without.
    num_unmeasured: u32,
}

impl Default for PassCosts {
    fn default() -> Self {
        let cost = Cost {
            plain: None,
            row: PRIOR_ROW_COST,
            num_unmeasured: 0,
        };
        PassCosts { of: [cost; MOST_ROWS] }
    }
}

impl PassCosts {
    /// What one draft row adds to a pass with this many sequences, as a share of it.
    pub fn row_cost(&self, num_sequences: usize) -> f64 {
        self.of.get(num_sequences - 1).map_or(1.0, |cost| cost.row)
    }

    /// Seconds that a pass without drafts takes, once that was measured.
    pub fn plain(&self, num_sequences: usize) -> Option<f64> {
        self.of.get(num_sequences - 1)?.plain
    }

    /// Whether it is time for a pass without drafts.
    pub fn is_stale(&self, num_sequences: usize) -> bool {
        let cost = self.of.get(num_sequences - 1);
        cost.is_some_and(|cost| cost.num_unmeasured >= MOST_UNMEASURED)
    }

    /// Notes how long a pass took that had so many draft rows beside one row for each sequence.
    pub fn note_pass(&mut self, num_sequences: usize, num_drafted: usize, seconds: f64) {
        let Some(cost) = self.of.get_mut(num_sequences - 1) else {
            return;
        };
        cost.num_unmeasured = if num_drafted == 0 { 0 } else { cost.num_unmeasured + 1 };
        match cost.plain {
            _ if num_drafted == 0 => {
                let plain = cost.plain.get_or_insert(seconds);
                *plain += WEIGHT * (seconds - *plain);
            }
            Some(plain) if plain > 0.0 => {
                // One pass that was disturbed mustn't decide.
                let measured = ((seconds / plain - 1.0) / num_drafted as f64).clamp(0.0, 1.0);
                cost.row += WEIGHT * (measured - cost.row);
            }
            _ => {}
        }
    }

    /// Notes that there were guesses which weren't worth trying.
    pub fn note_skipped(&mut self, num_sequences: usize) {
        if let Some(cost) = self.of.get_mut(num_sequences - 1) {
            cost.row -= FORGETTING * (cost.row - PRIOR_ROW_COST).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_s_cost_is_measured_beside_passes_without_drafts() {
        let mut costs = PassCosts::default();
        costs.note_pass(2, 3, 9.0);
        assert_eq!(costs.row_cost(2), PRIOR_ROW_COST, "nothing to compare with");
        (0..50).for_each(|_| costs.note_pass(2, 0, 2.0));
        (0..50).for_each(|_| costs.note_pass(2, 4, 3.0));
        assert!((costs.row_cost(2) - 0.125).abs() < 0.01);
        assert_eq!(costs.row_cost(1), PRIOR_ROW_COST, "other passes have other costs");
        (0..50).for_each(|_| costs.note_pass(2, 1, 100.0));
        assert!(costs.row_cost(2) <= 1.0);
        (0..1000).for_each(|_| costs.note_skipped(2));
        assert!((costs.row_cost(2) - PRIOR_ROW_COST).abs() < 0.01);
        assert!(costs.is_stale(2) && !costs.is_stale(1));
        costs.note_pass(2, 0, 2.0);
        assert!(!costs.is_stale(2) && costs.plain(2).is_some() && costs.plain(1).is_none());
        // Past the table nothing pays.
        costs.note_pass(MOST_ROWS + 1, 1, 1.0);
        assert_eq!(costs.row_cost(MOST_ROWS + 1), 1.0);
    }
}
