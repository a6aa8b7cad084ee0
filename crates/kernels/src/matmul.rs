//! Products of weight matrices, as they lie in a file or packed, with rows of activations.

use std::fmt;

use crate::activations::{Activations, QuantBlock};
use crate::blocks::BlockType;
use crate::dispatch::{Kernels, TILE_TOKENS, WeightRows};
use crate::panel::{PANEL_ROWS, PANEL_TOKENS, PanelLayout, pack_panel};
use crate::shared_slice::SharedSlice;
use crate::thread_pool::ThreadPool;

/// How a matrix's blocks follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Row by row, each a sequence of blocks, as in a file.
    Rows,
    /// By panels of sixteen rows: what [`pack`] makes.
    Panels,
}

/// A matrix `[rows, cols]` of weights, in bytes of any alignment.
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a> {
    pub layout: Layout,
    pub block_type: BlockType,
    pub rows: usize,
    pub cols: usize,
    pub bytes: &'a [u8],
}

/// Bytes that are no matrix of the shape that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShapeError {
    /// The columns don't divide into blocks of the type.
    Columns { block_type: BlockType, cols: usize },
    /// `expected` is `None` when the size doesn't fit an integer.
    Bytes {
        block_type: BlockType,
        rows: usize,
        cols: usize,
        expected: Option<usize>,
        actual: usize,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns { block_type, cols } => write!(
                f,
                "a {} matrix needs a multiple of {} columns, not {cols}",
                block_type.name(),
                block_type.block_len()
            ),
            Self::Bytes {
                block_type,
                rows,
                cols,
                expected,
                actual,
            } => {
                write!(f, "a {} matrix of {rows} x {cols} needs ", block_type.name())?;
                match expected {
                    Some(expected) => write!(f, "{expected} bytes, not {actual}"),
                    None => write!(f, "more bytes than this machine can address"),
                }
            }
        }
    }
}

impl std::error::Error for ShapeError {}

impl<'a> MatrixView<'a> {
    /// Checks that `cols` divides into blocks and that `bytes` is exactly `rows` rows long.
    pub fn new(block_type: BlockType, rows: usize, cols: usize, bytes: &'a [u8]) -> Result<Self, ShapeError> {
        if !cols.is_multiple_of(block_type.block_len()) {
            return Err(ShapeError::Columns { block_type, cols });
        }
        let expected = (cols / block_type.block_len())
            .checked_mul(block_type.block_bytes())
            .and_then(|row_bytes| row_bytes.checked_mul(rows));
        if expected != Some(bytes.len()) {
            return Err(ShapeError::Bytes {
                block_type,
                rows,
                cols,
                expected,
                actual: bytes.len(),
            });
        }
        Ok(Self {
            layout: Layout::Rows,
            block_type,
            rows,
            cols,
            bytes,
        })
    }

    /// The bytes of one row.
    ///
    /// # Panics
    /// If the rows are packed.
    pub fn row(&self, row: usize) -> &'a [u8] {
        assert_eq!(self.layout, Layout::Rows);
        let row_bytes = self.block_type.row_bytes(self.cols);
        &self.bytes[row * row_bytes..][..row_bytes]
    }
}

/// Bytes of a matrix once it is packed, or `None` if the table multiplies the type as it lies in a file.
///
/// # Panics
/// If `cols` is not a multiple of the type's block.
pub fn packed_bytes(kernels: &Kernels, block_type: BlockType, rows: usize, cols: usize) -> Option<usize> {
    assert!(cols.is_multiple_of(block_type.block_len()));
    kernels
        .has_panels(block_type)
        .then(|| rows.div_ceil(PANEL_ROWS) * PanelLayout::of(block_type).panel_bytes(cols))
}

/// Packs a matrix for kernels whose [`packed_bytes`] is as long as `out`. Sixteen rows, or the last ones, become one
/// panel, so that parts of a matrix whose rows divide by sixteen can be packed one after the other.
///
/// # Panics
/// If `out` has another length, or the matrix is packed already.
pub fn pack(pool: &ThreadPool, matrix: &MatrixView<'_>, out: &mut [u8]) {
    assert_eq!(matrix.layout, Layout::Rows);
    let panel_bytes = PanelLayout::of(matrix.block_type).panel_bytes(matrix.cols);
    let num_panels = matrix.rows.div_ceil(PANEL_ROWS);
    assert_eq!(out.len(), num_panels * panel_bytes, "bytes of a packed matrix");
    let row_bytes = matrix.block_type.row_bytes(matrix.cols);
    let rows = WeightRows::new(matrix.bytes, matrix.rows, row_bytes, row_bytes);
    let out = SharedSlice::new(out);
    pool.run(num_panels, &|panel| {
        // SAFETY: each panel belongs to one task.
        let target = unsafe { out.range(panel * panel_bytes, panel_bytes) };
        pack_panel(matrix.block_type, rows.part(panel * PANEL_ROWS, PANEL_ROWS), target);
    });
}

