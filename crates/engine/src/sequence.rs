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
    /// Number of the pass that last computed some of its prompt, or in which it was admitted.
    pub last_turn: u64,
    pub standing: Standing,
}

/// How much a sequence's needs count beside those of others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Lower ones go first.
    pub priority: i32,
    pub client: Option<u64>,
    /// Times that it was passed over for another one.
    pub num_passed: u32,
}

impl Standing {
    /// Times of being passed over that make up for one step of priority.
    const PASSES_PER_LEVEL: u32 = 16;

    /// The priority that it has by now.
    pub fn level(&self) -> i64 {
        i64::from(self.priority) - i64::from(self.num_passed / Self::PASSES_PER_LEVEL)
    }
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
    pub fn new(id: u64, prompt: Vec<u32>, readout: Readout, standing: Standing) -> Self {
        Sequence {
            id,
            prompt_len: prompt.len(),
            tokens: prompt,
            num_computed: 0,
            block_table: Vec::new(),
            readout,
            last_turn: 0,
            standing,
        }
    }

    /// Its place in the order in which sequences get what they need: the lowest first, the oldest among equals.
    pub fn rank(&self) -> (i64, u64) {
        (self.standing.level(), self.id)
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
