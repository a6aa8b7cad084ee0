//! Failures and numbers on their way across the border.

use izwi_runtime::{ErrorCode, RuntimeError};

/// A runtime error as JavaScript gets it: `CODE: text`.
pub(crate) fn napi_error(error: &RuntimeError) -> napi::Error {
    napi::Error::from_reason(format!("{}: {}", error.code.name(), error.message))
}

pub(crate) fn invalid_request(message: String) -> napi::Error {
    napi_error(&RuntimeError::new(ErrorCode::InvalidRequest, message))
}

/// JavaScript has one kind of number; what must count is a non-negative integer.
pub(crate) fn count(name: &str, value: Option<f64>) -> napi::Result<Option<usize>> {
    match value {
        None => Ok(None),
        Some(value) if value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_991.0 => {
            Ok(Some(value as usize))
        }
        Some(value) => Err(invalid_request(format!(
            "{name} must be a whole number of 0 or more, not {value}"
        ))),
    }
}
