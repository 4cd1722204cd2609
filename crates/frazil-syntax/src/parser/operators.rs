//! Operators: `!a`, `-a`, `a + b`, `a ? b`, by precedence.
//!
//! No recursion: an operator whose right operand is still to come waits on a stack until an
//! operator that binds less tightly, or the end, completes it.

use super::{PENDING_MAX, Parser, take};
use crate::ast::{Binary, Expr, ExprKind, Operator, Span};
use crate::error::SyntaxErrorKind;
use crate::precedence::{self, Associativity, Precedence};
use crate::token::TokenKind;

/// An operator that waits for its right operand.
pub(super) struct Pending<'a> {
    action: Action<'a>,
    precedence: Precedence,
    /// Where its leftmost operand starts, counting parentheses.
    start: u32,
}

enum Action<'a> {
    Not,
    Negate,
    Binary { left: Expr<'a>, operator: Operator, operator_span: Span },
}

fn infix(token: TokenKind) -> Option<Operator> {
    Some(match token {
        TokenKind::Arrow => Operator::Implies,
        TokenKind::OrOr => Operator::Or,
        TokenKind::AndAnd => Operator::And,
        TokenKind::Equal => Operator::Equal,
        TokenKind::NotEqual => Operator::NotEqual,
        TokenKind::Less => Operator::Less,
        TokenKind::LessEqual => Operator::LessEqual,
        TokenKind::Greater => Operator::Greater,
        TokenKind::GreaterEqual => Operator::GreaterEqual,
        TokenKind::SlashSlash => Operator::Update,
        TokenKind::Plus => Operator::Add,
        TokenKind::Minus => Operator::Subtract,
        TokenKind::Star => Operator::Multiply,
        TokenKind::Slash => Operator::Divide,
        TokenKind::PlusPlus => Operator::Concat,
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    pub(super) fn operators(&mut self) -> Expr<'a> {
        let base = self.scratch.pending.len();
        loop {
            self.prefixes();
            let mut start = self.token.span.start;
            let mut left = self.application();
            while self.token.kind == TokenKind::Question {
                left = self.reduce(base, left, &mut start, Precedence::HAS_ATTRIBUTE);
                left = self.has_attribute(left, start);
            }
            let Some(operator) = infix(self.token.kind) else {
                return self.reduce(base, left, &mut start, Precedence::EXPRESSION);
            };
            left = self.reduce_before(base, left, &mut start, operator);
            let operator_span = self.token.span;
            let action = Action::Binary { left, operator, operator_span };
            let (precedence, _) = precedence::of(operator);
            self.wait(Pending { action, precedence, start });
            self.advance();
        }
    }

    /// `subject ? path`, from the operator on.
    fn has_attribute(&mut self, subject: Expr<'a>, start: u32) -> Expr<'a> {
        self.advance();
        let names = self.attribute_path();
        let path = take(self.arena, &mut self.scratch.names, names);
        let kind = ExprKind::HasAttr(self.alloc(subject), path);
        Expr { kind, span: self.span_from(start) }
    }

    fn prefixes(&mut self) {
        loop {
            let (action, precedence) = match self.token.kind {
                TokenKind::Not => (Action::Not, Precedence::NOT),
                TokenKind::Minus => (Action::Negate, Precedence::NEGATE),
                _ => return,
            };
            self.wait(Pending { action, precedence, start: self.token.span.start });
            self.advance();
        }
    }

    fn wait(&mut self, pending: Pending<'a>) {
        if self.waiting() < PENDING_MAX {
            self.scratch.pending.push(pending);
        } else {
            self.give_up(SyntaxErrorKind::TooDeep);
        }
    }

    /// Completes what binds more tightly than `operator`, the current token, does on its left.
    fn reduce_before(
        &mut self,
        base: usize,
        operand: Expr<'a>,
        start: &mut u32,
        operator: Operator,
    ) -> Expr<'a> {
        let (precedence, associativity) = precedence::of(operator);
        let operand = self.reduce(base, operand, start, precedence.next());
        if associativity == Associativity::Right {
            return operand;
        }
        let top = self.scratch.pending.get(base..).and_then(<[_]>::last);
        let chained = top.is_some_and(|top| top.precedence == precedence);
        if chained && associativity == Associativity::None {
            self.unexpected("");
        }
        self.reduce(base, operand, start, precedence)
    }

    /// Completes the operators waiting above `base` that bind at least as tightly as `threshold`.
    fn reduce(
        &mut self,
        base: usize,
        operand: Expr<'a>,
        start: &mut u32,
        threshold: Precedence,
    ) -> Expr<'a> {
        let mut right = operand;
        while self.scratch.pending.len() > base {
            let top = self.scratch.pending.pop_if(|top| top.precedence >= threshold);
            let Some(top) = top else { break };
            *start = top.start;
            let kind = match top.action {
                Action::Not => ExprKind::Not(self.alloc(right)),
                Action::Negate => ExprKind::Negate(self.alloc(right)),
                Action::Binary { left, operator, operator_span } => {
                    let binary = Binary { operator, operator_span, left, right };
                    ExprKind::Binary(self.alloc(binary))
                }
            };
            right = Expr { kind, span: self.span_from(top.start) };
        }
        right
    }
}
