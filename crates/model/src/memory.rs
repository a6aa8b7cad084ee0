//! How much memory there is, to plan what a model takes of it, and how fast it is.

use izwi_kernels::{ThreadPool, default_num_threads};

#[cfg(any(target_os = "linux", test))]
mod linux;

/// Memory that this process may use: the machine's, or less where a container limits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    pub total_bytes: usize,
    /// What is free, or could be made so, at this moment.
    pub available_bytes: usize,
}

impl Memory {
    /// None where the system doesn't tell.
    pub fn of_this_process() -> Option<Self> {
        let total_bytes = physical_memory_bytes()?;
        // What other systems count as free is only what was never used, and so nearly nothing.
        let all = Self {
            total_bytes,
            available_bytes: total_bytes,
        };
        #[cfg(target_os = "linux")]
        let all = linux::limited(all, std::path::Path::new("/"));
        Some(all)
    }
}

fn physical_memory_bytes() -> Option<usize> {
    #[cfg(unix)]
    {
        // SAFETY: sysconf only reads; unknown names give -1.
        let (pages, page_bytes) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
        if pages > 0 && page_bytes > 0 {
            return Some(pages as usize * page_bytes as usize);
        }
    }
    None
}

/// Bytes per second that this many threads, by default as many as a model gets, read from memory together: the limit
/// that decoding is held against. None if the 1 GiB that it takes can't be had.
pub fn memory_bandwidth(num_threads: Option<usize>) -> Option<f64> {
    izwi_kernels::memory_bandwidth(&ThreadPool::new(num_threads.unwrap_or_else(default_num_threads)))
}
