//! Lists: a length and a pointer to cells, so that `tail` is another view of the same cells.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Cursor;
use crate::word::{Lazy, Slot};

/// A list value. At most 2³²-1 elements.
#[derive(Clone, Copy)]
pub struct List<'a> {
    len: u32,
    start: NonNull<Cell<Slot<'a>>>,
    cells: PhantomData<&'a Cell<Slot<'a>>>,
}

impl<'a> List<'a> {
    pub fn empty() -> Self {
        Self { len: 0, start: NonNull::dangling(), cells: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn parts(self) -> (u32, NonNull<()>) {
        (self.len, self.start.cast())
    }

    /// # Safety
    /// The parts must come from [`Self::parts`] of a list of this heap.
    #[inline(always)]
    pub(crate) unsafe fn from_parts(len: u32, start: NonNull<()>) -> Self {
        Self { len, start: start.cast(), cells: PhantomData }
    }

    #[inline(always)]
    pub fn len(self) -> usize {
        self.len as usize
    }

    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    #[inline(always)]
    pub(crate) fn cells(self) -> &'a [Cell<Slot<'a>>] {
        let start = self.start;
        // SAFETY: `start` points to `len` initialised cells in the heap (see `ListWriter` and `tail`).
        unsafe { std::slice::from_raw_parts(start.as_ptr(), self.len as usize) }
    }

    /// The elements, to be passed on.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Lazy<'a>> + use<'a> {
        self.cells().iter().map(Lazy::of)
    }

    /// Where its elements are: the same for lists that share them.
    pub(crate) fn address(self) -> usize {
        let start = self.start;
        start.as_ptr() as usize
    }

    /// Without the first `count` elements.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Self::of(self.cells().get(count..).unwrap_or_default())
    }

    fn of(cells: &'a [Cell<Slot<'a>>]) -> Self {
        Self { len: cells.len() as u32, start: NonNull::from(cells).cast(), cells: PhantomData }
    }
}

/// A list under construction: exactly `capacity` elements may be pushed.
pub(crate) struct ListWriter<'a> {
    start: NonNull<Cell<Slot<'a>>>,
    capacity: usize,
    len: usize,
}

impl<'a> ListWriter<'a> {
    #[inline(always)]
    pub(crate) fn push(&mut self, slot: Slot<'a>) {
        assert!(self.len < self.capacity, "a list of {} is full", self.capacity);
        // SAFETY: `len < capacity`, and the memory is ours alone until `finish`.
        unsafe { self.start.as_ptr().add(self.len).write(Cell::new(slot)) };
        self.len += 1;
    }

    /// The list of what was pushed.
    #[inline(always)]
    pub(crate) fn finish(self) -> List<'a> {
        List { len: self.len as u32, start: self.start, cells: PhantomData }
    }
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub(crate) fn list_writer(&mut self, capacity: usize) -> ListWriter<'a> {
        assert!(u32::try_from(capacity).is_ok(), "a list has at most 2^32-1 elements");
        let start = self.allocate(capacity * size_of::<Slot<'_>>()).cast();
        ListWriter { start, capacity, len: 0 }
    }

    pub(crate) fn list(&mut self, elements: impl ExactSizeIterator<Item = Slot<'a>>) -> List<'a> {
        let mut writer = self.list_writer(elements.len());
        for element in elements {
            writer.push(element);
        }
        writer.finish()
    }
}
