//! Finding special tokens (control and user-defined ones) in text.

use std::collections::HashMap;

/// The special tokens of a vocabulary by their text.
#[derive(Debug, Default)]
pub(crate) struct SpecialTokens {
    ids: HashMap<String, u32>,
    /// For each first byte, the tokens that begin with it, longest first.
    by_first_byte: HashMap<u8, Vec<(String, u32)>>,
}

/// A piece of text: either a special token or what stands between two of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Plain(&'t str),
    Special(u32),
}

impl SpecialTokens {
    pub(crate) fn insert(&mut self, text: &str, id: u32) {
        self.ids.insert(text.to_owned(), id);
        let tokens = self.by_first_byte.entry(text.as_bytes()[0]).or_default();
        tokens.push((text.to_owned(), id));
        tokens.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    }

    pub(crate) fn id(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }

    /// The special token that `text` begins with, the longest of several: (bytes, id).
    pub(crate) fn at_start(&self, text: &str) -> Option<(usize, u32)> {
        let tokens = self.by_first_byte.get(text.as_bytes().first()?)?;
        let (token, id) = tokens.iter().find(|(token, _)| text.starts_with(token.as_str()))?;
        Some((token.len(), *id))
    }

    /// The first special token in `text`: (where, bytes, id).
    pub(crate) fn find(&self, text: &str) -> Option<(usize, usize, u32)> {
        text.bytes().enumerate().find_map(|(at, byte)| {
            // A token's first byte is never a continuation byte, so `at` is a character's border.
            self.by_first_byte.get(&byte)?;
            let (length, id) = self.at_start(&text[at..])?;
            Some((at, length, id))
        })
    }

    /// Cuts `text` at its special tokens. Pieces are never empty.
    pub(crate) fn pieces<'t>(&self, text: &'t str, mut each: impl FnMut(Piece<'t>)) {
        let mut rest = text;
        while let Some((at, length, id)) = self.find(rest) {
            if at > 0 {
                each(Piece::Plain(&rest[..at]));
            }
            each(Piece::Special(id));
            rest = &rest[at + length..];
        }
        if !rest.is_empty() {
            each(Piece::Plain(rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Piece<'_>> {
        let mut special = SpecialTokens::default();
        for (text, id) in [("<a>", 1), ("<a>b", 2), ("é!", 3), ("<", 4)] {
            special.insert(text, id);
        }
        let mut found = Vec::new();
        special.pieces(text, |piece| found.push(piece));
        found
    }

    #[test]
    fn the_leftmost_longest_token_wins() {
        use Piece::{Plain, Special};
        assert_eq!(pieces(""), []);
        assert_eq!(pieces("x"), [Plain("x")]);
        assert_eq!(pieces("<a>b<a>c"), [Special(2), Special(1), Plain("c")]);
        assert_eq!(
            pieces("èé!é?<<a"),
            [Plain("è"), Special(3), Plain("é?"), Special(4), Special(4), Plain("a")]
        );
    }
}
