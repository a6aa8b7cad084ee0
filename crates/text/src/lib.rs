//! Characters to token ids and back: tokenizer, chat template, grammars, detokenizer, stop strings, output parser.
//!
//! A request goes in through [`encode_chat`] and comes out through [`OutputParser`]; a [`Grammar`] says which tokens may
//! come between.

mod byte_level;
mod chat_template;
mod detokenizer;
mod error;
mod grammar;
mod message;
mod output_parser;
mod prompt;
mod python_json;
mod special_tokens;
mod stop_strings;
mod strftime;
#[cfg(test)]
mod test_support;
mod tokenizer;
mod tool_call;
mod vocabulary;
mod word_split;

pub use chat_template::ChatTemplate;
pub use detokenizer::Detokenizer;
pub use error::TextError;
pub use grammar::{AnswerFormat, Grammar, GrammarCompiler};
pub use message::{ChatMessage, ChatPrompt, FunctionCall, Role, ToolCall};
pub use output_parser::{OutputDelta, OutputParser, OutputParserOptions};
pub use prompt::{encode_chat, ends_in_reasoning};
pub use stop_strings::{MAX_STOP_STRING_BYTES, MAX_STOP_STRINGS, StopStrings};
pub use tokenizer::Tokenizer;
pub use vocabulary::{TOKEN_TYPE_CONTROL, TOKEN_TYPE_NORMAL, TOKEN_TYPE_UNUSED, TOKEN_TYPE_USER_DEFINED, Vocabulary};
