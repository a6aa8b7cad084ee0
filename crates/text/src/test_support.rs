//! What this crate's unit tests share: the fixture vocabulary and a small deterministic random generator.

use std::sync::{Arc, LazyLock};

use crate::tokenizer::Tokenizer;
use crate::vocabulary::Vocabulary;

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../tests/fixtures/vocabulary.json")).expect("the fixture is a vocabulary")
});

static TOKENIZER: LazyLock<Arc<Tokenizer>> =
    LazyLock::new(|| Arc::new(Tokenizer::new(&VOCABULARY).expect("the fixture is valid")));

/// Qwen3's special tokens over a small byte-level vocabulary.
pub(crate) fn vocabulary() -> Vocabulary {
    VOCABULARY.clone()
}

pub(crate) fn tokenizer() -> Arc<Tokenizer> {
    TOKENIZER.clone()
}

/// SplitMix64: small, deterministic, good enough to shuffle tests.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which isn't 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Cuts `text` into random parts of at most `longest` characters.
    pub(crate) fn cut<'t>(&mut self, mut text: &'t str, longest: usize) -> Vec<&'t str> {
        let mut parts = Vec::new();
        while !text.is_empty() {
            let chars = 1 + self.below(longest);
            let end = text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
            parts.push(&text[..end]);
            text = &text[end..];
        }
        parts
    }
}

const PARTS: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\u{A0}",
    "\u{3000}",
    "\u{85}",
    "a",
    "B",
    "word",
    "'s",
    "'LL",
    "'ſ",
    "1",
    "٣",
    "½",
    "é",
    "e\u{301}",
    "ß",
    "語",
    "한",
    "ا",
    "ไ",
    "🙂",
    "👨\u{200D}👩\u{200D}👧",
    "!",
    "...",
    "<",
    "|",
    ">",
    "_",
    "\0",
    "\u{FFFD}",
    "\u{FDD0}",
    "\u{10FFFF}",
    "<|im_end|>",
    "<think>",
    "</think>",
    "<tool_call>",
];

/// Up to `longest` pieces of hostile text.
pub(crate) fn random_text(random: &mut Random, longest: usize) -> String {
    (0..random.below(longest + 1)).map(|_| *random.pick(PARTS)).collect()
}
