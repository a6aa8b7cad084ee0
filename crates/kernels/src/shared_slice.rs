//! One mutable slice written by several tasks at once, each its own part.

use std::marker::PhantomData;

/// A mutable slice that tasks of one parallel region share. Each task asks for the ranges that
/// are its own; that they don't overlap is the promise of whoever splits the work.
#[derive(Clone, Copy)]
pub(crate) struct SharedSlice<'a, T> {
    start: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: the slice is only reachable through `range`, whose callers promise that no two threads
// hold overlapping ranges; `T: Send` lets its elements be written from another thread.
unsafe impl<T: Send> Send for SharedSlice<'_, T> {}
// SAFETY: as for Send: sharing the handle gives no access that `range`'s contract doesn't cover.
unsafe impl<T: Send> Sync for SharedSlice<'_, T> {}

impl<'a, T> SharedSlice<'a, T> {
    pub fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            lifetime: PhantomData,
        }
    }

    /// The part `start..start + len`, checked against the slice's bounds.
    ///
    /// # Safety
    /// While the result lives, no other range that overlaps it may exist.
    #[allow(clippy::mut_from_ref)] // the contract above is what `&mut self` would have enforced
    pub unsafe fn range(&self, start: usize, len: usize) -> &'a mut [T] {
        assert!(
            start <= self.len && len <= self.len - start,
            "range {start}+{len} of a shared slice of {}",
            self.len
        );
        // SAFETY: in bounds (checked above) of a slice that outlives 'a; unique by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }
}
