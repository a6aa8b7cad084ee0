//! What a pass takes, and what further rows add.

use crate::speculation::MOST_ROWS;

/// What a draft row is believed to cost, as a share of a pass without drafts, before it is measured.
const PRIOR_ROW_COST: f64 = 0.3;
/// Weight of each measured pass.
const WEIGHT: f64 = 0.1;
/// The same for one with a number of draft rows: it may be tried seldom.
const ROWS_WEIGHT: f64 = 0.3;
/// How fast a high cost is forgotten with each pass whose guesses weren't tried, so that it is measured again some day.
const FORGETTING: f64 = 0.01;

/// Passes with drafts after which one without is measured again: answers grow, and with them what a pass takes.
const MOST_UNMEASURED: u32 = 64;
/// Passes after which it is forgotten what a number of draft rows cost that wasn't tried since.
const MOST_PASSES_KEPT: u32 = 256;

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
    /// Of one draft row, as a share of `plain`: of those that were tried last.
    row: f64,
    /// `[MOST_ROWS]`, of so many draft rows together: memory may allow some for next to nothing, and arithmetic no more.
    rows: [Option<Measured>; MOST_ROWS],
    /// Passes with drafts since the last without.
    num_unmeasured: u32,
}

#[derive(Debug, Clone, Copy)]
struct Measured {
    /// As a share of a pass without drafts.
    cost: f64,
    num_passes_since: u32,
}

impl Default for PassCosts {
    fn default() -> Self {
        let cost = Cost {
            plain: None,
            row: PRIOR_ROW_COST,
            rows: [None; MOST_ROWS],
            num_unmeasured: 0,
        };
        PassCosts { of: [cost; MOST_ROWS] }
    }
}

impl PassCosts {
    /// What so many draft rows add to a pass with this many sequences, as a share of it. From the largest
    /// number on that was measured, each further row costs as much as those that were tried last.
    pub fn rows_cost(&self, num_sequences: usize, num_drafted: usize) -> f64 {
        let Some(cost) = self.of.get(num_sequences - 1) else {
            return num_drafted as f64;
        };
        let measured = |rows: usize| Some((rows, cost.rows.get(rows)?.as_ref()?.cost));
        let (num_known, known) = (1..=num_drafted).rev().find_map(measured).unwrap_or((0, 0.0));
        known + (num_drafted - num_known) as f64 * cost.row
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
            Some(plain) if plain > 0.0 => cost.note_rows(num_drafted, seconds / plain - 1.0),
            _ => {}
        }
        for measured in &mut cost.rows {
            *measured = measured.and_then(|measured| {
                (measured.num_passes_since < MOST_PASSES_KEPT).then_some(Measured {
                    num_passes_since: measured.num_passes_since + 1,
                    ..measured
                })
            });
        }
    }

    /// Notes that there were guesses which weren't worth trying.
    pub fn note_skipped(&mut self, num_sequences: usize) {
        if let Some(cost) = self.of.get_mut(num_sequences - 1) {
            cost.row -= FORGETTING * (cost.row - PRIOR_ROW_COST).max(0.0);
        }
    }
}

impl Cost {
    /// Notes what so many draft rows added.
    fn note_rows(&mut self, num_drafted: usize, added: f64) {
        // One pass that was disturbed mustn't decide.
        let added = added.clamp(0.0, num_drafted as f64);
        self.row += WEIGHT * (added / num_drafted as f64 - self.row);
        if let Some(measured) = self.rows.get_mut(num_drafted) {
            let known = measured.map_or(added, |measured| measured.cost);
            *measured = Some(Measured {
                cost: known + ROWS_WEIGHT * (added - known),
                num_passes_since: 0,
            });
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
        assert_eq!(costs.rows_cost(2, 1), PRIOR_ROW_COST, "nothing to compare with");
        (0..50).for_each(|_| costs.note_pass(2, 0, 2.0));
        (0..50).for_each(|_| costs.note_pass(2, 4, 3.0));
        assert!((costs.rows_cost(2, 1) - 0.125).abs() < 0.01);
        assert!((costs.rows_cost(2, 4) - 0.5).abs() < 0.01);
        assert!((costs.rows_cost(2, 6) - 0.75).abs() < 0.01);
        assert_eq!(costs.rows_cost(1, 1), PRIOR_ROW_COST, "other passes have other costs");
        (0..50).for_each(|_| costs.note_pass(2, 1, 100.0));
        assert!(costs.rows_cost(2, 1) <= 1.0);
        (0..1000).for_each(|_| costs.note_skipped(2));
        (0..300).for_each(|_| costs.note_pass(2, 0, 2.0));
        assert!((costs.rows_cost(2, 1) - PRIOR_ROW_COST).abs() < 0.01);
        (0..64).for_each(|_| costs.note_pass(2, 1, 2.0));
        assert!(costs.is_stale(2) && !costs.is_stale(1));
        costs.note_pass(2, 0, 2.0);
        assert!(!costs.is_stale(2) && costs.plain(2).is_some() && costs.plain(1).is_none());
        // Past the table nothing pays.
        costs.note_pass(MOST_ROWS + 1, 1, 1.0);
        assert_eq!(costs.rows_cost(MOST_ROWS + 1, 1), 1.0);
    }

    #[test]
    fn some_rows_may_cost_nothing_and_more_of_them_much() {
        let mut costs = PassCosts::default();
        costs.note_pass(1, 0, 1.0);
        for _ in 0..20 {
            costs.note_pass(1, 3, 1.03);
            costs.note_pass(1, 7, 3.0);
        }
        assert!((costs.rows_cost(1, 3) - 0.03).abs() < 1e-6 && (costs.rows_cost(1, 7) - 2.0).abs() < 1e-6);
        let between = costs.rows_cost(1, 5);
        assert!(between > 0.1 && between < 1.0, "{between}");
        // What was tried long ago may have changed.
        (0..300).for_each(|_| costs.note_pass(1, 3, 1.03));
        assert!(costs.rows_cost(1, 7) < 0.3);
    }
}
