//! Ends a stream of text at the first stop string, without ever letting a part of that string out.

use crate::error::TextError;

/// The most stop strings that a request may have.
pub const MAX_STOP_STRINGS: usize = 16;
/// The longest stop string, in bytes of UTF-8.
pub const MAX_STOP_STRING_BYTES: usize = 1_024;

/// Watches a stream of text for stop strings. How the text is cut into pushes makes no difference: the string that is
/// complete first ends the stream, and of several that end at the same character the longest.
#[derive(Debug)]
pub struct StopStrings {
    stops: Vec<String>,
    /// The end of the text so far that may be the beginning of a stop string.
    held: String,
    matched: Option<usize>,
}

impl StopStrings {
    /// # Errors
    /// `InvalidStopStrings` if one is empty or longer than [`MAX_STOP_STRING_BYTES`], or if there are more than
    /// [`MAX_STOP_STRINGS`].
    pub fn new(mut stops: Vec<String>) -> Result<Self, TextError> {
        let invalid = |message: String| Err(TextError::InvalidStopStrings(message));
        if stops.len() > MAX_STOP_STRINGS {
            let count = stops.len();
            return invalid(format!("{count} are given, at most {MAX_STOP_STRINGS} are allowed"));
        }
        if stops.iter().any(String::is_empty) {
            return invalid("one is empty; remove it".into());
        }
        if let Some(long) = stops.iter().find(|stop| stop.len() > MAX_STOP_STRING_BYTES) {
            let bytes = long.len();
            return invalid(format!(
                "one has {bytes} bytes, at most {MAX_STOP_STRING_BYTES} are allowed"
            ));
        }
        stops.sort_by_key(|stop| std::cmp::Reverse(stop.len()));
        Ok(Self {
            stops,
            held: String::new(),
            matched: None,
        })
    }

    /// Takes the next text and gives what may be let out of it and of the text before, and the stop string if one is
    /// complete now. After that, nothing comes out any more.
    pub fn push(&mut self, text: &str) -> (String, Option<&str>) {
        if self.matched.is_some() {
            return (String::new(), None);
        }
        if self.stops.is_empty() {
            return (text.to_owned(), None);
        }
        for char in text.chars() {
            self.held.push(char);
            let complete = self.stops.iter().position(|stop| self.held.ends_with(stop.as_str()));
            if let Some(index) = complete {
                self.matched = Some(index);
                let mut out = std::mem::take(&mut self.held);
                out.truncate(out.len() - self.stops[index].len());
                return (out, self.matched());
            }
        }
        let keep_from = self.may_begin_at();
        let kept = self.held.split_off(keep_from);
        (std::mem::replace(&mut self.held, kept), None)
    }

    /// Gives what is held back, when no more text comes.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// The stop string that ended the stream.
    pub fn matched(&self) -> Option<&str> {
        self.matched.map(|index| self.stops[index].as_str())
    }

    /// Where the longest end of the held text begins that is the beginning of a stop string.
    fn may_begin_at(&self) -> usize {
        let longest = self.stops.first().map_or(0, String::len);
        let first = self.held.len().saturating_sub(longest);
        (first..self.held.len())
            .filter(|&at| self.held.is_char_boundary(at))
            .find(|&at| self.stops.iter().any(|stop| stop.starts_with(&self.held[at..])))
            .unwrap_or(self.held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::Random;

    fn stops(stops: &[&str]) -> StopStrings {
        StopStrings::new(stops.iter().map(|stop| (*stop).to_owned()).collect()).unwrap()
    }

    fn run(stop_strings: &[&str], parts: &[&str]) -> (String, Option<String>) {
        let mut stops = stops(stop_strings);
        let mut out = String::new();
        for part in parts {
            let (text, matched) = stops.push(part);
            out.push_str(&text);
            if let Some(matched) = matched {
                let matched = matched.to_owned();
                assert_eq!(stops.push("more"), (String::new(), None));
                return (out + &stops.finish(), Some(matched));
            }
        }
        (out + &stops.finish(), None)
    }

    #[test]
    fn bad_lists_are_refused() {
        let refused = |stops: Vec<String>| StopStrings::new(stops).unwrap_err().to_string();
        assert!(refused(vec!["a".into(), String::new()]).contains("empty"));
        assert!(refused(vec!["a".into(); 17]).contains("17 are given"));
        assert!(refused(vec!["é".repeat(513)]).contains("1026 bytes"));
        assert!(StopStrings::new(vec!["é".repeat(512); 16]).is_ok());
    }

    #[test]
    fn holds_back_only_what_could_become_one() {
        let mut stops = stops(&["\nUser:", "END"]);
        assert_eq!(stops.push("Hello"), ("Hello".into(), None));
        assert_eq!(stops.push(" E"), (" ".into(), None));
        assert_eq!(stops.push("Nd"), ("ENd".into(), None));
        assert_eq!(stops.push("\n\nUse"), ("\n".into(), None));
        assert_eq!(stops.push("d"), ("\nUsed".into(), None));
        assert_eq!(stops.push(".\nUser: x"), (".".into(), Some("\nUser:")));
        assert_eq!(stops.matched(), Some("\nUser:"));
        assert_eq!(stops.finish(), "");
    }

    #[test]
    fn the_first_complete_string_wins_and_the_longest_of_equals() {
        assert_eq!(run(&["abcd", "bc"], &["xabcd"]), ("xa".into(), Some("bc".into())));
        assert_eq!(run(&["c", "abc"], &["xa", "bc"]), ("x".into(), Some("abc".into())));
        assert_eq!(run(&["aab"], &["aaab"]), ("a".into(), Some("aab".into())));
        assert_eq!(run(&["日本"], &["日", "日", "本"]), ("日".into(), Some("日本".into())));
        assert_eq!(run(&["ab"], &["a"]), ("a".into(), None));
        assert_eq!(run(&[], &["a", "b"]), ("ab".into(), None));
    }

    /// The same result, found the slow way on the whole text.
    fn expected(stops: &[&str], text: &str) -> (String, Option<String>) {
        for end in (1..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            let complete = stops.iter().filter(|stop| text[..end].ends_with(**stop));
            if let Some(stop) = complete.max_by_key(|stop| stop.len()) {
                return (text[..end - stop.len()].to_owned(), Some((*stop).to_owned()));
            }
        }
        (text.to_owned(), None)
    }

    #[test]
    fn no_part_leaks_however_the_text_is_cut() {
        let mut random = Random::new(5);
        for _ in 0..20_000 {
            let mut make = |longest: usize| -> String {
                (0..1 + random.below(longest))
                    .map(|_| *random.pick(&['a', 'b', 'é']))
                    .collect()
            };
            let own: Vec<String> = (0..3).map(|_| make(4)).collect();
            let text = make(14);
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            let parts = random.cut(&text, 3);
            assert_eq!(run(&own, &parts), expected(&own, &text), "{own:?} {parts:?}");
        }
    }
}
