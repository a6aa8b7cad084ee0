//! Everything that can go wrong between characters and token ids.

/// An error of this crate. Every message says what is wrong in the input and, where there is a way out, what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The file's tokenizer is of a kind that isn't implemented.
    #[error("tokenizer {key} is {found:?}; only {supported:?} is supported (use a Qwen2 or Qwen3 GGUF file)")]
    UnsupportedTokenizer {
        key: &'static str,
        found: String,
        supported: &'static str,
    },
    /// The file's tokenizer contradicts itself.
    #[error("the model file's tokenizer is damaged: {0}; download the file again or ask its publisher")]
    InvalidVocabulary(String),
    /// The chat template doesn't compile, or failed while it was rendered.
    #[error("chat template, line {line}: {message}")]
    Template { line: usize, message: String },
    /// The chat template refused the conversation by calling `raise_exception`.
    #[error("the model's chat template refuses this conversation: {0}")]
    Refused(String),
    /// The prompt itself is wrong, whatever the template.
    #[error("invalid prompt: {0}")]
    InvalidPrompt(String),
    /// A response format that can't be enforced, and why.
    #[error("the response format can't be used: {0}")]
    UnsupportedFormat(String),
    /// A tool whose calls can't be enforced, and why.
    #[error("the parameters of the tool {name:?} can't be used: {message}")]
    UnsupportedTool { name: String, message: String },
    /// Tools that can be used one by one, but not together.
    #[error("these tools are too many to be used at once: {0}")]
    TooManyTools(String),
    /// A grammar can't be followed further.
    #[error("the answer can't be held to its format any further: {0}; simplify the format")]
    GrammarFailed(String),
    /// A stop string is empty or too long, or there are too many.
    #[error("invalid stop strings: {0}")]
    InvalidStopStrings(String),
}
