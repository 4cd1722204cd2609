//! The evaluation heap: where all values of one evaluation live, until it is dropped as a whole.
//!
//! Not a garbage collector: an evaluation only allocates, by moving a pointer through large
//! mappings (huge pages where the kernel has them, since clearing pages is what an evaluator
//! spends most of its time on). Everything in here is `Copy`, so dropping the [`Heap`] unmaps and
//! runs no destructor.
//!
//! Invariant: memory handed out is never moved, reused or unmapped while the `Heap` lives, so
//! `&'a` references into it are valid for as long as the heap is borrowed.
//!
//! Code (resolved expressions) has a mapping of its own, so that a [`CodeRef`] fits in 32 bits.
#![expect(unsafe_code, reason = "the arena of the evaluator; see architecture.md section 7")]

mod attrs;
mod frame;
mod list;
mod string;

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

pub use attrs::{Attrs, Entry};
pub use frame::Env;
pub use list::List;
pub use string::Str;

pub(crate) use attrs::AttrsWriter;

/// All allocations are multiples of this and aligned to it, in bytes.
const ALIGN: usize = 8;
const CHUNK_BYTES: usize = 64 << 20;
const HUGE_PAGE_BYTES: usize = 2 << 20;
/// Address space asked for code; halved until the kernel agrees. `CodeRef` could reach 32 GiB.
const CODE_BYTES_MAX: usize = 16 << 30;
const CODE_BYTES_MIN: usize = 64 << 20;

#[derive(Clone, Copy, Debug, Default)]
pub struct HeapOptions {
    /// How much memory values may take; `None` is as much as there is.
    pub limit_bytes: Option<u64>,
}

/// Owns the memory of one evaluation.
pub struct Heap {
    chunks: RefCell<Vec<Mapping>>,
    /// Bytes of all chunks so far.
    mapped: Cell<u64>,
    limit: u64,
    code: Mapping,
    code_used: Cell<usize>,
}

/// The heap could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot reserve memory for the evaluation: {0}")]
pub struct HeapError(#[from] rustix::io::Errno);

struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    fn new(bytes: usize) -> Result<Self, HeapError> {
        // SAFETY: a fresh private anonymous mapping at an address of the kernel's choice overlaps nothing.
        let start = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        }?;
        let start = NonNull::new(start.cast()).ok_or(HeapError(rustix::io::Errno::NOMEM))?;
        Ok(Self { start, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and, since the heap is being dropped, nothing borrows from it.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped");
    }
}

impl Heap {
    pub fn new(options: HeapOptions) -> Result<Self, HeapError> {
        let mut code_bytes = CODE_BYTES_MAX;
        let code = loop {
            match Mapping::new(code_bytes) {
                Ok(mapping) => break mapping,
                Err(error) if code_bytes <= CODE_BYTES_MIN => return Err(error),
                Err(_) => code_bytes /= 2,
            }
        };
        Ok(Self {
            chunks: RefCell::default(),
            mapped: Cell::new(0),
            limit: options.limit_bytes.unwrap_or(u64::MAX),
            code,
            code_used: Cell::new(0),
        })
    }

    /// Bytes of address space that values have been given so far.
    pub fn mapped_bytes(&self) -> u64 {
        self.mapped.get()
    }

    /// How many bytes of code can still be added.
    pub(crate) fn code_room(&self) -> usize {
        self.code.bytes - self.code_used.get()
    }

    /// Moves a piece of code into the code mapping.
    pub(crate) fn add_code<T>(&self, value: T) -> &T {
        const { assert!(!std::mem::needs_drop::<T>()) };
        let start = self.reserve_code::<T>(1);
        // SAFETY: `reserve_code` returned unused, aligned memory for one `T` inside the mapping.
        unsafe {
            start.write(value);
            &*start
        }
    }

    pub(crate) fn add_code_slice<T: Copy>(&self, values: &[T]) -> &[T] {
        let start = self.reserve_code::<T>(values.len());
        // SAFETY: unused, aligned memory for `values.len()` times `T`, disjoint from `values`.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), start, values.len());
            std::slice::from_raw_parts(start, values.len())
        }
    }

    fn reserve_code<T>(&self, count: usize) -> *mut T {
        const { assert!(align_of::<T>() <= ALIGN) };
        let bytes = (size_of::<T>() * count).next_multiple_of(ALIGN);
        let used = self.code_used.get();
        // The resolver checked `code_room` against a bound from the size of the source.
        assert!(bytes <= self.code.bytes - used, "the code mapping is full");
        self.code_used.set(used + bytes);
        // SAFETY: `used` is inside the mapping, as just checked.
        unsafe { self.code.start.as_ptr().add(used).cast() }
    }

    /// The short form of a reference that [`Self::add_code`] returned.
    pub(crate) fn code_ref<'a, T>(&'a self, code: &'a T) -> CodeRef<'a, T> {
        let offset = std::ptr::from_ref(code) as usize - self.code.start.as_ptr() as usize;
        debug_assert!(offset < self.code_used.get());
        CodeRef { eighth: (offset / ALIGN) as u32, code: PhantomData }
    }
}

