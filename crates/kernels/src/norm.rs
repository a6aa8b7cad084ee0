//! RMSNorm: `out = x / sqrt(mean(x^2) + eps) * weight`.

use crate::dispatch::Kernels;
use crate::shared_slice::SharedSlice;
use crate::thread_pool::ThreadPool;

/// Values below which rows are normalized on the calling thread alone.
const PARALLEL_VALUES: usize = 1 << 16;

/// Normalizes one row; `x`, `weight` and `out` are equally long.
pub fn rms_norm(kernels: &Kernels, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    assert_eq!(x.len(), weight.len(), "rms_norm: weight");
    assert_eq!(x.len(), out.len(), "rms_norm: out");
    let scale = inverse_rms(kernels, x, eps);
    // SAFETY: the machine has the table's instruction set; the lengths are equal.
    unsafe { (kernels.scale_by)(x, scale, weight, out) }
}

/// Normalizes one row in place, such as one head of the queries.
pub fn rms_norm_in_place(kernels: &Kernels, x: &mut [f32], weight: &[f32], eps: f32) {
    assert_eq!(x.len(), weight.len(), "rms_norm_in_place: weight");
    let scale = inverse_rms(kernels, x, eps);
    // SAFETY: the machine has the table's instruction set; the lengths are equal.
    unsafe { (kernels.scale_by_in_place)(x, scale, weight) }
}

/// Normalizes each row of `x` `[tokens, width]`, `width` being `weight.len()`.
pub fn rms_norm_rows(kernels: &Kernels, pool: &ThreadPool, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let width = weight.len();
    assert_eq!(x.len(), out.len(), "rms_norm_rows: out");
    if x.is_empty() {
        return;
    }
    assert!(
        width > 0 && x.len().is_multiple_of(width),
        "rms_norm_rows: {} values are no rows of {width}",
        x.len()
    );
    let tokens = x.len() / width;
    let rows_per_task = if x.len() < PARALLEL_VALUES {
        tokens
    } else {
        (PARALLEL_VALUES / 4 / width).max(1)
    };
    let out = SharedSlice::new(out);
    pool.run(tokens.div_ceil(rows_per_task), &|task| {
        let rows = task * rows_per_task..tokens.min((task + 1) * rows_per_task);
        for row in rows {
            // SAFETY: each row belongs to one task.
            let out = unsafe { out.range(row * width, width) };
            rms_norm(kernels, &x[row * width..][..width], weight, eps, out);
        }
    });
}

fn inverse_rms(kernels: &Kernels, x: &[f32], eps: f32) -> f32 {
    // SAFETY: the machine has the table's instruction set.
    let sum = unsafe { (kernels.sum_of_squares)(x) };
    1.0 / (sum / x.len().max(1) as f32 + eps).sqrt()
}
