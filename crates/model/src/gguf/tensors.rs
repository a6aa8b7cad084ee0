//! Tensors of a GGUF file: where they lie and what they are.

use std::ops::Range;
use std::sync::Arc;

use izwi_kernels::BlockType;

use super::reader::invalid;
use crate::{ModelError, Result};

/// The bytes of a model file.
pub enum Storage {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl Storage {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Storage::Mapped(map) => map,
            Storage::Owned(bytes) => bytes,
        }
    }
}

/// A range of a model file that keeps the file alive.
#[derive(Clone)]
pub struct StorageSlice {
    storage: Arc<Storage>,
    range: Range<usize>,
}

impl StorageSlice {
    pub fn bytes(&self) -> &[u8] {
        &self.storage.bytes()[self.range.clone()]
    }

    /// Gives back the memory that a part's pages took when they were read; reading them again is allowed. Only a hint.
    pub fn release(&self, part: Range<usize>) {
        #[cfg(unix)]
        if let Storage::Mapped(map) = &*self.storage {
            let start = self.range.start + part.start;
            // SAFETY: the map is of a file and never written to: its pages come back as they were.
            let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, part.len()) };
        }
        #[cfg(not(unix))]
        let _ = part;
    }
}

/// Shape, type and place of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    pub block_type: BlockType,
    /// Outermost dimension first: a matrix is `[rows, cols]`, a stack of expert matrices `[experts, rows, cols]`.
    /// (In the file the order is the other way round.)
    pub shape: Vec<usize>,
    /// Offset from the start of the tensor data.
    offset: u64,
    num_bytes: u64,
    range: Range<usize>,
}

impl TensorInfo {
    pub(super) fn new(name: &str, file_shape: &[u64], ggml_type: u32, offset: u64) -> Result<Self> {
        let block_type = BlockType::from_ggml_type(ggml_type).ok_or_else(|| unsupported_type(name, ggml_type))?;
        let too_large = || invalid(format!("the tensor {name} is larger than any memory"));
        let shape = file_shape
            .iter()
            .rev()
            .map(|&dim| usize::try_from(dim))
            .collect::<std::result::Result<Vec<_>, _>>();
        let shape = shape.map_err(|_| too_large())?;
        if shape.contains(&0) {
            return Err(invalid(format!("the tensor {name} has a dimension of zero")));
        }
        let cols = shape[shape.len() - 1];
        if !cols.is_multiple_of(block_type.block_len()) {
            return Err(invalid(format!(
                "the tensor {name} has rows of {cols} elements, not a multiple of {}'s block of {}",
                block_type.name(),
                block_type.block_len()
            )));
        }
        let row_bytes = (cols / block_type.block_len())
            .checked_mul(block_type.block_bytes())
            .ok_or_else(too_large)?;
        let num_bytes = shape[..shape.len() - 1]
            .iter()
            .try_fold(row_bytes, |bytes, &dim| bytes.checked_mul(dim))
            .ok_or_else(too_large)? as u64;
        Ok(Self {
            block_type,
            shape,
            offset,
            num_bytes,
            range: 0..0,
        })
    }

    /// Fixes the tensor's range once the start of the data is known.
    pub(super) fn place(&mut self, name: &str, data_start: u64, alignment: u64, file_bytes: u64) -> Result<()> {
        if !self.offset.is_multiple_of(alignment) {
            return Err(invalid(format!(
                "the tensor {name} lies at offset {}, not a multiple of {alignment}",
                self.offset
            )));
        }
        let start = data_start.checked_add(self.offset);
        let end = start.and_then(|start| start.checked_add(self.num_bytes));
        match (start, end) {
            (Some(start), Some(end)) if end <= file_bytes => {
                self.range = start as usize..end as usize;
                Ok(())
            }
            _ => Err(invalid(format!(
                "the tensor {name} ends beyond the end of the file (an incomplete download? the file has {file_bytes} bytes)"
            ))),
        }
    }

    pub fn num_elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Where its bytes lie in the file.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    pub fn num_bytes(&self) -> usize {
        self.range.len()
    }
}

/// A tensor of an open file.
#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    pub info: TensorInfo,
    storage: Arc<Storage>,
}

impl Tensor {
    pub(super) fn new(name: String, info: TensorInfo, storage: Arc<Storage>) -> Self {
        Self { name, info, storage }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.storage.bytes()[self.info.range.clone()]
    }

    /// The tensor's bytes without its name and shape.
    pub fn slice(&self) -> StorageSlice {
        StorageSlice {
            storage: Arc::clone(&self.storage),
            range: self.info.range.clone(),
        }
    }

    /// # Errors
    /// `InvalidFile` when the shape is another one.
    pub fn expect_shape(&self, shape: &[usize]) -> Result<()> {
        if self.info.shape == shape {
            return Ok(());
        }
        Err(invalid(format!(
            "the tensor {} has the shape {:?} where the metadata asks for {shape:?}",
            self.name, self.info.shape
        )))
    }

    /// The tensor's values as f32.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.info.num_elements()];
        izwi_kernels::dequantize_row(self.info.block_type, self.bytes(), &mut values);
        values
    }
}

fn unsupported_type(name: &str, ggml_type: u32) -> ModelError {
    // Types of ggml.h that exist and aren't read here.
    const OTHERS: [(u32, &str); 19] = [
        (9, "Q8_1"),
        (15, "Q8_K"),
        (16, "IQ2_XXS"),
        (17, "IQ2_XS"),
        (18, "IQ3_XXS"),
        (19, "IQ1_S"),
        (20, "IQ4_NL"),
        (21, "IQ3_S"),
        (22, "IQ2_S"),
        (23, "IQ4_XS"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (29, "IQ1_M"),
        (34, "TQ1_0"),
        (35, "TQ2_0"),
        (39, "MXFP4"),
    ];
    let supported: Vec<&str> = BlockType::ALL.iter().map(|block_type| block_type.name()).collect();
    match OTHERS.iter().find(|(id, _)| *id == ggml_type) {
        Some((_, type_name)) => ModelError::Unsupported(format!(
            "the tensor {name} has the type {type_name}, which is not supported (supported: {}); choose a file with another quantization, such as Q4_K_M",
            supported.join(", ")
        )),
        None => invalid(format!("the tensor {name} has the unknown type {ggml_type}")),
    }
}
