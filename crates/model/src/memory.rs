//! How much memory the machine has, to choose a context length that fits, and how fast it is.

use izwi_kernels::{ThreadPool, default_num_threads};

/// Physical memory in bytes; a cautious 8 GiB where it can't be asked for.
pub fn physical_memory_bytes() -> usize {
    #[cfg(unix)]
    {
        // SAFETY: sysconf only reads; unknown names give -1.
        let (pages, page_bytes) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
        if pages > 0 && page_bytes > 0 {
            return pages as usize * page_bytes as usize;
        }
    }
    8 << 30
}

/// Bytes per second that this many threads, by default as many as a model gets, read from memory together: the limit
/// that decoding is held against. None if the 1 GiB that it takes can't be had.
pub fn memory_bandwidth(num_threads: Option<usize>) -> Option<f64> {
    izwi_kernels::memory_bandwidth(&ThreadPool::new(num_threads.unwrap_or_else(default_num_threads)))
}
