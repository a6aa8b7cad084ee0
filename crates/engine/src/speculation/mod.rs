//! Guessing tokens, to be verified several rows at a time: from the sequence's own text, or by a second, faster model.
//!
//! A draft changes no answer: each of its rows is sampled from the model's own distribution, in order, by the request's own
//! sampler, and the first token that differs from the draft ends it. What comes out is what one row at a time would give,
//! to the token, with the same seed.
//!
//! The usual scheme for draft models (accept a token with probability min(1, p/q), else draw from what is left of p) keeps the
//! distribution, too, but not the text: a seeded answer would depend on what was drafted, and so on who was there beside it.
//! Ours accepts a guess if the request's sampler chooses it. The draft model draws from its own distribution with the same
//! random numbers that the sampler is about to use, so that guesses and choices fall together where the distributions do.

mod acceptance;
mod clock;
mod draft_costs;
mod draft_lens;
mod draft_model;
mod draft_sequences;
mod drafter;
mod pass_costs;
mod prompt_lookup;

pub(crate) use acceptance::Acceptance;
pub(crate) use clock::Clock;
pub(crate) use draft_lens::Proposal;
pub use draft_model::Draft;
pub(crate) use draft_model::{DraftModel, Guess};
pub(crate) use drafter::{Candidate, Drafter, ModelTurn};
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
