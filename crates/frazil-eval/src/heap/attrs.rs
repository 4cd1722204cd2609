//! Attribute sets: entries sorted by symbol, optionally on top of a larger set.
//!
//! `big // small` does not copy `big`: the result holds the entries of `small` and refers to `big`
//! as its base. Whoever needs all entries asks [`Cursor::entries`], which flattens once and keeps
//! the flat form in place of the base.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Cursor;
use crate::source::Pos;
use crate::symbol::Symbol;
use crate::word::{Lazy, Slot};

/// Longer runs of entries are searched by bisection.
const LINEAR_MAX: usize = 8;
/// `//` puts a layer on sets at least this large ...
const LAYER_BASE_MIN: u32 = 16;
/// ... when the right side is at most this fraction of the left ...
const LAYER_SHARE: u32 = 4;
/// ... and at most this many layers deep.
const LAYERS_MAX: u32 = 6;

/// An attribute set value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attrs<'a>(NonNull<Header<'a>>, PhantomData<&'a Cell<Slot<'a>>>);

#[repr(C)]
struct Header<'a> {
    /// Entries that follow this header.
    own: Cell<u32>,
    /// Entries in all, the base's that are not shadowed included.
    total: Cell<u32>,
    base: Cell<Option<Attrs<'a>>>,
    entries: [Entry<'a>; 0],
}

/// One attribute.
#[repr(C)]
pub struct Entry<'a> {
    pub(crate) name: Symbol,
    /// Where it was defined.
    pub(crate) pos: Pos,
    pub(crate) slot: Cell<Slot<'a>>,
}

impl<'a> Entry<'a> {
    /// The same attribute for another set: the value is shared, not evaluated twice.
    fn share(&'a self) -> Self {
        Self { name: self.name, pos: self.pos, slot: Cell::new(Lazy::of(&self.slot).into()) }
    }
}

impl<'a> Attrs<'a> {
    #[inline(always)]
    pub(crate) fn pointer(self) -> NonNull<()> {
        self.0.cast()
    }

    /// # Safety
    /// `pointer` must come from [`Self::pointer`] of a set of this heap.
    #[inline(always)]
    pub(crate) unsafe fn from_pointer(pointer: NonNull<()>) -> Self {
        Self(pointer.cast(), PhantomData)
    }

    fn header(self) -> &'a Header<'a> {
        // SAFETY: made by `AttrsWriter` in the heap.
        unsafe { self.0.as_ref() }
    }

    pub fn len(self) -> usize {
        self.header().total.get() as usize
    }

    pub(crate) fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn own(self) -> &'a [Entry<'a>] {
        let header = self.0.as_ptr();
        // SAFETY: `own` initialised entries follow the header in the same allocation.
        unsafe {
            std::slice::from_raw_parts(
                (&raw const (*header).entries).cast(),
                (*header).own.get() as usize,
            )
        }
    }

    /// Entry `index` of the entries that stand in this very object: a guess of where a name may be.
    #[inline(always)]
    pub(crate) fn guess(self, index: u32) -> Option<&'a Entry<'a>> {
        self.own().get(index as usize)
    }

    /// The attribute of that name, and its index for [`Self::guess`] (meaningless when it was found in a base).
    #[inline]
    pub(crate) fn find(self, name: Symbol) -> Option<(&'a Entry<'a>, u32)> {
        let mut set = self;
        loop {
            let own = set.own();
            let found = if own.len() <= LINEAR_MAX {
                own.iter().position(|entry| entry.name == name)
            } else {
                own.binary_search_by(|entry| entry.name.cmp(&name)).ok()
            };
            if let Some(index) = found {
                return own.get(index).map(|entry| (entry, index as u32));
            }
            set = set.header().base.get()?;
        }
    }

    #[inline]
    pub(crate) fn get(self, name: Symbol) -> Option<&'a Entry<'a>> {
        self.find(name).map(|(entry, _)| entry)
    }

    fn layers(self) -> u32 {
        std::iter::successors(self.header().base.get(), |set| set.header().base.get()).count()
            as u32
    }
}

/// A set under construction: at most `capacity` entries may be pushed.
pub(crate) struct AttrsWriter<'a> {
    header: NonNull<Header<'a>>,
    capacity: u32,
    len: u32,
    sorted: bool,
    last: Option<Symbol>,
}

impl<'a> AttrsWriter<'a> {
    #[inline(always)]
    pub(crate) fn push(&mut self, name: Symbol, pos: Pos, slot: Slot<'a>) {
        self.push_entry(Entry { name, pos, slot: Cell::new(slot) });
    }

    #[inline(always)]
    fn push_entry(&mut self, entry: Entry<'a>) {
        assert!(self.len < self.capacity, "a set of {} is full", self.capacity);
        self.sorted &= self.last < Some(entry.name);
        self.last = Some(entry.name);
        // SAFETY: `len < capacity` entries fit behind the header, and the memory is ours alone.
        unsafe {
            (&raw mut (*self.header.as_ptr()).entries)
                .cast::<Entry<'a>>()
                .add(self.len as usize)
                .write(entry);
        }
        self.len += 1;
    }

