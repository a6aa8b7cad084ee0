//! What an answer may go on with: when its thought ends, which format its text has, and when and how tools are called.
//!
//! Follows the answer by its token ids, as the output parser does when it reads it. Runs on the engine's thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use izwi_engine::{TokenConstraint, TokenMask};
use izwi_text::{Grammar, TextError, Tokenizer};

/// A thought that ends within a character goes on for at most so many tokens to complete it.
const MAX_TOKENS_OF_A_CHARACTER: usize = 3;

/// How an answer is held.
#[derive(Clone)]
pub(crate) struct AnswerRules {
    pub thinking: ThinkingRule,
    pub calls: CallRule,
    /// What the text must be; calls that are required take its place.
    pub format: Option<Grammar>,
    /// Tokens that end the answer.
    pub stop_token_ids: Vec<u32>,
}

#[derive(Clone, Default)]
pub(crate) struct ThinkingRule {
    /// Whether the prompt has opened the thought.
    pub is_open: bool,
    /// Whether the answer may open one.
    pub may_open: bool,
    /// Most tokens of the thought.
    pub budget: Option<usize>,
    /// Set from outside when the thought should end.
    pub end: Arc<AtomicBool>,
}

impl ThinkingRule {
    /// Whether a thought of so many tokens has to end. The line break before its end is one of them, too.
    fn is_over(&self, num_tokens: usize) -> bool {
        self.budget.is_some_and(|budget| num_tokens + 1 >= budget) || self.end.load(Ordering::Acquire)
    }

    fn may_open_now(&self) -> bool {
        self.may_open && self.budget != Some(0) && !self.end.load(Ordering::Acquire)
    }
}

/// Whether tools are called, and what a call may be.
#[derive(Clone)]
pub(crate) enum CallRule {
    Never,
    /// As the model likes.
    Allowed {
        call: Grammar,
        several: bool,
    },
    /// Instead of any text.
    Required {
        call: Grammar,
        several: bool,
    },
}

#[derive(Clone)]
pub(crate) struct AnswerConstraint {
    rules: AnswerRules,
    tokenizer: Arc<Tokenizer>,
    marks: Marks,
    state: State,
    /// Tokens that come next, whatever the model says.
    dictated: VecDeque<u32>,
}

#[derive(Clone)]
struct Marks {
    think_open: Option<u32>,
    think_close: Option<u32>,
    call_open: Option<u32>,
    call_close: Option<u32>,
    /// What stands at the end of a thought, between it and the answer, and between two calls.
    line_break: Vec<u32>,
    two_line_breaks: Vec<u32>,
}

#[derive(Clone)]
enum State {
    /// Nothing but line breaks has come; a thought may still be opened.
    Start,
    Thinking(Thought),
    /// The text; `has_begun` says whether there is any.
    Text {
        has_begun: bool,
    },
    /// Within a call.
    Call(Box<Grammar>),
    /// Behind a call where only further calls may follow.
    AfterCall,
    /// Nothing may follow.
    Complete,
}

#[derive(Clone, Default)]
struct Thought {
    num_tokens: usize,
    ends_in_line_break: bool,
    /// Bytes that are missing of its last character.
    num_missing_bytes: usize,
    /// Tokens since it should have ended.
    num_tokens_over: usize,
}

impl AnswerConstraint {
    pub(crate) fn new(tokenizer: Arc<Tokenizer>, rules: AnswerRules) -> Self {
        let mark = |text: &str| tokenizer.special_id(text);
        Self {
            marks: Marks {
                think_open: mark("<think>"),
                think_close: mark("</think>"),
                call_open: mark("<tool_call>"),
                call_close: mark("</tool_call>"),
                line_break: tokenizer.encode("\n"),
                two_line_breaks: tokenizer.encode("\n\n"),
            },
            state: if rules.thinking.is_open {
                State::Thinking(Thought::default())
            } else {
                State::Start
            },
            dictated: VecDeque::new(),
            rules,
            tokenizer,
        }
    }

    /// Whether not every text is an answer.
    fn is_strict(&self) -> bool {
        self.rules.format.is_some() || matches!(self.rules.calls, CallRule::Required { .. })
    }

