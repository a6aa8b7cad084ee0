//! How many draft tokens a pass should have.

/// A guess for one sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal {
    /// Tokens guessed, or that may be.
    pub len: usize,
    /// So many of them, the first ones, are right for sure.
    pub num_sure: usize,
    /// How probable it is that a further one is right if those before it were.
    pub acceptance: f64,
}

impl Proposal {
    /// What is never guessed for.
    pub const NONE: Proposal = Proposal {
        len: 0,
        num_sure: 0,
        acceptance: 0.0,
    };

    /// How probable it is that so many tokens are right.
    fn probability(&self, len: usize) -> f64 {
        self.acceptance.powi(len.saturating_sub(self.num_sure) as i32)
    }
}

/// How many tokens of each proposal a pass verifies, and what that brings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DraftLens {
    /// `[proposals]`
    pub lens: Vec<usize>,
    /// Tokens expected in the time of a pass without drafts.
    pub rate: f64,
}

/// How many tokens of each proposal to verify in a pass with `num_sequences` rows of its own, so that it brings the most
/// tokens for its time. `rows_cost` is what so many rows more add, as a share of the pass; `most` is how many it may have.
pub(crate) fn draft_lens(
    proposals: &[Proposal],
    num_sequences: usize,
    rows_cost: impl Fn(usize) -> f64,
    most: usize,
) -> DraftLens {
    let mut lens = vec![0; proposals.len()];
    // Every sequence gets a token for sure.
    let mut tokens = num_sequences as f64;
    let mut best_so_far = DraftLens {
        lens: lens.clone(),
        rate: tokens,
    };
    for num_rows in 1..=most {
        let gain = |index: usize| proposals[index].probability(lens[index] + 1);
        let open = (0..proposals.len()).filter(|&index| lens[index] < proposals[index].len);
        let Some(best) = open.max_by(|&left, &right| gain(left).total_cmp(&gain(right))) else {
            break;
        };
        tokens += gain(best);
        lens[best] += 1;
        let rate = tokens / (1.0 + rows_cost(num_rows));
        if rate > best_so_far.rate {
            best_so_far.rate = rate;
            best_so_far.lens.clone_from(&lens);
        }
    }
    best_so_far
}

