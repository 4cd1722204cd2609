//! Where things were written: all sources of an evaluation share one space of positions.

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;

use frazil_syntax::LineIndex;
use frazil_syntax::ast::Span;

use crate::diagnostic::{Place, Source};

/// A byte of some source: its offset in the concatenation of all of them, plus one. Zero is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pos(u32);

impl Pos {
    pub(crate) const NOWHERE: Self = Self(0);

    /// The place so many bytes further on in the same source.
    pub(crate) fn after(self, bytes: u32) -> Self {
        if self.is_nowhere() { self } else { Self(self.0 + bytes) }
    }

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
    sources: Vec<Numbered>,
    next: u32,
}

struct Numbered {
    /// The position of its first byte, less one.
    base: u32,
    source: Rc<Source>,
    /// Where its relative paths start.
    directory: Rc<Path>,
    lines: OnceCell<LineIndex>,
}

/// The sources of one evaluation are larger than 4 GiB together.
#[derive(Debug, thiserror::Error)]
#[error("more than 4 GiB of source text")]
pub(crate) struct TooMuchSource;

impl Sources {
    pub(crate) fn add(
        &mut self,
        source: Rc<Source>,
        directory: &Path,
    ) -> Result<SourceId, TooMuchSource> {
        let bytes = u32::try_from(source.text.len()).map_err(|_| TooMuchSource)?;
        // One more, so that the end of one source is not the start of the next.
        let next =
            self.next.checked_add(bytes).and_then(|sum| sum.checked_add(2)).ok_or(TooMuchSource)?;
        let directory = directory.into();
        self.sources.push(Numbered { base: self.next, source, directory, lines: OnceCell::new() });
        self.next = next;
        Ok(SourceId(self.sources.len() as u32 - 1))
    }

    pub(crate) fn pos(&self, id: SourceId, offset: u32) -> Pos {
        let base = self.sources.get(id.0 as usize).map_or(0, |numbered| numbered.base);
        Pos(base + offset + 1)
    }

    pub(crate) fn range(&self, id: SourceId, span: Span) -> Range {
        Range { start: self.pos(id, span.start), bytes: span.end.saturating_sub(span.start) }
    }

    fn numbered(&self, pos: Pos) -> Option<(&Numbered, u32)> {
        let global = pos.0.checked_sub(1)?;
        let index =
            self.sources.partition_point(|numbered| numbered.base <= global).checked_sub(1)?;
        let numbered = self.sources.get(index)?;
        Some((numbered, global - numbered.base))
    }

    /// Where the relative paths of a source start.
    pub(crate) fn directory(&self, pos: Pos) -> Option<Rc<Path>> {
        self.numbered(pos).map(|(numbered, _)| Rc::clone(&numbered.directory))
    }

    /// The source, the line and the column, both from 1 on.
    pub(crate) fn line_column(&self, pos: Pos) -> Option<(&Source, u32, u32)> {
        let (numbered, offset) = self.numbered(pos)?;
        let lines = numbered.lines.get_or_init(|| LineIndex::new(&numbered.source.text));
        let (line, column) = lines.line_column(offset);
        Some((&numbered.source, line, column))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0..).map(SourceId).zip(self.sources.iter().map(|numbered| &*numbered.source))
    }

    pub(crate) fn place(&self, range: Range) -> Option<Place> {
        let (numbered, start) = self.numbered(range.start)?;
        let source = Rc::clone(&numbered.source);
        let end = start.saturating_add(range.bytes).min(source.text.len() as u32);
        Some(Place { source, start, end })
    }
}
