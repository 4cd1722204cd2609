//! What can be wrong with a source text, as data: message, places, advice.
//!
//! The wording follows C++ Nix 2.26 where that is clear enough, so that what people find on the
//! web still matches. Positions are spans only; file names, lines and printing are the caller's.

use crate::ast::Span;

/// One thing wrong with a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub kind: SyntaxErrorKind,
    pub span: Span,
    /// Other places that help to understand this one.
    pub notes: Vec<Note>,
}

/// A second place in the source, and what it has to do with the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    pub span: Span,
    pub text: &'static str,
}

/// What is wrong; displays as the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// A token that cannot stand here; both sides are worded for the message, as in `';'`.
    /// `expected` is empty where too much could stand to list it.
    #[error("syntax error, unexpected {found}{}{expected}", separator(expected))]
    Unexpected { found: &'static str, expected: &'static str },
    #[error("syntax error, unexpected end of file, expecting {0}")]
    /// Holds the missing quote.
    UnterminatedString(&'static str),
    #[error("syntax error, unterminated comment")]
    UnterminatedComment,
    #[error("attribute '{path}' already defined")]
    /// The first definition is a note. `path` is relative to the set being written.
    DuplicateAttribute { path: String },
    #[error("duplicate formal function argument '{name}'")]
    DuplicateFormal { name: String },
    /// Holds the keyword of the construct.
    #[error("dynamic attributes not allowed in {0}")]
    DynamicAttribute(&'static str),
    #[error("invalid integer '{0}'")]
    InvalidInteger(String),
    #[error("invalid float '{0}'")]
    InvalidFloat(String),
    #[error("path has a trailing slash")]
    TrailingSlash,
    /// Holds the part of a string that has the null byte.
    #[error(
        "input string '{text}' cannot be represented as Nix string because it contains null bytes"
    )]
    NullByte { text: String },
    #[error(
        "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it"
    )]
    PipeOperatorsDisabled,
    /// More than [`NESTING_MAX`](crate::NESTING_MAX) or [`PENDING_MAX`](crate::PENDING_MAX) allow.
    #[error("expression is nested too deeply")]
    TooDeep,
    #[error("source is larger than 4 GiB")]
    TooLarge,
}

fn separator(expected: &str) -> &'static str {
    if expected.is_empty() { "" } else { ", expecting " }
}

impl SyntaxError {
    /// What the user can do about it; shown after `help:`.
    pub fn help(&self) -> Option<&'static str> {
        match &self.kind {
            SyntaxErrorKind::Unexpected { found, expected } => unexpected_help(found, expected),
            SyntaxErrorKind::UnterminatedString(_) => {
                Some("close the string; a missing quote further up has the same effect")
            }
            SyntaxErrorKind::UnterminatedComment => Some("close the comment with `*/`"),
            SyntaxErrorKind::DuplicateAttribute { .. } => {
                Some("remove one of them; only attribute sets written as `{ }` are merged")
            }
            SyntaxErrorKind::DynamicAttribute(_) => Some("write a fixed name here"),
            SyntaxErrorKind::InvalidInteger(_) => Some("integers go up to 9223372036854775807"),
            SyntaxErrorKind::InvalidFloat(_) => {
                Some("the number does not fit into 64-bit floating point")
            }
            SyntaxErrorKind::TrailingSlash => Some("remove the slash at the end"),
            SyntaxErrorKind::PipeOperatorsDisabled => Some("or write the call as `f x`"),
            SyntaxErrorKind::TooDeep => Some("name inner parts with `let`"),
            SyntaxErrorKind::DuplicateFormal { .. }
            | SyntaxErrorKind::NullByte { .. }
            | SyntaxErrorKind::TooLarge => None,
        }
    }
}

fn unexpected_help(found: &str, expected: &str) -> Option<&'static str> {
    match (found, expected) {
        ("'='", "';'") => Some("is a `;` missing before this binding?"),
        ("'}'" | "'in'", "';'") => Some("every binding ends with `;`"),
        ("'if'" | "'let'" | "'with'" | "'assert'", _) => {
            Some("put parentheses around the inner expression")
        }
        ("'-'", "']'") => Some("a negative number in a list needs parentheses: `(-1)`"),
        (_, "end of file") => Some("a file holds one expression; is an operator missing?"),
        _ => None,
    }
}
