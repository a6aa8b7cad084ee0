//! Renders a conversation through a model's own Jinja chat template, as transformers does.

use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, Serde};
use minijinja::{Environment, Error, ErrorKind, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde_json::{Map, json};

use crate::error::TextError;
use crate::message::ChatPrompt;
use crate::python_json::{self, Style};
use crate::strftime;
use crate::vocabulary::Vocabulary;

const NAME: &str = "chat_template";
/// Bounds a render: about so many instructions, or 64 bytes each of text. It is enough for any context length of today,
/// and a template that loops without end fails within a second or two.
const RENDER_FUEL: u64 = 5_000_000;
const RESERVED: [&str; 4] = ["messages", "tools", "add_generation_prompt", "documents"];

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
}

impl ChatTemplate {
    /// The template of a model that brings none: Qwen3's chat format.
    pub const BUILT_IN: &'static str = include_str!("../../../models/chat_template.jinja");

    /// Compiles a template's source.
    ///
    /// # Errors
    /// `Template` with the line of a syntax error.
    pub fn new(source: &str) -> Result<Self, TextError> {
        let source = prepare(source);
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| template_error(&error))?;
        environment.set_syntax(syntax);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.set_fuel(Some(RENDER_FUEL));
        environment.add_filter("tojson", to_json);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment
            .add_template_owned(NAME, source.clone())
            .map_err(|error| template_error(&error))?;
        Ok(Self { environment, source })
    }

    /// The template of a model file: its `tokenizer.chat_template`, or [`ChatTemplate::BUILT_IN`] if it has none.
    /// The texts of its special tokens are set as `bos_token`, `eos_token` and `pad_token`.
    ///
    /// # Errors
    /// Those of [`ChatTemplate::new`].
    pub fn for_model(source: Option<&str>, vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let mut template = Self::new(source.unwrap_or(Self::BUILT_IN))?;
        let named = [
            ("bos_token", vocabulary.bos_token_id),
            ("eos_token", vocabulary.eos_token_id),
            ("pad_token", vocabulary.padding_token_id),
        ];
        for (name, id) in named {
            if let Some(token) = id.and_then(|id| vocabulary.tokens.get(id as usize)) {
                template.environment.add_global(name, token.as_str());
            }
        }
        Ok(template)
    }

    /// The prompt's text. Special tokens in it may come from the messages: what goes to a model is made by
    /// [`crate::encode_chat`], which tells them apart.
    ///
    /// # Errors
    /// `InvalidPrompt` without messages or with reserved names in `template_kwargs`, `Refused` if the template calls
    /// `raise_exception`, `Template` with the line for any other failure.
    pub fn render(&self, prompt: &ChatPrompt) -> Result<String, TextError> {
        let variables = variables(prompt)?;
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render(Value::from(Serde(&variables))))
            .map_err(|error| template_error(&error))
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

fn variables(prompt: &ChatPrompt) -> Result<Map<String, serde_json::Value>, TextError> {
    let invalid = |message: String| Err(TextError::InvalidPrompt(message));
    if prompt.messages.is_empty() {
        return invalid("there are no messages; give at least one".into());
    }
    let mut variables = prompt.template_kwargs.clone();
    if let Some(name) = RESERVED.iter().find(|name| variables.contains_key(**name)) {
        return invalid(format!("{name:?} can't be set through template_kwargs"));
    }
    if let Some(enable) = prompt.enable_thinking {
        variables.insert("enable_thinking".into(), enable.into());
    }
    let tools = if prompt.tools.is_empty() {
        serde_json::Value::Null
    } else {
        prompt.tools.clone().into()
    };
    let messages =
        serde_json::to_value(&prompt.messages).map_err(|error| TextError::InvalidPrompt(error.to_string()))?;
    variables.insert("messages".into(), messages);
    variables.insert("tools".into(), tools);
    variables.insert("documents".into(), serde_json::Value::Null);
    variables.insert("add_generation_prompt".into(), json!(prompt.add_generation_prompt));
    Ok(variables)
}

/// Line breaks as Jinja reads them, and `{% generation %}` blocks, which only mark what a model is trained on, as
/// blocks that do nothing (so that they trim white space as before).
fn prepare(source: &str) -> String {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(open) = rest.find("{%") {
        let after_open = open + 2 + usize::from(rest[open + 2..].starts_with(['-', '+']));
        let (before, tag) = rest.split_at(after_open);
        out.push_str(before);
        let word = tag.trim_start();
        let space = &tag[..tag.len() - word.len()];
        let replacement = [("generation", "if true"), ("endgeneration", "endif")]
            .into_iter()
            .find(|(name, _)| {
                word.strip_prefix(name)
                    .map(|after| after.trim_start().trim_start_matches(['-', '+']))
                    .is_some_and(|after| after.starts_with("%}"))
            });
        rest = tag;
        if let Some((name, replacement)) = replacement {
            out.push_str(space);
            out.push_str(replacement);
            rest = &word[name.len()..];
        }
    }
    out.push_str(rest);
    out
}

/// transformers' `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
fn to_json(value: &Value, options: Rest<Value>, named: Kwargs) -> Result<Value, Error> {
    let option = |index: usize, name: &str| -> Result<Option<Value>, Error> {
        let named: Option<Value> = named.get(name)?;
        Ok(named
            .or_else(|| options.get(index).cloned())
            .filter(|value| !value.is_none()))
    };
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "tojson of an undefined value"));
    }
    let mut style = Style::default();
    if let Some(ensure_ascii) = option(0, "ensure_ascii")? {
        style.ensure_ascii = ensure_ascii.is_true();
    }
    if let Some(indent) = option(1, "indent")? {
        style.indent = Some(match indent.as_str() {
            Some(text) => text.to_owned(),
            None => " ".repeat(usize::try_from(indent)?.min(64)),
        });
        style.item_separator = ",".to_owned();
    }
    if let Some(separators) = option(2, "separators")? {
        style.item_separator = separators.get_item_by_index(0)?.to_string();
        style.key_separator = separators.get_item_by_index(1)?.to_string();
    }
    if let Some(sort_keys) = option(3, "sort_keys")? {
        style.sort_keys = sort_keys.is_true();
    }
    named.assert_all_used()?;
    let plain = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, "tojson failed").with_source(error))?;
    Ok(python_json::to_string(&plain, &style).into())
}

/// Marks the errors that a template raised on purpose.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
struct Raised(String);

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.clone()).with_source(Raised(message)))
}

fn strftime_now(pattern: &str) -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    strftime::format(since_epoch.map_or(0, |time| time.as_secs()), pattern)
}

fn template_error(error: &Error) -> TextError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(Raised(message)) = current.downcast_ref() {
            return TextError::Refused(message.clone());
        }
        cause = current.source();
    }
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => {
            "it takes too long; it loops without end, or the conversation is too large".to_owned()
        }
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    TextError::Template {
        line: error.line().unwrap_or(0),
        message,
    }
}
