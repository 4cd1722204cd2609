//! Whole expressions: what may stand in parentheses or behind `=`.

use super::{PENDING_MAX, Parser};
use crate::ast::{AttrSet, Expr, ExprKind, Lambda, Parameter, Span};
use crate::error::SyntaxErrorKind;
use crate::token::TokenKind;

/// The beginning of an expression whose last part, up to its end, is an expression again.
///
/// They wait on a stack, since `else if` chains can be long.
pub(super) struct Head<'a> {
    pub(super) kind: HeadKind<'a>,
    pub(super) start: u32,
}

pub(super) enum HeadKind<'a> {
    Function(Parameter<'a>),
    Let(&'a AttrSet<'a>),
    /// `if condition then expression else`
    If([Expr<'a>; 2]),
    Assert(Expr<'a>),
    With(Expr<'a>),
}

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self) -> Expr<'a> {
        if !self.descend(1) {
            return self.missing();
        }
        let base = self.scratch.heads.len();
        while self.head() {}
        let last = self.pipes();
        self.depth -= 1;
        self.complete(base, last)
    }

    /// Puts the head that begins here on the stack, if one does.
    fn head(&mut self) -> bool {
        let start = self.token.span.start;
        let kind = match self.token.kind {
            TokenKind::Identifier | TokenKind::LeftBrace if self.at_function() => {
                HeadKind::Function(self.parameter())
            }
            TokenKind::Let if !self.before_brace() => self.let_in(),
            TokenKind::If => self.conditional(),
            TokenKind::Assert => HeadKind::Assert(self.prefix()),
            TokenKind::With => HeadKind::With(self.prefix()),
            _ => return false,
        };
        if self.waiting() < PENDING_MAX {
            self.scratch.heads.push(Head { kind, start });
        } else {
            self.give_up(SyntaxErrorKind::TooDeep);
        }
        true
    }

    /// Gives the heads above `base` their last part, innermost first.
    fn complete(&mut self, base: usize, last: Expr<'a>) -> Expr<'a> {
        let heads = self.scratch.heads.drain(base..).rev();
        let (arena, end) = (self.arena, self.previous_end);
        heads.fold(last, |last, head| {
            let kind = match head.kind {
                HeadKind::Function(parameter) => {
                    let body = arena.alloc(last);
                    ExprKind::Lambda(arena.alloc(Lambda { parameter, body }))
                }
                HeadKind::Let(set) => ExprKind::Let(set, arena.alloc(last)),
                HeadKind::If([condition, then]) => {
                    ExprKind::If(arena.alloc([condition, then, last]))
                }
                HeadKind::Assert(condition) => ExprKind::Assert(arena.alloc([condition, last])),
                HeadKind::With(set) => ExprKind::With(arena.alloc([set, last])),
            };
            Expr { kind, span: Span { start: head.start, end } }
        })
    }

    /// Whether the current `let` begins `let { }`, the old form, which is an operand.
    fn before_brace(&self) -> bool {
        let next = self.lexer.skip_trivia(self.lexer.position);
        next.is_ok_and(|next| self.lexer.at(next) == b'{')
    }

    /// `let bindings in`
    fn let_in(&mut self) -> HeadKind<'a> {
        let opener = self.token;
        self.advance();
        self.open.lets += 1;
        let set = self.bindings(true);
        if let Some(binding) = set.dynamic.first() {
            self.report(SyntaxErrorKind::DynamicAttribute("let"), binding.name.span, Vec::new());
        }
        self.expect_skipping(TokenKind::In, Some(opener));
        self.open.lets -= 1;
        HeadKind::Let(self.alloc(set))
    }

    /// `if condition then expression else`
    fn conditional(&mut self) -> HeadKind<'a> {
        let opener = self.token;
        self.advance();
        self.open.ifs += 1;
        let condition = self.expression();
        self.expect_skipping(TokenKind::Then, Some(opener));
        let then = self.expression();
        self.expect_skipping(TokenKind::Else, Some(opener));
        self.open.ifs -= 1;
        HeadKind::If([condition, then])
    }

    /// `assert condition;` and `with set;`
    fn prefix(&mut self) -> Expr<'a> {
        let opener = self.token;
        self.advance();
        let expr = self.expression();
        self.expect_skipping(TokenKind::Semicolon, Some(opener));
        expr
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
            let kind = ExprKind::Apply(self.alloc(function), self.slice(&[value]));
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
            let arguments = self.slice(&[value]);
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
