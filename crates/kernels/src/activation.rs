//! Functions applied value by value: SiLU with its gate, softmax, and sums of rows.

use crate::dispatch::Kernels;

/// `gate[i] = silu(gate[i]) * up[i]`, with `silu(x) = x / (1 + exp(-x))`.
pub fn silu_mul(kernels: &Kernels, gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "silu_mul: up");
    // SAFETY: the machine has the table's instruction set; the lengths are equal.
    unsafe { (kernels.silu_mul)(gate, up) }
}

/// Softmax in place. Values of negative infinity become 0; a row of nothing else becomes NaN, as
/// does one with a NaN.
pub fn softmax(kernels: &Kernels, x: &mut [f32]) {
    if x.is_empty() {
        return;
    }
    // SAFETY: the machine has the table's instruction set, for all three.
    unsafe {
        let max = (kernels.max)(x);
        let sum = (kernels.exp_and_sum)(x, max, 1.0);
        (kernels.scale)(x, 1.0 / sum);
    }
}

/// `out[i] += x[i] * scale`, such as an expert's share of the result.
pub fn add_scaled(kernels: &Kernels, out: &mut [f32], x: &[f32], scale: f32) {
    assert_eq!(out.len(), x.len(), "add_scaled: x");
    // SAFETY: the machine has the table's instruction set; the lengths are equal.
    unsafe { (kernels.add_scaled)(out, x, scale) }
}
