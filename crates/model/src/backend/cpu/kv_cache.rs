//! K and V of all layers in f16, head by head within a block.

use std::ops::{Deref, DerefMut};

use half::f16;
use memmap2::MmapMut;

use crate::backend::KvCacheShape;
use crate::{ModelError, Result};

const VALUE_BYTES: usize = size_of::<f16>();

pub struct CpuKvCache {
    pub(super) shape: KvCacheShape,
    /// One for each layer, `[num_blocks, num_kv_heads, block_size, head_dim]`.
    pub(super) keys: Vec<Pages>,
    pub(super) values: Vec<Pages>,
}

impl CpuKvCache {
    /// # Errors
    /// `OutOfMemory` when the system doesn't give the address space.
    pub(super) fn new(shape: KvCacheShape) -> Result<Self> {
        let layers = || {
            (0..shape.num_layers)
                .map(|_| Pages::new(shape.layer_len()))
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            shape,
            keys: layers()?,
            values: layers()?,
        })
    }

    fn layers(&self) -> impl Iterator<Item = &Pages> {
        self.keys.iter().chain(&self.values)
    }

    fn layers_mut(&mut self) -> impl Iterator<Item = &mut Pages> {
        self.keys.iter_mut().chain(&mut self.values)
    }

    pub(super) fn copy_block(&mut self, from: u32, to: u32) {
        let len = self.shape.block_len();
        for layer in self.layers_mut() {
            layer.copy_within(from as usize * len..(from as usize + 1) * len, to as usize * len);
        }
    }

    pub(super) fn read_block(&self, block: u32, out: &mut Vec<u8>) {
        let len = self.shape.block_len();
        for layer in self.layers() {
            let values = &layer[block as usize * len..][..len];
            let start = out.len();
            out.resize(start + len * VALUE_BYTES, 0);
            let bytes = out[start..].chunks_exact_mut(VALUE_BYTES);
            bytes
                .zip(values)
                .for_each(|(bytes, value)| bytes.copy_from_slice(&value.to_le_bytes()));
        }
    }

    pub(super) fn write_block(&mut self, block: u32, bytes: &[u8]) {
        let len = self.shape.block_len();
        for (layer, bytes) in self.layers_mut().zip(bytes.chunks_exact(len * VALUE_BYTES)) {
            let values = layer[block as usize * len..][..len].iter_mut();
            let bytes = bytes.chunks_exact(VALUE_BYTES);
            values
                .zip(bytes)
                .for_each(|(value, bytes)| *value = f16::from_le_bytes([bytes[0], bytes[1]]));
        }
    }
}

/// Zeros, fresh from the system: a page takes memory only once it's written to. (An allocator may hand out memory that it
/// has had before, and then clears all of it at once.)
pub(super) struct Pages {
    map: MmapMut,
    len: usize,
}

impl Pages {
    fn new(len: usize) -> Result<Self> {
        let map = MmapMut::map_anon((len * VALUE_BYTES).max(1)).map_err(|_| {
            ModelError::OutOfMemory(format!(
                "the KV cache needs {} bytes for one layer; choose a smaller context length",
                len * VALUE_BYTES
            ))
        })?;
        Ok(Self { map, len })
    }
}

impl Deref for Pages {
    type Target = [f16];

    fn deref(&self) -> &[f16] {
        // SAFETY: `len` values, on a page's start; any bits are an f16.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [f16] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.len) }
    }
}
