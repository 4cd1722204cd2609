//! Reporting syntax errors, and finding a place to go on from.
//!
//! Invariant: after a syntax error the next is reported only behind a landmark (`;`, a closing
//! bracket, `in`, `then`, `else`), and there are at most [`ERRORS_MAX`]: one mistake does not bury
//! its message under others.

use super::Parser;
use crate::ast::Span;
use crate::error::{Note, SyntaxError, SyntaxErrorKind};
use crate::token::{Token, TokenKind};

/// After this many errors the rest of the file is not looked at.
const ERRORS_MAX: usize = 20;

impl Parser<'_> {
    pub(super) fn report(&mut self, kind: SyntaxErrorKind, span: Span, notes: Vec<Note>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(SyntaxError { kind, span, notes });
        }
        if self.errors.len() == ERRORS_MAX {
            self.skip_rest();
        }
    }

    /// Reports the current token as being none of what could stand here.
    pub(super) fn unexpected(&mut self, expected: &'static str) {
        self.unexpected_in(expected, None);
    }

    /// As [`Self::unexpected`], naming the token that opened the unfinished construct.
    pub(super) fn unexpected_in(&mut self, expected: &'static str, opener: Option<Token>) {
        let Token { kind, span } = self.token;
        if self.recovering || self.reported_until > span.start {
            return;
        }
        self.recovering = true;
        self.reported_until = span.start + 1;
        let error = if kind == TokenKind::UnterminatedComment {
            SyntaxErrorKind::UnterminatedComment
        } else {
            SyntaxErrorKind::Unexpected { found: kind.description(), expected }
        };
        let note = opener.map(|opener| Note { span: opener.span, text: "opened here" });
        self.report(error, span, note.into_iter().collect());
    }

    /// Consumes a token of this kind or reports that it is missing.
    pub(super) fn expect(&mut self, kind: TokenKind, opener: Option<Token>) -> bool {
        let found = self.accept(kind);
        if !found {
            self.unexpected_in(kind.description(), opener);
        }
        found
    }

    /// As [`Self::expect`]; what stands in the way is skipped.
    pub(super) fn expect_skipping(&mut self, kind: TokenKind, opener: Option<Token>) {
        if !self.expect(kind, opener) {
            self.skip_to_landmark();
            self.accept(kind);
        }
    }

    /// Reports an error behind which nothing sensible can be parsed.
    pub(super) fn give_up(&mut self, kind: SyntaxErrorKind) {
        let span = self.token.span;
        if self.reported_until <= span.start {
            self.report(kind, span, Vec::new());
        }
        self.skip_rest();
    }

    /// Makes the current token the last one, silently.
    pub(super) fn skip_rest(&mut self) {
        let end = self.source.len() as u32;
        self.lexer.position = self.source.len();
        self.token = Token { kind: TokenKind::EndOfFile, span: Span { start: end, end } };
        self.reported_until = end.saturating_add(1);
    }

    /// Whether the current token ends or continues a construct around this place.
    pub(super) fn closes_enclosing(&self) -> bool {
        match self.token.kind {
            TokenKind::EndOfFile => true,
            TokenKind::RightBrace => self.open.braces > 0,
            TokenKind::RightBracket => self.open.brackets > 0,
            TokenKind::RightParen => self.open.parens > 0,
            TokenKind::In => self.open.lets > 0,
            TokenKind::Then | TokenKind::Else => self.open.ifs > 0,
            _ => false,
        }
    }

    /// Skips to the next `;` or token that ends or continues an enclosing construct, over whole
    /// pairs of brackets. A closing bracket that closes nothing is skipped too.
    pub(super) fn skip_to_landmark(&mut self) {
        let mut nesting = 0_u32;
        loop {
            match self.token.kind {
                TokenKind::EndOfFile => return,
                TokenKind::Quote | TokenKind::IndentedQuote | TokenKind::Path => {
                    self.operand();
                    continue;
                }
                TokenKind::Semicolon if nesting == 0 => return,
                _ if nesting == 0 && self.closes_enclosing() => return,
                kind if kind.opens_bracket() => nesting += 1,
                kind if kind.closes_bracket() => nesting = nesting.saturating_sub(1),
                _ => {}
            }
            self.advance();
        }
    }
}
