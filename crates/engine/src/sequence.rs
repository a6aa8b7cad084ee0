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
    pub readout: Readout,
    /// Number of its last turn at prefilling: the lowest is next.
    pub last_turn: u64,
}

/// Which positions' results are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readout {
    /// The logits of the last token, whichever that is.
    NextToken,
    /// Logits from this position on, but for the last token's, which predict nothing that is there.
    Logits { from: usize },
    /// Hidden states from this position on.
    States { from: usize },
}

impl Sequence {
    pub fn new(id: u64, prompt: Vec<u32>, readout: Readout) -> Self {
        Sequence {
            id,
            prompt_len: prompt.len(),
            tokens: prompt,
            num_computed: 0,
            block_table: Vec::new(),
            readout,
            last_turn: 0,
        }
    }

    /// Positions that have to be computed by now.
    pub fn num_needed(&self) -> usize {
        self.tokens.len() - usize::from(matches!(self.readout, Readout::Logits { .. }))
    }

    pub fn num_pending(&self) -> usize {
        self.num_needed() - self.num_computed
    }

    /// The first position whose results are still wanted, which therefore can't come from a cached prefix.
    pub fn read_from(&self) -> usize {
        match self.readout {
            Readout::NextToken => self.tokens.len() - 1,
            Readout::Logits { from } | Readout::States { from } => from,
        }
    }

    /// Notes that everything before `position` was read.
    pub fn note_read(&mut self, position: usize) {
        if let Readout::Logits { from } | Readout::States { from } = &mut self.readout {
            *from = position.max(*from);
        }
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
