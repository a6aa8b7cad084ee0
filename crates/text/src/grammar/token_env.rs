//! The tokenizer as the grammar library sees it.

use std::sync::Arc;

use llguidance::toktrie::{INVALID_TOKEN, TokRxInfo, TokTrie, TokenizerEnv};

use crate::tokenizer::Tokenizer;

/// Longer tokens aren't in the trie, which can't hold them; texts are written without them.
const MAX_TOKEN_BYTES: usize = 512;

pub(super) struct TokenEnv {
    tokenizer: Arc<Tokenizer>,
    trie: TokTrie,
}

impl TokenEnv {
    pub(super) fn new(tokenizer: Arc<Tokenizer>) -> Self {
        let num_tokens = tokenizer.vocab_size() as u32;
        let words: Vec<Vec<u8>> = (0..num_tokens).map(|id| word(&tokenizer, id)).collect();
        // Where a text may end is asked of the grammar itself, so no token has to mean it.
        let trie = TokTrie::from(&TokRxInfo::new(num_tokens, INVALID_TOKEN), &words);
        Self { tokenizer, trie }
    }
}

/// What a token adds to a text; nothing for one that never may.
fn word(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    let bytes = tokenizer.token_bytes(id).unwrap_or_default();
    let is_text = !tokenizer.is_special(id) && bytes.first() != Some(&TokTrie::SPECIAL_TOKEN_MARKER);
    if is_text && bytes.len() <= MAX_TOKEN_BYTES {
        bytes.to_vec()
    } else {
        Vec::new()
    }
}

impl TokenizerEnv for TokenEnv {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    /// How a model writes text that a grammar leaves no choice about. The bytes have to stay as they are, so they aren't
    /// normalised.
    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        self.trie
            .tokenize_with_greedy_fallback(bytes, |text| self.tokenizer.encode_as_is(text))
    }
}
