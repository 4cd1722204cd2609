//! What went wrong, ready to be shown: message, place, trace, help. Rendering is the CLI's job.

use std::rc::Rc;

/// One text that was parsed: a file, or an expression from the command line.
pub struct Source {
    /// The path of the file, or a name such as `«string»`.
    pub name: String,
    pub text: Vec<u8>,
    /// True when `name` is the path of a file.
    pub is_file: bool,
}

impl std::fmt::Debug for Source {
    /// Without the text, which may be long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.text.len())
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone, Debug)]
pub struct Place {
    pub source: Rc<Source>,
    pub start: u32,
    pub end: u32,
}

/// One step on the way to the error.
#[derive(Clone, Debug)]
pub struct Frame {
    /// `while evaluating the attribute 'x'`, `while calling the 'f' builtin`, ...
    pub message: String,
    pub place: Option<Place>,
    /// Added by `builtins.addErrorContext`: shown even when the trace is collapsed.
    pub pinned: bool,
}

/// What kind of failure it is; `tryEval` catches the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `builtins.throw`, and a search path entry that is missing.
    Throw,
    /// A failed `assert`.
    Assertion,
    /// `builtins.abort`
    Abort,
    Syntax,
    UndefinedVariable,
    MissingAttribute,
    Type,
    InfiniteRecursion,
    StackOverflow,
    OutOfMemory,
    /// `Options::steps_max`
    TooManySteps,
    /// Pure or restricted evaluation forbids it.
    Restricted,
    /// The host could not do what was asked.
    Host,
    Other,
}

/// An error or a warning with everything that is known about it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub kind: ErrorKind,
    pub message: String,
    /// Where it happened.
    pub place: Option<Place>,
    /// More places that explain it: the first definition of a duplicate, say.
    pub notes: Vec<Frame>,
    /// How evaluation got there, outermost first.
    pub trace: Vec<Frame>,
    /// What to do about it.
    pub help: Vec<String>,
}
