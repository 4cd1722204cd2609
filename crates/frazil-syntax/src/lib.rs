//! The Nix language as text: lexer, parser, typed syntax tree, printer.
//!
//! Pure functions over bytes: no names are looked up, no files read, nothing is evaluated. The
//! language is that of C++ Nix 2.26.

pub mod ast;
mod bytes;
mod error;
mod fuzz;
mod indent;
mod lexer;
mod parser;
mod position;
mod precedence;
mod print;
mod token;

pub use error::{Note, SyntaxError, SyntaxErrorKind};
pub use fuzz::fuzz;
pub use parser::{NESTING_MAX, PENDING_MAX, ParseOptions, Parsed, parse};
pub use position::LineIndex;
pub use print::print;
