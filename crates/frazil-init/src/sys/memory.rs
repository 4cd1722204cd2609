//! Memory that lives as long as the process: tables made at the start, and sealed files.

use core::ops::{Deref, DerefMut};

use super::{Errno, Fd, Result, arch, file, syscall};

const PAGE: usize = 4096;

fn map(bytes: usize, protection: usize, flags: usize, fd: Fd) -> Result<*mut u8> {
    // SAFETY: a new mapping at an address that the kernel chooses touches nothing of ours.
    let address = unsafe { syscall(arch::MMAP, [0, bytes, protection, flags, fd.raw(), 0]) }?;
    Ok(core::ptr::with_exposed_provenance_mut(address))
}

/// A table of `count` copies of `initial`, for ever.
pub(crate) fn table<T: Copy>(count: usize, initial: T) -> Result<&'static mut [T]> {
    const { assert!(align_of::<T>() <= PAGE) };
    let bytes = count.checked_mul(size_of::<T>()).ok_or(Errno::NOMEM)?.max(1);
    // Private and anonymous, to read and to write.
    let start = map(bytes, 3, 0x22, Fd::NONE)?.cast::<T>();
    for index in 0..count {
        // SAFETY: inside the mapping, which is aligned to a page and belongs to nobody else.
        unsafe { start.add(index).write(initial) };
    }
    // SAFETY: `count` initialised elements in a mapping that is never unmapped.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, count) })
}

/// Zeroed memory for a while; a page costs nothing until it is touched.
pub(crate) struct Pages {
    start: *mut u8,
    len: usize,
}

impl Pages {
    pub(crate) fn new(len: usize) -> Result<Self> {
        Ok(Self { start: map(len.max(1), 3, 0x22, Fd::NONE)?, len })
    }

    /// Keeps it for ever.
    pub(crate) fn leak(self) -> &'static mut [u8] {
        let pages = core::mem::ManuallyDrop::new(self);
        // SAFETY: the mapping is ours alone, and is never unmapped now.
        unsafe { core::slice::from_raw_parts_mut(pages.start, pages.len) }
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the kernel gave that many zeroed bytes, which only this value refers to.
        unsafe { core::slice::from_raw_parts(self.start, self.len) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for reading; the value is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: nothing refers to the mapping any more.
        let _gone = unsafe { syscall(arch::MUNMAP, [self.start as usize, self.len.max(1)]) };
    }
}

/// The content of a sealed memory file, in place.
pub(crate) fn sealed(fd: Fd) -> Result<&'static [u8]> {
    if !file::is_sealed(fd) {
        return Err(Errno::INVAL);
    }
    let bytes = file::seek_end(fd)?;
    let start = map(bytes.max(1), 1, 1, fd)?;
    // SAFETY: the seals forbid every later change of content and size, so the bytes behind this
    // reference stay as they are; the mapping is never unmapped.
    Ok(unsafe { core::slice::from_raw_parts(start, bytes) })
}
