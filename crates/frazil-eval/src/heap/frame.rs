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
    /// [`Self::frame`] for a call that is made now and ends with a [`Cursor::release`].
    #[inline(always)]
    pub(crate) fn call_frame(&mut self, size: u32, up: Env<'a>) -> Env<'a> {
        self.call_frame_bytes += frame_bytes(size);
        self.frame(size, Some(up))
    }

    /// A frame of `size` variables below `up`. Whoever makes a frame writes every slot before code
    /// can read it; until then they are unspecified, but valid slots.
    #[inline(always)]
    pub(crate) fn frame(&mut self, size: u32, up: Option<Env<'a>>) -> Env<'a> {
        let bytes = frame_bytes(size);
        let header = self.allocate(bytes).cast::<Header<'a>>();
        // SAFETY: memory of `bytes` bytes that nobody else refers to. What lies behind the header is
        // zero, which is `Slot::BUSY`, or slots of frames that were released.
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

fn frame_bytes(size: u32) -> usize {
    size_of::<Header<'_>>() + size as usize * size_of::<Slot<'_>>()
}
