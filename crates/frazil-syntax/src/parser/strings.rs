//! String literals, and the `${}` in them and in paths.
//!
//! A quote, and the `}` of an interpolation, switch between token mode and text mode. While text
//! is scanned the current token is stale; [`Parser::resume`] ends that state.

use super::Parser;
use crate::ast::{Expr, ExprKind, Span, StringPart};
use crate::bytes;
use crate::error::{Note, SyntaxErrorKind};
use crate::indent::{self, IndentedPart};
use crate::token::TokenKind;

/// What ends a stretch of text.
enum Stop {
    Quote,
    Interpolation,
    EndOfFile,
}

impl<'a> Parser<'a> {
    /// Goes back to tokens, from `position` on.
    pub(super) fn resume(&mut self, position: usize) {
        self.lexer.position = position;
        self.previous_end = position as u32;
        self.token = self.lexer.next();
    }

    pub(super) fn interpolation_at(&self, position: usize) -> bool {
        self.lexer.at(position) == b'$' && self.lexer.at(position + 1) == b'{'
    }

    /// The `${e}` at `position` and the place behind it; `None` if its end could not be found and
    /// the rest of the file was given up.
    pub(super) fn interpolation(&mut self, position: usize) -> Option<(Expr<'a>, usize)> {
        self.resume(position);
        let opener = self.token;
        self.advance();
        // Nothing but its own `}` ends an interpolation, whatever is open around the string.
        let around = std::mem::take(&mut self.open);
        self.open.braces = 1;
        let expr = self.expression();
        if self.token.kind != TokenKind::RightBrace {
            self.unexpected_in(TokenKind::RightBrace.description(), Some(opener));
            self.skip_to_landmark();
            while self.accept(TokenKind::Semicolon) {
                self.skip_to_landmark();
            }
        }
        self.open = around;
        if self.token.kind == TokenKind::RightBrace {
            return Some((expr, self.token.span.end as usize));
        }
        self.skip_rest();
        None
    }

