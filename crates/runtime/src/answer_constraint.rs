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
pub(crate) struct AnswerRules {
    pub thinking: ThinkingRule,
    pub calls: CallRule,
    /// What the text must be; calls that are required take its place.
    pub format: Option<Grammar>,
    /// Tokens that end the answer.
    pub stop_token_ids: Vec<u32>,
}

#[derive(Default)]
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

pub(crate) struct AnswerConstraint {
    rules: AnswerRules,
    tokenizer: Arc<Tokenizer>,
    marks: Marks,
    state: State,
    /// Tokens that come next, whatever the model says.
    dictated: VecDeque<u32>,
}

struct Marks {
    think_open: Option<u32>,
    think_close: Option<u32>,
    call_open: Option<u32>,
    call_close: Option<u32>,
    /// What stands at the end of a thought, between it and the answer, and between two calls.
    line_break: Vec<u32>,
    two_line_breaks: Vec<u32>,
}

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

#[derive(Default)]
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
mod tests {
    use std::sync::OnceLock;

    use izwi_model::gguf::GgufFile;
    use izwi_model::random_model::RandomModel;
    use izwi_text::{AnswerFormat, GrammarCompiler};
    use serde_json::json;

    use super::*;

    fn tokenizer() -> &'static Arc<Tokenizer> {
        static TOKENIZER: OnceLock<Arc<Tokenizer>> = OnceLock::new();
        TOKENIZER.get_or_init(|| {
            let path = std::env::temp_dir().join(format!("izwi-constraint-{}.gguf", std::process::id()));
            RandomModel::preset("tiny").unwrap().write(&path).unwrap();
            let file = GgufFile::from_bytes(std::fs::read(&path).unwrap()).unwrap();
            std::fs::remove_file(&path).unwrap();
            let vocabulary = crate::vocabulary::read_vocabulary(&file.metadata()).unwrap();
            Arc::new(Tokenizer::new(&vocabulary).unwrap())
        })
    }

    fn grammars() -> &'static GrammarCompiler {
        static GRAMMARS: OnceLock<GrammarCompiler> = OnceLock::new();
        GRAMMARS.get_or_init(|| GrammarCompiler::new(Arc::clone(tokenizer())).unwrap())
    }

    fn ids(text: &str) -> Vec<u32> {
        tokenizer().encode_with_special(text)
    }

    fn stop() -> u32 {
        ids("<|im_end|>")[0]
    }

    fn choice() -> Option<Grammar> {
        let choices = ["yes", "no"].map(str::to_owned).to_vec();
        Some(grammars().answer(&AnswerFormat::Choice(choices)).unwrap())
    }

    fn call() -> Grammar {
        let tool = json!({"type": "function", "function": {"name": "f"}});
        grammars().tool_call(&[tool], None).unwrap()
    }

    fn constraint(thinking: ThinkingRule, calls: CallRule, format: Option<Grammar>) -> AnswerConstraint {
        let stop_token_ids = vec![stop()];
        let rules = AnswerRules {
            thinking,
            calls,
            format,
            stop_token_ids,
        };
        AnswerConstraint::new(Arc::clone(tokenizer()), rules)
    }

    fn allowed(constraint: &mut AnswerConstraint) -> TokenMask {
        let mut mask = TokenMask::new(tokenizer().vocab_size());
        constraint.mask(&mut mask).unwrap();
        mask
    }

    /// Goes on by tokens, each of which must be allowed.
    fn go_on(constraint: &mut AnswerConstraint, tokens: &[u32]) {
        for &id in tokens {
            assert!(allowed(constraint).is_allowed(id), "{:?}", tokenizer().decode(&[id]));
            constraint.accept(id).unwrap();
        }
    }

    /// Goes on as long as there is only one way: the text of it.
    fn follow(constraint: &mut AnswerConstraint) -> String {
        let mut followed = Vec::new();
        while !constraint.is_complete() {
            let mask = allowed(constraint);
            let mut all = (0..tokenizer().vocab_size() as u32).filter(|&id| mask.is_allowed(id));
            let (Some(only), None) = (all.next(), all.next()) else {
                break;
            };
            constraint.accept(only).unwrap();
            followed.push(only);
        }
        tokenizer().decode(&followed)
    }

    fn open_thought(budget: Option<usize>) -> ThinkingRule {
        ThinkingRule {
            is_open: true,
            budget,
            ..ThinkingRule::default()
        }
    }

    #[test]
    fn a_thought_that_the_prompt_opened_is_closed_in_time() {
        let thought = ids("abc");
        let budget = thought.len() + 1;
        let mut answer = constraint(open_thought(Some(budget)), CallRule::Never, choice());
        assert!(!allowed(&mut answer).is_allowed(stop()), "the answer is still to come");
        go_on(&mut answer, &thought);
        assert_eq!(follow(&mut answer), "\n</think>\n\n");
        go_on(&mut answer, &ids("no"));
        assert!(answer.is_complete());
    }

    #[test]
    fn a_character_of_the_thought_is_not_cut() {
        let bytes = "🙂".bytes().map(|byte| {
            let is_it = |&id: &u32| tokenizer().token_bytes(id) == Some(&[byte][..]);
            (0..tokenizer().vocab_size() as u32).find(is_it).unwrap()
        });
        let bytes: Vec<u32> = bytes.collect();
        let mut answer = constraint(open_thought(Some(3)), CallRule::Never, None);
        go_on(&mut answer, &bytes);
        assert_eq!(follow(&mut answer), "\n</think>");
        // One that never gets whole is.
        let mut answer = constraint(open_thought(Some(2)), CallRule::Never, None);
        go_on(&mut answer, &[bytes[0]; 4]);
        assert_eq!(follow(&mut answer), "\n</think>");
    }

    #[test]
    fn a_thought_ends_from_outside_and_no_line_break_is_doubled() {
        let thinking = open_thought(None);
        let end = Arc::clone(&thinking.end);
        let mut answer = constraint(thinking, CallRule::Never, None);
        go_on(&mut answer, &ids("abc\n"));
        end.store(true, Ordering::Release);
        assert_eq!(follow(&mut answer), "</think>");
        assert_eq!(
            allowed(&mut answer),
            TokenMask::new(tokenizer().vocab_size()),
            "free from here on"
        );
    }

    #[test]
    fn a_thought_may_be_opened_only_where_it_may() {
        let open = ids("<think>")[0];
        let may = |may_open, budget| ThinkingRule {
            may_open,
            budget,
            ..ThinkingRule::default()
        };
        for (rule, expected) in [
            (may(true, None), true),
            (may(true, Some(0)), false),
            (may(false, None), false),
        ] {
            let mut answer = constraint(rule, CallRule::Never, choice());
            assert_eq!(allowed(&mut answer).is_allowed(open), expected);
            assert!(allowed(&mut answer).is_allowed(ids("y")[0]), "nor must it be");
        }
    }

    #[test]
    fn required_calls_follow_each_other_and_nothing_else_does() {
        let calls = CallRule::Required {
            call: call(),
            several: true,
        };
        let mut answer = constraint(ThinkingRule::default(), calls, choice());
        let one = "<tool_call>\n{\"name\": \"f\", \"arguments\": {";
        assert!(follow(&mut answer).starts_with(one));
        go_on(&mut answer, &ids("}"));
        assert_eq!(follow(&mut answer), "}\n</tool_call>");
        let after = allowed(&mut answer);
        let possible: Vec<u32> = (0..tokenizer().vocab_size() as u32)
            .filter(|&id| after.is_allowed(id))
            .collect();
        let mut expected = [ids("\n"), vec![stop()]].concat();
        expected.sort_unstable();
        assert_eq!(possible, expected);
        go_on(&mut answer, &ids("\n"));
        assert!(follow(&mut answer).starts_with(one));
    }

    #[test]
    fn one_call_by_choice_ends_the_answer() {
        let calls = CallRule::Allowed {
            call: call(),
            several: false,
        };
        let mut answer = constraint(ThinkingRule::default(), calls, None);
        go_on(&mut answer, &ids("Let me see.\n<tool_call>"));
        follow(&mut answer);
        go_on(&mut answer, &ids("}"));
        follow(&mut answer);
        assert!(answer.is_complete());
    }
}
