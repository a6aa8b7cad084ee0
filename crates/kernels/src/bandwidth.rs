//! How fast this machine reads memory: the limit that decoding is held against.

use std::alloc::{Layout, alloc, dealloc};
use std::hint::black_box;
use std::time::Instant;

use crate::thread_pool::ThreadPool;

/// Far beyond any cache.
const BYTES: usize = 1 << 30;
/// Size and alignment of a large page, of which the buffer is made where the system gives them.
const LARGE_PAGE: usize = 2 << 20;
/// Bytes of one task.
const TASK: usize = 4 << 20;
const ROUNDS: usize = 5;

/// Bytes per second that the threads of `pool` read together: the best of five passes over 1 GiB, each a plain sum.
/// None if the memory can't be had. Takes about half a second.
pub fn memory_bandwidth(pool: &ThreadPool) -> Option<f64> {
    let mut buffer = Buffer::new()?;
    let words = buffer.words();
    let fastest = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            pool.run(BYTES / TASK, &|task| {
                let words = &words[task * (TASK / 8)..][..TASK / 8];
                black_box(sum(words));
            });
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    Some(BYTES as f64 / fastest)
}

fn sum(words: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has AVX2.
        return unsafe { sum_avx2(words) };
    }
    sum_lanes(words)
}

/// # Safety
/// The machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn sum_avx2(words: &[u64]) -> u64 {
    sum_lanes(words)
}

#[inline(always)]
fn sum_lanes(words: &[u64]) -> u64 {
    let mut sums = [0u64; 32];
    for chunk in words.chunks_exact(sums.len()) {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.iter().fold(0, |total, sum| total.wrapping_add(*sum))
}

struct Buffer {
    start: *mut u8,
}

impl Buffer {
    const LAYOUT: Layout = match Layout::from_size_align(BYTES, LARGE_PAGE) {
        Ok(layout) => layout,
        Err(_) => panic!("a power of two"),
    };

    fn new() -> Option<Self> {
        // SAFETY: the layout's size isn't zero.
        let start = unsafe { alloc(Self::LAYOUT) };
        if start.is_null() {
            return None;
        }
        #[cfg(target_os = "linux")]
        // SAFETY: advice about memory that was just allocated. If it's refused, small pages do.
        unsafe {
            libc::madvise(start.cast(), BYTES, libc::MADV_HUGEPAGE);
        }
        // Written to, so that pages aren't all the one page of zeros.
        // SAFETY: `BYTES` bytes are allocated at `start`.
        unsafe { start.write_bytes(1, BYTES) };
        Some(Self { start })
    }

    fn words(&mut self) -> &[u64] {
        // SAFETY: `BYTES` initialized bytes, aligned for u64.
        unsafe { std::slice::from_raw_parts(self.start.cast(), BYTES / 8) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start, Self::LAYOUT) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_counts_in_the_sum() {
        let words: Vec<u64> = (0..4096).collect();
        assert_eq!(sum(&words), 4095 * 4096 / 2);
    }
}
