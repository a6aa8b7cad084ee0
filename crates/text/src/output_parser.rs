//! Parts a model's answer into thoughts, text and tool calls, while its tokens come.
//!
//! `<think>`, `</think>`, `<tool_call>` and `</tool_call>` count only as tokens: the same text spelled with ordinary
//! tokens is text. White space is trimmed as Qwen's own parsing does it: line breaks around thoughts, before the
//! answer, and around tool calls.

use std::sync::Arc;

use crate::detokenizer::Detokenizer;
use crate::error::TextError;
use crate::stop_strings::StopStrings;
use crate::tokenizer::Tokenizer;
use crate::tool_call::ToolCallReader;

/// A piece of the answer. Pieces of text are never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputDelta {
    /// More of the thoughts.
    Reasoning(String),
    /// More of the answer's text.
    Text(String),
    /// A tool call begins: its name is known.
    ToolCallStart { index: usize, name: String },
    /// More of a call's arguments.
    ToolCallDelta { index: usize, text: String },
    /// A whole tool call, whose pieces came before; it doesn't come for one that broke off. `index` counts the calls of this answer from 0; `arguments` is a JSON object, as the model
    /// wrote it.
    ToolCall {
        index: usize,
        name: String,
        arguments: String,
    },
}

/// How an answer is to be read.
#[derive(Debug, Clone, Default)]
pub struct OutputParserOptions {
    /// Whether the prompt already opened the thoughts ([`crate::ends_in_reasoning`]).
    pub starts_in_reasoning: bool,
    /// Whether tool calls are looked for. Without tools in the request, they are text.
    pub parse_tool_calls: bool,
    /// Whether line breaks before the answer are a part of it, but for the two behind a thought.
    pub keep_line_breaks: bool,
    /// Whether everything is text: no thoughts and no calls are looked for.
    pub plain: bool,
    /// Strings that end the answer. They apply to the answer's text only, not to thoughts or tool calls, and not to
    /// line breaks that are trimmed before the answer.
    pub stop: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but line breaks has come; `<think>` may still open the thoughts.
    Start,
    Reasoning,
    Answer,
    /// Between `<tool_call>` and its end.
    ToolCall,
    /// A stop string was found.
    Stopped,
}

/// Reads one answer, token by token.
#[derive(Debug)]
pub struct OutputParser {
    marks: Marks,
    parse_tool_calls: bool,
    keep_line_breaks: bool,
    state: State,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
    /// Line breaks at the end of what was read: trimmed if the thoughts or the text end here, else still to be given.
    line_breaks: String,
    /// How many line breaks are trimmed here, where the thoughts or the text begin.
    num_trimmed: usize,
    /// Between `<tool_call>` and its end.
    tool_call: ToolCallReader,
    /// Calls that began, complete or not.
    num_started_calls: usize,
    num_tool_calls: usize,
    deltas: Vec<OutputDelta>,
}

#[derive(Debug)]
struct Marks {
    think_open: Option<u32>,
    think_close: Option<u32>,
    call_open: Option<u32>,
    call_close: Option<u32>,
}

const CALL_OPEN: &str = "<tool_call>";
const CALL_CLOSE: &str = "</tool_call>";

impl OutputParser {
    /// # Errors
    /// Those of [`StopStrings::new`].
    pub fn new(tokenizer: Arc<Tokenizer>, options: OutputParserOptions) -> Result<Self, TextError> {
        let state = if options.starts_in_reasoning {
            State::Reasoning
        } else {
            State::Start
        };
        let mark = |text: &str| tokenizer.special_id(text).filter(|_| !options.plain);
        Ok(Self {
            marks: Marks {
                think_open: mark("<think>"),
                think_close: mark("</think>"),
                call_open: mark(CALL_OPEN),
                call_close: mark(CALL_CLOSE),
            },
            parse_tool_calls: options.parse_tool_calls,
            keep_line_breaks: options.keep_line_breaks,
            state,
            detokenizer: Detokenizer::new(tokenizer),
            stop_strings: StopStrings::new(options.stop)?,
            line_breaks: String::new(),
            num_trimmed: if options.keep_line_breaks && !options.starts_in_reasoning {
                0
            } else {
                usize::MAX
            },
            tool_call: ToolCallReader::default(),
            num_started_calls: 0,
            num_tool_calls: 0,
            deltas: Vec::new(),
        })
    }

