//! The table of functions of each instruction set, with checks in front of them.

use std::sync::OnceLock;

use half::f16;

use crate::activations::QuantBlock;
use crate::attention::{KeyColumns, PANEL_POSITIONS, Q8Panels};
use crate::blocks::BlockType;
use crate::isa::{Isa, active_isa};
use crate::panel::{Multiply, PANEL_ROWS, PANEL_TOKENS, PanelLayout};
use crate::scalar;

/// Rows of weights, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct WeightRows<'a> {
    /// Starts with the first row; the last row may end it early, padding excluded.
    pub bytes: &'a [u8],
    pub num_rows: usize,
    /// Bytes from one row's start to the next one's.
    pub stride: usize,
    /// Bytes of one row's values, at most `stride`.
    pub row_bytes: usize,
}

impl<'a> WeightRows<'a> {
    /// Panics unless every row lies within `bytes`: the SIMD kernels rely on it.
    pub fn new(bytes: &'a [u8], num_rows: usize, stride: usize, row_bytes: usize) -> Self {
        let fits = num_rows == 0
            || (num_rows - 1)
                .checked_mul(stride)
                .and_then(|start| start.checked_add(row_bytes))
                .is_some_and(|end| end <= bytes.len());
        assert!(
            fits,
            "{num_rows} rows of {row_bytes} bytes every {stride} in {} bytes",
            bytes.len()
        );
        Self {
            bytes,
            num_rows,
            stride,
            row_bytes,
        }
    }

    pub fn row(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.row_bytes]
    }

    /// At most `num_rows` rows from row `first` on, which exists.
    pub fn part(&self, first: usize, num_rows: usize) -> Self {
        let num_rows = num_rows.min(self.num_rows - first);
        Self::new(
            &self.bytes[first * self.stride..],
            num_rows,
            self.stride,
            self.row_bytes,
        )
    }
}

/// Tokens that one call of a tile kernel takes at most.
pub(crate) const TILE_TOKENS: usize = 4;
/// Queries that one call of a kernel for scores in f16 takes at most.
pub(crate) const SCORE_ROWS: usize = 8;
/// Positions whose q8_0 values one call adds up at most: integer sums have room for as many.
pub(crate) const MOST_POSITIONS: usize = 64;

/// Products of some rows of quantized weights with 1 to [`TILE_TOKENS`] rows of int8 activations:
/// `out[row * x.len() + token]`. Every activation row has `ceil(cols / 256)` blocks.
pub(crate) type QuantTile = unsafe fn(WeightRows<'_>, x: &[&[QuantBlock]], out: &mut [f32]);
/// The same for float weights and f32 rows of `cols` values.
pub(crate) type FloatTile = unsafe fn(WeightRows<'_>, x: &[&[f32]], out: &mut [f32]);

#[derive(Clone, Copy)]
pub(crate) enum Tile {
    Quant(QuantTile),
    Float(FloatTile),
}

/// One operation's function, with the instruction set that it is written for.
#[derive(Clone, Copy)]
pub(crate) struct TileEntry {
    pub isa: Isa,
    pub tile: Tile,
}

/// A table of functions for one instruction set.
///
/// A function of a table needs its instruction set: tables are handed out only for sets that the
/// machine has, which is what makes the calls below sound.
pub struct Kernels {
    pub(crate) isa: Isa,
    pub(crate) tiles: [TileEntry; BlockType::ALL.len()],
    /// For quantized weights that were packed, where the set has a way of its own.
    pub(crate) panels: [Option<Multiply>; BlockType::ALL.len()],
    pub(crate) quantize_row: unsafe fn(x: &[f32], out: &mut [QuantBlock]),
    pub(crate) sum_of_squares: unsafe fn(x: &[f32]) -> f32,
    /// `out[i] = x[i] * scale * weight[i]`
    pub(crate) scale_by: unsafe fn(x: &[f32], scale: f32, weight: &[f32], out: &mut [f32]),
    pub(crate) scale_by_in_place: unsafe fn(x: &mut [f32], scale: f32, weight: &[f32]),
    pub(crate) rotate: unsafe fn(head: &mut [f32], cos: &[f32], sin: &[f32]),
    pub(crate) silu_mul: unsafe fn(gate: &mut [f32], up: &[f32]),
    pub(crate) add_scaled: unsafe fn(out: &mut [f32], x: &[f32], scale: f32),
    pub(crate) max: unsafe fn(x: &[f32]) -> f32,
    /// `x[i] = exp((x[i] - max) * scale)`; returns the sum.
    pub(crate) exp_and_sum: unsafe fn(x: &mut [f32], max: f32, scale: f32) -> f32,
    pub(crate) scale: unsafe fn(x: &mut [f32], scale: f32),
    pub(crate) to_f16: unsafe fn(x: &[f32], out: &mut [f16]),
    pub(crate) scores_f16: ScoresF16,
    pub(crate) add_values: AddValues,
    pub(crate) scores_q8_0: ScoresQ8,
    pub(crate) add_values_q8_0: AddValuesQ8,
}

/// Products of 1 to [`SCORE_ROWS`] queries with keys: `out[query * stride + position]`, for as many positions as
/// [`KeyColumns::padded_positions`], the last of which mean nothing. A query's products don't depend on the others.
pub(crate) type ScoresF16 = unsafe fn(KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]);

/// `out[row][..] += sum over positions p of weights[row * weight_stride + p] * value[p][..]`, where
/// `value[p]` is the `width` values at `values[p * value_stride..]` and `out` is `[rows, width]`.
pub(crate) type AddValues = unsafe fn(ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]);

