//! Qwen2's split of text into the words that BPE works on.

use tokenizers::utils::SysRegex;

use crate::error::TextError;

/// Qwen2's pattern without its one look-ahead, `\s+(?!\S)`, which [`WordSplit::split`] does by hand: the pattern then
/// runs in linear time, where a backtracking matcher gives up on long runs of white space.
const PATTERN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";

#[derive(Debug)]
pub(crate) struct WordSplit {
    pattern: SysRegex,
}

impl WordSplit {
    pub(crate) fn new() -> Result<Self, TextError> {
        let pattern = SysRegex::new(PATTERN)
            .map_err(|error| TextError::InvalidVocabulary(format!("the split pattern failed: {error}")))?;
        Ok(Self { pattern })
    }

    /// Calls `each` with the words of `text` in order; joined, they are `text`.
    pub(crate) fn split<'t>(&self, text: &'t str, mut each: impl FnMut(&'t str)) {
        let mut start = 0;
        'restart: while start < text.len() {
            let rest = &text[start..];
            let mut end = 0;
            for (from, to) in self.pattern.find_iter(rest) {
                if from > end {
                    each(&rest[end..from]);
                }
                let word = &rest[from..to];
                let kept = kept_space(word, to == rest.len());
                each(&word[..kept]);
                if kept < word.len() {
                    start += from + kept;
                    continue 'restart;
                }
                end = to;
            }
            // The pattern matches every character, so nothing is left; if it ever were, it would not be lost.
            if end < rest.len() {
                each(&rest[end..]);
            }
            return;
        }
    }
}

/// How many bytes of a match are its word. A run of white space leaves its last character to the word that follows,
/// unless it ends in a line break (then the pattern's line-break branch matched it), or has one character only.
fn kept_space(word: &str, at_end: bool) -> usize {
    let Some(last) = word.chars().next_back() else {
        return 0;
    };
    let gives_back = !at_end
        && last.is_whitespace()
        && !matches!(last, '\r' | '\n')
        && word.len() > last.len_utf8()
        && word.chars().all(char::is_whitespace);
    word.len() - if gives_back { last.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::test_support::{Random, random_text};

    const WHOLE_PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    fn split(text: &str) -> Vec<&str> {
        static SPLIT: LazyLock<WordSplit> = LazyLock::new(|| WordSplit::new().unwrap());
        let mut words = Vec::new();
        SPLIT.split(text, |word| words.push(word));
        words
    }

    #[test]
    fn a_run_of_spaces_leaves_the_last_to_the_word() {
        assert_eq!(split("a   b"), ["a", "  ", " b"]);
        assert_eq!(split("a   "), ["a", "   "]);
        assert_eq!(split("a \n  b\t\tc"), ["a", " \n", " ", " b", "\t", "\tc"]);
        assert_eq!(split("it's 12 o'clock"), ["it", "'s", " ", "1", "2", " o", "'clock"]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn equals_the_pattern_with_its_look_ahead() {
        let whole = SysRegex::new(WHOLE_PATTERN).unwrap();
        let mut random = Random::new(1);
        for _ in 0..3_000 {
            let text = random_text(&mut random, 40);
            let expected: Vec<&str> = whole.find_iter(&text).map(|(a, b)| &text[a..b]).collect();
            assert_eq!(split(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_runs_of_white_space_are_split_too() {
        let text = format!("{}x{}\n{}", " ".repeat(300_000), "\t".repeat(300_000), " ".repeat(9));
        let words = split(&text);
        assert_eq!(words.concat(), text);
        let lengths: Vec<usize> = words.iter().map(|word| word.len()).collect();
        assert_eq!(lengths, [299_999, 2, 300_001, 9]);
    }
}
