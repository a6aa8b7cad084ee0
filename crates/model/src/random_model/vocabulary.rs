//! A byte-level BPE vocabulary of any size, with Qwen3's special tokens at its end.

/// The rows of Qwen3's embedding.
pub const QWEN3_VOCAB_SIZE: usize = 151_936;
/// The 256 bytes and the special tokens.
pub const MIN_VOCAB_SIZE: usize = 256 + SPECIAL_TOKENS.len();

/// In the order of their ids, 151643 to 151668 in Qwen3.
const SPECIAL_TOKENS: [&str; 26] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
];

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

pub(super) struct Vocabulary {
    pub tokens: Vec<String>,
    pub token_types: Vec<i32>,
    /// "left right", each making a token that exists, in the order of the tokens.
    pub merges: Vec<String>,
    pub first_special: usize,
}

impl Vocabulary {
    /// The id of `<|endoftext|>`.
    pub fn end_of_text(&self) -> u32 {
        self.first_special as u32
    }

    /// The id of `<|im_end|>`.
    pub fn end_of_turn(&self) -> u32 {
        self.first_special as u32 + 2
    }

    pub fn new(vocab_size: usize) -> Self {
        let num_padding = num_padding(vocab_size);
        let first_special = vocab_size - SPECIAL_TOKENS.len() - num_padding;
        let (mut tokens, merges) = pieces(first_special);
        let mut token_types = vec![NORMAL; tokens.len()];
        for token in SPECIAL_TOKENS {
            tokens.push(token.to_owned());
            token_types.push(if token.starts_with("<|") { CONTROL } else { USER_DEFINED });
        }
        for id in tokens.len()..vocab_size {
            tokens.push(format!("[PAD{id}]"));
            token_types.push(UNUSED);
        }
        Self {
            tokens,
            token_types,
            merges,
            first_special,
        }
    }
}

/// Rows of the embedding that no token uses: 267 in Qwen3.
fn num_padding(vocab_size: usize) -> usize {
    if vocab_size == QWEN3_VOCAB_SIZE {
        267
    } else {
        (vocab_size - MIN_VOCAB_SIZE).min(5)
    }
}

/// The first `count` tokens and their merges: the 256 bytes, then pieces of lower-case words, with and without a space
/// before them, each a shorter piece and one more letter.
fn pieces(count: usize) -> (Vec<String>, Vec<String>) {
    let mut tokens: Vec<String> = byte_symbols().into_iter().map(String::from).collect();
    let mut merges = Vec::new();
    // The space's symbol, then the letters: pieces of one symbol, to be extended.
    let mut stems: Vec<String> = ['\u{120}'].into_iter().chain('a'..='z').map(String::from).collect();
    let mut next_stem = 0;
    while tokens.len() < count {
        let stem = stems[next_stem].clone();
        next_stem += 1;
        for letter in ('a'..='z').take(count - tokens.len()) {
            merges.push(format!("{stem} {letter}"));
            let token = format!("{stem}{letter}");
            stems.push(token.clone());
            tokens.push(token);
        }
    }
    (tokens, merges)
}

/// The printable symbols that stand for the 256 bytes in byte-level BPE, in the order of their ids: printable bytes
/// stand for themselves and come first, the others are moved up to U+0100 and the following.
fn byte_symbols() -> Vec<char> {
    let is_printable = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let printable = (0..=255_u8).filter(is_printable).map(char::from);
    let others = (0..=255_u8)
        .filter(|byte| !is_printable(byte))
        .zip('\u{100}'..)
        .map(|(_, symbol)| symbol);
    printable.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn qwen3_ids_are_the_true_ones() {
        let vocabulary = Vocabulary::new(QWEN3_VOCAB_SIZE);
        assert_eq!(vocabulary.tokens.len(), QWEN3_VOCAB_SIZE);
        assert_eq!(vocabulary.merges.len(), 151_387);
        let id = |token: &str| vocabulary.tokens.iter().position(|other| other == token);
        assert_eq!(id("<|endoftext|>"), Some(151_643));
        assert_eq!(id("<|im_end|>"), Some(151_645));
        assert_eq!(id("<tool_call>"), Some(151_657));
        assert_eq!(id("</think>"), Some(151_668));
        assert_eq!((vocabulary.end_of_text(), vocabulary.end_of_turn()), (151_643, 151_645));
    }

    #[test]
    fn merges_make_existing_tokens_from_existing_tokens() {
        for size in [MIN_VOCAB_SIZE, MIN_VOCAB_SIZE + 1, 307, 1000, 40_000] {
            let vocabulary = Vocabulary::new(size);
            let tokens: HashSet<&str> = vocabulary.tokens.iter().map(String::as_str).collect();
            assert_eq!(tokens.len(), size, "tokens must differ");
            assert_eq!(vocabulary.token_types.len(), size);
            for merge in &vocabulary.merges {
                let (left, right) = merge.split_once(' ').unwrap();
                assert!(tokens.contains(left) && tokens.contains(right), "{merge}");
                assert!(tokens.contains(format!("{left}{right}").as_str()), "{merge}");
            }
        }
    }
}
