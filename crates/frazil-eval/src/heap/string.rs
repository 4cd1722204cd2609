//! Strings: bytes and, rarely, a context. A substring is another view of the same bytes.

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Cursor;
use crate::context::Context;

/// A string or path: bytes (not necessarily UTF-8) with an optional string context.
///
/// The common string without context is a length and a pointer to its bytes; one with a context
/// has the length [`WITH_CONTEXT`] and points to a [`Contextual`].
#[derive(Clone, Copy)]
pub struct Str<'a> {
    len: u32,
    start: NonNull<u8>,
    bytes: PhantomData<&'a [u8]>,
}

const WITH_CONTEXT: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Contextual<'a> {
    text: Str<'a>,
    context: Context<'a>,
}

impl<'a> Str<'a> {
    /// The length of the longest string, in bytes.
    pub(crate) const LENGTH_MAX: usize = WITH_CONTEXT as usize - 1;

    /// A view of bytes that live as long as the heap (or for ever).
    ///
    /// # Panics
    /// If there are 4 GiB or more: makers of strings check that before.
    #[inline(always)]
    pub fn of(bytes: &'a [u8]) -> Self {
        assert!(bytes.len() < WITH_CONTEXT as usize, "a string has at most 2^32-2 bytes");
        Self { len: bytes.len() as u32, start: NonNull::from(bytes).cast(), bytes: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn parts(self) -> (u32, NonNull<()>) {
        (self.len, self.start.cast())
    }

    /// # Safety
    /// The parts must come from [`Self::parts`] of a string of this heap.
    #[inline(always)]
    pub(crate) unsafe fn from_parts(len: u32, start: NonNull<()>) -> Self {
        Self { len, start: start.cast(), bytes: PhantomData }
    }

    #[inline(always)]
    pub fn bytes(self) -> &'a [u8] {
        let text = if self.len == WITH_CONTEXT { self.contextual().text } else { self };
        let start = text.start;
        // SAFETY: made by `of` from a slice that lives for `'a`.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), text.len as usize) }
    }

    #[inline(always)]
    pub fn context(self) -> Option<Context<'a>> {
        (self.len == WITH_CONTEXT).then(|| self.contextual().context)
    }

    fn contextual(self) -> &'a Contextual<'a> {
        let start = self.start;
        // SAFETY: only `Cursor::with_context` sets this length, and it points `start` to a
        // `Contextual` in the heap.
        unsafe { start.cast::<Contextual<'a>>().as_ref() }
    }

    /// Whether both are one and the same bytes in memory.
    pub(crate) fn is(self, other: Self) -> bool {
        let (left, right) = (self.start, other.start);
        left == right && self.len == other.len
    }
}

impl<'a> Cursor<'a> {
    pub(crate) fn string(&mut self, bytes: &[u8]) -> Str<'a> {
        Str::of(self.add_slice(bytes))
    }

    /// `bytes` under `context`, without copying them.
    pub(crate) fn with_context(
        &mut self,
        bytes: &'a [u8],
        context: Option<Context<'a>>,
    ) -> Str<'a> {
        let Some(context) = context else { return Str::of(bytes) };
        let contextual = self.add(Contextual { text: Str::of(bytes), context });
        Str { len: WITH_CONTEXT, start: NonNull::from(contextual).cast(), bytes: PhantomData }
    }

    /// The parts, one after the other, as one string of bytes.
    pub(crate) fn concat(&mut self, parts: &[&[u8]]) -> &'a [u8] {
        let len = parts.iter().map(|part| part.len()).sum::<usize>();
        let start = self.allocate(len.next_multiple_of(super::ALIGN));
        let mut offset = 0;
        for part in parts {
            // SAFETY: the parts' lengths add up to `len`, and fresh memory overlaps none of them.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    part.as_ptr(),
                    start.as_ptr().add(offset),
                    part.len(),
                );
            };
            offset += part.len();
        }
        // SAFETY: all `len` bytes were just written.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), len) }
    }
}
