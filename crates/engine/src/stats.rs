//! The engine's counters.

/// Counters since the engine started, and how things stand now. Up to date when a request's last event arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Forward passes.
    pub steps: u64,
    /// Rows computed to read prompts, and to read again what a preempted sequence had.
    pub prefilled_tokens: u64,
    /// Tokens taken from the KV cache instead, at every admission.
    pub cached_tokens: u64,
    /// Tokens generated and reported.
    pub decoded_tokens: u64,
    /// Tokens guessed ahead and verified.
    pub drafted_tokens: u64,
    /// Those of them that were right: each saved a forward pass of its sequence.
    pub accepted_tokens: u64,
    /// Those of the drafted and of the accepted tokens that a draft model guessed; the others were found in the text.
    pub model_drafted_tokens: u64,
    pub model_accepted_tokens: u64,
    /// Rows that the draft model computed.
    pub draft_model_rows: u64,
    /// Times that a running sequence gave its blocks to an older one.
    pub preemptions: u64,
    pub running: usize,
    pub waiting: usize,
    pub blocks_total: usize,
    /// Blocks that hold nothing.
    pub blocks_free: usize,
    /// Blocks that hold only cached prefixes: reused or given away when needed. The rest is in use.
    pub blocks_cached: usize,
}
