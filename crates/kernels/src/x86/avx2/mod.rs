//! AVX2, FMA and F16C.

use crate::dispatch::{Isa, Kernels};
use crate::scalar;

pub(crate) static KERNELS: Kernels = Kernels {
    isa: Isa::Avx2,
    tiles: scalar::TILES,
    ..scalar::KERNELS
};
