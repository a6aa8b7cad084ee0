//! Fetching memory ahead.

/// Bytes that are fetched at once.
const LINE: usize = 64;

/// Asks for the line at an address to be brought into the core's L2 cache, whatever is there; nothing happens where there's no
/// instruction for it.
#[inline(always)]
fn prefetch_line(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction, which reads nothing that a program can see.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl2keep, [{0}]", in(reg) address, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

/// Fetches what is read soon, step by step while something else is read: all at once, the core would wait for it.
pub(crate) struct Ahead {
    address: *const u8,
}

impl Ahead {
    #[inline(always)]
    pub fn new<T>(next: &[T]) -> Self {
        Self {
            address: next.as_ptr().cast(),
        }
    }

    /// `None` if there's nothing to be fetched.
    #[inline(always)]
    pub fn some<T>(next: &[T]) -> Option<Self> {
        (!next.is_empty()).then(|| Self::new(next))
    }

    /// The next so many bytes, be they part of `next` or not.
    #[inline(always)]
    pub fn fetch(&mut self, num_bytes: usize) {
        for line in (0..num_bytes).step_by(LINE) {
            prefetch_line(self.address.wrapping_add(line));
        }
        self.address = self.address.wrapping_add(num_bytes);
    }
}
