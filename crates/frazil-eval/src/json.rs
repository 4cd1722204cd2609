//! JSON as text: the events of a document, and the escaping of strings.
//!
//! `fromJSON` and `toJSON` go through nlohmann's library in Nix, so what is accepted, what becomes an
//! integer and what each complaint says follows that library. [`crate::number`] prints the numbers.
//!
//! Not here: values. Which of two equal keys wins, and the order of keys in the output, are the
//! evaluator's business.
//!
//! Invariants: no recursion, so a document may nest as deep as memory allows; every string that an
//! event carries is valid UTF-8 without NUL.

mod document;
mod error;
mod fuzz;
mod number;
mod reader;
mod string;
#[cfg(test)]
mod tests;
mod write;

pub use document::{DocumentError, Json};
pub use error::{JsonError, Utf8Error};
pub use fuzz::fuzz;
pub use reader::Reader;
pub use write::write_string;

/// A step through a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(&'a [u8]),
    /// The name of the member whose value comes next.
    Key(&'a [u8]),
    ListStart,
    ListEnd,
    ObjectStart,
    ObjectEnd,
}
