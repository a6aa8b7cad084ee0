//! The tokens of one request and where their K and V are.

/// Position `p` of the sequence lives in slot `p % block_size` of block `block_table[p / block_size]`.
#[derive(Debug)]
pub(crate) struct Sequence {
    /// Order of submission: a lower id is older.
    pub id: u64,
    /// The prompt, then what was generated.
    pub tokens: Vec<u32>,
    pub prompt_len: usize,
    /// Positions `0..num_computed` are in the KV cache.
    pub num_computed: usize,
    /// Empty while waiting.
    pub block_table: Vec<u32>,
    /// For scoring, the first position whose logits are still wanted. None while generating, where it is the last token.
    pub score_position: Option<usize>,
    /// Number of its last turn at prefilling: the lowest is next.
    pub last_turn: u64,
}

impl Sequence {
    pub fn new(id: u64, prompt: Vec<u32>, score_prompt: bool) -> Self {
        Sequence {
            id,
            prompt_len: prompt.len(),
            tokens: prompt,
            num_computed: 0,
            block_table: Vec::new(),
            score_position: score_prompt.then_some(0),
            last_turn: 0,
        }
    }

    /// Positions that have to be computed by now. The last token of a scored prompt predicts nothing that is wanted.
    pub fn num_needed(&self) -> usize {
        self.tokens.len() - usize::from(self.score_position.is_some())
    }

    pub fn num_pending(&self) -> usize {
        self.num_needed() - self.num_computed
    }

    /// The first position whose logits are still wanted, which therefore can't come from a cached prefix.
    pub fn logits_from(&self) -> usize {
        self.score_position.unwrap_or(self.tokens.len() - 1)
    }

    /// Whether all that is missing is the token generated last.
    pub fn is_decoding(&self) -> bool {
        self.tokens.len() > self.prompt_len && self.num_pending() == 1
    }

    /// The tokens whose K and V exist.
    pub fn computed_tokens(&self) -> &[u32] {
        &self.tokens[..self.num_computed]
    }
}
