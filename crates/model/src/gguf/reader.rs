//! Reads a GGUF header from mapped bytes.
//!
//! Nothing in a file is trusted: each count is held against the bytes that are left before anything is stored, so what
//! a hostile header makes us allocate stays within a small multiple of the file's own size. (candle's reader allocates
//! what a length field claims, which is why it isn't used here; a test holds this reader's view against candle's.)

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::metadata::{Metadata, Value, ValueType};
use super::tensors::{Storage, Tensor, TensorInfo};
use crate::{ModelError, Result};

const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_DIMS: u32 = 4;
/// The longest name of a key or tensor in the specification is 65,535 bytes (keys) or 64 (tensors).
const MAX_NAME_BYTES: u64 = 65_535;

/// A checked GGUF file: its metadata and where its tensors lie.
pub struct GgufFile {
    storage: Arc<Storage>,
    metadata: Metadata,
    tensors: HashMap<String, TensorInfo>,
}

impl GgufFile {
    /// Maps a file and reads its header. Tensor data is paged in when it is first used.
    ///
    /// The file must not be truncated while it is mapped (as with any mapped file, reading past its new end would
    /// end the process).
    ///
    /// # Errors
    /// `Io` when it can't be opened, `InvalidFile` when it isn't sound GGUF, `Unsupported` for a version or tensor type
    /// that isn't supported.
    pub fn open(path: &Path) -> Result<Self> {
        let io_error = |error: std::io::Error| ModelError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        };
        let file = File::open(path).map_err(io_error)?;
        let file_type = file.metadata().map_err(io_error)?;
        if !file_type.is_file() {
            let message = if file_type.is_dir() {
                "it is a directory, not a file"
            } else {
                "it is not a regular file"
            };
            return Err(ModelError::Io {
                path: path.to_owned(),
                message: message.to_owned(),
            });
        }
        if file_type.len() == 0 {
            return Err(ModelError::InvalidFile("not a GGUF file: the file is empty".to_owned()));
        }
        // SAFETY: the map is read-only and private to this process; the contract above covers outside truncation.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(io_error)?;
        Self::read(Storage::Mapped(map))
    }

    /// Reads a file that is in memory already.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::read(Storage::Owned(bytes))
    }

    fn read(storage: Storage) -> Result<Self> {
        let mut cursor = Cursor {
            bytes: storage.bytes(),
            position: 0,
        };
        let num_tensors;
        let num_values;
        {
            check_magic(&mut cursor)?;
            num_tensors = cursor.u64("the number of tensors")?;
            num_values = cursor.u64("the number of metadata values")?;
        }
        // A value takes at least 8 (key length) + 4 (type) + 1 bytes, a tensor 8 + 4 + 8 + 4 + 8.
        cursor.check_count(num_values, 13, "metadata values")?;
        cursor.check_count(num_tensors, 32, "tensors")?;

        let mut values = HashMap::new();
        for _ in 0..num_values {
            let key = cursor.name("a metadata key")?;
            let value = cursor.value(&key)?;
            if values.insert(key.clone(), value).is_some() {
                return Err(invalid(format!("the metadata key {key} appears twice")));
            }
        }
        let metadata = Metadata::new(values);
        let alignment = alignment(&metadata, &storage)?;

        let mut tensors = HashMap::new();
        for _ in 0..num_tensors {
            let name = cursor.name("a tensor name")?;
            let info = cursor.tensor_info(&name)?;
            if tensors.insert(name.clone(), info).is_some() {
                return Err(invalid(format!("the tensor {name} appears twice")));
            }
        }
        let data_start = (cursor.position as u64)
            .checked_next_multiple_of(alignment)
            .ok_or_else(|| invalid("the header is too long"))?;
        for (name, info) in &mut tensors {
            info.place(name, data_start, alignment, storage.bytes().len() as u64)?;
        }
        Ok(Self {
            storage: Arc::new(storage),
            metadata,
            tensors,
        })
    }

    /// Typed access to the metadata.
    pub fn metadata(&self) -> super::metadata::MetadataReader<'_> {
        super::metadata::MetadataReader::new(&self.metadata, self.storage.bytes())
    }

    /// All tensors, in no order.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.tensors.iter().map(|(name, info)| (name.as_str(), info))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.storage.bytes()
    }

    pub fn has_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A tensor by name, sharing the file's mapping.
    ///
    /// # Errors
    /// `InvalidFile` when the file has no such tensor.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let info = self
            .tensors
            .get(name)
            .ok_or_else(|| invalid(format!("the tensor {name} is missing")))?;
        Ok(Tensor::new(name.to_owned(), info.clone(), Arc::clone(&self.storage)))
    }

    pub fn file_bytes(&self) -> usize {
        self.storage.bytes().len()
    }
}

