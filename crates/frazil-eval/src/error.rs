//! Errors of evaluation: cheap to carry, rich once someone looks.
//!
//! An [`Error`] is one pointer, so that `Result<Value>` is as small as a value. Where it happened
//! is recorded as positions; [`Evaluator::diagnostics`](crate::Evaluator::diagnostics) turns them
//! into a [`Diagnostic`](crate::Diagnostic).

use crate::diagnostic::{Diagnostic, ErrorKind};
use crate::source::Range;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an evaluation ended.
#[derive(Debug)]
pub struct Error(Box<Body>);

#[derive(Debug)]
struct Body {
    kind: ErrorKind,
    message: String,
    range: Range,
    help: Vec<String>,
    /// The calls under way when it happened, outermost first.
    calls: Vec<CallNote>,
    /// What else was under way, innermost first.
    notes: Vec<Note>,
    /// Everything that is wrong with a file that could not be parsed.
    diagnostics: Vec<Diagnostic>,
}

/// A call, for the trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallNote {
    pub(crate) range: Range,
    /// The text of the function.
    pub(crate) function: Range,
}

/// Something under way when the error passed through.
#[derive(Debug)]
pub(crate) struct Note {
    /// How many calls were under way around it.
    pub(crate) depth: usize,
    pub(crate) message: String,
    pub(crate) range: Range,
    /// Put there by the program itself: always shown.
    pub(crate) pinned: bool,
}

/// Notes beyond so many are dropped: they repeat, as in a deep recursion.
const NOTES_MAX: usize = 2000;

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Body {
            kind,
            message: message.into(),
            range: Range::NOWHERE,
            help: Vec::new(),
            calls: Vec::new(),
            notes: Vec::new(),
            diagnostics: Vec::new(),
        }))
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether `builtins.tryEval` turns it into a value.
    pub(crate) fn is_catchable(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Throw | ErrorKind::Assertion)
    }

    /// Sets the place, unless it has one.
    #[cold]
    pub(crate) fn at(mut self, range: Range) -> Self {
        if self.0.range == Range::NOWHERE {
            self.0.range = range;
        }
        self
    }

    /// An infinite recursion is where the variable stands whose value it asks for.
    #[cold]
    pub(crate) fn recursion_at(self, range: Range) -> Self {
        if self.0.kind == ErrorKind::InfiniteRecursion { self.at(range) } else { self }
    }

    #[cold]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        self.help(help)
    }

    #[cold]
    pub(crate) fn note(mut self, note: impl FnOnce() -> Note) -> Self {
        if self.0.notes.len() < NOTES_MAX {
            self.0.notes.push(note());
        }
        self
    }

    pub(crate) fn with_calls(mut self, calls: Vec<CallNote>) -> Self {
        self.0.calls = calls;
        self
    }

    /// Says what is wrong with a file, in place of the message.
    pub(crate) fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.0.diagnostics = diagnostics;
        self
    }

    pub(crate) fn range(&self) -> Range {
        self.0.range
    }

    pub(crate) fn helps(&self) -> &[String] {
        &self.0.help
    }

    pub(crate) fn calls(&self) -> &[CallNote] {
        &self.0.calls
    }

    pub(crate) fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    pub(crate) fn notes(&self) -> &[Note] {
        &self.0.notes
    }
}
