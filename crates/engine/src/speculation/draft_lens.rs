//! How many draft tokens a pass should have.

/// A guess for one sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal {
    /// Tokens guessed.
    pub len: usize,
    /// How probable it is that one is right if those before it were.
    pub acceptance: f64,
}

/// How many tokens of each proposal to verify in a pass with `num_sequences` rows of its own, so that it brings the most
/// tokens for its time. `row_cost` is what one row more adds, as a share of the pass; `most` is how many it may have.
pub(crate) fn draft_lens(proposals: &[Proposal], num_sequences: usize, row_cost: f64, most: usize) -> Vec<usize> {
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
    lens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens(proposals: &[(usize, f64)], num_sequences: usize, row_cost: f64, most: usize) -> Vec<usize> {
        let proposals: Vec<Proposal> = proposals
            .iter()
            .map(|&(len, acceptance)| Proposal { len, acceptance })
            .collect();
        draft_lens(&proposals, num_sequences, row_cost, most)
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
}
