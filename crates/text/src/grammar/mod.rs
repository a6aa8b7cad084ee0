//! Grammars that say which tokens an answer may go on with: JSON, schemas, patterns, choices and tool calls.
//!
//! A grammar works on bytes, whatever the tokens that they come in; the trie of all tokens turns what may follow into a
//! set of token ids. Special tokens are in none of these sets.

mod call;
mod format;
mod token_env;

use std::sync::Arc;

use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{InferenceCapabilities, SimpleVob};
use llguidance::{Matcher, ParserFactory, TokenParser};

use crate::error::TextError;
use crate::tokenizer::Tokenizer;
use token_env::TokenEnv;

pub use format::AnswerFormat;

/// Kinds of text whose tokens are looked at together, the smaller sets inside the larger ones: where a grammar allows
/// all of one, its tokens needn't be tried one by one. They are those of JSON: white space, and strings by their length.
const SLICES: [&str; 4] = [
    r"[\x20\x0A\x0D\x09]+",
    r#"[^"\\\x00-\x1F\x7F]{1,10}"#,
    r#"[^"\\\x00-\x1F\x7F]{1,30}"#,
    r#"[^"\\\x00-\x1F\x7F]+"#,
];

/// White space between the parts of JSON: a space, or a line break with an indentation. Without a bound, a small model
/// may write white space for ever, because it is always allowed.
const WHITE_SPACE: &str = r"(?: |\n {0,16}|\n\t{1,6})";

/// Makes grammars for a tokenizer. Costs as much time as loading a tokenizer: make it when it's needed first, and share
/// it.
pub struct GrammarCompiler {
    factory: ParserFactory,
}

impl GrammarCompiler {
    /// # Errors
    /// `InvalidVocabulary` for tokens that no trie can hold.
    pub fn new(tokenizer: Arc<Tokenizer>) -> Result<Self, TextError> {
        let build = || {
            let env = Arc::new(TokenEnv::new(tokenizer));
            let slices = SLICES.map(str::to_owned);
            let mut factory = ParserFactory::new(&(env as _), InferenceCapabilities::default(), &slices)?;
            factory.quiet();
            *factory.limits_mut() = limits();
            Ok(factory)
        };
        let factory = llguidance::panic_utils::catch_unwind(std::panic::AssertUnwindSafe(build));
        let factory = factory.map_err(|error| TextError::InvalidVocabulary(reason(&error)))?;
        Ok(Self { factory })
    }

    /// # Errors
    /// `UnsupportedFormat` with the reason.
    pub fn answer(&self, format: &AnswerFormat) -> Result<Grammar, TextError> {
        let grammar = format::grammar(format)?;
        self.compile(grammar).map_err(TextError::UnsupportedFormat)
    }

    /// What stands between `<tool_call>` and `</tool_call>`: the name of one of the tools and arguments that its
    /// `parameters` allow. `only` leaves a single tool to choose.
    ///
    /// # Errors
    /// `UnsupportedTool` with the tool's name and the reason, or `TooManyTools`.
    pub fn tool_call(&self, tools: &[serde_json::Value], only: Option<&str>) -> Result<Grammar, TextError> {
        let tools = call::tools(tools, only)?;
        self.compile(call::grammar(&tools)).map_err(|message| {
            let refusal = |tool| self.compile(call::grammar(std::slice::from_ref(tool))).err();
            let culprit = tools.iter().find_map(|tool| Some((tool, refusal(tool)?)));
            match culprit {
                Some((tool, message)) => TextError::UnsupportedTool {
                    name: tool.name.clone(),
                    message,
                },
                // Each would do: they are too many.
                None => TextError::TooManyTools(message),
            }
        })
    }

    fn compile(&self, grammar: TopLevelGrammar) -> Result<Grammar, String> {
        let parser = self.factory.create_parser(grammar).map_err(|error| reason(&error))?;
        let mut grammar = Grammar::new(parser);
        // Something must be possible; this also finds what is too complex from the first token on.
        if !grammar.may_end() {
            grammar.allowed().map_err(|error| error.to_string())?;
        }
        Ok(grammar)
    }
}

/// What a grammar may cost. A mask stays within some tens of milliseconds, and a grammar within some tens of megabytes.
fn limits() -> ParserLimits {
    ParserLimits {
        max_lexer_states: 50_000,
        verbose_errors: false,
        ..ParserLimits::default()
    }
}

/// One answer's way through a grammar. A clone goes its own way from where the original is.
#[derive(Clone)]
pub struct Grammar {
    matcher: Matcher,
    /// `[ceil(num_tokens / 32)]`, bit `id % 32` of word `id / 32`.
    set: SimpleVob,
}

impl Grammar {
    fn new(parser: TokenParser) -> Self {
        Self {
            matcher: Matcher::new(Ok(parser)),
            set: SimpleVob::new(),
        }
    }

    /// The tokens that may come next, as bits: token `id` is bit `id % 32` of word `id / 32`. Empty once nothing may.
    ///
    /// # Errors
    /// `GrammarFailed` when it takes too much to find out.
    pub fn allowed(&mut self) -> Result<&[u32], TextError> {
        if self.matcher.is_stopped() && !self.matcher.is_error() {
            return Ok(&[]);
        }
        self.set = self.matcher.compute_mask().map_err(|error| failed(&error))?;
        Ok(self.set.as_slice())
    }

    /// Goes on by a token that is allowed.
    ///
    /// # Errors
    /// `GrammarFailed` for one that isn't, and as `allowed`.
    pub fn accept(&mut self, id: u32) -> Result<(), TextError> {
        self.matcher.consume_token(id).map_err(|error| failed(&error))
    }

    /// The tokens that come next because nothing else may, as far as that is known; finding out is far less work than
    /// `allowed`.
    pub fn forced(&mut self) -> Vec<u32> {
        if self.matcher.is_stopped() {
            return Vec::new();
        }
        self.matcher.compute_ff_tokens()
    }

    /// Whether the text may end here.
    pub fn may_end(&mut self) -> bool {
        self.is_complete() || self.matcher.is_accepting().unwrap_or(false)
    }

    /// Whether the text must end here.
    pub fn is_complete(&self) -> bool {
        self.matcher.is_stopped() && !self.matcher.is_error()
    }
}

impl std::fmt::Debug for Grammar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Grammar").finish_non_exhaustive()
    }
}

fn failed(error: &impl ToString) -> TextError {
    TextError::GrammarFailed(reason(error))
}

/// The first lines of an error, without what is only of use to the library's own authors.
fn reason(error: &impl ToString) -> String {
    let text = error.to_string();
    let end = ["\n<", "\nwhile processing"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    let text = text[..end.unwrap_or(text.len())].trim();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
