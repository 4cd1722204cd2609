//! The evaluator of the Nix language: from source text to values, faithfully to Nix 2.26.
//!
//! The way of an expression through this crate:
//!
//! ```text
//! text --frazil-syntax--> tree --resolve--> code --eval--> value --print--> text, JSON, XML
//! ```
//!
//! Everything that a file, the clock, the network or a store would have to answer goes through
//! [`Host`]. Values live in a heap that is dropped as a whole; [`Evaluator::with`] makes it. Nothing
//! here prints, and no input makes it panic: what is wrong with a program comes back as an
//! [`Error`], which [`Evaluator::diagnostics`] explains.

#![expect(
    clippy::inline_always,
    reason = "the ways in and out of words and slots; each was measured to matter"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "builtins take a few kinds of values and call everything else a type error"
)]

mod builtins;
mod code;
pub mod context;
pub mod diagnostic;
mod embed;
pub mod ere;
mod error;
mod eval;
mod evaluator;
pub mod flake;
mod fuzz;
pub mod heap;
pub mod host;
pub mod input;
pub mod json;
mod number;
mod path;
pub mod print;
mod program;
mod report;
mod resolve;
pub mod similar;
mod source;
mod stack;
mod symbol;
#[cfg(test)]
mod testing;
pub mod value;
mod version;
mod word;
pub mod xml;

pub use builtins::{Builtin, builtins};
pub use diagnostic::{Diagnostic, ErrorKind};
pub use embed::attribute_path;
pub use error::{Error, Result};
pub use evaluator::{Evaluator, Options, Program, SearchEntry};
pub use fuzz::fuzz;
pub use heap::{HeapError, HeapOptions};
pub use host::Host;
pub use stack::with_large_stack;
pub use value::{Lazy, Value};
