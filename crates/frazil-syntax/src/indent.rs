//! Removes the common indentation of an indented string.
//!
//! The width is that of the least indented line which holds more than spaces; only spaces count.
//! Escapes and interpolations count as content and are never changed themselves.

use bumpalo::Bump;

use crate::ast::{Expr, StringPart};

/// A piece of an indented string as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IndentedPart<'a> {
    Text(&'a [u8]),
    /// The value of `''$`, `'''` or `''\x`.
    Escaped(&'a [u8]),
    Expr(&'a Expr<'a>),
}

/// The width of a string in which no line holds more than spaces: what C++ Nix starts from.
const WIDTH_NONE: usize = 1_000_000;

/// Appends the string made of `parts` to `out`, neighbouring texts as one. `buffer` is a place to
/// build texts in.
pub(crate) fn strip<'a>(
    parts: &[IndentedPart<'a>],
    arena: &'a Bump,
    buffer: &mut Vec<u8>,
    out: &mut Vec<StringPart<'a>>,
) {
    let width = width(parts);
    let mut line = Line { blank: true, dropped: 0 };
    buffer.clear();
    for (index, part) in parts.iter().enumerate() {
        match part {
            IndentedPart::Text(text) | IndentedPart::Escaped(text) => {
                let start = buffer.len();
                line.copy_without_indent(text, width, buffer);
                if index + 1 == parts.len() {
                    drop_blank_end(buffer, start);
                }
            }
            IndentedPart::Expr(expr) => {
                line = Line { blank: false, dropped: 0 };
                flush(arena, buffer, out);
                out.push(StringPart::Expr(expr));
            }
        }
    }
    flush(arena, buffer, out);
}

fn flush<'a>(arena: &'a Bump, buffer: &mut Vec<u8>, out: &mut Vec<StringPart<'a>>) {
    if !buffer.is_empty() {
        out.push(StringPart::Text(arena.alloc_slice_copy(buffer)));
        buffer.clear();
    }
}

fn width(parts: &[IndentedPart<'_>]) -> usize {
    let mut width = WIDTH_NONE;
    let mut blank = true;
    let mut indent = 0;
    for part in parts {
        let IndentedPart::Text(text) = part else {
            if blank {
                blank = false;
                width = width.min(indent);
            }
            continue;
        };
        for byte in *text {
            match byte {
                b'\n' => {
                    blank = true;
                    indent = 0;
                }
                b' ' if blank => indent += 1,
                _ if blank => {
                    blank = false;
                    width = width.min(indent);
                }
                _ => {}
            }
        }
    }
    width
}

/// The line being copied.
struct Line {
    /// Only spaces so far.
    blank: bool,
    /// How many of them were left out or could have been.
    dropped: usize,
}

impl Line {
    fn copy_without_indent(&mut self, text: &[u8], width: usize, out: &mut Vec<u8>) {
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            if self.blank && byte == b' ' {
                if self.dropped >= width {
                    out.push(byte);
                }
                self.dropped += 1;
                rest = behind;
                continue;
            }
            let end = rest.iter().position(|byte| *byte == b'\n').map(|index| index + 1);
            let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
            out.extend_from_slice(line);
            *self = Line { blank: end.is_some(), dropped: 0 };
            rest = behind;
        }
    }
}

/// A last line of nothing but spaces is that of the closing quotes. Only what the last part
/// contributed, from `start` on, is looked at.
fn drop_blank_end(buffer: &mut Vec<u8>, start: usize) {
    let last = buffer.get(start..).unwrap_or_default();
    let Some(line_feed) = last.iter().rposition(|byte| *byte == b'\n') else { return };
    let line = last.get(line_feed + 1..).unwrap_or_default();
    if line.iter().all(|byte| *byte == b' ') {
        buffer.truncate(start + line_feed + 1);
    }
}
