//! What is wrong with a document, in nlohmann's words: Nix shows them to its users, and tests of
//! Nix code grep for them.

use std::fmt::Write as _;

/// Why a text is not a JSON document that Nix can represent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("[json.exception.parse_error.101] parse error at line {line}, column {column}: {what}")]
    Syntax {
        /// How many bytes had been read, the offending one included.
        offset: usize,
        line: usize,
        column: usize,
        what: String,
    },
    #[error("[json.exception.out_of_range.406] number overflow parsing '{0}'")]
    FloatRange(String),
    #[error("unsigned json number {0} outside of Nix integer range")]
    IntegerRange(u64),
    #[error(
        "input string '{0}' cannot be represented as Nix string because it contains null bytes"
    )]
    Nul(String),
}

/// A string that cannot be written because it is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Utf8Error {
    #[error("[json.exception.type_error.316] invalid UTF-8 byte at index {index}: 0x{byte:02X}")]
    Invalid { index: usize, byte: u8 },
    #[error("[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x{last:02X}")]
    Incomplete { last: u8 },
}

/// A token that breaks off.
#[derive(Debug)]
pub(super) struct LexError {
    pub(super) what: String,
    /// Behind the last byte read; one more than the text's length when its end was read.
    pub(super) end: usize,
}

impl LexError {
    /// An error at a byte, which counts as read.
    pub(super) fn at(offset: usize, what: impl Into<String>) -> LexError {
        LexError { what: what.into(), end: offset + 1 }
    }
}

/// What was being read when a token did not fit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Context {
    Value,
    Key,
    Colon,
    List,
    Object,
    /// Behind the document.
    End,
}

impl Context {
    fn name(self) -> &'static str {
        match self {
            Context::Value | Context::End => "value",
            Context::Key => "object key",
            Context::Colon => "object separator",
            Context::List => "array",
            Context::Object => "object",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Context::Value => "'[', '{', or a literal",
            Context::Key => "string literal",
            Context::Colon => "':'",
            Context::List => "']'",
            Context::Object => "'}'",
            Context::End => "end of input",
        }
    }
}

/// The error for a whole token in the wrong place.
pub(super) fn unexpected(text: &[u8], end: usize, token: &str, context: Context) -> JsonError {
    if text.is_empty() {
        let what = "attempting to parse an empty input; check that your input string or stream \
                    contains the expected JSON";
        return syntax(text, end, what.to_owned());
    }
    let (name, expected) = (context.name(), context.expected());
    let what =
        format!("syntax error while parsing {name} - unexpected {token}; expected {expected}");
    syntax(text, end, what)
}

/// The error for a broken token; `read` are the bytes that nlohmann has kept since the start of the
/// last string or number.
pub(super) fn broken(text: &[u8], read: &[u8], error: LexError, context: Context) -> JsonError {
    let mut what = format!(
        "syntax error while parsing {} - {}; last read: '{}'",
        context.name(),
        error.what,
        visible(read)
    );
    if !matches!(context, Context::Value) {
        what.push_str("; expected ");
        what.push_str(context.expected());
    }
    syntax(text, error.end, what)
}

fn syntax(text: &[u8], end: usize, what: String) -> JsonError {
    let read = text.get(..end).unwrap_or(text);
    let line_start = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = read.split(|byte| *byte == b'\n').count();
    JsonError::Syntax { offset: end, line, column: end - line_start, what }
}

/// Text with its control characters written as `<U+0009>`.
fn visible(text: &[u8]) -> String {
    let mut shown = String::new();
    for character in String::from_utf8_lossy(text).chars() {
        if character < ' ' {
            // Writing to a string cannot fail.
            write!(shown, "<U+{:04X}>", u32::from(character)).unwrap_or_default();
        } else {
            shown.push(character);
        }
    }
    shown
}
