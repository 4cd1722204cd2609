//! From an [`Error`] to a [`Diagnostic`]: positions become places, calls and notes one trace.

mod definitions;

use crate::Evaluator;
use crate::diagnostic::{Diagnostic, ErrorKind, Frame, Source};
use crate::error::{CallNote, Error, Note};
use crate::source::Range;

/// Longer function texts are not quoted in a trace.
const FUNCTION_TEXT_MAX: u32 = 60;

impl Diagnostic {
    /// One that says nothing but its message.
    pub fn plain(kind: ErrorKind, message: String) -> Self {
        Self { kind, message, place: None, notes: Vec::new(), trace: Vec::new(), help: Vec::new() }
    }
}

impl Evaluator<'_> {
    /// All that an error has to say: one diagnostic, or several for a file that cannot be parsed,
    /// each with the trace that led to the file.
    pub fn diagnostics(&self, error: &Error) -> Vec<Diagnostic> {
        if error.diagnostics().is_empty() {
            return vec![self.diagnostic(error)];
        }
        let trace = self.trace(error.calls(), error.notes());
        let explain = |found: &Diagnostic| Diagnostic { trace: trace.clone(), ..found.clone() };
        error.diagnostics().iter().map(explain).collect()
    }

    /// Explains an error: where it happened and how evaluation got there.
    fn diagnostic(&self, error: &Error) -> Diagnostic {
        let calls = error.calls();
        let innermost =
            calls.iter().rev().map(|call| call.range).find(|range| !range.start.is_nowhere());
        let place = match error.range() {
            Range::NOWHERE => innermost.unwrap_or(Range::NOWHERE),
            range => range,
        };
        Diagnostic {
            kind: error.kind(),
            message: error.message().to_owned(),
            place: self.sources.place(place),
            notes: self.option_notes(error),
            trace: self.trace(calls, error.notes()),
            help: error.helps().to_vec(),
        }
    }

    /// Where the option is defined that an error of the module system is about.
    fn option_notes(&self, error: &Error) -> Vec<Frame> {
        let pinned =
            error.notes().iter().filter(|note| note.pinned).map(|note| note.message.as_str());
        let texts: Vec<&str> = std::iter::once(error.message()).chain(pinned).collect();
        let Some(option) = texts.iter().find_map(|text| definitions::option_in(text)) else {
            return Vec::new();
        };
        let is_named =
            |source: &Source| texts.iter().any(|text| definitions::names_source(text, source));
        let mut notes = Vec::new();
        for (id, source) in self.sources.iter().filter(|(_, source)| is_named(source)) {
            for span in definitions::definitions(source, option) {
                let place = self.sources.place(self.sources.range(id, span));
                notes.push(Frame {
                    message: format!("`{option}` is defined here"),
                    place,
                    pinned: true,
                });
            }
        }
        notes
    }

    /// Calls and notes, outermost first: a note made while `n` calls were under way follows call `n`.
    fn trace(&self, calls: &[CallNote], notes: &[Note]) -> Vec<Frame> {
        let mut notes = notes.iter().rev().peekable();
        let mut trace = Vec::new();
        for depth in 0..=calls.len() {
            while let Some(note) = notes.next_if(|note| note.depth <= depth) {
                trace.push(self.note_frame(note));
            }
            trace.extend(calls.get(depth).map(|call| self.call_frame(*call)));
        }
        trace.extend(notes.map(|note| self.note_frame(note)));
        trace
    }

    fn note_frame(&self, note: &Note) -> Frame {
        Frame {
            message: note.message.clone(),
            place: self.sources.place(note.range),
            pinned: note.pinned,
        }
    }

    fn call_frame(&self, call: CallNote) -> Frame {
        let function = self.sources.place(call.function).and_then(|place| {
            let text = place.source.text.get(place.start as usize..place.end as usize)?;
            let fits = place.end - place.start <= FUNCTION_TEXT_MAX && !text.contains(&b'\n');
            fits.then(|| String::from_utf8_lossy(text).into_owned())
        });
        let message = match function {
            Some(text) => format!("while calling `{text}`"),
            None => "while calling a function".to_owned(),
        };
        Frame { message, place: self.sources.place(call.range), pinned: false }
    }
}
