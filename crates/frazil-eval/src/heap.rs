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
mod guard;
mod list;
mod string;

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::word::Word;

pub use attrs::{Attrs, Entry};
pub use frame::Env;
pub use list::List;
pub use string::Str;

pub(crate) use attrs::AttrsWriter;

/// All allocations are multiples of this and aligned to it, in bytes.
const ALIGN: usize = 8;
pub(crate) const CHUNK_BYTES: usize = 64 << 20;
const HUGE_PAGE_BYTES: usize = 2 << 20;
/// What an evaluation that the kernel gave no more memory has to end with.
const LAST_BYTES: usize = 64 << 20;
/// Address space asked for code; halved until the kernel agrees. `CodeRef` could reach 32 GiB.
const CODE_BYTES_MAX: usize = if cfg!(heap_guard) { 64 << 20 } else { 16 << 30 };
const CODE_BYTES_MIN: usize = 64 << 20;

#[derive(Clone, Copy, Debug, Default)]
pub struct HeapOptions {
    /// How much memory values may take; `None` is as much as there is. Memory is taken in chunks of
    /// 64 MiB, and nothing starts without the first, so less than that means that.
    pub limit_bytes: Option<u64>,
}

/// Owns the memory of one evaluation. Only `Evaluator::with` makes one outside of tests, so that no
/// program has two of them with the same lifetime.
pub(crate) struct Heap {
    chunks: RefCell<Vec<Mapping>>,
    /// Bytes of all chunks so far.
    mapped: Cell<u64>,
    limit: u64,
    /// Address space for the time when there is no more: see [`Cursor::refill`].
    last: Cell<Option<Mapping>>,
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
        guard::unpoison(self.start.as_ptr(), self.bytes);
        // SAFETY: the mapping is ours and, since the heap is being dropped, nothing borrows from it.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped");
    }
}

impl Heap {
    pub(crate) fn new(options: HeapOptions) -> Result<Self, HeapError> {
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
            limit: options.limit_bytes.unwrap_or(u64::MAX).max(CHUNK_BYTES as u64),
            last: Cell::new(Some(Mapping::new(LAST_BYTES)?)),
            code,
            code_used: Cell::new(0),
        })
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
    /// The lowest address that the native stack may reach: the evaluator looks at it at each call.
    /// All of the address space once more memory was asked for than the limit or the kernel allows,
    /// so that the same look ends the evaluation then.
    pub(crate) stack_floor: usize,
    /// Bytes of the frames of calls that may yet be released; see [`Mark`].
    call_frame_bytes: usize,
}