/// Matrices of one parallel region; more are done in several.
const REGION_MATRICES: usize = 8;
/// Rows of one task at most: a task's results for one tile of tokens wait in an array this long.
const TASK_ROWS: usize = 64;
/// Weight bytes of one task at most, so that they stay in a core's L2 for all tiles of tokens.
const TASK_BYTES: usize = 192 << 10;
/// Tasks per thread that a region aims at, so that a slow thread leaves work to the others.
const TASKS_PER_THREAD: usize = 8;

/// One matrix of a region.
#[derive(Clone, Copy)]
struct Target<'a> {
    matrix: MatrixView<'a>,
    out: SharedSlice<'a, f32>,
    /// Rows of `x` to take; all of them if `None`.
    token_rows: Option<&'a [u32]>,
    rows_per_task: usize,
    accumulate: bool,
}

/// `out[token, row] = x[token] . matrix[row]` for several matrices that share their activations,
/// in one parallel region; each `out` is `[tokens, rows]`. With `accumulate` the products are
/// added to what `out` holds, as a residual connection does.
///
/// # Panics
/// If a matrix's columns differ from those of `x`, an `out` is not `[tokens, rows]`, or `x` wasn't
/// prepared for the matrix's type.
pub fn matmul(
    kernels: &Kernels,
    pool: &ThreadPool,
    matrices: &mut [(MatrixView<'_>, &mut [f32])],
    x: &Activations,
    accumulate: bool,
) {
    for group in matrices.chunks_mut(REGION_MATRICES) {
        let total_rows = group.iter().map(|(matrix, _)| matrix.rows).sum();
        let num_targets = group.len();
        let mut group = group.iter_mut();
        let targets: [Option<Target<'_>>; REGION_MATRICES] = std::array::from_fn(|_| {
            let (matrix, out) = group.next()?;
            Some(Target {
                matrix: checked(*matrix, x, x.tokens(), out),
                out: SharedSlice::new(out),
                token_rows: None,
                rows_per_task: rows_per_task(matrix, total_rows, pool.num_threads()),
                accumulate,
            })
        });
        run_region(kernels, pool, &targets[..num_targets], x);
    }
}

/// As [`matmul`] for one matrix and some rows of `x`, as a mixture of experts needs:
/// `out[i, row] = x[token_rows[i]] . matrix[row]`, `out` being `[token_rows.len(), rows]`.
///
/// # Panics
/// As [`matmul`], and if a token row is not below `x.tokens()`.
pub fn matmul_rows(
    kernels: &Kernels,
    pool: &ThreadPool,
    matrix: MatrixView<'_>,
    x: &Activations,
    token_rows: &[u32],
    out: &mut [f32],
) {
    for &token in token_rows {
        assert!(
            (token as usize) < x.tokens(),
            "token row {token} of activations with {} tokens",
            x.tokens()
        );
    }
    let target = Target {
        matrix: checked(matrix, x, token_rows.len(), out),
        out: SharedSlice::new(out),
        token_rows: Some(token_rows),
        rows_per_task: rows_per_task(&matrix, matrix.rows, pool.num_threads()),
        accumulate: false,
    };
    run_region(kernels, pool, &[Some(target)], x);
}

fn checked<'a>(matrix: MatrixView<'a>, x: &Activations, num_tokens: usize, out: &[f32]) -> MatrixView<'a> {
    assert_eq!(matrix.cols, x.cols(), "columns of matrix and activations");
    assert_eq!(
        Some(out.len()),
        num_tokens.checked_mul(matrix.rows),
        "out of a product of {num_tokens} tokens with {} rows",
        matrix.rows
    );
    let bytes = match matrix.layout {
        Layout::Rows => matrix.block_type.row_bytes(matrix.cols).checked_mul(matrix.rows),
        Layout::Panels => {
            let panel_bytes = PanelLayout::of(matrix.block_type).panel_bytes(matrix.cols);
            matrix.rows.div_ceil(PANEL_ROWS).checked_mul(panel_bytes)
        }
    };
    assert_eq!(
        Some(matrix.bytes.len()),
        bytes,
        "bytes of a {} matrix of {} x {}",
        matrix.block_type.name(),
        matrix.rows,
        matrix.cols
    );
    matrix
}

fn rows_per_task(matrix: &MatrixView<'_>, total_rows: usize, num_threads: usize) -> usize {
    let fair = total_rows.div_ceil(num_threads * TASKS_PER_THREAD);
    let cached = TASK_BYTES / matrix.block_type.row_bytes(matrix.cols).max(1);
    // Multiples of 16 keep two tasks from writing to one cache line of `out`.
    fair.min(cached).max(1).next_multiple_of(16).min(TASK_ROWS)
}

