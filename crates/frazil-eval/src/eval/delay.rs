//! Delaying: what to put into a slot for an expression that may never be needed.
//!
//! *Cheap eagerness*: when the value is at hand (a constant, an evaluated variable, an attribute of
//! an evaluated set, a sum of two integers in slots), it is taken at once. That cannot fail, loop,
//! print or call anything, so no program can tell the difference.

use frazil_syntax::ast::Operator;

use crate::code::Expr;
use crate::evaluator::Evaluator;
use crate::heap::Env;
use crate::value::{Closure, Lazy, Pending, Slot, Value};

impl<'a> Evaluator<'a> {
    /// The content of a slot that stands for `expr`.
    #[inline(always)]
    pub(crate) fn delay(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Slot<'a> {
        match expr {
            Expr::Const(value) => Slot::Value(*value),
            Expr::Local { slot, .. } => Lazy::of(env.slot(*slot)).into(),
            Expr::Outer { depth, slot, .. } => Lazy::of(env.up(*depth).slot(*slot)).into(),
            Expr::Lambda(code) => Slot::Value(Value::Lambda(Closure { code: *code, env })),
            _ => self.delay_slow(expr, env),
        }
    }

    fn delay_slow(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Slot<'a> {
        match expr {
            Expr::Select(select) => {
                if let Some(Value::Attrs(set)) = self.peek(&select.subject, env)
                    && let Some(entry) = set.get(select.name)
                {
                    return Lazy::of(&entry.slot).into();
                }
            }
            Expr::Binary(binary) => {
                if let Some(Value::Int(left)) = self.peek(&binary.left, env)
                    && let Some(Value::Int(right)) = self.peek(&binary.right, env)
                    && let Some(value) = integer_operation(binary.operator, left, right)
                {
                    return Slot::Value(value);
                }
            }
            _ => {}
        }
        Slot::Pending(Pending { code: self.code_ref(expr), env })
    }

    /// [`Self::delay`] for something that has no slot of its own.
    #[inline]
    pub(crate) fn delay_lazy(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Lazy<'a> {
        match self.delay(expr, env) {
            Slot::Value(value) => Lazy::Value(value),
            Slot::Ref(slot) => Lazy::Ref(slot),
            slot @ (Slot::Pending(_) | Slot::Call(_) | Slot::Busy) => {
                Lazy::Ref(self.cursor.add(std::cell::Cell::new(slot)))
            }
        }
    }

    /// The value of `expr` if it is at hand.
    #[inline]
    fn peek(&self, expr: &'a Expr<'a>, env: Env<'a>) -> Option<Value<'a>> {
        let slot = match expr {
            Expr::Const(value) => return Some(*value),
            Expr::Local { slot, .. } => env.slot(*slot),
            Expr::Outer { depth, slot, .. } => env.up(*depth).slot(*slot),
            Expr::Select(select) => match self.peek(&select.subject, env)? {
                Value::Attrs(set) => &set.get(select.name)?.slot,
                _ => return None,
            },
            _ => return None,
        };
        match Lazy::of(slot) {
            Lazy::Value(value) => Some(value),
            Lazy::Ref(_) => None,
        }
    }

    /// Fills consecutive slots that may refer to each other.
    #[inline]
    pub(crate) fn bind(&mut self, first: u32, values: &'a [Expr<'a>], env: Env<'a>) {
        // Nothing may look at a slot of this group before all of them are set.
        let mut cheap = false;
        for (slot, expr) in (first..).zip(values) {
            let content = match expr {
                Expr::Const(value) => Slot::Value(*value),
                Expr::Lambda(code) => Slot::Value(Value::Lambda(Closure { code: *code, env })),
                _ => {
                    cheap |= is_perhaps_at_hand(expr);
                    Slot::Pending(Pending { code: self.code_ref(expr), env })
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
                if !matches!(content, Slot::Ref(target) if std::ptr::eq(target, env.slot(slot))) {
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
pub(crate) fn integer_operation<'a>(operator: Operator, left: i64, right: i64) -> Option<Value<'a>> {
    Some(match operator {
        Operator::Add => Value::Int(left.checked_add(right)?),
        Operator::Subtract => Value::Int(left.checked_sub(right)?),
        Operator::Multiply => Value::Int(left.checked_mul(right)?),
        Operator::Divide => Value::Int(left.checked_div(right)?),
        Operator::Equal => Value::Bool(left == right),
        Operator::NotEqual => Value::Bool(left != right),
        Operator::Less => Value::Bool(left < right),
        Operator::LessEqual => Value::Bool(left <= right),
        Operator::Greater => Value::Bool(left > right),
        Operator::GreaterEqual => Value::Bool(left >= right),
        Operator::And | Operator::Or | Operator::Implies | Operator::Update | Operator::Concat => return None,
    })
}