/// A point in the history of allocation, to which [`Cursor::release`] may go back.
///
/// A call that allocated nothing but frames and whose result is not a lambda leaves nothing behind
/// that refers to those frames: what is older cannot refer to them, since older slots are only
/// ever overwritten by values, and a value that refers to a frame is a lambda or was allocated.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    next: *mut u8,
    end: *mut u8,
    call_frame_bytes: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(heap: &'a Heap, stack_floor: usize) -> Self {
        let code_start = heap.code.start.as_ptr();
        // Empty, but not null: nothing can be allocated here but zero bytes.
        let nothing = NonNull::<u64>::dangling().as_ptr().cast();
        Self { next: nothing, end: nothing, heap, code_start, stack_floor, call_frame_bytes: 0 }
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.stack_floor == usize::MAX
    }

    pub(crate) fn heap(&self) -> &'a Heap {
        self.heap
    }

    #[inline(always)]
    pub(crate) fn code<T>(&self, code: CodeRef<'a, T>) -> &'a T {
        // SAFETY: a `CodeRef` is only made by `code_ref` from a reference into the code mapping. It is
        // this heap's: `'a` is a lifetime that `Evaluator::with` made up for this heap alone, and it
        // is invariant in everything that a `CodeRef` is kept in.
        unsafe { &*self.code_start.add(code.eighth as usize * ALIGN).cast::<T>() }
    }

    /// Whether so many bytes can be had without passing the limit.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        bytes <= CHUNK_BYTES
            || self.heap.mapped.get().saturating_add(bytes as u64) <= self.heap.limit
    }

    /// Maps so much in advance that the next allocation of `bytes` succeeds; false if that passes the
    /// limit or there is no memory.
    pub(crate) fn reserve(&mut self, bytes: usize) -> bool {
        if !self.has_room(bytes) {
            return false;
        }
        match self.add_chunk(bytes.saturating_add(guard::GAP_BYTES)) {
            Ok(()) => !self.is_exhausted(),
            Err(_) => false,
        }
    }

    /// Memory for `bytes` (a multiple of 8), aligned to 8, with unspecified contents.
    #[inline(always)]
    fn allocate(&mut self, bytes: usize) -> NonNull<u8> {
        debug_assert!(bytes.is_multiple_of(ALIGN));
        if self.end as usize - self.next as usize >= bytes + guard::GAP_BYTES {
            let start = self.next;
            guard::unpoison(start, bytes);
            // SAFETY: `bytes` more are inside the current chunk, as just checked; a chunk is not null,
            // and neither is what stands for one while there is none.
            unsafe {
                self.next = start.add(bytes + guard::GAP_BYTES);
                NonNull::new_unchecked(start)
            }
        } else {
            self.refill(bytes)
        }
    }

    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark {
        Mark { next: self.next, end: self.end, call_frame_bytes: self.call_frame_bytes }
    }

    /// Ends what began at `mark`: the frames of its calls are used again if they are all that was
    /// allocated since, and `result` cannot refer to them.
    #[inline(always)]
    pub(crate) fn release(&mut self, mark: Mark, result: Option<Word<'a>>) {
        let bytes = self.call_frame_bytes - mark.call_frame_bytes;
        self.call_frame_bytes = mark.call_frame_bytes;
        let only_frames = self.end == mark.end && self.next as usize - mark.next as usize == bytes;
        if only_frames && result.is_some_and(|result| !result.is_lambda()) {
            self.next = mark.next;
        }
    }

    /// Gives back the last `bytes`, never written to, of the allocation that ends at `end`, if it is
    /// the newest.
    #[inline]
    fn shrink(&mut self, bytes: usize, end: *const u8) {
        if cfg!(heap_guard) {
            guard::poison(end.wrapping_sub(bytes), bytes);
        } else if std::ptr::eq(self.next, end) {
            // SAFETY: the newest allocation is at least `bytes` long, so this stays in the chunk.
            self.next = unsafe { self.next.sub(bytes) };
        }
    }

    /// [`Self::allocate`] when the chunk is used up.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, bytes: usize) -> NonNull<u8> {
        if let Err(error) = self.add_chunk(bytes + guard::GAP_BYTES) {
            // Nobody who allocates expects an error. What was kept for this moment serves until the
            // evaluator looks at the floor; whoever needs more than that at once asks `reserve` first.
            self.stack_floor = usize::MAX;
            match self.heap.last.take() {
                Some(last) if bytes + guard::GAP_BYTES <= last.bytes => {
                    self.set_chunk(last, 0, LAST_BYTES);
                }
                _ => panic!("out of memory: {error}"),
            }
        }
        self.allocate(bytes)
    }

    /// Goes on in a new chunk, with room for at least `bytes`.
    fn add_chunk(&mut self, bytes: usize) -> Result<(), HeapError> {
        let usable = bytes.max(CHUNK_BYTES);
        let mapping = Mapping::new(usable.saturating_add(HUGE_PAGE_BYTES))?;
        let skip = mapping.start.as_ptr().align_offset(HUGE_PAGE_BYTES);
        let start = mapping.start.as_ptr().wrapping_add(skip);
        // SAFETY: the range lies inside the new mapping.
        let _advised = unsafe { madvise(start.cast(), usable, Advice::LinuxHugepage) };
        // A kernel that refuses the advice gives small pages, which work as well.

        let mapped = self.heap.mapped.get() + usable as u64;
        self.heap.mapped.set(mapped);
        if mapped > self.heap.limit {
            self.stack_floor = usize::MAX;
        }
        self.set_chunk(mapping, skip, usable);
        Ok(())
    }

    /// Makes `usable` bytes from `skip` on the current chunk; both lie inside the mapping.
    fn set_chunk(&mut self, mapping: Mapping, skip: usize, usable: usize) {
        debug_assert!(skip + usable <= mapping.bytes);
        self.next = mapping.start.as_ptr().wrapping_add(skip);
        self.end = self.next.wrapping_add(usable);
        guard::poison(self.next, usable);
        self.heap.chunks.borrow_mut().push(mapping);
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
