//! What a user can ask for, one function each: the layer between the crates that do the work and
//! the command line that shows it.
//!
//! Nothing here prints, exits, or reads the environment: what an operation needs to know of the
//! outside arrives in its plan or in its host.

pub mod eval;
pub mod flake;
pub mod host;
pub mod path;
pub mod repl;