    fn mask_thought(&mut self, mask: &mut TokenMask) {
        if let Some(close) = self.marks.think_close
            && let State::Thinking(thought) = &mut self.state
            && self.rules.thinking.is_over(thought.num_tokens)
        {
            if thought.num_missing_bytes == 0 || thought.num_tokens_over == MAX_TOKENS_OF_A_CHARACTER {
                if !thought.ends_in_line_break && thought.num_tokens > 0 {
                    self.dictated.extend(&self.marks.line_break);
                }
                self.dictated.push_back(close);
                return mask.allow_only(self.dictated[0]);
            }
            thought.num_tokens_over += 1;
        }
        if self.is_strict() {
            // The answer can't end before it has begun.
            self.rules.stop_token_ids.iter().for_each(|&id| mask.forbid(id));
        }
    }

    fn mask_text(&mut self, mask: &mut TokenMask, has_begun: bool) -> Result<(), String> {
        let may_open = matches!(self.state, State::Start) && self.rules.thinking.may_open_now();
        let call_open = self.marks.call_open;
        match (&self.rules.calls, &mut self.rules.format) {
            (CallRule::Required { .. }, _) => {
                mask.forbid_all();
                call_open.into_iter().for_each(|id| mask.allow(id));
            }
            (calls, Some(format)) => {
                let may_end = format.may_end();
                mask.intersect(format.allowed().map_err(message)?);
                if may_end {
                    self.rules.stop_token_ids.iter().for_each(|&id| mask.allow(id));
                }
                if let (CallRule::Allowed { .. }, Some(call_open), false) = (calls, call_open, has_begun) {
                    mask.allow(call_open);
                }
            }
            (_, None) => return Ok(()),
        }
        if let Some(think_open) = self.marks.think_open.filter(|_| may_open) {
            mask.allow(think_open);
        }
        Ok(())
    }

    /// What comes next because nothing else may, without a look beyond the rule that it is about.
    fn next_forced(&mut self) -> Vec<u32> {
        if !self.dictated.is_empty() {
            return self.dictated.iter().copied().collect();
        }
        let may_open = matches!(self.state, State::Start) && self.rules.thinking.may_open_now();
        let has_begun = matches!(self.state, State::Text { has_begun: true });
        match (&mut self.state, &self.rules.calls, &mut self.rules.format) {
            (State::Call(call), ..) if call.is_complete() => self.marks.call_close.into_iter().collect(),
            (State::Call(call), ..) => call.forced(),
            (State::Start | State::Text { .. }, CallRule::Required { .. }, _) if !may_open => {
                self.marks.call_open.into_iter().collect()
            }
            (State::Start | State::Text { .. }, CallRule::Never, Some(format)) if !may_open => format.forced(),
            (State::Text { .. }, CallRule::Allowed { .. }, Some(format)) if has_begun => format.forced(),
            _ => Vec::new(),
        }
    }

    fn mask_after_call(&self, mask: &mut TokenMask) {
        mask.forbid_all();
        self.rules.stop_token_ids.iter().for_each(|&id| mask.allow(id));
        self.marks.line_break.first().into_iter().for_each(|&id| mask.allow(id));
    }

    fn accept_thought(&mut self, id: u32) {
        if Some(id) == self.marks.think_close {
            self.state = State::Text { has_begun: false };
            if self.is_strict() {
                self.dictated.extend(&self.marks.two_line_breaks);
            }
            return;
        }
        let bytes = self.tokenizer.token_bytes(id).unwrap_or_default();
        if let State::Thinking(thought) = &mut self.state {
            thought.num_tokens += 1;
            thought.ends_in_line_break = bytes.last() == Some(&b'\n');
            for &byte in bytes {
                thought.num_missing_bytes = missing_bytes(byte, thought.num_missing_bytes);
            }
        }
    }

