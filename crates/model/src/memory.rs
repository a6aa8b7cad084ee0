//! How much memory the machine has, to choose a context length that fits.

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
