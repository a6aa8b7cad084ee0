//! Quantized weights repacked for many tokens: sixteen rows side by side, so that a vector holds one
//! value of each row and no sum across lanes is ever needed.

use std::cell::RefCell;

use crate::activations::QuantBlock;
use crate::dispatch::WeightRows;

/// Rows of one panel, one to a lane.
pub(crate) const PANEL_ROWS: usize = 16;
/// Tokens that one call of `multiply` takes at most.
pub(crate) const PANEL_TOKENS: usize = 8;

/// 256 columns of sixteen rows: `value[row][i] = scales[i / 32][row] * quants[i][row] - offsets[i / 32][row]`,
/// by 16 columns instead of 32 for types with that many scales.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct PanelBlock {
    /// `[column / 4, row, column % 4]`
    pub quants: [u8; 256 * PANEL_ROWS],
    /// `[group, row]`; types with a scale per 32 columns use the first eight groups.
    pub scales: [[f32; PANEL_ROWS]; 16],
    /// As `scales`.
    pub offsets: [[f32; PANEL_ROWS]; 16],
}

impl PanelBlock {
    pub const ZERO: Self = Self {
        quants: [0; 256 * PANEL_ROWS],
        scales: [[0.0; PANEL_ROWS]; 16],
        offsets: [[0.0; PANEL_ROWS]; 16],
    };
}

/// Packs at most [`PANEL_ROWS`] rows into as many blocks as a row of activations has; missing rows become zeros.
pub(crate) type Pack = unsafe fn(WeightRows<'_>, panel: &mut [PanelBlock]);
/// `out[token][row]` for 1 to [`PANEL_TOKENS`] tokens.
pub(crate) type Multiply = unsafe fn(panel: &[PanelBlock], x: &[&[QuantBlock]], out: &mut [[f32; PANEL_ROWS]]);

/// How one type's weights are multiplied by way of panels.
#[derive(Clone, Copy)]
pub(crate) struct PanelKernels {
    pub pack: Pack,
    pub multiply: Multiply,
}

thread_local! {
    /// Kept between tasks, so that nothing is allocated while a model runs.
    static PANELS: RefCell<Vec<PanelBlock>> = const { RefCell::new(Vec::new()) };
}

/// Lends this thread's buffer, `num_blocks` long, its content left over from earlier uses.
pub(crate) fn with_panels<R>(num_blocks: usize, use_panels: impl FnOnce(&mut [PanelBlock]) -> R) -> R {
    PANELS.with_borrow_mut(|panels| {
        if panels.len() < num_blocks {
            panels.resize(num_blocks, PanelBlock::ZERO);
        }
        use_panels(&mut panels[..num_blocks])
    })
}
