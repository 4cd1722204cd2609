//! What the walk looked for and did not find.

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The loader of the program.
    Interpreter,
    Library,
    /// A library that is there, and that the policy leaves out.
    LeftOut,
}

/// A library or loader that a program names and cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) what: Wanted,
    /// Whether the program itself is certain to be used.
    pub(crate) is_exact: bool,
    /// The directories that were searched.
    pub(crate) searched: Vec<Vec<u8>>,
}
