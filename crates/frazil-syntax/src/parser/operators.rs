//! Operators: `!a`, `-a`, `a + b`, `a ? b`, by precedence.
//!
//! No recursion: an operator whose right operand is still to come waits on a stack until an
//! operator that binds less tightly, or the end, completes it.

use super::{PENDING_MAX, Parser, take};
use crate::ast::{Binary, Expr, ExprKind, Operator, Span};
use crate::error::SyntaxErrorKind;
use crate::token::TokenKind;

/// An operator that waits for its right operand.
pub(super) struct Pending<'a> {
    action: Action<'a>,
    precedence: u8,
    /// Where its leftmost operand starts, counting parentheses.
    start: u32,
}

enum Action<'a> {
    Not,
    Negate,
    Binary { left: Expr<'a>, operator: Operator, operator_span: Span },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Associativity {
    Left,
    Right,
    None,
}

const PRECEDENCE_NOT: u8 = 7;
const PRECEDENCE_HAS_ATTR: u8 = 11;
const PRECEDENCE_NEGATE: u8 = 12;

/// Operator, precedence and associativity; a higher precedence binds more tightly.
fn infix(token: TokenKind) -> Option<(Operator, u8, Associativity)> {
    use Associativity::{Left, None, Right};
    Some(match token {
        TokenKind::Arrow => (Operator::Implies, 1, Right),
        TokenKind::OrOr => (Operator::Or, 2, Left),
        TokenKind::AndAnd => (Operator::And, 3, Left),
        TokenKind::Equal => (Operator::Equal, 4, None),
        TokenKind::NotEqual => (Operator::NotEqual, 4, None),
        TokenKind::Less => (Operator::Less, 5, None),
        TokenKind::LessEqual => (Operator::LessEqual, 5, None),
        TokenKind::Greater => (Operator::Greater, 5, None),
        TokenKind::GreaterEqual => (Operator::GreaterEqual, 5, None),
        TokenKind::SlashSlash => (Operator::Update, 6, Right),
        TokenKind::Plus => (Operator::Add, 8, Left),
        TokenKind::Minus => (Operator::Subtract, 8, Left),
        TokenKind::Star => (Operator::Multiply, 9, Left),
        TokenKind::Slash => (Operator::Divide, 9, Left),
        TokenKind::PlusPlus => (Operator::Concat, 10, Right),
        _ => return Option::None,
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
                left = self.reduce(base, left, &mut start, PRECEDENCE_HAS_ATTR);
                self.advance();
                let names = self.attribute_path();
                let path = take(self.arena, &mut self.scratch.names, names);
                let kind = ExprKind::HasAttr(self.alloc(left), path);
                left = Expr { kind, span: self.span_from(start) };
            }
            let Some((operator, precedence, associativity)) = infix(self.token.kind) else {
                return self.reduce(base, left, &mut start, 0);
            };
            let threshold = precedence + u8::from(associativity == Associativity::Right);
            left = self.reduce_checked(base, left, &mut start, threshold, associativity);
            let operator_span = self.token.span;
            let action = Action::Binary { left, operator, operator_span };
            self.wait(Pending { action, precedence, start });
            self.advance();
        }
    }

    fn prefixes(&mut self) {
        loop {
            let (action, precedence) = match self.token.kind {
                TokenKind::Not => (Action::Not, PRECEDENCE_NOT),
                TokenKind::Minus => (Action::Negate, PRECEDENCE_NEGATE),
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

    /// As [`Self::reduce`]; `a == b == c` is reported.
    fn reduce_checked(
        &mut self,
        base: usize,
        operand: Expr<'a>,
        start: &mut u32,
        threshold: u8,
        associativity: Associativity,
    ) -> Expr<'a> {
        if associativity != Associativity::None {
            return self.reduce(base, operand, start, threshold);
        }
        let operand = self.reduce(base, operand, start, threshold + 1);
        let top = self.scratch.pending.get(base..).and_then(<[_]>::last);
        if top.is_some_and(|top| top.precedence == threshold) {
            self.unexpected("");
        }
        self.reduce(base, operand, start, threshold)
    }

    /// Completes the operators waiting above `base` that bind at least as tightly as `threshold`.
    fn reduce(
        &mut self,
        base: usize,
        operand: Expr<'a>,
        start: &mut u32,
        threshold: u8,
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