    fn entries(&mut self) -> &mut [Entry<'a>] {
        // SAFETY: `len` entries were written, and nothing refers to them before `finish`.
        unsafe {
            let start = (&raw mut (*self.header.as_ptr()).entries).cast::<Entry<'a>>();
            std::slice::from_raw_parts_mut(start, self.len as usize)
        }
    }

    /// The set of what was pushed; of several entries of one name the first counts.
    pub(crate) fn finish(mut self, cursor: &mut Cursor<'a>) -> Attrs<'a> {
        if !self.sorted {
            self.entries().sort_by_key(|entry| entry.name);
            self.keep_first_of_each_name();
        }
        let unused = (self.capacity - self.len) as usize;
        if unused > 0 && self.sorted {
            cursor.shrink(unused * size_of::<Entry<'_>>(), self.end_of_capacity());
        }
        let set = Attrs(self.header, PhantomData);
        set.header().own.set(self.len);
        set.header().total.set(self.len);
        set
    }

    fn end_of_capacity(&self) -> *const u8 {
        self.header
            .as_ptr()
            .wrapping_add(1)
            .cast::<Entry<'a>>()
            .wrapping_add(self.capacity as usize)
            .cast()
    }

    fn keep_first_of_each_name(&mut self) {
        let entries = self.entries();
        let mut kept = 0_usize;
        for index in 0..entries.len() {
            let name = entries.get(index).map(|entry| entry.name);
            let last = kept.checked_sub(1).and_then(|last| entries.get(last));
            if last.map(|entry| entry.name) != name {
                entries.swap(kept, index);
                kept += 1;
            }
        }
        self.len = kept as u32;
    }
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub(crate) fn attrs_writer(&mut self, capacity: usize) -> AttrsWriter<'a> {
        assert!(u32::try_from(capacity).is_ok(), "a set has at most 2^32-1 attributes");
        let bytes = size_of::<Header<'_>>() + capacity * size_of::<Entry<'_>>();
        let header = self.allocate(bytes).cast::<Header<'a>>();
        // SAFETY: fresh memory, large enough for the header.
        unsafe {
            header.write(Header {
                own: Cell::new(0),
                total: Cell::new(0),
                base: Cell::new(None),
                entries: [],
            });
        }
        AttrsWriter { header, capacity: capacity as u32, len: 0, sorted: true, last: None }
    }

    pub(crate) fn empty_attrs(&mut self) -> Attrs<'a> {
        self.attrs_writer(0).finish(self)
    }

    /// All entries, sorted by symbol.
    #[inline]
    pub(crate) fn entries(&mut self, set: Attrs<'a>) -> &'a [Entry<'a>] {
        if set.header().base.get().is_some() {
            self.flatten(set);
            return set.header().base.get().map_or(&[], Attrs::own);
        }
        set.own()
    }

    /// Replaces layers by one base that holds all entries.
    fn flatten(&mut self, set: Attrs<'a>) {
        let header = set.header();
        let Some(base) = header.base.get() else { return };
        if header.own.get() > 0 {
            let below = self.entries(base);
            let flat = self.merge(below, set.own());
            header.base.set(Some(flat));
            header.own.set(0);
        } else if base.header().base.get().is_some() {
            self.flatten(base);
            header.base.set(base.header().base.get());
        }
    }

    /// `left // right`
    pub(crate) fn update(&mut self, left: Attrs<'a>, right: Attrs<'a>) -> Attrs<'a> {
        if right.is_empty() {
            return left;
        }
        if left.is_empty() {
            return right;
        }
        let (below, above) = (left.header().total.get(), right.header().total.get());
        if below >= LAYER_BASE_MIN && above <= below / LAYER_SHARE && left.layers() < LAYERS_MAX {
            return self.layer(left, right);
        }
        let (left, right) = (self.entries(left), self.entries(right));
        self.merge(left, right)
    }

    fn layer(&mut self, base: Attrs<'a>, above: Attrs<'a>) -> Attrs<'a> {
        let entries = self.entries(above);
        let mut writer = self.attrs_writer(entries.len());
        let mut total = base.header().total.get();
        for entry in entries {
            total += u32::from(base.get(entry.name).is_none());
            writer.push_entry(entry.share());
        }
        let set = writer.finish(self);
        set.header().base.set(Some(base));
        set.header().total.set(total);
        set
    }

    fn merge(&mut self, left: &'a [Entry<'a>], right: &'a [Entry<'a>]) -> Attrs<'a> {
        let mut writer = self.attrs_writer(left.len() + right.len());
        let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
        while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
            let order = l.name.cmp(&r.name);
            writer.push_entry(if order.is_lt() { l.share() } else { r.share() });
            if order.is_le() {
                left.next();
            }
            if order.is_ge() {
                right.next();
            }
        }
        for entry in left.chain(right) {
            writer.push_entry(entry.share());
        }
        writer.finish(self)
    }
}
