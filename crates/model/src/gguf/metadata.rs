//! The key-value part of a GGUF header: kept as ranges of the file, decoded when asked for.

use std::collections::HashMap;
use std::ops::Range;

use super::reader::invalid;
use crate::{ModelError, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

impl ValueType {
    pub(super) fn from_id(id: u32, key: &str) -> Result<Self> {
        use ValueType::*;
        const TYPES: [ValueType; 13] = [U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64];
        TYPES
            .get(id as usize)
            .copied()
            .ok_or_else(|| invalid(format!("the metadata value {key} has the unknown type {id}")))
    }

    /// Size in the file; `None` for strings and arrays.
    pub(super) fn fixed_bytes(self) -> Option<u64> {
        use ValueType::*;
        match self {
            U8 | I8 | Bool => Some(1),
            U16 | I16 => Some(2),
            U32 | I32 | F32 => Some(4),
            U64 | I64 | F64 => Some(8),
            String | Array => None,
        }
    }

    pub(super) fn min_bytes(self) -> u64 {
        self.fixed_bytes().unwrap_or(8)
    }
}

/// A value as it lies in the file.
#[derive(Debug, Clone)]
pub enum Value {
    /// `bytes`: the value's own (for a string its text, behind an 8-byte length).
    Scalar { value_type: ValueType, bytes: Range<usize> },
    /// `bytes`: all elements, one after the other.
    Array {
        element_type: ValueType,
        len: usize,
        bytes: Range<usize>,
    },
}

#[derive(Debug, Default)]
pub struct Metadata {
    values: HashMap<String, Value>,
}

impl Metadata {
    pub(super) fn new(values: HashMap<String, Value>) -> Self {
        Self { values }
    }
}

/// Decodes metadata. Integers of any width are accepted where they fit, as writers differ.
#[derive(Clone, Copy)]
pub struct MetadataReader<'a> {
    metadata: &'a Metadata,
    file: &'a [u8],
}