    /// Reads the next token and gives what is certain now, in order. Once [`OutputParser::stopped_by`] is set, nothing
    /// more comes and generating can end.
    pub fn push(&mut self, id: u32) -> Vec<OutputDelta> {
        let mark = Some(id);
        match self.state {
            State::Start if mark == self.marks.think_open => self.enter(State::Reasoning),
            // An end without a beginning, before anything else: an empty thought.
            State::Start if mark == self.marks.think_close => self.enter(State::Answer),
            State::Reasoning if mark == self.marks.think_close => {
                self.read_rest();
                self.enter(State::Answer);
            }
            State::Start | State::Answer if self.parse_tool_calls && mark == self.marks.call_open => {
                self.begin_tool_call();
            }
            State::ToolCall if mark == self.marks.call_close => self.end_tool_call(CALL_CLOSE),
            State::ToolCall if mark == self.marks.call_open => {
                self.end_tool_call("");
                self.begin_tool_call();
            }
            State::Stopped => {}
            _ => {
                let text = self.detokenizer.push(id).to_owned();
                self.read(&text);
            }
        }
        std::mem::take(&mut self.deltas)
    }

    /// Gives what was held back, when no more tokens come. Thoughts that were never closed stay thoughts; a tool call
    /// that was never closed counts if it is complete, and is text otherwise.
    pub fn finish(&mut self) -> Vec<OutputDelta> {
        self.read_rest();
        if self.state == State::ToolCall {
            self.end_tool_call("");
        }
        if matches!(self.state, State::Start | State::Answer) {
            let held = self.stop_strings.finish();
            self.give_text(&held);
            self.give_line_breaks();
        }
        std::mem::take(&mut self.deltas)
    }

    /// The stop string that ended the answer.
    pub fn stopped_by(&self) -> Option<&str> {
        self.stop_strings.matched()
    }

    /// Whether the next token belongs to the thoughts.
    pub fn is_in_reasoning(&self) -> bool {
        self.state == State::Reasoning
    }

    /// How many tool calls the answer has so far.
    pub fn num_tool_calls(&self) -> usize {
        self.num_tool_calls
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.line_breaks.clear();
        self.num_trimmed = if self.keep_line_breaks && state == State::Answer {
            2
        } else {
            usize::MAX
        };
    }

    /// Reads what the detokenizer holds back.
    fn read_rest(&mut self) {
        let rest = self.detokenizer.finish().to_owned();
        self.read(&rest);
    }

    fn read(&mut self, text: &str) {
        match self.state {
            State::ToolCall => self.read_tool_call(text),
            State::Reasoning => {
                if let Some(text) = self.without_first_line_breaks(text)
                    && let Some(text) = self.without_last_line_breaks(text)
                {
                    self.deltas.push(OutputDelta::Reasoning(text));
                }
            }
            State::Start | State::Answer => self.read_answer(text),
            State::Stopped => {}
        }
    }

    fn read_answer(&mut self, text: &str) {
        let Some(text) = self.without_first_line_breaks(text) else {
            return;
        };
        self.state = State::Answer;
        let (text, stopped) = self.stop_strings.push(text);
        let stopped = stopped.is_some();
        self.give_text(&text);
        if stopped {
            self.give_line_breaks();
            self.state = State::Stopped;
        }
    }

    fn give_text(&mut self, text: &str) {
        if let Some(text) = self.without_last_line_breaks(text) {
            self.deltas.push(OutputDelta::Text(text));
        }
    }

    fn give_line_breaks(&mut self) {
        let text = std::mem::take(&mut self.line_breaks);
        if !text.is_empty() {
            self.deltas.push(OutputDelta::Text(text));
        }
    }