/// The same where a model makes the guesses, one token of each sequence in a pass of its own. `draft_cost` is what such a
/// pass takes for so many sequences, as a share of the pass that verifies. All that are guessed for get as many tokens,
/// where they may have so many.
pub(crate) fn model_draft_lens(
    proposals: &[Proposal],
    num_sequences: usize,
    rows_cost: impl Fn(usize) -> f64,
    draft_cost: impl Fn(usize) -> f64,
    most: usize,
) -> DraftLens {
    let mut best = DraftLens {
        lens: vec![0; proposals.len()],
        rate: num_sequences as f64,
    };
    let mut order: Vec<usize> = (0..proposals.len()).filter(|&index| proposals[index].len > 0).collect();
    order.sort_by(|&left, &right| proposals[right].acceptance.total_cmp(&proposals[left].acceptance));
    for num_guessed in 1..=order.len() {
        let guessed = &order[..num_guessed];
        let (mut tokens, mut draft_costs) = (num_sequences as f64, 0.0);
        let mut num_rows = 0;
        for len in 1..=most {
            let longer = guessed.iter().filter(|&&index| proposals[index].len >= len);
            let gains = longer.map(|&index| proposals[index].probability(len));
            let (num_more, gain) = gains.fold((0, 0.0), |(count, sum), gain| (count + 1, sum + gain));
            num_rows += num_more;
            if num_more == 0 || num_rows > most {
                break;
            }
            tokens += gain;
            draft_costs += draft_cost(num_more);
            let rate = tokens / (1.0 + rows_cost(num_rows) + draft_costs);
            if rate > best.rate {
                best.rate = rate;
                best.lens.fill(0);
                guessed
                    .iter()
                    .for_each(|&index| best.lens[index] = proposals[index].len.min(len));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposals(proposals: &[(usize, f64)]) -> Vec<Proposal> {
        let proposal = |&(len, acceptance): &(usize, f64)| Proposal {
            len,
            num_sure: 0,
            acceptance,
        };
        proposals.iter().map(proposal).collect()
    }

    fn linear(row_cost: f64) -> impl Fn(usize) -> f64 {
        move |num_rows| num_rows as f64 * row_cost
    }

    fn lens(of: &[(usize, f64)], num_sequences: usize, row_cost: f64, most: usize) -> Vec<usize> {
        draft_lens(&proposals(of), num_sequences, linear(row_cost), most).lens
    }

    fn model_lens(of: &[(usize, f64)], num_sequences: usize, row_cost: f64, draft_cost: f64, most: usize) -> DraftLens {
        model_draft_lens(&proposals(of), num_sequences, linear(row_cost), |_| draft_cost, most)
    }

    #[test]
    fn good_guesses_are_verified_at_length_and_bad_ones_not_at_all() {
        assert_eq!(lens(&[(8, 0.99)], 1, 0.2, 4), [4], "as many as may be");
        assert_eq!(lens(&[(3, 0.99)], 1, 0.2, 4), [3], "as many as there are");
        // The second would bring 0.36 tokens at 0.3 of a pass that brings 1.6 in 1.3.
        assert_eq!(lens(&[(8, 0.6)], 1, 0.3, 4), [1]);
        assert_eq!(lens(&[(8, 0.2)], 1, 0.3, 4), [0]);
        assert!(lens(&[], 1, 0.3, 4).is_empty());
    }

    #[test]
    fn in_company_the_best_guess_goes_first_and_has_to_bring_more() {
        assert_eq!(lens(&[(8, 0.5), (8, 0.99)], 2, 0.2, 3), [0, 3]);
        assert_eq!(lens(&[(8, 0.9), (8, 0.9)], 2, 0.1, 4), [2, 2]);
        // A row costs a fifth of what four sequences bring: 0.8 tokens.
        assert_eq!(lens(&[(8, 0.75)], 4, 0.2, 4), [0]);
        assert_eq!(lens(&[(8, 0.75)], 1, 0.2, 4), [3]);
    }

    #[test]
    fn what_is_sure_is_verified_whatever_the_record() {
        let sure = Proposal {
            len: 6,
            num_sure: 4,
            acceptance: 0.1,
        };
        assert_eq!(draft_lens(&[sure], 1, linear(0.3), 7).lens, [4]);
        let likely = Proposal {
            acceptance: 0.9,
            ..sure
        };
        assert_eq!(draft_lens(&[likely], 1, linear(0.3), 7).lens, [6]);
        // But not where a row costs more than it brings.
        assert_eq!(draft_lens(&[sure; 2], 2, linear(0.6), 6).lens, [0, 0]);
    }

    #[test]
    fn a_dear_row_is_taken_for_the_cheap_ones_behind_it() {
        let rows_cost = |num_rows: usize| [0.0, 0.9, 0.9, 0.9, 3.0][num_rows];
        assert_eq!(draft_lens(&proposals(&[(8, 0.9)]), 1, rows_cost, 4).lens, [3]);
    }

    #[test]
    fn free_rows_are_all_taken() {
        assert_eq!(lens(&[(8, 0.1)], 1, 0.0, 5), [5]);
        assert_eq!(lens(&[(8, 0.0)], 1, 0.0, 5), [0]);
    }

    #[test]
    fn a_draft_model_s_passes_count() {
        // 1 + 0.8 + 0.64 tokens in 1.5, against 1 + 0.8 in 1.25 and 0.512 more in 1.75.
        let alone = model_lens(&[(8, 0.8)], 1, 0.1, 0.15, 7);
        assert_eq!(alone.lens, [3]);
        assert!((alone.rate - 2.952 / 1.75).abs() < 1e-9);
        assert_eq!(
            model_lens(&[(2, 0.8)], 1, 0.1, 0.15, 7).lens,
            [2],
            "no more than may come"
        );
        assert_eq!(model_lens(&[(8, 0.99)], 1, 0.1, 0.15, 3).lens, [3]);
        // A draft model as slow as the other one brings nothing, however good.
        assert_eq!(model_lens(&[(8, 1.0)], 1, 0.1, 1.0, 7).lens, [0]);
        assert_eq!(
            model_lens(&[(8, 0.2)], 1, 0.1, 0.15, 7),
            DraftLens {
                lens: vec![0],
                rate: 1.0
            }
        );
        assert!(model_lens(&[], 1, 0.1, 0.1, 7).lens.is_empty());
    }

    #[test]
    fn a_pass_of_the_draft_model_serves_all_or_the_best() {
        // For one of two a pass of 0.5 is too much, for both it isn't.
        let two = [(8, 0.9), (8, 0.9)];
        assert_eq!(model_lens(&two[..1], 2, 0.05, 0.5, 6).lens, [0]);
        assert_eq!(model_lens(&two, 2, 0.05, 0.5, 6).lens, [2, 2]);
        assert_eq!(
            model_lens(&[(8, 0.05), (0, 0.9), (8, 0.95)], 3, 0.1, 0.05, 5).lens,
            [0, 0, 5]
        );
        assert_eq!(model_lens(&[(1, 0.95), (8, 0.95)], 2, 0.02, 0.05, 6).lens, [1, 5]);
    }
}
