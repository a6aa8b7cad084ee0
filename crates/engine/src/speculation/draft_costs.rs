//! What the draft model takes.

use crate::speculation::MOST_ROWS;

/// What a pass of it, and a row of a text that it reads, are believed to take before they are measured: as a share of a pass
/// of the other model.
const PRIOR_PASS: f64 = 0.2;
const PRIOR_ROW: f64 = 0.03;
/// Weight of each measured pass.
const WEIGHT: f64 = 0.1;

/// Measured times of a draft model's passes, in seconds.
#[derive(Debug, Default)]
pub(crate) struct DraftCosts {
    /// `[MOST_ROWS]`, of passes that guess one token for so many sequences and one.
    passes: [Option<f64>; MOST_ROWS],
    /// Of one row of a text that is read.
    row: Option<f64>,
}

impl DraftCosts {
    /// Of a pass that guesses for so many sequences; `plain` is what the other model takes. Where no such pass was
    /// measured, the next smaller or larger one counts.
    pub fn pass(&self, num_sequences: usize, plain: f64) -> f64 {
        let index = num_sequences.clamp(1, MOST_ROWS) - 1;
        let (smaller, larger) = (self.passes[..=index].iter().rev(), self.passes[index..].iter());
        smaller
            .chain(larger)
            .find_map(|&pass| pass)
            .unwrap_or(PRIOR_PASS * plain)
    }

    /// Of reading a row.
    pub fn row(&self, plain: f64) -> f64 {
        self.row.unwrap_or(PRIOR_ROW * plain)
    }

    pub fn note_pass(&mut self, num_sequences: usize, seconds: f64) {
        if let Some(pass) = self.passes.get_mut(num_sequences - 1) {
            note(pass, seconds);
        }
    }

    pub fn note_reading(&mut self, num_rows: usize, seconds: f64) {
        note(&mut self.row, seconds / num_rows as f64);
    }
}

/// A slow one may have been disturbed, so that its weight is bounded; a fast one never lies.
fn note(cost: &mut Option<f64>, seconds: f64) {
    let known = cost.get_or_insert(seconds);
    let weight = if seconds < *known { 3.0 * WEIGHT } else { WEIGHT };
    *known += weight * (seconds.min(4.0 * *known) - *known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_measured_is_taken_from_its_neighbours_or_believed() {
        let mut costs = DraftCosts::default();
        assert_eq!(
            (costs.pass(1, 2.0), costs.row(2.0)),
            (PRIOR_PASS * 2.0, PRIOR_ROW * 2.0)
        );
        costs.note_pass(2, 0.5);
        costs.note_reading(100, 1.0);
        assert_eq!(
            (costs.pass(1, 2.0), costs.pass(2, 2.0), costs.pass(99, 2.0)),
            (0.5, 0.5, 0.5)
        );
        assert_eq!(costs.row(2.0), 0.01);
        costs.note_pass(2, 1000.0);
        assert!(costs.pass(2, 2.0) < 0.7, "one disturbed pass decides nothing");
        (0..50).for_each(|_| costs.note_pass(2, 0.1));
        assert!((costs.pass(2, 2.0) - 0.1).abs() < 1e-3);
    }
}
