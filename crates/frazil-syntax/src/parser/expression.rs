//! Whole expressions: what may stand in parentheses or behind `=`.

use super::Parser;
use crate::ast::{Expr, ExprKind};
use crate::error::SyntaxErrorKind;
use crate::token::TokenKind;

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self) -> Expr<'a> {
        if !self.descend(1) {
            return self.missing();
        }
        let expr = match self.token.kind {
            TokenKind::Identifier | TokenKind::LeftBrace if self.at_function() => self.function(),
            TokenKind::Let if !self.before_brace() => self.let_in(),
            TokenKind::If => self.conditional(),
            TokenKind::Assert | TokenKind::With => self.prefixed_body(),
            _ => self.pipes(),
        };
        self.depth -= 1;
        expr
    }

    /// Whether the current `let` begins `let { }`, the old form, which is an operand.
    fn before_brace(&self) -> bool {
        let next = self.lexer.skip_trivia(self.lexer.position);
        next.is_ok_and(|next| self.lexer.at(next) == b'{')
    }

    fn let_in(&mut self) -> Expr<'a> {
        let opener = self.token;
        self.advance();
        self.open.lets += 1;
        let set = self.bindings(true);
        if let Some(binding) = set.dynamic.first() {
            self.report(SyntaxErrorKind::DynamicAttribute("let"), binding.name.span, Vec::new());
        }
        self.expect_skipping(TokenKind::In, Some(opener));
        self.open.lets -= 1;
        let body = self.expression();
        let kind = ExprKind::Let(self.arena.alloc(set), self.alloc(body));
        Expr { kind, span: self.span_from(opener.span.start) }
    }

    fn conditional(&mut self) -> Expr<'a> {
        let opener = self.token;
        self.advance();
        self.open.ifs += 1;
        let condition = self.expression();
        self.expect_skipping(TokenKind::Then, Some(opener));
        let then = self.expression();
        self.expect_skipping(TokenKind::Else, Some(opener));
        self.open.ifs -= 1;
        let otherwise = self.expression();
        let kind = ExprKind::If(self.arena.alloc([condition, then, otherwise]));
        Expr { kind, span: self.span_from(opener.span.start) }
    }

    /// `assert condition; body` and `with set; body`
    fn prefixed_body(&mut self) -> Expr<'a> {
        let opener = self.token;
        self.advance();
        let head = self.expression();
        self.expect_skipping(TokenKind::Semicolon, Some(opener));
        let parts = &*self.arena.alloc([head, self.expression()]);
        let kind = match opener.kind {
            TokenKind::With => ExprKind::With(parts),
            _ => ExprKind::Assert(parts),
        };
        Expr { kind, span: self.span_from(opener.span.start) }
    }

    /// `a |> f |> g` leans to the left, `g <| f <| a` to the right, and they do not mix.
    fn pipes(&mut self) -> Expr<'a> {
        let start = self.token.span.start;
        let first = self.operators();
        match self.token.kind {
            TokenKind::PipeInto => self.pipes_into(start, first),
            TokenKind::PipeFrom => self.pipes_from(start, first),
            _ => first,
        }
    }

    fn pipes_into(&mut self, start: u32, first: Expr<'a>) -> Expr<'a> {
        let mut value = first;
        let mut levels = 0;
        while self.token.kind == TokenKind::PipeInto && self.descend(1) {
            levels += 1;
            self.pipe();
            let function = self.operators();
            let kind =
                ExprKind::Apply(self.alloc(function), self.arena.alloc_slice_copy(&[value]));
            value = Expr { kind, span: self.span_from(start) };
        }
        self.depth -= levels;
        if self.token.kind == TokenKind::PipeFrom {
            self.unexpected("");
        }
        value
    }

    fn pipes_from(&mut self, start: u32, first: Expr<'a>) -> Expr<'a> {
        let mut functions = Vec::new();
        let (mut start, mut last) = (start, first);
        while self.token.kind == TokenKind::PipeFrom && self.descend(1) {
            functions.push((start, last));
            self.pipe();
            start = self.token.span.start;
            last = self.operators();
        }
        self.depth -= functions.len();
        if self.token.kind == TokenKind::PipeInto {
            self.unexpected("");
        }
        functions.into_iter().rfold(last, |value, (start, function)| {
            let arguments = self.arena.alloc_slice_copy(&[value]);
            let kind = ExprKind::Apply(self.alloc(function), arguments);
            Expr { kind, span: self.span_from(start) }
        })
    }

    /// Consumes a pipe operator; using one that is switched off is reported once.
    fn pipe(&mut self) {
        if !self.options.pipe_operators {
            let span = self.token.span;
            self.report(SyntaxErrorKind::PipeOperatorsDisabled, span, Vec::new());
            self.options.pipe_operators = true;
        }
        self.advance();
    }
}
