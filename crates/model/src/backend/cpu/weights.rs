//! Weights as the kernels want them: quantized ones packed into panels, the others as they lie in the file.

use std::sync::{Arc, Mutex, PoisonError};

use izwi_kernels::{BlockType, Kernels, Layout, MatrixView, ThreadPool};
use memmap2::MmapMut;

use crate::gguf::{StorageSlice, Tensor, TensorInfo};
use crate::{ModelError, Result};

/// File bytes that are packed at once; then the pages that they were read from are given back.
const SLAB_BYTES: usize = 16 << 20;
/// What the arena asks the system for at once.
const CHUNK_BYTES: usize = 64 << 20;
/// Size of a large page, of which chunks are made where the system gives them: a token reads all weights once, and small
/// pages cost a look-up every 4 KiB.
const LARGE_PAGE: usize = 2 << 20;
/// Panels begin on a cache line, as every line is loaded whole.
const ALIGNMENT: usize = 64;

/// A matrix `[rows, cols]`.
pub struct CpuMatrix {
    stack: CpuMatrixStack,
}

impl CpuMatrix {
    pub(super) fn rows(&self) -> usize {
        self.stack.rows
    }

    pub(super) fn view(&self) -> MatrixView<'_> {
        self.stack.view(0)
    }
}

/// Matrices of one shape, `[count, rows, cols]`, one behind the other.
pub struct CpuMatrixStack {
    bytes: Bytes,
    layout: Layout,
    block_type: BlockType,
    pub(super) rows: usize,
    cols: usize,
    matrix_bytes: usize,
}

enum Bytes {
    File(StorageSlice),
    Packed(ArenaSlice),
}

impl CpuMatrixStack {
    pub(super) fn view(&self, index: usize) -> MatrixView<'_> {
        let bytes = match &self.bytes {
            Bytes::File(slice) => slice.bytes(),
            Bytes::Packed(slice) => slice.bytes(),
        };
        MatrixView {
            layout: self.layout,
            block_type: self.block_type,
            rows: self.rows,
            cols: self.cols,
            bytes: &bytes[index * self.matrix_bytes..][..self.matrix_bytes],
        }
    }
}

/// Bytes that a matrix, or a stack of them, takes: packed, or as it lies in the file.
pub(super) fn loaded_bytes(kernels: &Kernels, info: &TensorInfo) -> usize {
    let packed = match info.shape[..] {
        [rows, cols] => izwi_kernels::packed_bytes(kernels, info.block_type, rows, cols),
        [count, rows, cols] => {
            izwi_kernels::packed_bytes(kernels, info.block_type, rows, cols).map(|bytes| bytes * count)
        }
        _ => None,
    };
    packed.unwrap_or_else(|| info.num_bytes())
}

/// Where a backend's packed weights lie.
#[derive(Default)]
pub(super) struct Packing {
    arena: Mutex<Arena>,
}

impl Packing {
    /// # Errors
    /// `InvalidFile` for a tensor that is no matrix, `OutOfMemory` when there is no room for it.
    pub fn matrix(&self, kernels: &Kernels, pool: &ThreadPool, tensor: &Tensor) -> Result<CpuMatrix> {
        let [rows, cols] = tensor.info.shape[..] else {
            return Err(wrong_rank(tensor));
        };
        let stack = self.prepare(kernels, pool, tensor, [1, rows, cols])?;
        Ok(CpuMatrix { stack })
    }

    /// # Errors
    /// As for `matrix`.
    pub fn stack(&self, kernels: &Kernels, pool: &ThreadPool, tensor: &Tensor) -> Result<CpuMatrixStack> {
        let [count, rows, cols] = tensor.info.shape[..] else {
            return Err(wrong_rank(tensor));
        };
        self.prepare(kernels, pool, tensor, [count, rows, cols])
    }

