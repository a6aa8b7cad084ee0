//! Arrays in, arrays out: quantized blocks, SIMD kernels and the thread pool.
//!
//! Every operation exists at least twice: a plain scalar one, which is the oracle, and one per
//! instruction set. [`Kernels`] is the table of the operations for one instruction set;
//! [`Kernels::active`] picks the best table once per process. The functions of this crate take the
//! table as an argument, check the lengths of their slices, and panic with a clear message when
//! they don't fit: a wrong length is a programming error of the caller, never a property of a file.

pub mod activation;
pub mod activations;
#[cfg(target_arch = "aarch64")]
mod arm;
pub mod attention;
mod bandwidth;
pub mod blocks;
pub mod dispatch;
mod isa;
pub mod matmul;
pub mod norm;
mod panel;
pub mod parallel;
mod prefetch;
pub mod rope;
mod scalar;
mod shared_slice;
pub mod thread_pool;
mod thread_priority;
mod unpack;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use activation::{add_scaled, silu_mul, softmax};
pub use activations::Activations;
pub use attention::{
    AttentionShape, KvLayer, KvType, SequenceSpan, attention, store_keys_f16, store_keys_q8_0, store_values_f16,
    store_values_q8_0,
};
pub use bandwidth::memory_bandwidth;
pub use blocks::{BlockType, dequantize_row};
pub use dispatch::Kernels;
pub use half::f16;
pub use isa::{Isa, active_isa, available_isas, isa_override_note};
pub use matmul::{Layout, MatrixView, ShapeError, matmul, matmul_rows, pack, packed_bytes};
pub use norm::{rms_norm, rms_norm_in_place, rms_norm_rows};
pub use parallel::for_each_row;
pub use rope::{RopeTable, rotate};
pub use thread_pool::{ThreadPool, default_num_threads};
pub use thread_priority::lower_thread_priority;
