//! Where the text repeats itself, it may go on as it did before.

/// Fewest and most tokens at the end that must have come before. A longer match is a better guess.
const MIN_MATCH: usize = 2;
const MAX_MATCH: usize = 5;

/// Up to `most` tokens that followed the last tokens when they came before: the longest such match counts, and the latest
/// among equals. A match that reaches to the end is taken for a repetition and goes on with itself.
pub(crate) fn look_up(tokens: &[u32], most: usize) -> Vec<u32> {
    let mut best = (MIN_MATCH - 1, 0);
    for next in (MIN_MATCH..tokens.len()).rev() {
        let len = common_suffix(&tokens[..next], tokens);
        if len > best.0 {
            best = (len, next);
            if len == MAX_MATCH {
                break;
            }
        }
    }
    let (_, next) = best;
    if next == 0 {
        return Vec::new();
    }
    let period = tokens.len() - next;
    (0..most).map(|index| tokens[next + index % period]).collect()
}

/// How many tokens two texts have in common at their ends, at most `MAX_MATCH`.
fn common_suffix(left: &[u32], right: &[u32]) -> usize {
    let pairs = left.iter().rev().zip(right.iter().rev()).take(MAX_MATCH);
    pairs.take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_counts_and_the_latest_among_equals() {
        // [1, 2] came twice, followed by 3 and by 5; [9, 1, 2] once, followed by 3.
        assert_eq!(look_up(&[9, 1, 2, 3, 7, 1, 2, 5, 8, 1, 2], 2), [5, 8]);
        assert_eq!(look_up(&[9, 1, 2, 3, 7, 1, 2, 5, 9, 1, 2], 2), [3, 7]);
    }

    #[test]
    fn one_token_alone_is_no_match() {
        assert!(look_up(&[1, 2, 3, 1], 4).is_empty());
        assert!(look_up(&[1, 2], 4).is_empty());
        assert!(look_up(&[], 4).is_empty());
    }

    #[test]
    fn a_repetition_goes_on_with_itself() {
        assert_eq!(look_up(&[4, 4, 4], 3), [4, 4, 4]);
        assert_eq!(look_up(&[1, 2, 3, 1, 2, 3], 5), [1, 2, 3, 1, 2]);
    }

    #[test]
    fn no_more_than_asked_for() {
        assert!(look_up(&[1, 2, 3, 4, 5, 1, 2], 0).is_empty());
        assert_eq!(look_up(&[1, 2, 3, 4, 5, 1, 2], 1), [3]);
    }
}
