//! Failures as data: a code from a closed list and a message for people.

use izwi_engine::EngineError;
use izwi_model::ModelError;
use izwi_text::TextError;

/// What kind of failure it is. Each code has one name, the same on both sides of the border to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    ModelNotFound,
    InvalidModelFile,
    UnsupportedModel,
    InvalidRequest,
    ContextOverflow,
    QueueFull,
    OutOfMemory,
    DeviceUnavailable,
    TemplateError,
    Closed,
    InvalidSessionFile,
    Aborted,
    Internal,
}

impl ErrorCode {
    pub fn name(self) -> &'static str {
        match self {
            ErrorCode::ModelNotFound => "MODEL_NOT_FOUND",
            ErrorCode::InvalidModelFile => "INVALID_MODEL_FILE",
            ErrorCode::UnsupportedModel => "UNSUPPORTED_MODEL",
            ErrorCode::InvalidRequest => "INVALID_REQUEST",
            ErrorCode::ContextOverflow => "CONTEXT_OVERFLOW",
            ErrorCode::QueueFull => "QUEUE_FULL",
            ErrorCode::OutOfMemory => "OUT_OF_MEMORY",
            ErrorCode::DeviceUnavailable => "DEVICE_UNAVAILABLE",
            ErrorCode::TemplateError => "TEMPLATE_ERROR",
            ErrorCode::Closed => "CLOSED",
            ErrorCode::InvalidSessionFile => "INVALID_SESSION_FILE",
            ErrorCode::Aborted => "ABORTED",
            ErrorCode::Internal => "INTERNAL",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RuntimeError {
    pub code: ErrorCode,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, RuntimeError>;

impl RuntimeError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }
}

impl From<ModelError> for RuntimeError {
    fn from(error: ModelError) -> Self {
        Self::new(model_error_code(&error), error.to_string())
    }
}

fn model_error_code(error: &ModelError) -> ErrorCode {
    match error {
        ModelError::Io { .. } => ErrorCode::ModelNotFound,
        ModelError::InvalidFile(_) => ErrorCode::InvalidModelFile,
        ModelError::Unsupported(_) => ErrorCode::UnsupportedModel,
        ModelError::DeviceUnavailable(_) => ErrorCode::DeviceUnavailable,
        ModelError::OutOfMemory(_) => ErrorCode::OutOfMemory,
        ModelError::Cancelled => ErrorCode::Aborted,
        ModelError::InvalidBatch(_) | ModelError::Backend { .. } => ErrorCode::Internal,
    }
}

impl From<EngineError> for RuntimeError {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::EmptyPrompt | EngineError::InvalidParameter { .. } | EngineError::TokenOutOfRange { .. } => {
                ErrorCode::InvalidRequest
            }
            EngineError::NoTokenAllowed | EngineError::Constraint(_) => ErrorCode::InvalidRequest,
            EngineError::ContextOverflow { .. } => ErrorCode::ContextOverflow,
            EngineError::QueueFull { .. } => ErrorCode::QueueFull,
            EngineError::ShutDown => ErrorCode::Closed,
            EngineError::Model(error) => model_error_code(error),
            EngineError::InvalidLogits { .. } | EngineError::InvalidState { .. } => ErrorCode::InvalidModelFile,
            EngineError::Panicked(_) => ErrorCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

pub(crate) fn prompt_error(error: TextError) -> RuntimeError {
    let code = match error {
        TextError::Template { .. } => ErrorCode::TemplateError,
        _ => ErrorCode::InvalidRequest,
    };
    RuntimeError::new(code, error.to_string())
}

pub(crate) fn invalid_file(error: impl ToString) -> RuntimeError {
    RuntimeError::new(ErrorCode::InvalidModelFile, error.to_string())
}
