//! Text to token ids and back: byte-level BPE with Qwen2's split, built from a GGUF file's own metadata.

use std::collections::HashSet;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::{Model, NormalizedString};

use crate::byte_level;
use crate::error::TextError;
use crate::special_tokens::{Piece, SpecialTokens};
use crate::vocabulary::{TOKEN_TYPE_CONTROL, TOKEN_TYPE_UNUSED, TOKEN_TYPE_USER_DEFINED, Vocabulary, split_merge};
use crate::word_split::WordSplit;

/// Words whose token ids each thread remembers.
const CACHED_WORDS: usize = 4_096;

/// A model's tokenizer. Immutable and safe to share between threads.
#[derive(Debug)]
pub struct Tokenizer {
    bpe: BPE,
    word_split: WordSplit,
    special: SpecialTokens,
    /// The bytes of all tokens one after the other; token `id` is `bytes[starts[id]..starts[id + 1]]`.
    bytes: Vec<u8>,
    starts: Vec<u32>,
    token_types: Vec<u32>,
    end_of_turn_ids: Vec<u32>,
}

impl Tokenizer {
    /// Builds the tokenizer after checking the vocabulary.
    ///
    /// # Errors
    /// Those of [`Vocabulary::validate`].
    pub fn new(vocabulary: &Vocabulary) -> Result<Self, TextError> {
        vocabulary.validate()?;
        let mut special = SpecialTokens::default();
        for (id, token) in (0u32..).zip(&vocabulary.tokens) {
            if is_special(vocabulary.token_types[id as usize]) {
                special.insert(token, id);
            }
        }
        let (bytes, starts) = token_bytes(vocabulary)?;
        Ok(Self {
            bpe: build_bpe(vocabulary)?,
            word_split: WordSplit::new()?,
            end_of_turn_ids: end_of_turn_ids(vocabulary, &special),
            special,
            bytes,
            starts,
            token_types: vocabulary.token_types.clone(),
        })
    }

    /// Token ids of plain text: the text of a special token in it is text like any other.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.encode_into(text, &mut ids);
        ids
    }

    /// Token ids of text that is trusted to contain special tokens, such as what a chat template wrote by itself.
    pub fn encode_with_special(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.special.pieces(text, |piece| match piece {
            Piece::Plain(text) => self.encode_into(text, &mut ids),
            Piece::Special(id) => ids.push(id),
        });
        ids
    }

    /// Appends the token ids of plain text.
    pub(crate) fn encode_into(&self, text: &str, ids: &mut Vec<u32>) {
        if text.is_ascii() {
            return self.encode_normalized(text, ids);
        }
        let mut normalized = NormalizedString::from(text);
        normalized.nfc();
        self.encode_normalized(normalized.get(), ids);
    }

    /// Token ids of plain text whose bytes must not change, so it isn't normalised.
    pub(crate) fn encode_as_is(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.encode_normalized(text, &mut ids);
        ids
    }

    fn encode_normalized(&self, text: &str, ids: &mut Vec<u32>) {
        let mut spelled = String::new();
        self.word_split.split(text, |word| {
            spelled.clear();
            spelled.extend(word.bytes().map(byte_level::char_of));
            // BPE fails only for an unknown token that isn't in the vocabulary, and none is configured.
            let tokens = self.bpe.tokenize(&spelled).unwrap_or_default();
            ids.extend(tokens.iter().map(|token| token.id));
        });
    }

    /// The raw bytes that a token stands for, often a part of a character only. A special token's are its text, an
    /// unused one's are none. `None` for an id outside the vocabulary.
    pub fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        let index = id as usize;
        let (&start, &end) = (self.starts.get(index)?, self.starts.get(index.checked_add(1)?)?);
        Some(&self.bytes[start as usize..end as usize])
    }

    /// The text of token ids, special tokens included; bytes that aren't UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids
            .iter()
            .filter_map(|&id| self.token_bytes(id))
            .flatten()
            .copied()
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The id of a special token, e.g. `<|im_end|>`.
    pub fn special_id(&self, text: &str) -> Option<u32> {
        self.special.id(text)
    }

    /// The number of tokens; the model's embedding may have more rows ([`Tokenizer::padding_rows`]).
    pub fn vocab_size(&self) -> usize {
        self.token_types.len()
    }

    /// Whether a token is never printed.
    pub fn is_control(&self, id: u32) -> bool {
        self.token_types.get(id as usize) == Some(&TOKEN_TYPE_CONTROL)
    }

    /// Whether a token stands for more than its text: a control token or another that was added to the vocabulary.
    pub(crate) fn is_special(&self, id: u32) -> bool {
        self.token_types.get(id as usize).copied().is_some_and(is_special)
    }

    /// The tokens that end an answer: the file's `eos`, and `<|im_end|>` and `<|endoftext|>` where there are any
    /// (Qwen3 stops on both, but its GGUF files name one). Sorted, without duplicates.
    pub fn end_of_turn_ids(&self) -> &[u32] {
        &self.end_of_turn_ids
    }

    /// The ids below `vocab_rows` (rows of the model's output) that must never be sampled: unused tokens, and rows that
    /// no token belongs to. Sorted.
    pub fn padding_rows(&self, vocab_rows: usize) -> Vec<u32> {
        (0u32..)
            .take(vocab_rows)
            .filter(|&id| {
                self.token_types
                    .get(id as usize)
                    .is_none_or(|&kind| kind == TOKEN_TYPE_UNUSED)
            })
            .collect()
    }

    pub(crate) fn special(&self) -> &SpecialTokens {
        &self.special
    }
}

