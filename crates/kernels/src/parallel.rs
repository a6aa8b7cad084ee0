//! Work split over the rows of one buffer.

use crate::shared_slice::SharedSlice;
use crate::thread_pool::ThreadPool;

/// Values below which rows are worked on by the calling thread alone.
const PARALLEL_VALUES: usize = 1 << 14;

/// Calls `f(row index, row)` for each row of `rows`, `[count, width]`, several rows at a time where that's worth it.
///
/// # Panics
/// If `rows` isn't made of whole rows.
pub fn for_each_row(pool: &ThreadPool, rows: &mut [f32], width: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    if rows.is_empty() {
        return;
    }
    assert!(
        width > 0 && rows.len().is_multiple_of(width),
        "for_each_row: {} values, width {width}",
        rows.len()
    );
    let count = rows.len() / width;
    if rows.len() < PARALLEL_VALUES || count == 1 {
        rows.chunks_exact_mut(width)
            .enumerate()
            .for_each(|(index, row)| f(index, row));
        return;
    }
    let rows_per_task = (PARALLEL_VALUES / 4).div_ceil(width);
    let shared = SharedSlice::new(rows);
    pool.run(count.div_ceil(rows_per_task), &|task| {
        for index in task * rows_per_task..count.min((task + 1) * rows_per_task) {
            // SAFETY: each row belongs to one task.
            f(index, unsafe { shared.range(index * width, width) });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_visited_once_whatever_the_size() {
        let pool = ThreadPool::new(3);
        for (count, width) in [(0, 5), (1, 7), (3, 100), (1, 40_000), (37, 1024), (5000, 13)] {
            let mut rows = vec![0.0; count * width];
            for_each_row(&pool, &mut rows, width, &|index, row| {
                assert_eq!(row.len(), width);
                row.iter_mut().for_each(|value| *value += index as f32 + 1.0);
            });
            let expected = (0..count * width).map(|value| (value / width) as f32 + 1.0);
            assert!(rows.iter().copied().eq(expected), "{count} rows of {width}");
        }
    }
}