    fn accept_text(&mut self, id: u32, has_begun: bool) -> Result<(), String> {
        let begins_call = Some(id) == self.marks.call_open && (!has_begun || self.rules.format.is_none());
        match &self.rules.calls {
            CallRule::Allowed { call, .. } | CallRule::Required { call, .. } if begins_call => {
                self.state = State::Call(Box::new(call.clone()));
                return Ok(());
            }
            _ => self.state = State::Text { has_begun: true },
        }
        if let Some(format) = &mut self.rules.format
            && !self.rules.stop_token_ids.contains(&id)
        {
            format.accept(id).map_err(message)?;
            if format.is_complete() {
                self.state = State::Complete;
            }
        }
        Ok(())
    }

    fn end_call(&mut self) {
        let (CallRule::Allowed { several, .. } | CallRule::Required { several, .. }) = self.rules.calls else {
            return;
        };
        self.state = if !several || (self.is_strict() && self.rules.stop_token_ids.is_empty()) {
            State::Complete
        } else if self.is_strict() {
            State::AfterCall
        } else {
            State::Text { has_begun: true }
        };
    }
}

impl TokenConstraint for AnswerConstraint {
    fn mask(&mut self, mask: &mut TokenMask) -> Result<(), String> {
        if let Some(&next) = self.dictated.front() {
            mask.allow_only(next);
            return Ok(());
        }
        match &mut self.state {
            State::Thinking(_) => self.mask_thought(mask),
            State::Start => return self.mask_text(mask, false),
            &mut State::Text { has_begun } => return self.mask_text(mask, has_begun),
            State::Call(call) if call.is_complete() => self.marks.call_close.iter().for_each(|&id| mask.allow_only(id)),
            State::Call(call) => mask.intersect(call.allowed().map_err(message)?),
            State::AfterCall => self.mask_after_call(mask),
            State::Complete => mask.forbid_all(),
        }
        Ok(())
    }

    fn accept(&mut self, id: u32) -> Result<(), String> {
        let is_dictated = self.dictated.pop_front().is_some();
        let is_strict = self.is_strict();
        match &mut self.state {
            State::Start if Some(id) == self.marks.think_open => self.state = State::Thinking(Thought::default()),
            State::Start if Some(id) == self.marks.think_close => self.state = State::Text { has_begun: false },
            State::Start if !is_strict && is_line_break(&self.tokenizer, id) => {}
            State::Start => return self.accept_text(id, false),
            State::Thinking(_) => self.accept_thought(id),
            // The line breaks behind a thought.
            State::Text { .. } if is_dictated => {}
            &mut State::Text { has_begun } => return self.accept_text(id, has_begun),
            State::Call(call) if !call.is_complete() => call.accept(id).map_err(message)?,
            State::Call(_) => self.end_call(),
            State::AfterCall if is_dictated => return self.accept_text(id, false),
            State::AfterCall if !self.rules.stop_token_ids.contains(&id) => {
                self.dictated.extend(self.marks.call_open);
            }
            State::AfterCall | State::Complete => {}
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    fn forced(&mut self, most: usize) -> Vec<u32> {
        let mut forced = self.next_forced();
        if forced.is_empty() {
            return forced;
        }
        let mut ahead = self.clone();
        let mut num_followed = 0;
        while forced.len() < most {
            let follows = |&id: &u32| ahead.accept(id).is_ok();
            if !forced[num_followed..].iter().all(follows) || ahead.is_complete() {
                break;
            }
            num_followed = forced.len();
            forced.extend(ahead.next_forced());
            if forced.len() == num_followed {
                break;
            }
        }
        forced.truncate(most);
        forced
    }

    fn fork(&self) -> Option<Box<dyn TokenConstraint>> {
        Some(Box::new(self.clone()))
    }
}

fn is_line_break(tokenizer: &Tokenizer, id: u32) -> bool {
    let bytes = tokenizer.token_bytes(id).unwrap_or_default();
    !bytes.is_empty() && bytes.iter().all(|&byte| byte == b'\n')
}

/// How many bytes of a UTF-8 character are missing after one more byte.
fn missing_bytes(byte: u8, num_missing: usize) -> usize {
    match byte {
        0x80..=0xBF => num_missing.saturating_sub(1),
        0xC2..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF4 => 3,
        _ => 0,
    }
}

fn message(error: TextError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