fn is_special(token_type: u32) -> bool {
    matches!(token_type, TOKEN_TYPE_CONTROL | TOKEN_TYPE_USER_DEFINED)
}

fn build_bpe(vocabulary: &Vocabulary) -> Result<BPE, TextError> {
    let mut tokens = Vocab::with_capacity(vocabulary.tokens.len());
    for (id, token) in (0u32..).zip(&vocabulary.tokens) {
        if vocabulary.is_normal(id) {
            tokens.insert(token.clone(), id);
        }
    }
    let merges = vocabulary
        .merges
        .iter()
        .filter_map(|merge| split_merge(merge))
        .map(|(left, right)| (left.to_owned(), right.to_owned()))
        .collect();
    BPE::builder()
        .vocab_and_merges(tokens, merges)
        .cache_capacity(CACHED_WORDS)
        .build()
        .map_err(|error| TextError::InvalidVocabulary(error.to_string()))
}

/// All tokens' bytes in one buffer, and where each begins (one entry more than there are tokens).
fn token_bytes(vocabulary: &Vocabulary) -> Result<(Vec<u8>, Vec<u32>), TextError> {
    let mut bytes = Vec::new();
    let mut starts = Vec::with_capacity(vocabulary.tokens.len() + 1);
    starts.push(0);
    for (token, &kind) in vocabulary.tokens.iter().zip(&vocabulary.token_types) {
        let start = bytes.len();
        if is_special(kind) {
            bytes.extend_from_slice(token.as_bytes());
        } else if kind != TOKEN_TYPE_UNUSED {
            for char in token.chars() {
                match byte_level::byte_of(char) {
                    Some(byte) => bytes.push(byte),
                    None => {
                        // Not spelled in the alphabet, so it is meant literally.
                        bytes.truncate(start);
                        bytes.extend_from_slice(token.as_bytes());
                        break;
                    }
                }
            }
        }
        let end = u32::try_from(bytes.len())
            .map_err(|_| TextError::InvalidVocabulary("its tokens are longer than 4 GiB together".into()))?;
        starts.push(end);
    }
    Ok((bytes, starts))
}

fn end_of_turn_ids(vocabulary: &Vocabulary, special: &SpecialTokens) -> Vec<u32> {
    let named = ["<|im_end|>", "<|endoftext|>"]
        .into_iter()
        .filter_map(|text| special.id(text));
    let ids: HashSet<u32> = vocabulary.eos_token_id.into_iter().chain(named).collect();
    let mut ids: Vec<u32> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}
