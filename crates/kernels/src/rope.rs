//! Rotary position embedding, with the two halves of a head as the pairs (the NeoX order).

use crate::dispatch::Kernels;

/// Cosines and sines of every position up to a limit that grows on demand.
///
/// Angles are computed in f64 and only the results rounded to f32, so that far positions are as
/// exact as near ones.
pub struct RopeTable {
    /// Per pair of dimensions, the angle of one position.
    frequencies: Vec<f64>,
    /// `[positions, head_dim / 2]`
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    /// A table for no position yet.
    ///
    /// # Panics
    /// If `head_dim` is odd or 0.
    pub fn new(theta: f64, head_dim: usize) -> Self {
        assert!(
            head_dim > 0 && head_dim.is_multiple_of(2),
            "RoPE needs an even head_dim, not {head_dim}"
        );
        let frequency = |i: usize| theta.powf(-(2.0 * i as f64) / head_dim as f64);
        Self {
            frequencies: (0..head_dim / 2).map(frequency).collect(),
            cos: Vec::new(),
            sin: Vec::new(),
        }
    }

    /// Positions that the table holds: `0..num_positions`.
    pub fn num_positions(&self) -> usize {
        self.cos.len() / self.frequencies.len()
    }

    /// Makes sure that the table holds positions `0..num_positions`.
    pub fn grow(&mut self, num_positions: usize) {
        for position in self.num_positions()..num_positions {
            for frequency in &self.frequencies {
                let (sin, cos) = (position as f64 * frequency).sin_cos();
                self.cos.push(cos as f32);
                self.sin.push(sin as f32);
            }
        }
    }

    /// Cosines and sines of a position, `head_dim / 2` of each.
    ///
    /// # Panics
    /// If the table hasn't grown that far.
    pub fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let half = self.frequencies.len();
        assert!(
            position < self.num_positions(),
            "RoPE table holds {} positions, not position {position}",
            self.num_positions()
        );
        let range = position * half..(position + 1) * half;
        (&self.cos[range.clone()], &self.sin[range])
    }
}

/// Rotates one head in place: `head` is `[head_dim]`, `cos` and `sin` `[head_dim / 2]`.
pub fn rotate(kernels: &Kernels, head: &mut [f32], cos: &[f32], sin: &[f32]) {
    assert_eq!(head.len(), 2 * cos.len(), "rotate: cos");
    assert_eq!(head.len(), 2 * sin.len(), "rotate: sin");
    // SAFETY: the machine has the table's instruction set; the lengths were checked.
    unsafe { (kernels.rotate)(head, cos, sin) }
}
