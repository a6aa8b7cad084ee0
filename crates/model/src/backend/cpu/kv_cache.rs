//! K and V of all layers, in blocks, and within a block head by head.

use half::f16;
use izwi_kernels::{AttentionShape, Kernels, KvLayer, KvType};
use memmap2::MmapMut;

use crate::backend::KvCacheShape;
use crate::{ModelError, Result};

pub struct CpuKvCache {
    pub(super) shape: KvCacheShape,
    kv_type: KvType,
    /// One for each layer, as `KvLayer` describes them.
    keys: Vec<Pages>,
    values: Vec<Pages>,
}

impl CpuKvCache {
    /// # Errors
    /// `OutOfMemory` when the system doesn't give the address space.
    pub(super) fn new(shape: KvCacheShape, kv_type: KvType) -> Result<Self> {
        let layer_bytes = shape.num_blocks * block_bytes(shape, kv_type);
        let layers = || {
            (0..shape.num_layers)
                .map(|_| Pages::new(layer_bytes))
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            shape,
            kv_type,
            keys: layers()?,
            values: layers()?,
        })
    }

    /// A layer's keys and values.
    pub(super) fn layer(&self, layer: usize) -> [KvLayer<'_>; 2] {
        [&self.keys[layer], &self.values[layer]].map(|pages| match self.kv_type {
            KvType::F16 => KvLayer::F16(pages.halves()),
            KvType::Q8_0 => KvLayer::Q8_0(&pages.map),
        })
    }

    /// Puts one position's K and V, `[num_kv_heads, head_dim]` each, into a slot of a layer.
    pub(super) fn store(
        &mut self,
        kernels: &Kernels,
        shape: &AttentionShape,
        layer: usize,
        slot: usize,
        [k, v]: [&[f32]; 2],
    ) {
        let (keys, values) = (&mut self.keys[layer], &mut self.values[layer]);
        match self.kv_type {
            KvType::F16 => {
                izwi_kernels::store_keys_f16(kernels, shape, k, slot, keys.halves_mut());
                izwi_kernels::store_values_f16(kernels, shape, v, slot, values.halves_mut());
            }
            KvType::Q8_0 => {
                izwi_kernels::store_keys_q8_0(kernels, shape, k, slot, &mut keys.map);
                izwi_kernels::store_values_q8_0(kernels, shape, v, slot, &mut values.map);
            }
        }
    }

    fn layers(&self) -> impl Iterator<Item = &Pages> {
        self.keys.iter().chain(&self.values)
    }

    fn layers_mut(&mut self) -> impl Iterator<Item = &mut Pages> {
        self.keys.iter_mut().chain(&mut self.values)
    }

    pub(super) fn copy_block(&mut self, from: u32, to: u32) {
        let len = block_bytes(self.shape, self.kv_type);
        for layer in self.layers_mut() {
            let start = from as usize * len;
            layer.map.copy_within(start..start + len, to as usize * len);
        }
    }

    pub(super) fn read_block(&self, block: u32, out: &mut Vec<u8>) {
        let len = block_bytes(self.shape, self.kv_type);
        for layer in self.layers() {
            out.extend_from_slice(&layer.map[block as usize * len..][..len]);
        }
    }

    pub(super) fn write_block(&mut self, block: u32, bytes: &[u8]) {
        let len = block_bytes(self.shape, self.kv_type);
        for (layer, bytes) in self.layers_mut().zip(bytes.chunks_exact(len)) {
            layer.map[block as usize * len..][..len].copy_from_slice(bytes);
        }
    }
}

/// Bytes of one block of one layer's K (or V).
fn block_bytes(shape: KvCacheShape, kv_type: KvType) -> usize {
    shape.block_size * shape.num_kv_heads * kv_type.row_bytes(shape.head_dim)
}

/// Zeros, fresh from the system: a page takes memory only once it's written to. (An allocator may hand out memory that it
/// has had before, and then clears all of it at once.)
struct Pages {
    map: MmapMut,
}

impl Pages {
    fn new(num_bytes: usize) -> Result<Self> {
        let map = MmapMut::map_anon(num_bytes).map_err(|_| {
            ModelError::OutOfMemory(format!(
                "the KV cache needs {num_bytes} bytes for one layer; choose a smaller context length"
            ))
        })?;
        Ok(Self { map })
    }

    fn halves(&self) -> &[f16] {
        // SAFETY: the map begins at a page's start; any bits are an f16.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.map.len() / size_of::<f16>()) }
    }

    fn halves_mut(&mut self) -> &mut [f16] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.map.len() / size_of::<f16>()) }
    }
}

#[cfg(target_endian = "big")]
compile_error!("the bytes of blocks are little-endian");