fn run_region(kernels: &Kernels, pool: &ThreadPool, targets: &[Option<Target<'_>>], x: &Activations) {
    let num_tasks = |target: &Target<'_>| target.matrix.rows.div_ceil(target.rows_per_task);
    let total = targets.iter().flatten().map(num_tasks).sum();
    pool.run(total, &|mut task| {
        for target in targets.iter().flatten() {
            let here = num_tasks(target);
            if task < here {
                run_task(kernels, target, task * target.rows_per_task, x);
                return;
            }
            task -= here;
        }
    });
}

/// Some rows of one matrix times all tokens, a tile of tokens at a time.
fn run_task(kernels: &Kernels, target: &Target<'_>, first_row: usize, x: &Activations) {
    let matrix = &target.matrix;
    let num_rows = target.rows_per_task.min(matrix.rows - first_row);
    if matrix.layout == Layout::Panels {
        return run_panels(kernels, target, first_row, num_rows, x);
    }
    let row_bytes = matrix.block_type.row_bytes(matrix.cols);
    let bytes = &matrix.bytes[first_row * row_bytes..][..num_rows * row_bytes];
    let weights = WeightRows::new(bytes, num_rows, row_bytes, row_bytes);
    let num_tokens = target.token_rows.map_or(x.tokens(), <[u32]>::len);
    let token_at = |i: usize| target.token_rows.map_or(i, |rows| rows[i] as usize);
    let mut products = [0f32; TASK_ROWS * TILE_TOKENS];
    for first in (0..num_tokens).step_by(TILE_TOKENS) {
        let width = TILE_TOKENS.min(num_tokens - first);
        // A tile that isn't full repeats its last token, and leaves the copies out.
        let tokens: [usize; TILE_TOKENS] = std::array::from_fn(|i| token_at((first + i).min(first + width - 1)));
        let products = &mut products[..num_rows * width];
        if matrix.block_type.is_float() {
            let rows: [&[f32]; TILE_TOKENS] = tokens.map(|token| x.row(token));
            kernels.tile_f32(matrix.block_type, weights, &rows[..width], products);
        } else {
            let rows: [&[QuantBlock]; TILE_TOKENS] = tokens.map(|token| x.quant_row(token));
            kernels.tile_quant(matrix.block_type, weights, &rows[..width], products);
        }
        for token in 0..width {
            let start = (first + token) * matrix.rows + first_row;
            // SAFETY: rows first_row.. of every token belong to this task alone.
            let out = unsafe { target.out.range(start, num_rows) };
            store(out, &products[token..], width, target.accumulate);
        }
    }
}

/// The same of packed rows, from the start of a panel on: a few tokens, which stay in the first cache while all panels
/// pass, then the next few.
fn run_panels(kernels: &Kernels, target: &Target<'_>, first_row: usize, num_rows: usize, x: &Activations) {
    let matrix = &target.matrix;
    let num_tokens = target.token_rows.map_or(x.tokens(), <[u32]>::len);
    let token_at = |i: usize| target.token_rows.map_or(i, |rows| rows[i] as usize);
    let panel_bytes = PanelLayout::of(matrix.block_type).panel_bytes(matrix.cols);
    let first_panel = first_row / PANEL_ROWS;
    for first in (0..num_tokens).step_by(PANEL_TOKENS) {
        let width = PANEL_TOKENS.min(num_tokens - first);
        let rows: [&[QuantBlock]; PANEL_TOKENS] =
            std::array::from_fn(|i| x.quant_row(token_at(first + i.min(width - 1))));
        for index in 0..num_rows.div_ceil(PANEL_ROWS) {
            let panel = &matrix.bytes[(first_panel + index) * panel_bytes..][..panel_bytes];
            let mut products = [[0f32; PANEL_ROWS]; PANEL_TOKENS];
            kernels.multiply_panel(matrix.block_type, panel, &rows[..width], &mut products[..width]);
            let num_rows = PANEL_ROWS.min(num_rows - index * PANEL_ROWS);
            for (token, products) in products[..width].iter().enumerate() {
                let start = (first + token) * matrix.rows + first_row + index * PANEL_ROWS;
                // SAFETY: these rows of every token belong to this task alone.
                let out = unsafe { target.out.range(start, num_rows) };
                store(out, products, 1, target.accumulate);
            }
        }
    }
}

/// Writes every `width`th product.
fn store(out: &mut [f32], products: &[f32], width: usize, accumulate: bool) {
    let products = products.iter().step_by(width);
    if accumulate {
        out.iter_mut().zip(products).for_each(|(o, p)| *o += p);
    } else {
        out.iter_mut().zip(products).for_each(|(o, p)| *o = *p);
    }
}
