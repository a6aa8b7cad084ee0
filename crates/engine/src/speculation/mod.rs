//! Guessing tokens from the sequence's own text, to be verified several rows at a time.
//!
//! A draft changes no answer: each of its rows is sampled from the model's own distribution, in order, by the request's own
//! sampler, and the first token that differs from the draft ends it. What comes out is what one row at a time would give.

mod acceptance;
mod draft_lens;
mod drafter;
mod pass_costs;
mod prompt_lookup;

pub(crate) use acceptance::Acceptance;
pub(crate) use drafter::Drafter;
pub(crate) use prompt_lookup::look_up;

/// Most rows of a pass with drafts: further ones cost more than they bring.
pub(crate) const MOST_ROWS: usize = 8;

/// Whether tokens are guessed ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speculation {
    /// Where it pays, by how often guesses came true and what further rows cost.
    #[default]
    Auto,
    Off,
    /// This many tokens wherever there is a guess, whether it pays or not: to measure and to test.
    Always(usize),
}