fn check_magic(cursor: &mut Cursor<'_>) -> Result<()> {
    let magic = cursor
        .take(4, "the magic number")
        .map_err(|_| invalid("not a GGUF file: shorter than four bytes"))?;
    if magic != b"GGUF" {
        return Err(invalid("not a GGUF file: it doesn't begin with the letters GGUF"));
    }
    match cursor.u32("the version")? {
        2 | 3 => Ok(()),
        version if version.swap_bytes() <= 3 => Err(ModelError::Unsupported(
            "big-endian GGUF files are not supported".to_owned(),
        )),
        version => Err(ModelError::Unsupported(format!(
            "GGUF version {version} is not supported (only 2 and 3 are)"
        ))),
    }
}

fn alignment(metadata: &Metadata, storage: &Storage) -> Result<u64> {
    let reader = super::metadata::MetadataReader::new(metadata, storage.bytes());
    match reader.optional_u64("general.alignment")? {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(alignment) if alignment.is_power_of_two() && (1..=1 << 20).contains(&alignment) => Ok(alignment),
        Some(alignment) => Err(invalid(format!(
            "general.alignment is {alignment}, which is not a power of two up to 2^20"
        ))),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> ModelError {
    ModelError::InvalidFile(message.into())
}

/// A position in the file; each step forward is checked against the file's end.
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn remaining(&self) -> u64 {
        (self.bytes.len() - self.position) as u64
    }

    fn take(&mut self, count: u64, what: &str) -> Result<&'a [u8]> {
        if count > self.remaining() {
            return Err(invalid(format!(
                "the file ends too early: {what} needs {count} bytes at offset {}, {} are left (an incomplete download?)",
                self.position,
                self.remaining()
            )));
        }
        let taken = &self.bytes[self.position..self.position + count as usize];
        self.position += count as usize;
        Ok(taken)
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn u64(&mut self, what: &str) -> Result<u64> {
        let mut raw = [0; 8];
        raw.copy_from_slice(self.take(8, what)?);
        Ok(u64::from_le_bytes(raw))
    }

    fn check_count(&self, count: u64, min_bytes_each: u64, what: &str) -> Result<()> {
        if count
            .checked_mul(min_bytes_each)
            .is_none_or(|bytes| bytes > self.remaining())
        {
            return Err(invalid(format!(
                "the header claims {count} {what}, more than the file can hold"
            )));
        }
        Ok(())
    }

    fn name(&mut self, what: &str) -> Result<String> {
        let length = self.u64(what)?;
        if length > MAX_NAME_BYTES {
            return Err(invalid(format!("{what} is {length} bytes long")));
        }
        let bytes = self.take(length, what)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| invalid(format!("{what} is not valid UTF-8")))
    }

    fn value(&mut self, key: &str) -> Result<Value> {
        let value_type = ValueType::from_id(self.u32(key)?, key)?;
        if value_type != ValueType::Array {
            let start = self.position;
            self.skip_value(value_type, key)?;
            return Ok(Value::Scalar {
                value_type,
                bytes: start..self.position,
            });
        }
        let element_type = ValueType::from_id(self.u32(key)?, key)?;
        if element_type == ValueType::Array {
            return Err(ModelError::Unsupported(format!(
                "the metadata value {key} is an array of arrays"
            )));
        }
        let len = self.u64(key)?;
        self.check_count(len, element_type.min_bytes(), &format!("elements in {key}"))?;
        let start = self.position;
        match element_type.fixed_bytes() {
            Some(bytes_each) => {
                self.take(len * bytes_each, key)?;
            }
            None => {
                for _ in 0..len {
                    self.skip_value(element_type, key)?;
                }
            }
        }
        Ok(Value::Array {
            element_type,
            len: len as usize,
            bytes: start..self.position,
        })
    }

    fn skip_value(&mut self, value_type: ValueType, key: &str) -> Result<()> {
        let bytes = match value_type.fixed_bytes() {
            Some(bytes) => bytes,
            None => self.u64(key)?,
        };
        self.take(bytes, key).map(|_| ())
    }

    fn tensor_info(&mut self, name: &str) -> Result<TensorInfo> {
        let num_dims = self.u32(name)?;
        if num_dims == 0 || num_dims > MAX_DIMS {
            return Err(invalid(format!("the tensor {name} has {num_dims} dimensions")));
        }
        let mut shape = Vec::with_capacity(num_dims as usize);
        for _ in 0..num_dims {
            shape.push(self.u64(name)?);
        }
        let ggml_type = self.u32(name)?;
        let offset = self.u64(name)?;
        TensorInfo::new(name, &shape, ggml_type, offset)
    }
}
