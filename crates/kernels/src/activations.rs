//! Rows of activations, prepared once for every matrix that they are multiplied by.
//!
//! Quantized weights meet activations in one int8 format, whatever the weights' type: groups of 32
//! values with an f32 scale each. The sums that a type's constant offset or mins need are kept
//! beside the quants, already multiplied by the scale.

use crate::dispatch::Kernels;
use crate::shared_slice::SharedSlice;
use crate::thread_pool::ThreadPool;

/// Activations per [`QuantBlock`].
pub(crate) const BLOCK: usize = 256;

/// 256 activations of one row as int8: `value[i] = scales[i / 32] * quants[i]`.
///
/// A row that isn't a multiple of 256 long ends in zeros, scales included, so that kernels always
/// take whole blocks. A NaN or infinity makes its group's scale NaN or infinite, and so shows in
/// the product.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct QuantBlock {
    pub scales: [f32; 8],
    /// Per 32 values: scale times the sum of the quants.
    pub sums32: [f32; 8],
    /// Per 32 values: -128 times the sum of the quants. Weights whose bits have a constant added, a power of two up to
    /// 128, need a fraction of it as the start of their sum.
    pub starts32: [i32; 8],
    /// Per 16 values: -32 times the sum of the quants, for types with a scale for 16 weights.
    pub starts16: [i32; 16],
    pub quants: [i8; BLOCK],
}

impl QuantBlock {
    pub const ZERO: Self = Self {
        scales: [0.0; 8],
        sums32: [0.0; 8],
        starts32: [0; 8],
        starts16: [0; 16],
        quants: [0; BLOCK],
    };
}

impl Default for QuantBlock {
    fn default() -> Self {
        Self::ZERO
    }
}

/// The largest magnitude below this counts as zero: its reciprocal would overflow.
pub(crate) const SMALLEST_MAGNITUDE: f32 = 1e-30;

/// Values below which preparing is not worth a parallel region.
const PARALLEL_VALUES: usize = 1 << 15;

/// A set of rows `[tokens, cols]` prepared for [`matmul`](crate::matmul::matmul()). Its buffers are
/// kept from one `prepare` to the next: nothing is allocated when they are large enough.
#[derive(Default)]
pub struct Activations {
    tokens: usize,
    cols: usize,
    /// `[tokens, cols]`, or stale.
    rows: Vec<f32>,
    has_rows: bool,
    /// `[tokens, blocks_per_row]`, or stale.
    blocks: Vec<QuantBlock>,
    has_blocks: bool,
}

impl Activations {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes rows `x` of shape `[tokens, cols]` for weights of any type.
    ///
    /// # Panics
    /// If `x` is not `tokens * cols` long.
    pub fn prepare(&mut self, kernels: &Kernels, pool: &ThreadPool, x: &[f32], tokens: usize, cols: usize) {
        self.prepare_f32(x, tokens, cols);
        self.quantize(kernels, pool, x);
    }

    /// As [`prepare`](Self::prepare), for quantized weights only: saves the copy of the f32 rows.
    pub fn prepare_quantized(&mut self, kernels: &Kernels, pool: &ThreadPool, x: &[f32], tokens: usize, cols: usize) {
        self.set_shape(x, tokens, cols);
        self.quantize(kernels, pool, x);
    }

    /// As [`prepare`](Self::prepare), for F32, F16 and BF16 weights only.
    pub fn prepare_f32(&mut self, x: &[f32], tokens: usize, cols: usize) {
        self.set_shape(x, tokens, cols);
        self.rows.clear();
        self.rows.extend_from_slice(x);
        self.has_rows = true;
    }

    pub fn tokens(&self) -> usize {
        self.tokens
    }

    pub fn cols(&self) -> usize {
        self.cols
    }

    fn set_shape(&mut self, x: &[f32], tokens: usize, cols: usize) {
        assert_eq!(
            Some(x.len()),
            tokens.checked_mul(cols),
            "activations of shape [{tokens}, {cols}]"
        );
        self.tokens = tokens;
        self.cols = cols;
        self.has_rows = false;
        self.has_blocks = false;
    }

    fn blocks_per_row(&self) -> usize {
        self.cols.div_ceil(BLOCK)
    }

    fn quantize(&mut self, kernels: &Kernels, pool: &ThreadPool, x: &[f32]) {
        let (cols, blocks_per_row) = (self.cols, self.blocks_per_row());
        self.blocks.resize(self.tokens * blocks_per_row, QuantBlock::ZERO);
        self.has_blocks = true;
        if cols == 0 {
            return;
        }
        let rows_per_task = if x.len() < PARALLEL_VALUES {
            self.tokens
        } else {
            (PARALLEL_VALUES / 4 / cols).max(1)
        };
        let shared = SharedSlice::new(&mut self.blocks);
        let num_tasks = self.tokens.div_ceil(rows_per_task.max(1));
        pool.run(num_tasks, &|task| {
            let first = task * rows_per_task;
            let rows = &x[first * cols..];
            for (row, values) in rows.chunks_exact(cols).take(rows_per_task).enumerate() {
                // SAFETY: each row's blocks belong to the one task that the row is in.
                let blocks = unsafe { shared.range((first + row) * blocks_per_row, blocks_per_row) };
                kernels.quantize_row(values, blocks);
            }
        });
    }

    /// The f32 row of one token.
    ///
    /// # Panics
    /// If the activations weren't prepared with f32 rows.
    pub(crate) fn row(&self, token: usize) -> &[f32] {
        assert!(
            self.has_rows,
            "float weights need activations from prepare or prepare_f32"
        );
        &self.rows[token * self.cols..][..self.cols]
    }

    /// The int8 row of one token.
    ///
    /// # Panics
    /// If the activations weren't prepared for quantized weights.
    pub(crate) fn quant_row(&self, token: usize) -> &[QuantBlock] {
        assert!(
            self.has_blocks,
            "quantized weights need activations from prepare or prepare_quantized"
        );
        let blocks_per_row = self.blocks_per_row();
        &self.blocks[token * blocks_per_row..][..blocks_per_row]
    }
}