    fn prepare(
        &self,
        kernels: &Kernels,
        pool: &ThreadPool,
        tensor: &Tensor,
        [count, rows, cols]: [usize; 3],
    ) -> Result<CpuMatrixStack> {
        let block_type = tensor.info.block_type;
        let row_bytes = block_type.row_bytes(cols);
        let Some(packed_bytes) = izwi_kernels::packed_bytes(kernels, block_type, rows, cols) else {
            return Ok(CpuMatrixStack {
                bytes: Bytes::File(tensor.slice()),
                layout: Layout::Rows,
                block_type,
                rows,
                cols,
                matrix_bytes: rows * row_bytes,
            });
        };
        let mut packed = self.allocate(packed_bytes * count, &tensor.name)?;
        let matrices = packed.bytes_mut().chunks_exact_mut(packed_bytes);
        // Whole panels, so that parts of a matrix follow each other as if it were packed at once.
        let slab_rows = (SLAB_BYTES / row_bytes).max(1).next_multiple_of(16).min(rows);
        let slab_packed = izwi_kernels::packed_bytes(kernels, block_type, slab_rows, cols).unwrap_or(packed_bytes);
        let file = tensor.slice();
        for (index, matrix) in matrices.enumerate() {
            for (slab, target) in matrix.chunks_mut(slab_packed).enumerate() {
                let first = slab * slab_rows;
                let num_rows = slab_rows.min(rows - first);
                let range = (index * rows + first) * row_bytes..(index * rows + first + num_rows) * row_bytes;
                let view = MatrixView {
                    layout: Layout::Rows,
                    block_type,
                    rows: num_rows,
                    cols,
                    bytes: &file.bytes()[range.clone()],
                };
                izwi_kernels::pack(pool, &view, target);
                file.release(range);
            }
        }
        Ok(CpuMatrixStack {
            bytes: Bytes::Packed(packed),
            layout: Layout::Panels,
            block_type,
            rows,
            cols,
            matrix_bytes: packed_bytes,
        })
    }

    fn allocate(&self, len: usize, name: &str) -> Result<ArenaSlice> {
        let mut arena = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
        arena.allocate(len).ok_or_else(|| {
            ModelError::OutOfMemory(format!(
                "the tensor {name} needs {len} bytes more; choose a smaller model or a stronger quantization"
            ))
        })
    }
}

/// Gives out memory piece by piece, in the order in which a model is read.
#[derive(Default)]
struct Arena {
    chunk: Option<Arc<Chunk>>,
    used: usize,
}

impl Arena {
    fn allocate(&mut self, len: usize) -> Option<ArenaSlice> {
        let fits = |chunk: &Arc<Chunk>| chunk.len - self.used >= len;
        if !self.chunk.as_ref().is_some_and(fits) {
            self.chunk = Some(Arc::new(Chunk::new(len.max(CHUNK_BYTES))?));
            self.used = 0;
        }
        let chunk = Arc::clone(self.chunk.as_ref()?);
        let start = self.used;
        self.used = (start + len).next_multiple_of(ALIGNMENT).min(chunk.len);
        Some(ArenaSlice { chunk, start, len })
    }
}

/// A piece of a chunk, which nobody else has.
struct ArenaSlice {
    chunk: Arc<Chunk>,
    start: usize,
    len: usize,
}

impl ArenaSlice {
    fn bytes(&self) -> &[u8] {
        // SAFETY: within the chunk, which lives as long as this.
        unsafe { std::slice::from_raw_parts(self.chunk.start.add(self.start), self.len) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; the arena gives out every byte once, so that no other slice overlaps.
        unsafe { std::slice::from_raw_parts_mut(self.chunk.start.add(self.start), self.len) }
    }
}

/// Zeroed pages, which take memory once they are written to.
struct Chunk {
    start: *mut u8,
    len: usize,
    _pages: MmapMut,
}

// SAFETY: a chunk is plain memory; who may write to which part is settled by `ArenaSlice`.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new(len: usize) -> Option<Self> {
        let len = len.next_multiple_of(LARGE_PAGE);
        let mut pages = MmapMut::map_anon(len).ok()?;
        // If it's refused, small pages do.
        #[cfg(target_os = "linux")]
        let _ = pages.advise(memmap2::Advice::HugePage);
        Some(Self {
            start: pages.as_mut_ptr(),
            len,
            _pages: pages,
        })
    }
}

fn wrong_rank(tensor: &Tensor) -> ModelError {
    ModelError::InvalidFile(format!(
        "the tensor {} has the shape {:?}",
        tensor.name, tensor.info.shape
    ))
}
