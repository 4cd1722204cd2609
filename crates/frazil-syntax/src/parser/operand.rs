//! Operands: application, selection, and everything that stands for itself.

use super::{Parser, take};
use crate::ast::{AttrName, Expr, ExprKind, Name, Select, Span, StringPart};
use crate::error::SyntaxErrorKind;
use crate::token::{Token, TokenKind};

impl<'a> Parser<'a> {
    /// `f a b`
    pub(super) fn application(&mut self) -> Expr<'a> {
        let start = self.token.span.start;
        let function = self.selection();
        if !self.token.kind.starts_operand() {
            return function;
        }
        let base = self.scratch.exprs.len();
        while self.token.kind.starts_operand() {
            let argument = self.selection();
            self.scratch.exprs.push(argument);
        }
        let arguments = take(self.arena, &mut self.scratch.exprs, base);
        let kind = ExprKind::Apply(self.alloc(function), arguments);
        Expr { kind, span: self.span_from(start) }
    }

    /// `a.b.c`, `a.b or c`, and `a or`: a call of `a` with the variable named `or`, which is how
    /// the language tells this use of the keyword from a default.
    fn selection(&mut self) -> Expr<'a> {
        let start = self.token.span.start;
        let subject = self.operand();
        let kind = match self.token.kind {
            TokenKind::Dot => {
                self.advance();
                let names = self.attribute_path();
                let path = take(self.arena, &mut self.scratch.names, names);
                let default = self.accept(TokenKind::Or).then(|| self.default_value());
                ExprKind::Select(self.alloc(Select { subject, path, default }))
            }
            TokenKind::Or => {
                let Name { text, span } = self.name();
                let argument = Expr { kind: ExprKind::Variable(text), span };
                let arguments = self.slice(&[argument]);
                ExprKind::Apply(self.alloc(subject), arguments)
            }
            _ => return subject,
        };
        Expr { kind, span: self.span_from(start) }
    }

    fn default_value(&mut self) -> &'a Expr<'a> {
        let value = if self.descend(1) {
            let value = self.selection();
            self.depth -= 1;
            value
        } else {
            self.missing()
        };
        self.alloc(value)
    }

    /// `a."b".${c}` onto the stack of names; gives where it begins there.
    pub(super) fn attribute_path(&mut self) -> usize {
        let base = self.scratch.names.len();
        loop {
            if !self.token.kind.starts_attribute() {
                self.unexpected("attribute name");
                break;
            }
            let name = self.attribute_name();
            self.scratch.names.push(name);
            if !self.accept(TokenKind::Dot) {
                break;
            }
        }
        base
    }

    /// The token at hand must be one that starts an attribute name.
    pub(super) fn attribute_name(&mut self) -> AttrName<'a> {
        let start = self.token.span.start;
        let expr = match self.token.kind {
            TokenKind::Quote => self.string(),
            TokenKind::DollarBrace => self.dynamic_name(),
            _ => return AttrName::Static(self.name()),
        };
        match expr.kind {
            ExprKind::String(text) => AttrName::Static(Name { text, span: self.span_from(start) }),
            _ => AttrName::Dynamic(self.alloc(expr)),
        }
    }

    /// `${e}`
    fn dynamic_name(&mut self) -> Expr<'a> {
        let opener = self.token;
        self.advance();
        self.open.braces += 1;
        let expr = self.expression();
        self.expect_skipping(TokenKind::RightBrace, Some(opener));
        self.open.braces -= 1;
        expr
    }

    pub(super) fn operand(&mut self) -> Expr<'a> {
        let Token { kind: token, span } = self.token;
        let kind = match token {
            TokenKind::Identifier => match self.text(span) {
                b"__curPos" => ExprKind::CurPos,
                text => ExprKind::Variable(text),
            },
            TokenKind::Integer => self.integer(span),
            TokenKind::Float => self.float(span),
            TokenKind::Uri => ExprKind::String(self.text(span)),
            TokenKind::SearchPath => {
                ExprKind::SearchPath(self.text(Span { start: span.start + 1, end: span.end - 1 }))
            }
            TokenKind::Path => return self.path(),
            TokenKind::Quote => return self.string(),
            TokenKind::IndentedQuote => return self.indented_string(),
            TokenKind::LeftParen => return self.parenthesized(),
            TokenKind::LeftBracket => return self.list(),
            TokenKind::LeftBrace | TokenKind::Rec | TokenKind::Let => return self.attribute_set(),
            _ => {
                self.unexpected("");
                return self.missing();
            }
        };
        self.advance();
        Expr { kind, span }
    }

    fn integer(&mut self, span: Span) -> ExprKind<'a> {
        let text = String::from_utf8_lossy(self.text(span));
        if let Ok(value) = text.parse() {
            return ExprKind::Int(value);
        }
        let text = text.into_owned();
        self.report(SyntaxErrorKind::InvalidInteger(text), span, Vec::new());
        ExprKind::Error
    }

    /// Refuses what C++ Nix refuses: numbers too large, and too small to be held exactly enough.
    fn float(&mut self, span: Span) -> ExprKind<'a> {
        let text = String::from_utf8_lossy(self.text(span));
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let zero = mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        if let Ok(value) = text.parse::<f64>()
            && (value.is_normal() || zero)
        {
            return ExprKind::Float(value);
        }
        let text = text.into_owned();
        self.report(SyntaxErrorKind::InvalidFloat(text), span, Vec::new());
        ExprKind::Error
    }

    /// `./a${b}/c`
    fn path(&mut self) -> Expr<'a> {
        let span = self.token.span;
        let mut text = self.text(span);
        let mut end = self.end_of_doubled_slash(span);
        let is_doubled = end != span.end;
        text = self.source.get(span.start as usize..end as usize).unwrap_or(text);
        let base = self.scratch.strings.len();
        while self.interpolation_at(end as usize) {
            if !text.is_empty() {
                self.scratch.strings.push(StringPart::Text(text));
            }
            let Some((expr, behind)) = self.interpolation(end as usize) else {
                self.scratch.strings.truncate(base);
                return self.missing();
            };
            self.scratch.strings.push(StringPart::Expr(self.alloc(expr)));
            let text_end = self.lexer.path_text_end(behind);
            text = self.source.get(behind..text_end).unwrap_or_default();
            end = text_end as u32;
        }
        let interpolated = self.scratch.strings.len() > base;
        if interpolated && !text.is_empty() {
            self.scratch.strings.push(StringPart::Text(text));
        }
        let parts = take(self.arena, &mut self.scratch.strings, base);
        let kind = match parts {
            [] => ExprKind::Path(text),
            _ => ExprKind::PathInterpolation(parts),
        };
        let span = Span { start: span.start, end };
        if text.ends_with(b"/") {
            self.report(SyntaxErrorKind::TrailingSlash, span, Vec::new());
        } else if is_doubled && !interpolated {
            let kind = SyntaxErrorKind::Unexpected { found: "'//' in a path", expected: "'${'" };
            self.report(kind, span, Vec::new());
        }
        self.resume(end as usize);
        Expr { kind, span }
    }

    /// Where the text of the path token `span` ends. Behind a doubled slash it goes on, but only an
    /// interpolation may follow: a quirk of the reference implementation.
    fn end_of_doubled_slash(&self, span: Span) -> u32 {
        let end = span.end as usize;
        if self.text(span).ends_with(b"/") {
            self.lexer.path_text_end(end) as u32
        } else {
            span.end
        }
    }

    fn parenthesized(&mut self) -> Expr<'a> {
        let opener = self.token;
        self.advance();
        self.open.parens += 1;
        let expr = self.expression();
        self.expect_skipping(TokenKind::RightParen, Some(opener));
        self.open.parens -= 1;
        expr
    }

    fn list(&mut self) -> Expr<'a> {
        let opener = self.token;
        if !self.descend(1) {
            return self.missing();
        }
        self.advance();
        self.open.brackets += 1;
        let base = self.scratch.exprs.len();
        while self.token.kind.starts_operand() {
            let element = self.selection();
            self.scratch.exprs.push(element);
        }
        self.expect_skipping(TokenKind::RightBracket, Some(opener));
        self.open.brackets -= 1;
        self.depth -= 1;
        let elements = take(self.arena, &mut self.scratch.exprs, base);
        Expr { kind: ExprKind::List(elements), span: self.span_from(opener.span.start) }
    }
}
