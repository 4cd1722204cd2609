//! Where things were written: all sources of an evaluation share one space of positions.

use std::rc::Rc;

use frazil_syntax::ast::Span;

use crate::diagnostic::{Place, Source};

/// A byte of some source: its offset in the concatenation of all of them, plus one. Zero is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pos(u32);

impl Pos {
    pub(crate) const NOWHERE: Self = Self(0);

    pub(crate) fn is_nowhere(self) -> bool {
        self == Self::NOWHERE
    }
}

/// A range of bytes of some source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Pos,
    pub(crate) bytes: u32,
}

impl Range {
    pub(crate) const NOWHERE: Self = Self { start: Pos::NOWHERE, bytes: 0 };
}

/// The number of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceId(u32);

#[derive(Default)]
pub(crate) struct Sources {
    /// In the order of their positions.
    sources: Vec<(u32, Rc<Source>)>,
    next: u32,
}

/// The sources of one evaluation are larger than 4 GiB together.
#[derive(Debug, thiserror::Error)]
#[error("more than 4 GiB of source text")]
pub(crate) struct TooMuchSource;

impl Sources {
    pub(crate) fn add(&mut self, source: Rc<Source>) -> Result<SourceId, TooMuchSource> {
        let bytes = u32::try_from(source.text.len()).map_err(|_| TooMuchSource)?;
        // One more, so that the end of one source is not the start of the next.
        let next = self.next.checked_add(bytes).and_then(|sum| sum.checked_add(2)).ok_or(TooMuchSource)?;
        self.sources.push((self.next, source));
        self.next = next;
        Ok(SourceId(self.sources.len() as u32 - 1))
    }

    pub(crate) fn pos(&self, id: SourceId, offset: u32) -> Pos {
        let base = self.sources.get(id.0 as usize).map_or(0, |(base, _)| *base);
        Pos(base + offset + 1)
    }

    pub(crate) fn range(&self, id: SourceId, span: Span) -> Range {
        Range { start: self.pos(id, span.start), bytes: span.end.saturating_sub(span.start) }
    }

    pub(crate) fn source(&self, id: SourceId) -> Option<&Rc<Source>> {
        self.sources.get(id.0 as usize).map(|(_, source)| source)
    }

    /// The source and the offset in it.
    pub(crate) fn find(&self, pos: Pos) -> Option<(&Rc<Source>, u32)> {
        let global = pos.0.checked_sub(1)?;
        let index = self.sources.partition_point(|(base, _)| *base <= global).checked_sub(1)?;
        let (base, source) = self.sources.get(index)?;
        Some((source, global - base))
    }

    pub(crate) fn place(&self, range: Range) -> Option<Place> {
        let (source, start) = self.find(range.start)?;
        let end = start.saturating_add(range.bytes).min(source.text.len() as u32);
        Some(Place { source: Rc::clone(source), start, end })
    }
}