/// A reference into the code mapping, in 32 bits.
pub struct CodeRef<'a, T> {
    /// Offset in units of [`ALIGN`].
    eighth: u32,
    code: PhantomData<&'a T>,
}

impl<T> Clone for CodeRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CodeRef<'_, T> {}

impl<T> CodeRef<'_, T> {
    #[inline(always)]
    pub(crate) fn eighth(self) -> u32 {
        self.eighth
    }

    /// The reference that [`Self::eighth`] came from; for `word` only.
    #[inline(always)]
    pub(crate) fn from_eighth(eighth: u32) -> Self {
        Self { eighth, code: PhantomData }
    }
}

impl<T> PartialEq for CodeRef<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.eighth == other.eighth
    }
}

/// The allocating end of a heap: one per evaluator.
pub(crate) struct Cursor<'a> {
    next: *mut u8,
    end: *mut u8,
    heap: &'a Heap,
    code_start: *const u8,
    /// Set once more memory was mapped than the limit allows; the evaluator ends at its next call.
    pub(crate) exhausted: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(heap: &'a Heap) -> Self {
        let code_start = heap.code.start.as_ptr();
        Self { next: std::ptr::null_mut(), end: std::ptr::null_mut(), heap, code_start, exhausted: false }
    }

    pub(crate) fn heap(&self) -> &'a Heap {
        self.heap
    }

    #[inline(always)]
    pub(crate) fn code<T>(&self, code: CodeRef<'a, T>) -> &'a T {
        // SAFETY: a `CodeRef` is only made by `code_ref` from a reference into the code mapping, and
        // `Heap::code_ref` and `Cursor` carry the same invariant `'a`, so it is this heap's.
        unsafe { &*self.code_start.add(code.eighth as usize * ALIGN).cast::<T>() }
    }

    /// Whether so many bytes can be had without passing the limit.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        bytes <= CHUNK_BYTES || self.heap.mapped.get().saturating_add(bytes as u64) <= self.heap.limit
    }

    /// Memory for `bytes` (a multiple of 8), aligned to 8, with unspecified contents.
    #[inline(always)]
    fn allocate(&mut self, bytes: usize) -> NonNull<u8> {
        debug_assert!(bytes.is_multiple_of(ALIGN));
        if self.end as usize - self.next as usize >= bytes {
            let start = self.next;
            // SAFETY: `bytes` more are inside the current chunk, as just checked; a chunk is not null
            // (while there is none, only `bytes == 0` gets here, see `refill`).
            unsafe {
                self.next = start.add(bytes);
                NonNull::new_unchecked(start)
            }
        } else {
            self.refill(bytes)
        }
    }

    /// Gives back the last `bytes`, never written to, of the allocation that ends at `end`, if it is
    /// the newest.
    #[inline]
    fn shrink(&mut self, bytes: usize, end: *const u8) {
        if std::ptr::eq(self.next, end) {
            // SAFETY: the newest allocation is at least `bytes` long, so this stays in the chunk.
            self.next = unsafe { self.next.sub(bytes) };
        }
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self, bytes: usize) -> NonNull<u8> {
        let total = bytes.max(CHUNK_BYTES) + HUGE_PAGE_BYTES;
        let mapping = Mapping::new(total).unwrap_or_else(|error| panic!("out of memory: {error}"));
        let skip = mapping.start.as_ptr().align_offset(HUGE_PAGE_BYTES);
        // SAFETY: `skip < HUGE_PAGE_BYTES`, which was added to the size asked for.
        let start = unsafe { mapping.start.add(skip) };
        let usable = total - HUGE_PAGE_BYTES;
        // SAFETY: the range lies inside the new mapping.
        let _advised = unsafe { madvise(start.as_ptr().cast(), usable, Advice::LinuxHugepage) };
        // A kernel that refuses the advice gives small pages, which work as well.

        let mapped = self.heap.mapped.get() + usable as u64;
        self.heap.mapped.set(mapped);
        self.exhausted |= mapped > self.heap.limit;
        self.heap.chunks.borrow_mut().push(mapping);
        // SAFETY: `bytes <= usable`, and both ends are inside the mapping.
        unsafe {
            self.next = start.as_ptr().add(bytes);
            self.end = start.as_ptr().add(usable);
        }
        start
    }

    /// Moves a value into the heap.
    #[inline(always)]
    pub(crate) fn add<T>(&mut self, value: T) -> &'a T {
        const { assert!(align_of::<T>() <= ALIGN && !std::mem::needs_drop::<T>()) };
        let start = self.allocate(size_of::<T>().next_multiple_of(ALIGN)).cast::<T>();
        // SAFETY: fresh, aligned memory of the right size that lives as long as the heap.
        unsafe {
            start.write(value);
            start.as_ref()
        }
    }

    pub(crate) fn add_slice<T: Copy>(&mut self, values: &[T]) -> &'a [T] {
        const { assert!(align_of::<T>() <= ALIGN) };
        let start = self.allocate(size_of_val(values).next_multiple_of(ALIGN)).cast::<T>();
        // SAFETY: fresh memory for `values.len()` times `T`, disjoint from `values`.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), start.as_ptr(), values.len());
            std::slice::from_raw_parts(start.as_ptr(), values.len())
        }
    }
}