    /// `"text ${e}"`
    pub(super) fn string(&mut self) -> Expr<'a> {
        let opener = self.token.span;
        let base = self.scratch.strings.len();
        let mut position = opener.end as usize;
        loop {
            let (text, end, stop) = self.string_text(position);
            if !text.is_empty() {
                self.scratch.strings.push(StringPart::Text(text));
            }
            position = end;
            match stop {
                Stop::Quote => break,
                Stop::EndOfFile => {
                    self.scratch.strings.truncate(base);
                    return self.unterminated(TokenKind::Quote.description(), opener);
                }
                Stop::Interpolation => {
                    let Some((expr, behind)) = self.interpolation(position) else {
                        self.scratch.strings.truncate(base);
                        return self.missing();
                    };
                    self.scratch.strings.push(StringPart::Expr(self.alloc(expr)));
                    position = behind;
                }
            }
        }
        self.resume(position + 1);
        let kind = self.string_kind(base);
        Expr { kind, span: self.span_from(opener.start) }
    }

    /// The parts on the stack from `base` on as one string.
    fn string_kind(&mut self, base: usize) -> ExprKind<'a> {
        let kind = match self.scratch.strings.get(base..).unwrap_or_default() {
            [] => ExprKind::String(b""),
            [StringPart::Text(text)] => ExprKind::String(text),
            parts => ExprKind::Interpolation(self.slice(parts)),
        };
        self.scratch.strings.truncate(base);
        kind
    }

    /// Text inside `"` from `from` on: its value, and where and why it ends.
    fn string_text(&mut self, from: usize) -> (&'a [u8], usize, Stop) {
        self.scratch.text.clear();
        // What lies before this place is in the buffer.
        let mut copied = from;
        let mut at = from;
        let mut null = None;
        let stop = loop {
            let Some(&byte) = self.source.get(at) else { break Stop::EndOfFile };
            let (width, value): (usize, &[u8]) = match byte {
                _ if bytes::plain_in_string(byte) => {
                    at += 1;
                    continue;
                }
                b'"' => break Stop::Quote,
                b'$' => {
                    match self.lexer.at(at + 1) {
                        b'{' => break Stop::Interpolation,
                        b'$' => at += 2,
                        _ => at += 1,
                    }
                    continue;
                }
                b'\r' if self.lexer.at(at + 1) == b'\n' => (2, b"\n"),
                b'\r' => (1, b"\n"),
                b'\\' => match self.escaped(at + 1) {
                    Some(value) => (2, value),
                    None => break Stop::EndOfFile,
                },
                _ => {
                    null = null.or(Some(at));
                    at += 1;
                    continue;
                }
            };
            let before = self.source.get(copied..at).unwrap_or_default();
            self.scratch.text.extend_from_slice(before);
            self.scratch.text.extend_from_slice(value);
            at += width;
            copied = at;
        };
        let rest = self.source.get(copied..at).unwrap_or_default();
        let text = if copied == from {
            rest
        } else {
            self.scratch.text.extend_from_slice(rest);
            self.slice(&self.scratch.text)
        };
        if let Some(null) = null {
            self.null_byte(null, text);
        }
        (text, at, stop)
    }

    /// What the byte at `position` means behind a backslash.
    fn escaped(&mut self, position: usize) -> Option<&'a [u8]> {
        let byte = self.source.get(position)?;
        Some(match byte {
            b'n' => b"\n",
            b'r' => b"\r",
            b't' => b"\t",
            _ => {
                if *byte == 0 {
                    self.null_byte(position, &[0]);
                }
                std::slice::from_ref(byte)
            }
        })
    }

    /// Refuses `text` for the null byte in it that was read at `position`.
    fn null_byte(&mut self, position: usize, text: &[u8]) {
        let start = position as u32;
        let span = Span { start, end: start + 1 };
        let text = String::from_utf8_lossy(text).replace('\0', "␀");
        self.report(SyntaxErrorKind::NullByte { text }, span, Vec::new());
    }

    fn unterminated(&mut self, quote: &'static str, opener: Span) -> Expr<'a> {
        let end = self.source.len() as u32;
        let note = Note { span: opener, text: "the string starts here" };
        let span = Span { start: end, end };
        if self.reported_until <= end {
            self.report(SyntaxErrorKind::UnterminatedString(quote), span, vec![note]);
        }
        self.skip_rest();
        self.missing()
    }

    /// `''text ${e}''`
    pub(super) fn indented_string(&mut self) -> Expr<'a> {
        let opener = self.token.span;
        let base = self.scratch.indented.len();
        let mut position = self.after_blank_line(opener.end as usize);
        loop {
            let (end, stop) = self.indented_text(position);
            position = end;
            match stop {
                Stop::Quote => break,
                Stop::EndOfFile => {
                    self.scratch.indented.truncate(base);
                    return self.unterminated(TokenKind::IndentedQuote.description(), opener);
                }
                Stop::Interpolation => {
                    let Some((expr, behind)) = self.interpolation(position) else {
                        self.scratch.indented.truncate(base);
                        return self.missing();
                    };
                    self.scratch.indented.push(IndentedPart::Expr(self.alloc(expr)));
                    position = behind;
                }
            }
        }
        self.resume(position + 2);
        let parts = self.scratch.indented.get(base..).unwrap_or_default();
        let strings = self.scratch.strings.len();
        indent::strip(parts, self.arena, &mut self.scratch.text, &mut self.scratch.strings);
        self.scratch.indented.truncate(base);
        let kind = match self.string_kind(strings) {
            // As in the reference implementation, and only in this kind of string.
            ExprKind::Interpolation([StringPart::Expr(Expr { kind, .. })])
                if matches!(kind, ExprKind::String(_)) =>
            {
                *kind
            }
            kind => kind,
        };
        Expr { kind, span: self.span_from(opener.start) }
    }

    /// An opening quote followed by spaces and a line feed takes them with it.
    fn after_blank_line(&self, from: usize) -> usize {
        let mut position = from;
        while self.lexer.at(position) == b' ' {
            position += 1;
        }
        if self.lexer.at(position) == b'\n' { position + 1 } else { from }
    }

    /// Text inside `''` from `from` on, as parts on the stack; gives where and why it ends.
    fn indented_text(&mut self, from: usize) -> (usize, Stop) {
        // Text since this place is not on the stack yet.
        let mut pending = from;
        let mut at = from;
        let mut null = None;
        let stop = loop {
            let Some(&byte) = self.source.get(at) else { break Stop::EndOfFile };
            let next = self.source.get(at + 1).copied();
            let (width, value): (usize, &'a [u8]) = match (byte, next) {
                (b'$', Some(b'{')) => break Stop::Interpolation,
                (b'$', Some(b'\'')) => (1, b"$"),
                (b'\'', Some(b'$')) => (1, b"'"),
                (b'\'', Some(b'\'')) => match self.lexer.at(at + 2) {
                    b'$' => (3, b"$"),
                    b'\'' => (3, b"''"),
                    b'\\' => match self.escaped(at + 3) {
                        Some(value) => (4, value),
                        None => break Stop::EndOfFile,
                    },
                    _ => break Stop::Quote,
                },
                // The second of the two stands for itself too, even if it is a `$`.
                (b'$', Some(b'$')) => {
                    at += 2;
                    continue;
                }
                (0, _) => {
                    null = null.or(Some(at));
                    at += 1;
                    continue;
                }
                _ => {
                    at += 1;
                    while self.source.get(at).is_some_and(|byte| bytes::plain_in_indented(*byte)) {
                        at += 1;
                    }
                    continue;
                }
            };
            self.push_indented_text(pending, at);
            self.scratch.indented.push(IndentedPart::Escaped(value));
            at += width;
            pending = at;
        };
        self.push_indented_text(pending, at);
        if let Some(null) = null {
            self.null_byte(null, self.source.get(from..at).unwrap_or_default());
        }
        (at, stop)
    }

    fn push_indented_text(&mut self, start: usize, end: usize) {
        let text = self.source.get(start..end).unwrap_or_default();
        if !text.is_empty() {
            self.scratch.indented.push(IndentedPart::Text(text));
        }
    }
}
