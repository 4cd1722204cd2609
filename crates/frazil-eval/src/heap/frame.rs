//! Frames: the variables of one call (or of one delayed `let`), linked to the frame around them.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Cursor;
use crate::word::Slot;

#[repr(C)]
struct Header<'a> {
    up: Option<Env<'a>>,
    /// Checked in debug builds only: the resolver hands out slots and sizes frames.
    #[cfg(debug_assertions)]
    size: u32,
    slots: [Cell<Slot<'a>>; 0],
}

/// A frame, by reference.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Env<'a>(NonNull<Header<'a>>, PhantomData<&'a Cell<Slot<'a>>>);

impl<'a> Env<'a> {
    #[inline(always)]
    pub(crate) fn pointer(self) -> NonNull<()> {
        self.0.cast()
    }

    /// # Safety
    /// `pointer` must come from [`Self::pointer`] of a frame of this heap.
    #[inline(always)]
    pub(crate) unsafe fn from_pointer(pointer: NonNull<()>) -> Self {
        Self(pointer.cast(), PhantomData)
    }

    /// The frame `depth` steps out.
    #[inline(always)]
    pub(crate) fn up(self, depth: u32) -> Self {
        let mut env = self;
        for _ in 0..depth {
            let header = env.0;
            // SAFETY: frames live as long as the heap. The resolver counts depths by the frames it
            // creates, so one that is asked for exists; the root frame alone has none above it.
            env = unsafe { (*header.as_ptr()).up.unwrap_unchecked() };
        }
        env
    }

    /// Variable `index` of this frame.
    #[inline(always)]
    pub(crate) fn slot(self, index: u32) -> &'a Cell<Slot<'a>> {
        let header = self.0.as_ptr();
        #[cfg(debug_assertions)]
        // SAFETY: frames live as long as the heap.
        unsafe {
            assert!(index < (*header).size, "slot {index} of a frame of {}", (*header).size);
        }
        // SAFETY: the resolver only emits slots that it counted into the size of the frame.
        unsafe { &*(&raw const (*header).slots).cast::<Cell<Slot<'a>>>().add(index as usize) }
    }
}

impl<'a> Cursor<'a> {
    /// A frame of `size` variables below `up`. Its slots are unspecified bytes that happen to be
    /// valid slots (busy): whoever makes a frame writes every slot before code can read it.
    #[inline(always)]
    pub(crate) fn frame(&mut self, size: u32, up: Option<Env<'a>>) -> Env<'a> {
        let bytes = size_of::<Header<'_>>() + size as usize * size_of::<Slot<'_>>();
        let header = self.allocate(bytes).cast::<Header<'a>>();
        // SAFETY: fresh memory of `bytes` bytes. Chunks are never reused, so what lies behind the
        // header is still zero, which is `Slot::BUSY`.
        unsafe {
            (&raw mut (*header.as_ptr()).up).write(up);
            #[cfg(debug_assertions)]
            {
                (&raw mut (*header.as_ptr()).size).write(size);
            }
        }
        Env(header, PhantomData)
    }
}
