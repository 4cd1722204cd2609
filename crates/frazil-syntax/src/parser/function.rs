//! Functions: `x: e`, `{ a, b ? 1, ... }: e`, and a name for the whole set with `@`.

use super::{Parser, take};
use crate::ast::{Formal, Name, Parameter, Span};
use crate::bytes;
use crate::error::{Note, SyntaxErrorKind};
use crate::token::TokenKind;

impl<'a> Parser<'a> {
    /// Whether the identifier or `{` at hand begins a function. Looks at bytes, not tokens: where
    /// that could differ the source is wrong either way.
    pub(super) fn at_function(&self) -> bool {
        let next = self.byte_after(self.token.span.end as usize);
        let Some((byte, place)) = next else { return false };
        if self.token.kind == TokenKind::Identifier {
            return matches!(byte, b':' | b'@');
        }
        if byte == b'}' {
            return self.byte_after(place + 1).is_some_and(|next| matches!(next.0, b':' | b'@'));
        }
        byte == b'.' || bytes::starts_identifier(byte) && self.formal_at(place)
    }

    /// Whether the name at `start`, the first behind a `{`, is that of a parameter.
    fn formal_at(&self, start: usize) -> bool {
        let mut end = start;
        while bytes::in_identifier(self.lexer.at(end)) {
            end += 1;
        }
        let keyword = self.source.get(start..end).and_then(TokenKind::keyword).is_some();
        !keyword && self.byte_after(end).is_some_and(|next| matches!(next.0, b',' | b'?' | b'}'))
    }

    /// The next byte that is neither white space nor comment, and its place.
    fn byte_after(&self, position: usize) -> Option<(u8, usize)> {
        let place = self.lexer.skip_trivia(position).ok()?;
        Some((self.lexer.at(place), place))
    }

    /// What stands before the body, with the colon.
    pub(super) fn parameter(&mut self) -> Parameter<'a> {
        let parameter = if self.token.kind == TokenKind::Identifier {
            let name = self.name();
            if self.accept(TokenKind::At) {
                self.formals(Some(name))
            } else {
                Parameter::Name(name)
            }
        } else {
            self.formals(None)
        };
        self.expect_skipping(TokenKind::Colon, None);
        parameter
    }

    /// Consumes the token at hand as a name.
    pub(super) fn name(&mut self) -> Name<'a> {
        let span = self.token.span;
        self.advance();
        Name { text: self.text(span), span }
    }

    /// `{ a, b ? 1, ... }` and a name behind it, unless one stood before it.
    fn formals(&mut self, before: Option<Name<'a>>) -> Parameter<'a> {
        let opener = self.token;
        let base = self.scratch.formals.len();
        let mut ellipsis = false;
        if self.expect(TokenKind::LeftBrace, None) {
            self.open.braces += 1;
            ellipsis = self.formal_list();
            self.expect_skipping(TokenKind::RightBrace, Some(opener));
            self.open.braces -= 1;
        }
        let formals = take(self.arena, &mut self.scratch.formals, base);
        let whole = before.or_else(|| self.name_behind());
        self.check_duplicates(formals, whole);
        Parameter::Formals { formals, ellipsis, whole }
    }

    fn name_behind(&mut self) -> Option<Name<'a>> {
        if !self.accept(TokenKind::At) {
            return None;
        }
        if self.token.kind == TokenKind::Identifier {
            return Some(self.name());
        }
        self.unexpected("identifier");
        None
    }

    /// The inside of `{ a, b ? 1, ... }`; whether it ends with the ellipsis.
    fn formal_list(&mut self) -> bool {
        loop {
            match self.token.kind {
                TokenKind::RightBrace => return false,
                TokenKind::Ellipsis => {
                    self.advance();
                    return true;
                }
                TokenKind::Identifier => {
                    let name = self.name();
                    let default = self.accept(TokenKind::Question).then(|| self.expression());
                    let default = default.map(|default| self.alloc(default));
                    self.scratch.formals.push(Formal { name, default });
                }
                _ => {
                    self.unexpected("identifier");
                    return false;
                }
            }
            if !self.accept(TokenKind::Comma) {
                if self.token.kind != TokenKind::RightBrace {
                    self.unexpected("'}' or ','");
                }
                return false;
            }
        }
    }

    fn check_duplicates(&mut self, formals: &[Formal<'a>], whole: Option<Name<'a>>) {
        let mut names: Vec<Name<'a>> = formals.iter().map(|formal| formal.name).collect();
        names.sort_by_key(|name| (name.text, name.span.start));
        for pair in names.windows(2) {
            if let [first, second] = pair
                && first.text == second.text
            {
                self.duplicate_formal(second.text, first.span, second.span);
            }
        }
        if let Some(whole) = whole
            && let Some(same) = formals.iter().find(|formal| formal.name.text == whole.text)
        {
            let (first, second) = (same.name.span.min(whole.span), same.name.span.max(whole.span));
            self.duplicate_formal(whole.text, first, second);
        }
    }

    fn duplicate_formal(&mut self, name: &[u8], first: Span, second: Span) {
        let name = String::from_utf8_lossy(name).into_owned();
        let note = Note { span: first, text: "first used here" };
        self.report(SyntaxErrorKind::DuplicateFormal { name }, second, vec![note]);
    }
}
