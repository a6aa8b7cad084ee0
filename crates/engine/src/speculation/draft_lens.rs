//! How many draft tokens a pass should have.

/// A guess for one sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal {
    /// Tokens guessed, or that may be.
    pub len: usize,
    /// How probable it is that one is right if those before it were.
    pub acceptance: f64,
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
/// tokens for its time. `row_cost` is what one row more adds, as a share of the pass; `most` is how many it may have.
pub(crate) fn draft_lens(proposals: &[Proposal], num_sequences: usize, row_cost: f64, most: usize) -> DraftLens {
    let mut lens = vec![0; proposals.len()];
    // Every sequence gets a token for sure.
    let (mut tokens, mut cost) = (num_sequences as f64, 1.0);
    for _ in 0..most {
        let gain = |index: usize| proposals[index].acceptance.powi(lens[index] as i32 + 1);
        let open = (0..proposals.len()).filter(|&index| lens[index] < proposals[index].len);
        let Some(best) = open.max_by(|&left, &right| gain(left).total_cmp(&gain(right))) else {
            break;
        };
        let gain = gain(best);
        if (tokens + gain) / (cost + row_cost) <= tokens / cost {
            break;
        }
        lens[best] += 1;
        tokens += gain;
        cost += row_cost;
    }
    DraftLens {
        lens,
        rate: tokens / cost,
    }
}

/// The same where a model makes the guesses, one token of each sequence in a pass of its own. `draft_cost` is what such a
/// pass takes for so many sequences, as a share of the pass that verifies. All that are guessed for get as many tokens,
/// where they may have so many.
pub(crate) fn model_draft_lens(
    proposals: &[Proposal],
    num_sequences: usize,
    row_cost: f64,
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
        let (mut tokens, mut cost) = (num_sequences as f64, 1.0);
        let mut num_rows = 0;
        for len in 1..=most {
            let longer = guessed.iter().filter(|&&index| proposals[index].len >= len);
            let gains = longer.map(|&index| proposals[index].acceptance.powi(len as i32));
            let (num_more, gain) = gains.fold((0, 0.0), |(count, sum), gain| (count + 1, sum + gain));
            num_rows += num_more;
            if num_more == 0 || num_rows > most {
                break;
            }
            tokens += gain;
            cost += row_cost * num_more as f64 + draft_cost(num_more);
            if tokens / cost > best.rate {
                best.rate = tokens / cost;
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
        let proposal = |&(len, acceptance): &(usize, f64)| Proposal { len, acceptance };
        proposals.iter().map(proposal).collect()
    }

    fn lens(of: &[(usize, f64)], num_sequences: usize, row_cost: f64, most: usize) -> Vec<usize> {
        draft_lens(&proposals(of), num_sequences, row_cost, most).lens
    }

    fn model_lens(of: &[(usize, f64)], num_sequences: usize, row_cost: f64, draft_cost: f64, most: usize) -> DraftLens {
        model_draft_lens(&proposals(of), num_sequences, row_cost, |_| draft_cost, most)
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
