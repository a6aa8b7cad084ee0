//! A GGUF file's tokenizer metadata as plain data, and the check that it makes sense.

use std::collections::HashMap;

use crate::byte_level;
use crate::error::TextError;

/// `tokenizer.ggml.token_type` of an ordinary token, spelled in the byte-level alphabet.
pub const TOKEN_TYPE_NORMAL: u32 = 1;
/// A token that only a template may write, such as `<|im_end|>`; it is never printed.
pub const TOKEN_TYPE_CONTROL: u32 = 3;
/// A token added to the vocabulary that is printed as its text, such as `<think>`.
pub const TOKEN_TYPE_USER_DEFINED: u32 = 4;
/// Padding up to the rows of the embedding matrix.
pub const TOKEN_TYPE_UNUSED: u32 = 5;

const SUPPORTED_MODEL: &str = "gpt2";
const SUPPORTED_PRE: &str = "qwen2";

/// The `tokenizer.ggml.*` keys of a GGUF file. A token's id is its index in `tokens`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Vocabulary {
    /// The kind of tokenizer; only `gpt2` (byte-level BPE) is supported.
    pub model: String,
    /// How text is split before BPE; only `qwen2` is supported.
    pub pre: String,
    /// Ordinary tokens in the byte-level alphabet (a space is `Ġ`), the others as their text.
    pub tokens: Vec<String>,
    /// One of the `TOKEN_TYPE` numbers for each token.
    pub token_types: Vec<u32>,
    /// Pairs of tokens with one space between them, the most important first.
    pub merges: Vec<String>,
    pub eos_token_id: Option<u32>,
    pub bos_token_id: Option<u32>,
    pub padding_token_id: Option<u32>,
}

impl Vocabulary {
    /// The first token id that stands for another text in the other vocabulary. Padding stands for nothing, and models of
    /// one family have different amounts of it.
    pub fn first_difference(&self, other: &Vocabulary) -> Option<u32> {
        let len = self.tokens.len().max(other.tokens.len());
        let is_same =
            |id: usize| self.tokens.get(id) == other.tokens.get(id) || (self.is_padding(id) && other.is_padding(id));
        (0u32..).take(len).find(|&id| !is_same(id as usize))
    }

    fn is_padding(&self, id: usize) -> bool {
        self.token_types.get(id).is_none_or(|&kind| kind == TOKEN_TYPE_UNUSED)
    }

    /// Checks everything that the tokenizer relies on.
    ///
    /// # Errors
    /// `UnsupportedTokenizer` for another model or split, `InvalidVocabulary` for counts that disagree, ids out of
    /// range, duplicate tokens, any of the 256 byte tokens missing (text would be lost without a sound), and merges
    /// that are malformed or name a token that isn't there.
    pub fn validate(&self) -> Result<(), TextError> {
        supported("model", &self.model, SUPPORTED_MODEL)?;
        supported("pre", &self.pre, SUPPORTED_PRE)?;
        self.validate_counts()?;
        let ids = self.validate_tokens()?;
        self.validate_merges(&ids)
    }

    fn validate_counts(&self) -> Result<(), TextError> {
        let (tokens, types) = (self.tokens.len(), self.token_types.len());
        if tokens != types {
            return invalid(format!(
                "it has {tokens} tokens but {types} token types (tokenizer.ggml.token_type)"
            ));
        }
        if u32::try_from(tokens).is_err() {
            return invalid(format!("{tokens} tokens are more than a token id can count"));
        }
        let named = [
            ("eos_token_id", self.eos_token_id),
            ("bos_token_id", self.bos_token_id),
            ("padding_token_id", self.padding_token_id),
        ];
        for (key, id) in named {
            if let Some(id) = id.filter(|&id| id as usize >= tokens) {
                return invalid(format!("{key} is {id}, but there are only {tokens} tokens"));
            }
        }
        Ok(())
    }

    /// The ids of all tokens by their text; of unused ones, which may share a text, the last.
    fn validate_tokens(&self) -> Result<HashMap<&str, u32>, TextError> {
        let mut ids = HashMap::with_capacity(self.tokens.len());
        for (id, (token, &kind)) in (0u32..).zip(self.tokens.iter().zip(&self.token_types)) {
            if kind != TOKEN_TYPE_UNUSED && token.is_empty() {
                return invalid(format!("token {id} is empty"));
            }
            if let Some(first) = ids.insert(token.as_str(), id)
                && (kind != TOKEN_TYPE_UNUSED || self.token_types[first as usize] != TOKEN_TYPE_UNUSED)
            {
                return invalid(format!("tokens {first} and {id} are both {token:?}"));
            }
        }
        for byte in 0..=u8::MAX {
            let mut buffer = [0; 4];
            let spelled = byte_level::char_of(byte).encode_utf8(&mut buffer);
            if !ids.get(&*spelled).is_some_and(|&id| self.is_normal(id)) {
                return invalid(format!("the token for byte 0x{byte:02X} is missing"));
            }
        }
        Ok(ids)
    }

