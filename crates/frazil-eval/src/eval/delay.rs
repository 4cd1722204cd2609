//! Delaying: what to put into a slot for an expression that may never be needed.
//!
//! *Cheap eagerness*: when the value is at hand (a constant, an evaluated variable, an attribute of
//! an evaluated set, a sum of two integers in slots), it is taken at once. That cannot fail, loop,
//! print or call anything, so no program can tell the difference. Who prints a value that is not
//! evaluated to the end can: there is a number where C++ Nix still has `<CODE>`.

use frazil_syntax::ast::Operator;

use crate::code::Expr;
use crate::evaluator::Evaluator;
use crate::heap::Env;
use crate::value::Lazy;
use crate::word::{Slot, Word};

impl<'a> Evaluator<'a> {
    /// The content of a slot that stands for `expr`.
    #[inline(always)]
    pub(crate) fn delay(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Slot<'a> {
        match expr {
            Expr::Const(value) => (*value).into(),
            Expr::Local { slot, .. } => Lazy::of(env.slot(*slot)).into(),
            Expr::Outer { depth, slot, .. } => Lazy::of(env.up(*depth).slot(*slot)).into(),
            Expr::Lambda(code) => Word::lambda(*code, env).into(),
            _ => self.delay_slow(expr, env),
        }
    }

    /// [`Self::delay`] without cheap eagerness, for elements and attributes that are written out.
    /// They cost nothing delayed, and printing shows whether they were evaluated.
    #[inline(always)]
    pub(crate) fn delay_written(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Slot<'a> {
        match expr {
            Expr::Const(value) => (*value).into(),
            Expr::Local { slot, .. } => Lazy::of(env.slot(*slot)).into(),
            Expr::Outer { depth, slot, .. } => Lazy::of(env.up(*depth).slot(*slot)).into(),
            _ => self.pending(expr, env),
        }
    }

    /// [`Self::delay_written`] while only the slots below `bound` of the frame are set.
    #[inline(always)]
    pub(crate) fn delay_bound(&mut self, expr: &'a Expr<'a>, env: Env<'a>, bound: u32) -> Slot<'a> {
        match expr {
            Expr::Local { slot, .. } if *slot >= bound => self.pending(expr, env),
            _ => self.delay_written(expr, env),
        }
    }

    fn delay_slow(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Slot<'a> {
        match expr {
            Expr::Select(select) => {
                if let Some(subject) = Self::peek(&select.subject, env)
                    && let Some(set) = subject.as_attrs()
                    && let Some(entry) = set.get(select.name)
                {
                    return Lazy::of(&entry.slot).into();
                }
            }
            Expr::Binary(binary) => {
                if let Some(left) = Self::peek(&binary.left, env).and_then(Word::as_int)
                    && let Some(right) = Self::peek(&binary.right, env).and_then(Word::as_int)
                    && let Some(value) = integer_operation(binary.operator, left, right)
                {
                    return value.into();
                }
            }
            _ => {}
        }
        self.pending(expr, env)
    }

    /// [`Self::delay`] for something that has no slot of its own.
    #[inline]
    pub(crate) fn delay_lazy(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Lazy<'a> {
        let slot = self.delay(expr, env);
        match (slot.value(), slot.target()) {
            (Some(value), _) => value.into(),
            (None, Some(target)) => Lazy::of(target),
            (None, None) => Lazy::of(self.cursor.add(std::cell::Cell::new(slot))),
        }
    }

    /// The value of `expr` if it is at hand.
    #[inline]
    fn peek(expr: &'a Expr<'a>, env: Env<'a>) -> Option<Word<'a>> {
        let slot = match expr {
            Expr::Const(value) => return Some(*value),
            Expr::Local { slot, .. } => env.slot(*slot),
            Expr::Outer { depth, slot, .. } => env.up(*depth).slot(*slot),
            Expr::Select(select) => {
                let set = Self::peek(&select.subject, env)?.as_attrs()?;
                &set.get(select.name)?.slot
            }
            _ => return None,
        };
        Lazy::of(slot).value()
    }

    /// Fills consecutive slots that may refer to each other.
    #[inline]
    pub(crate) fn bind(&mut self, first: u32, values: &'a [Expr<'a>], env: Env<'a>) {
        // Nothing may look at a slot of this group before all of them are set.
        let mut cheap = false;
        for (slot, expr) in (first..).zip(values) {
            let content = match expr {
                Expr::Const(value) => (*value).into(),
                Expr::Lambda(code) => Word::lambda(*code, env).into(),
                _ => {
                    cheap |= is_perhaps_at_hand(expr);
                    self.pending(expr, env)
                }
            };
            env.slot(slot).set(content);
        }
        if !cheap {
            return;
        }
        for (slot, expr) in (first..).zip(values) {
            if is_perhaps_at_hand(expr) {
                let content = self.delay(expr, env);
                // `let x = x;` must stay pending, so that it is found to be infinite recursion.
                if !content.target().is_some_and(|target| std::ptr::eq(target, env.slot(slot))) {
                    env.slot(slot).set(content);
                }
            }
        }
    }
}

fn is_perhaps_at_hand(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Local { .. } | Expr::Outer { .. } | Expr::Select(_) | Expr::Binary(_))
}

/// An operation on integers, if its result is one that cannot be an error.
#[inline(always)]
pub(crate) fn integer_operation<'a>(operator: Operator, left: i64, right: i64) -> Option<Word<'a>> {
    Some(match operator {
        Operator::Add => Word::int(left.checked_add(right)?),
        Operator::Subtract => Word::int(left.checked_sub(right)?),
        Operator::Multiply => Word::int(left.checked_mul(right)?),
        Operator::Divide => Word::int(left.checked_div(right)?),
        Operator::Equal => Word::bool(left == right),
        Operator::NotEqual => Word::bool(left != right),
        Operator::Less => Word::bool(left < right),
        Operator::LessEqual => Word::bool(left <= right),
        Operator::Greater => Word::bool(left > right),
        Operator::GreaterEqual => Word::bool(left >= right),
        Operator::And | Operator::Or | Operator::Implies | Operator::Update | Operator::Concat => {
            return None;
        }
    })
}
