//! Kernels for x86-64.

// Register tiles are arrays that several loops index by row, column and token at once.
#[allow(clippy::needless_range_loop)]
pub(crate) mod avx2;
#[allow(clippy::needless_range_loop)]
pub(crate) mod avx512;
pub(crate) mod avxvnni;