    fn validate_merges(&self, ids: &HashMap<&str, u32>) -> Result<(), TextError> {
        let mut joined = String::new();
        for (index, merge) in self.merges.iter().enumerate() {
            let Some((left, right)) = split_merge(merge) else {
                return invalid(format!("merge {index} is {merge:?}, not two tokens"));
            };
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            for part in [left, right, &joined] {
                if !ids.get(part).is_some_and(|&id| self.is_normal(id)) {
                    return invalid(format!(
                        "merge {index} ({merge:?}) needs the token {part:?}, which is missing"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether a token takes part in BPE.
    pub(crate) fn is_normal(&self, id: u32) -> bool {
        !matches!(
            self.token_types[id as usize],
            TOKEN_TYPE_CONTROL | TOKEN_TYPE_USER_DEFINED | TOKEN_TYPE_UNUSED
        )
    }
}

/// The two tokens of a merge. Spaces inside tokens are spelled otherwise, so there is exactly one.
pub(crate) fn split_merge(merge: &str) -> Option<(&str, &str)> {
    let (left, right) = merge.split_once(' ')?;
    (!left.is_empty() && !right.is_empty() && !right.contains(' ')).then_some((left, right))
}

fn supported(key: &'static str, found: &str, supported: &'static str) -> Result<(), TextError> {
    if found == supported {
        return Ok(());
    }
    Err(TextError::UnsupportedTokenizer {
        key,
        found: found.to_owned(),
        supported,
    })
}

fn invalid<T>(message: String) -> Result<T, TextError> {
    Err(TextError::InvalidVocabulary(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::vocabulary;

    fn error(change: impl FnOnce(&mut Vocabulary)) -> String {
        let mut changed = vocabulary();
        change(&mut changed);
        changed.validate().unwrap_err().to_string()
    }

    #[test]
    fn a_good_vocabulary_passes() {
        assert_eq!(vocabulary().validate(), Ok(()));
    }

    #[test]
    fn vocabularies_are_compared_by_what_their_tokens_stand_for() {
        let len = vocabulary().tokens.len() as u32;
        let difference = |change: &dyn Fn(&mut Vocabulary)| {
            let mut changed = vocabulary();
            change(&mut changed);
            assert_eq!(
                vocabulary().first_difference(&changed),
                changed.first_difference(&vocabulary())
            );
            vocabulary().first_difference(&changed)
        };
        let add = |changed: &mut Vocabulary, text: &str, kind| {
            changed.tokens.push(text.to_owned());
            changed.token_types.push(kind);
        };
        assert_eq!(difference(&|_| {}), None);
        assert_eq!(difference(&|v| add(v, "[PAD]", TOKEN_TYPE_UNUSED)), None);
        assert_eq!(difference(&|v| add(v, "<new>", TOKEN_TYPE_CONTROL)), Some(len));
        assert_eq!(difference(&|v| v.tokens.swap(7, 9)), Some(7));
        // Programs that make files disagree on what kind an added token is.
        assert_eq!(
            difference(&|v| v.token_types[len as usize - 1] = TOKEN_TYPE_USER_DEFINED),
            None
        );
    }

    #[test]
    fn unsupported_kinds_are_named() {
        assert!(error(|v| v.model = "llama".into()).contains("model is \"llama\""));
        assert!(error(|v| v.pre = "deepseek-llm".into()).contains("pre is \"deepseek-llm\""));
    }

    #[test]
    fn counts_and_ids_must_agree() {
        assert!(error(|v| v.token_types.truncate(3)).contains("3 token types"));
        assert!(error(|v| v.token_types.clear()).contains("0 token types"));
        assert!(error(|v| v.eos_token_id = Some(9_999)).contains("eos_token_id is 9999"));
        assert!(error(|v| v.padding_token_id = Some(u32::MAX)).contains("padding_token_id"));
    }

    #[test]
    fn tokens_must_be_there_and_distinct() {
        assert!(error(|v| v.tokens[300] = v.tokens[299].clone()).contains("tokens 299 and 300"));
        assert!(error(|v| v.tokens[300].clear()).contains("token 300 is empty"));
        assert!(error(|v| v.token_types[65] = TOKEN_TYPE_UNUSED).contains("is missing"));
        let empty = Vocabulary {
            model: "gpt2".into(),
            pre: "qwen2".into(),
            ..Vocabulary::default()
        };
        assert!(empty.validate().unwrap_err().to_string().contains("byte 0x00"));
    }

    #[test]
    fn unused_tokens_may_share_a_text() {
        let mut padded = vocabulary();
        for _ in 0..3 {
            padded.tokens.push("[PAD]".into());
            padded.token_types.push(TOKEN_TYPE_UNUSED);
        }
        assert_eq!(padded.validate(), Ok(()));
    }

    #[test]
    fn merges_must_name_tokens() {
        for bad in ["", "a", " a", "a ", "a b c", "a  b", "\u{10FFFF} a", "a <|im_end|>"] {
            let message = error(|v| v.merges[1] = bad.into());
            assert!(message.contains("merge 1"), "{bad:?}: {message}");
        }
        let huge = "a".repeat(5_000);
        assert!(error(|v| v.merges.push(format!("{huge} {huge}"))).contains("needs the token"));
    }
}