impl<'a> MetadataReader<'a> {
    pub(super) fn new(metadata: &'a Metadata, file: &'a [u8]) -> Self {
        Self { metadata, file }
    }

    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.metadata.values.keys().map(String::as_str)
    }

    /// # Errors
    /// `InvalidFile` when the key is there with another type, or negative.
    pub fn optional_u64(&self, key: &str) -> Result<Option<u64>> {
        let Some((value_type, bytes)) = self.scalar(key)? else {
            return Ok(None);
        };
        integer(value_type, bytes)
            .and_then(|integer| u64::try_from(integer).ok())
            .map(Some)
            .ok_or_else(|| wrong_type(key, "a non-negative integer"))
    }

    pub fn optional_u32(&self, key: &str) -> Result<Option<u32>> {
        self.optional_u64(key)?
            .map(|value| {
                u32::try_from(value).map_err(|_| invalid(format!("the metadata value {key} is {value}, out of range")))
            })
            .transpose()
    }

    pub fn u32(&self, key: &str) -> Result<u32> {
        self.optional_u32(key)?.ok_or_else(|| missing(key))
    }

    pub fn optional_f32(&self, key: &str) -> Result<Option<f32>> {
        let Some((value_type, bytes)) = self.scalar(key)? else {
            return Ok(None);
        };
        match value_type {
            ValueType::F32 => Ok(Some(f32::from_le_bytes(array(bytes)))),
            ValueType::F64 => Ok(Some(f64::from_le_bytes(array(bytes)) as f32)),
            _ => integer(value_type, bytes)
                .map(|value| Some(value as f32))
                .ok_or_else(|| wrong_type(key, "a number")),
        }
    }

    pub fn optional_bool(&self, key: &str) -> Result<Option<bool>> {
        let Some((value_type, bytes)) = self.scalar(key)? else {
            return Ok(None);
        };
        match (value_type, bytes) {
            (ValueType::Bool, [byte]) => Ok(Some(*byte != 0)),
            _ => Err(wrong_type(key, "true or false")),
        }
    }

    pub fn optional_str(&self, key: &str) -> Result<Option<&'a str>> {
        let Some((value_type, bytes)) = self.scalar(key)? else {
            return Ok(None);
        };
        if value_type != ValueType::String {
            return Err(wrong_type(key, "a string"));
        }
        text(&bytes[8..], key).map(Some)
    }

    pub fn str(&self, key: &str) -> Result<&'a str> {
        self.optional_str(key)?.ok_or_else(|| missing(key))
    }

    /// An array of strings; what it takes is at most three times the bytes that the array has in the file.
    pub fn optional_strings(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some((element_type, len, mut bytes)) = self.array(key)? else {
            return Ok(None);
        };
        if element_type != ValueType::String {
            return Err(wrong_type(key, "an array of strings"));
        }
        let mut strings = Vec::with_capacity(len);
        for _ in 0..len {
            let (length, rest) = bytes.split_at(8);
            let (string, rest) = rest.split_at(u64::from_le_bytes(array(length)) as usize);
            strings.push(text(string, key)?.to_owned());
            bytes = rest;
        }
        Ok(Some(strings))
    }

    pub fn optional_u32s(&self, key: &str) -> Result<Option<Vec<u32>>> {
        let Some((element_type, _, bytes)) = self.array(key)? else {
            return Ok(None);
        };
        let Some(size) = element_type.fixed_bytes() else {
            return Err(wrong_type(key, "an array of integers"));
        };
        bytes
            .chunks_exact(size as usize)
            .map(|bytes| {
                integer(element_type, bytes)
                    .and_then(|value| u32::try_from(value).ok())
                    .ok_or_else(|| wrong_type(key, "an array of non-negative integers"))
            })
            .collect::<Result<Vec<u32>>>()
            .map(Some)
    }

    fn scalar(&self, key: &str) -> Result<Option<(ValueType, &'a [u8])>> {
        match self.metadata.values.get(key) {
            None => Ok(None),
            Some(Value::Scalar { value_type, bytes }) => Ok(Some((*value_type, &self.file[bytes.clone()]))),
            Some(Value::Array { .. }) => Err(wrong_type(key, "a single value")),
        }
    }

    fn array(&self, key: &str) -> Result<Option<(ValueType, usize, &'a [u8])>> {
        match self.metadata.values.get(key) {
            None => Ok(None),
            Some(Value::Array {
                element_type,
                len,
                bytes,
            }) => Ok(Some((*element_type, *len, &self.file[bytes.clone()]))),
            Some(Value::Scalar { .. }) => Err(wrong_type(key, "an array")),
        }
    }
}

fn integer(value_type: ValueType, bytes: &[u8]) -> Option<i128> {
    use ValueType::*;
    Some(match value_type {
        U8 => i128::from(bytes[0]),
        I8 => i128::from(bytes[0] as i8),
        U16 => i128::from(u16::from_le_bytes(array(bytes))),
        I16 => i128::from(i16::from_le_bytes(array(bytes))),
        U32 => i128::from(u32::from_le_bytes(array(bytes))),
        I32 => i128::from(i32::from_le_bytes(array(bytes))),
        U64 => i128::from(u64::from_le_bytes(array(bytes))),
        I64 => i128::from(i64::from_le_bytes(array(bytes))),
        F32 | F64 | Bool | String | Array => return None,
    })
}

/// The reader has checked the size of each value when it took its range.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

fn text<'a>(bytes: &'a [u8], key: &str) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| invalid(format!("the metadata value {key} is not valid UTF-8")))
}

fn missing(key: &str) -> ModelError {
    invalid(format!("the metadata value {key} is missing"))
}

fn wrong_type(key: &str, wanted: &str) -> ModelError {
    invalid(format!("the metadata value {key} is not {wanted}"))
}