    /// `None` if nothing is left.
    fn without_first_line_breaks<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let num_line_breaks = text.bytes().take_while(|&byte| byte == b'\n').count();
        let num_trimmed = num_line_breaks.min(self.num_trimmed);
        self.num_trimmed -= num_trimmed;
        let text = &text[num_trimmed..];
        if text.is_empty() {
            return None;
        }
        self.num_trimmed = 0;
        Some(text)
    }

    /// The line breaks held so far and `text`, less the line breaks at its end, which are held now.
    fn without_last_line_breaks(&mut self, text: &str) -> Option<String> {
        let kept = text.trim_end_matches('\n');
        if kept.is_empty() {
            self.line_breaks.push_str(text);
            return None;
        }
        let mut given = std::mem::take(&mut self.line_breaks);
        given.push_str(kept);
        self.line_breaks.push_str(&text[kept.len()..]);
        Some(given)
    }

    /// Line breaks before the call stay held: they are given only if it turns out to be text.
    fn begin_tool_call(&mut self) {
        self.read_rest();
        if self.state == State::Stopped {
            return;
        }
        let held = self.stop_strings.finish();
        self.give_text(&held);
        self.tool_call = ToolCallReader::default();
        self.state = State::ToolCall;
    }

    fn read_tool_call(&mut self, text: &str) {
        let progress = self.tool_call.push(text);
        if let Some(name) = progress.name {
            self.start_call(name);
        }
        if !progress.arguments.is_empty() {
            self.deltas.push(OutputDelta::ToolCallDelta {
                index: self.num_started_calls - 1,
                text: progress.arguments,
            });
        }
    }

    fn start_call(&mut self, name: String) {
        let index = self.num_started_calls;
        self.num_started_calls += 1;
        self.deltas.push(OutputDelta::ToolCallStart { index, name });
    }

    /// `close` is how the call's end was written, so that nothing is lost if it is no call. One that broke off after
    /// pieces of it were given can't become text any more: it just doesn't end as a call.
    fn end_tool_call(&mut self, close: &str) {
        self.read_rest();
        let call = std::mem::take(&mut self.tool_call);
        match call.finish() {
            Some((name, arguments)) => {
                if !call.has_started() {
                    self.start_call(name.clone());
                    self.deltas.push(OutputDelta::ToolCallDelta {
                        index: self.num_started_calls - 1,
                        text: arguments.clone(),
                    });
                }
                self.num_tool_calls += 1;
                let index = self.num_started_calls - 1;
                self.deltas.push(OutputDelta::ToolCall { index, name, arguments });
                self.enter(State::Answer);
            }
            None if call.has_started() => self.enter(State::Answer),
            None => {
                self.state = State::Answer;
                self.read_answer(&format!("{CALL_OPEN}{}{close}", call.body()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Random, tokenizer};

    const ALL: fn() -> OutputParserOptions = || OutputParserOptions {
        parse_tool_calls: true,
        ..OutputParserOptions::default()
    };

    /// What an answer is parted into: (thoughts, text, calls). Special tokens in `answer` are recognised. A call that
    /// broke off ends with `…`.
    fn parse(answer: &str, options: OutputParserOptions) -> (String, String, Vec<String>) {
        let tokenizer = tokenizer();
        let ids = tokenizer.encode_with_special(answer);
        let mut parser = OutputParser::new(tokenizer, options).unwrap();
        let mut deltas: Vec<OutputDelta> = ids.into_iter().flat_map(|id| parser.push(id)).collect();
        deltas.extend(parser.finish());
        let (mut reasoning, mut text, mut calls) = (String::new(), String::new(), Vec::<String>::new());
        let mut begun = Vec::new();
        for delta in deltas {
            match delta {
                OutputDelta::ToolCallStart { index, name } => {
                    assert_eq!(index, begun.len());
                    begun.push((name, String::new()));
                    calls.push(String::new());
                }
                OutputDelta::ToolCallDelta { index, text } if !text.is_empty() => {
                    assert_eq!(index + 1, begun.len());
                    begun[index].1.push_str(&text);
                }
                OutputDelta::Reasoning(more) if !more.is_empty() => reasoning.push_str(&more),
                OutputDelta::Text(more) if !more.is_empty() => text.push_str(&more),
                OutputDelta::ToolCall { index, name, arguments } => {
                    assert_eq!((&name, &arguments), (&begun[index].0, &begun[index].1));
                    calls[index] = format!("{name}({arguments})");
                }
                empty => panic!("an empty delta: {empty:?}"),
            }
        }
        for (call, (name, arguments)) in calls.iter_mut().zip(begun).filter(|(call, _)| call.is_empty()) {
            *call = format!("{name}({arguments}…");
        }
        (reasoning, text, calls)
    }

    fn parts(answer: &str) -> (String, String, Vec<String>) {
        parse(answer, ALL())
    }

    fn expect(reasoning: &str, text: &str, calls: &[&str]) -> (String, String, Vec<String>) {
        let calls = calls.iter().map(|call| (*call).to_owned()).collect();
        (reasoning.to_owned(), text.to_owned(), calls)
    }

    #[test]
    fn thoughts_are_parted_from_the_answer() {
        assert_eq!(parts("Hi.\n"), expect("", "Hi.\n", &[]));
        let answer = "<think>\n\nwhy\n\nso\n\n</think>\n\nThe answer\n\nis é🙂.";
        assert_eq!(parts(answer), expect("why\n\nso", "The answer\n\nis é🙂.", &[]));
        assert_eq!(parts("<think>\n\n</think>\n\nHi"), expect("", "Hi", &[]));
        assert_eq!(parts("<think></think>"), expect("", "", &[]));
        assert_eq!(parts("\n<think>a</think>b"), expect("a", "b", &[]));
        assert_eq!(parts("</think>\n\nHi"), expect("", "Hi", &[]));
        assert_eq!(parts(""), expect("", "", &[]));
    }

    #[test]
    fn unclosed_thoughts_stay_thoughts() {
        assert_eq!(parts("<think>\nwhy <tool_call>\n"), expect("why <tool_call>", "", &[]));
    }

    #[test]
    fn thoughts_may_be_open_already() {
        let options = OutputParserOptions {
            starts_in_reasoning: true,
            ..ALL()
        };
        assert_eq!(parse("why\n</think>\n\nHi", options.clone()), expect("why", "Hi", &[]));
        assert_eq!(parse("why", options), expect("why", "", &[]));
    }

    #[test]
    fn marks_count_only_where_and_as_they_should() {
        assert_eq!(parts("Say <think>x</think>y"), expect("", "Say <think>x</think>y", &[]));
        assert_eq!(
            parts("<think>a<think>b</think>c</think>"),
            expect("a<think>b", "c</think>", &[])
        );
        let tokenizer = tokenizer();
        let spelled = tokenizer.encode("<think>x</think><tool_call>");
        let mut parser = OutputParser::new(tokenizer, ALL()).unwrap();
        let mut text = String::new();
        for delta in spelled.into_iter().flat_map(|id| parser.push(id)).collect::<Vec<_>>() {
            let OutputDelta::Text(more) = delta else {
                panic!("{delta:?}")
            };
            text.push_str(&more);
        }
        assert_eq!(text, "<think>x</think><tool_call>");
    }

    #[test]
    fn tool_calls_are_read() {
        let answer = "<think>\nhm\n</think>\n\nLet me see.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"é\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"g\"}\n</tool_call>\n<|im_end|>";
        assert_eq!(
            parts(answer),
            expect("hm", "Let me see.", &["f({\"a\": \"é\"})", "g({})"])
        );
        let unclosed = "<tool_call>{\"name\": \"f\"}<tool_call>{\"name\": \"g\"}";
        assert_eq!(parts(unclosed), expect("", "", &["f({})", "g({})"]));
        let without = OutputParserOptions::default();
        assert_eq!(parse(answer, without).2, [""; 0]);
    }

    #[test]
    fn a_call_that_breaks_off_after_its_name_is_no_text() {
        let cut_off = "a\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, ";
        assert_eq!(parts(cut_off), expect("", "a", &["f({\"a\": [1, …"]));
        let next = format!("{cut_off}<tool_call>\n{{\"name\": \"g\", \"arguments\": {{}}}}\n</tool_call>");
        assert_eq!(parts(&next), expect("", "a", &["f({\"a\": [1, …", "g({})"]));
    }

    #[test]
    fn line_breaks_are_kept_when_they_count() {
        let kept = OutputParserOptions {
            keep_line_breaks: true,
            ..ALL()
        };
        assert_eq!(parse("\n\na\n", kept.clone()), expect("", "\n\na\n", &[]));
        assert_eq!(
            parse("<think>\nhm\n</think>\n\n\nb", kept.clone()),
            expect("hm", "\nb", &[])
        );
        let open = OutputParserOptions {
            starts_in_reasoning: true,
            ..kept
        };
        assert_eq!(parse("\nhm\n</think>\n\nb", open), expect("hm", "b", &[]));
    }

    #[test]
    fn plain_text_has_no_parts() {
        let plain = OutputParserOptions {
            plain: true,
            keep_line_breaks: true,
            ..ALL()
        };
        let answer = "\n<think>a</think>\n<tool_call>{\"name\": \"f\"}</tool_call>\n";
        assert_eq!(parse(answer, plain), expect("", answer, &[]));
    }

    #[test]
    fn a_broken_call_is_text() {
        let broken = "Look:\n\n<tool_call>\n{oops}\n</tool_call>\nDone\n";
        assert_eq!(parts(broken), expect("", broken, &[]));
        let cut_off = "<tool_call>\n{\"name\": \"f\", \"argum";
        assert_eq!(parts(cut_off), expect("", cut_off, &[]));
        let both = "<tool_call>x<tool_call>{\"name\": \"f\"}</tool_call>";
        assert_eq!(parts(both), expect("", "<tool_call>x", &["f({})"]));
    }

    #[test]
    fn stop_strings_end_the_text_only() {
        let stop = |stop: &[&str]| OutputParserOptions {
            stop: stop.iter().map(|stop| (*stop).to_owned()).collect(),
            ..ALL()
        };
        let answer = "<think>\na END b\n</think>\n\nc\n END d";
        assert_eq!(parse(answer, stop(&["END"])), expect("a END b", "c\n ", &[]));
        assert_eq!(parse(answer, stop(&["\n"])), expect("a END b", "c", &[]));
        assert_eq!(parse("a\nEN", stop(&["\nEND"])), expect("", "a\nEN", &[]));
        let call = "a\nEN<tool_call>{\"name\": \"END\"}</tool_call>";
        assert_eq!(parse(call, stop(&["\nEND"])), expect("", "a\nEN", &["END({})"]));
        assert_eq!(
            parse("<tool_call>x END</tool_call>y", stop(&["END"])),
            expect("", "<tool_call>x ", &[])
        );
        assert!(OutputParser::new(tokenizer(), stop(&[""])).is_err());
    }

    /// `answer` from the first thing on that prints more than line breaks.
    fn without_beginning(answer: &str) -> &str {
        let rest = answer.trim_start_matches('\n');
        rest.strip_prefix("<|im_end|>").map_or(rest, without_beginning)
    }

    #[test]
    fn nothing_is_lost_in_random_answers() {
        const PARTS: &[&str] = &[
            "<think>",
            "</think>",
            "<tool_call>",
            "</tool_call>",
            "\n",
            "\n\n",
            "a",
            " é",
            "🙂",
            "<|im_end|>",
        ];
        let mut random = Random::new(6);
        for _ in 0..5_000 {
            let answer: String = (0..random.below(9)).map(|_| *random.pick(PARTS)).collect();
            let (reasoning, text, calls) = parts(&answer);
            assert_eq!(calls, [""; 0], "{answer:?}");
            let visible = |text: &str| text.replace('\n', "").replace("<|im_end|>", "");
            let (opened, rest) = match without_beginning(&answer).strip_prefix("<think>") {
                Some(rest) => (true, rest),
                None => (false, answer.as_str()),
            };
            let expected = match (opened, rest.split_once("</think>")) {
                (true, Some((thoughts, answer))) => (visible(thoughts), visible(answer)),
                (true, None) => (visible(rest), String::new()),
                (false, _) => {
                    let rest = visible(rest);
                    (String::new(), rest.strip_prefix("</think>").unwrap_or(&rest).to_owned())
                }
            };
            assert_eq!((visible(&reasoning), visible(&text)), expected, "{answer:?}");
        }
    }
}