/// Products of 1 to [`TILE_TOKENS`] queries with keys: `out[query * stride + position]`, whole panels of positions. A
/// query's products don't depend on the others.
pub(crate) type ScoresQ8 = unsafe fn(Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]);
/// As [`AddValues`], `out` being `[rows, head_dim]`. Weights aren't negative.
pub(crate) type AddValuesQ8 = unsafe fn(Q8Panels<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]);

/// Rows of f16 values in one block of a KV cache.
#[derive(Clone, Copy)]
pub(crate) struct ValueRows<'a> {
    pub values: &'a [f16],
    pub num_positions: usize,
    pub stride: usize,
    pub width: usize,
    /// What is read soon, for fetching it meanwhile. (In every call: the check costs more.)
    pub next: &'a [f16],
}

impl Kernels {
    /// The table of [`active_isa`].
    pub fn active() -> &'static Kernels {
        static ACTIVE: OnceLock<&'static Kernels> = OnceLock::new();
        ACTIVE.get_or_init(|| Self::for_isa(active_isa()).unwrap_or(&scalar::KERNELS))
    }

    /// The table for `isa`, or `None` if this machine can't run it.
    pub fn for_isa(isa: Isa) -> Option<&'static Kernels> {
        if !isa.is_available() {
            return None;
        }
        match isa {
            Isa::Scalar => Some(&scalar::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Some(&crate::x86::avx2::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni => crate::x86::avxvnni::kernels(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => Some(&crate::x86::avx512::KERNELS),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::AvxVnni | Isa::Avx512Vnni => None,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Some(&crate::arm::NEON),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDotprod => Some(&crate::arm::NEON_DOTPROD),
            #[cfg(not(target_arch = "aarch64"))]
            Isa::Neon | Isa::NeonDotprod => None,
        }
    }

    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The instruction set that this table's matmul of weights of this type, packed if there are panels for them, is
    /// written for: the table's own, or an earlier one where that does as well.
    pub fn matmul_isa(&self, block_type: BlockType) -> Isa {
        match self.panels[block_type as usize] {
            Some(_) => self.isa,
            None => self.tiles[block_type as usize].isa,
        }
    }
}

/// Wraps functions of the table whose only requirement is the instruction set and lengths that
/// are checked here.
impl Kernels {
    pub(crate) fn quantize_row(&self, x: &[f32], out: &mut [QuantBlock]) {
        assert_eq!(out.len(), x.len().div_ceil(crate::activations::BLOCK));
        // SAFETY: the machine has the table's instruction set; the lengths were checked.
        unsafe { (self.quantize_row)(x, out) }
    }

    pub(crate) fn tile_f32(&self, block_type: BlockType, weights: WeightRows<'_>, x: &[&[f32]], out: &mut [f32]) {
        let Tile::Float(tile) = self.tiles[block_type as usize].tile else {
            panic!("{} weights take quantized activations", block_type.name());
        };
        check_tile(&weights, x.len(), out.len());
        for row in x {
            assert_eq!(row.len() * block_type.block_bytes(), weights.row_bytes);
        }
        // SAFETY: the machine has the table's instruction set; `WeightRows` and the checks above
        // hold all lengths that the tile relies on.
        unsafe { tile(weights, x, out) }
    }

    pub(crate) fn tile_quant(
        &self,
        block_type: BlockType,
        weights: WeightRows<'_>,
        x: &[&[QuantBlock]],
        out: &mut [f32],
    ) {
        let Tile::Quant(tile) = self.tiles[block_type as usize].tile else {
            panic!("{} weights take f32 activations", block_type.name());
        };
        check_tile(&weights, x.len(), out.len());
        let num_blocks = weights.row_bytes / block_type.block_bytes();
        assert_eq!(weights.row_bytes % block_type.block_bytes(), 0);
        let x_blocks = (num_blocks * block_type.block_len()).div_ceil(crate::activations::BLOCK);
        for row in x {
            assert_eq!(row.len(), x_blocks);
        }
        // SAFETY: the machine has the table's instruction set; `WeightRows` and the checks above
        // hold all lengths that the tile relies on.
        unsafe { tile(weights, x, out) }
    }

    /// Whether weights of this type are multiplied faster once they are packed into panels.
    pub(crate) fn has_panels(&self, block_type: BlockType) -> bool {
        self.panels[block_type as usize].is_some()
    }

    /// `out[token][row]` of a packed panel.
    pub(crate) fn multiply_panel(
        &self,
        block_type: BlockType,
        panel: &[u8],
        x: &[&[QuantBlock]],
        out: &mut [[f32; PANEL_ROWS]],
    ) {
        let multiply = self.panels[block_type as usize].expect("the table has panels for the type");
        assert!((1..=PANEL_TOKENS).contains(&x.len()));
        assert_eq!(out.len(), x.len());
        let block_bytes = PanelLayout::of(block_type).block_bytes();
        for row in x {
            assert_eq!(row.len() * block_bytes, panel.len());
        }
        // SAFETY: the machine has the table's instruction set; the lengths were checked.
        unsafe { multiply(panel, x, out) }
    }

    pub(crate) fn scores_f16(&self, keys: KeyColumns<'_>, x: &[&[f32]], stride: usize, out: &mut [f32]) {
        assert!((1..=SCORE_ROWS).contains(&x.len()));
        assert!(x.iter().all(|row| row.len() == keys.head_dim));
        keys.check();
        let num_positions = keys.padded_positions();
        assert!(stride >= num_positions && out.len() >= (x.len() - 1) * stride + num_positions);
        // SAFETY: the machine has the table's instruction set; the lengths were checked.
        unsafe { (self.scores_f16)(keys, x, stride, out) }
    }

    pub(crate) fn add_values(&self, rows: ValueRows<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
        if rows.num_positions == 0 || rows.width == 0 || out.is_empty() {
            return;
        }
        let num_rows = out.len() / rows.width;
        assert_eq!(out.len(), num_rows * rows.width);
        assert!(rows.values.len() >= (rows.num_positions - 1) * rows.stride + rows.width);
        assert!(weights.len() >= (num_rows - 1) * weight_stride + rows.num_positions);
        // SAFETY: the machine has the table's instruction set; the lengths were checked.
        unsafe { (self.add_values)(rows, weights, weight_stride, out) }
    }
}

impl Kernels {
    /// Scores of the panels' positions; those of the last panel's other ones, too, which mean nothing.
    pub(crate) fn scores_q8_0(&self, keys: Q8Panels<'_>, x: &[&[QuantBlock]], stride: usize, out: &mut [f32]) {
        assert!((1..=TILE_TOKENS).contains(&x.len()));
        let num_positions = keys.num_positions.next_multiple_of(PANEL_POSITIONS);
        assert!(stride >= num_positions && out.len() >= (x.len() - 1) * stride + num_positions);
        for row in x {
            assert_eq!(row.len(), keys.head_dim.div_ceil(crate::activations::BLOCK));
        }
        // SAFETY: the machine has the table's instruction set; the lengths were checked, the panels' by `Q8Panels`.
        unsafe { (self.scores_q8_0)(keys, x, stride, out) }
    }

    pub(crate) fn add_values_q8_0(&self, values: Q8Panels<'_>, weights: &[f32], weight_stride: usize, out: &mut [f32]) {
        if values.num_positions == 0 || out.is_empty() {
            return;
        }
        let num_rows = out.len() / values.head_dim;
        assert_eq!(out.len(), num_rows * values.head_dim);
        assert!(values.num_positions <= MOST_POSITIONS);
        assert!(weights.len() >= (num_rows - 1) * weight_stride + values.num_positions);
        // SAFETY: as above.
        unsafe { (self.add_values_q8_0)(values, weights, weight_stride, out) }
    }
}

fn check_tile(weights: &WeightRows<'_>, num_tokens: usize, out_len: usize) {
    assert!((1..=TILE_TOKENS).contains(&num_tokens));
    assert_eq!(out_len, weights.num_rows * num_tokens);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::available_isas;

    #[test]
    fn no_type_falls_back_to_scalar() {
        let best = *available_isas().last().unwrap();
        let kernels = Kernels::for_isa(best).unwrap();
        for block_type in BlockType::ALL {
            let isa = kernels.matmul_isa(block_type);
            assert!(isa >= best.min(Isa::Avx2), "{} falls back to scalar", block_type.name());
        }
    }
}
