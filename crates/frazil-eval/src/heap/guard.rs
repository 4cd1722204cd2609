//! Shows the address sanitizer what lies inside the arena, in builds with `--cfg heap_guard`.
//!
//! To the sanitizer a chunk is one large allocation, so that it sees nothing of an object's bounds.
//! With the guard a chunk is poisoned, and each allocation unpoisons exactly its own bytes and
//! leaves a gap behind itself. Without it all of this compiles to nothing; see `fuzz/README.md`.

#[cfg(all(test, heap_guard))]
mod tests;

/// Bytes that stay poisoned behind each allocation.
pub(super) const GAP_BYTES: usize = if cfg!(heap_guard) { 16 } else { 0 };

#[cfg(heap_guard)]
unsafe extern "C" {
    fn __asan_poison_memory_region(start: *const u8, bytes: usize);
    fn __asan_unpoison_memory_region(start: *const u8, bytes: usize);
}

/// Nobody may touch these bytes from now on.
#[inline(always)]
pub(super) fn poison(start: *const u8, bytes: usize) {
    // SAFETY: the runtime writes to its own shadow of these addresses only.
    #[cfg(heap_guard)]
    unsafe {
        __asan_poison_memory_region(start, bytes);
    }
    #[cfg(not(heap_guard))]
    std::convert::identity((start, bytes));
}

/// These bytes are an object now.
#[inline(always)]
pub(super) fn unpoison(start: *const u8, bytes: usize) {
    // SAFETY: as for `poison`.
    #[cfg(heap_guard)]
    unsafe {
        __asan_unpoison_memory_region(start, bytes);
    }
    #[cfg(not(heap_guard))]
    std::convert::identity((start, bytes));
}
