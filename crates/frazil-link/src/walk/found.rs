//! What the walk looked for and did not find.

/// A library or loader that a program names and that is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Whether it is the loader of the program, rather than a library.
    pub(crate) is_interpreter: bool,
    /// Whether the program itself is certain to be used.
    pub(crate) is_exact: bool,
    /// The directories that were searched.
    pub(crate) searched: Vec<Vec<u8>>,
}
