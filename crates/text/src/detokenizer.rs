//! Token ids to text as they come: whole UTF-8 characters only.

use std::sync::Arc;

use crate::tokenizer::Tokenizer;

/// Turns a stream of bytes into text, holding back a character until all of it has come. All texts joined are what
/// `String::from_utf8_lossy` makes of all bytes joined.
#[derive(Debug, Default)]
pub(crate) struct Utf8Stream {
    /// The bytes of a character that isn't complete: at most three.
    incomplete: Vec<u8>,
}

impl Utf8Stream {
    /// Appends to `out` the characters that `bytes` complete.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut String) {
        self.incomplete.extend_from_slice(bytes);
        let mut rest = self.incomplete.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    out.push_str(text);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    out.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    let Some(invalid) = error.error_len() else {
                        break;
                    };
                    out.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[invalid..];
                }
            }
        }
        let done = self.incomplete.len() - rest.len();
        self.incomplete.drain(..done);
    }

    /// Appends U+FFFD to `out` for a character that will never be complete.
    pub(crate) fn finish(&mut self, out: &mut String) {
        if !self.incomplete.is_empty() {
            self.incomplete.clear();
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// Streams the text of token ids. Control tokens print nothing; other special tokens print their text.
#[derive(Debug)]
pub struct Detokenizer {
    tokenizer: Arc<Tokenizer>,
    stream: Utf8Stream,
    text: String,
}

impl Detokenizer {
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self {
            tokenizer,
            stream: Utf8Stream::default(),
            text: String::new(),
        }
    }

    /// The characters that this token completes, often none. Bytes that aren't UTF-8 become U+FFFD. An id outside the
    /// vocabulary prints nothing.
    pub fn push(&mut self, id: u32) -> &str {
        self.text.clear();
        if !self.tokenizer.is_control(id)
            && let Some(bytes) = self.tokenizer.token_bytes(id)
        {
            self.stream.push(bytes, &mut self.text);
        }
        &self.text
    }

    /// U+FFFD if the stream ends within a character, else nothing. The detokenizer is then as new.
    pub fn finish(&mut self) -> &str {
        self.text.clear();
        self.stream.finish(&mut self.text);
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Random, random_text, tokenizer};

    fn stream(parts: &[&[u8]]) -> String {
        let (mut stream, mut out) = (Utf8Stream::default(), String::new());
        for part in parts {
            stream.push(part, &mut out);
        }
        stream.finish(&mut out);
        out
    }

    #[test]
    fn holds_back_what_is_incomplete() {
        let (mut stream, mut out) = (Utf8Stream::default(), String::new());
        for (byte, expected) in "aé🙂".bytes().zip(["a", "a", "aé", "aé", "aé", "aé", "aé🙂"]) {
            stream.push(&[byte], &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn any_bytes_in_any_split_give_the_lossy_text() {
        const BYTES: &[u8] = b"a\x80\xBF\xC2\xC0\xE0\xA0\xED\xE2\x82\xF0\x9F\x99\x82\xF4\x90\xFF";
        let mut random = Random::new(2);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.below(12)).map(|_| *random.pick(BYTES)).collect();
            let whole = String::from_utf8_lossy(&bytes);
            let at = random.below(bytes.len() + 1);
            assert_eq!(stream(&[&bytes[..at], &bytes[at..]]), whole, "{bytes:?} at {at}");
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(stream(&single), whole, "{bytes:?}");
        }
    }

    #[test]
    fn streams_tokens_and_not_control_tokens() {
        let tokenizer = tokenizer();
        let end = tokenizer.special_id("<|im_end|>").unwrap();
        let think = tokenizer.special_id("<think>").unwrap();
        let mut random = Random::new(3);
        for _ in 0..500 {
            let text = random_text(&mut random, 20);
            let mut ids = tokenizer.encode(&text);
            let whole = tokenizer.decode(&ids);
            ids.insert(random.below(ids.len() + 1), end);
            ids.insert(0, think);
            let mut detokenizer = Detokenizer::new(tokenizer.clone());
            let mut out = String::new();
            for id in ids {
                out.push_str(detokenizer.push(id));
            }
            out.push_str(detokenizer.finish());
            assert_eq!(out, format!("<think>{whole}"));
        }
        assert_eq!(Detokenizer::new(tokenizer).push(u32::MAX), "");
    }
}
