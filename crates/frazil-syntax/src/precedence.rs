//! How tightly each form of expression binds: the one table behind parser and printer.

use crate::ast::Operator;

/// Binds more tightly the greater it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Precedence(u8);

impl Precedence {
    /// Functions, `let`, `if`, `with`, `assert`: they reach as far to the right as they can.
    pub(crate) const EXPRESSION: Self = Self(0);
    pub(crate) const NOT: Self = Self(7);
    pub(crate) const HAS_ATTRIBUTE: Self = Self(11);
    pub(crate) const NEGATE: Self = Self(12);
    pub(crate) const APPLICATION: Self = Self(13);
    pub(crate) const SELECTION: Self = Self(14);
    pub(crate) const OPERAND: Self = Self(15);

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Associativity {
    Left,
    Right,
    None,
}

pub(crate) fn of(operator: Operator) -> (Precedence, Associativity) {
    use Associativity::{Left, None, Right};
    let (level, associativity) = match operator {
        Operator::Implies => (1, Right),
        Operator::Or => (2, Left),
        Operator::And => (3, Left),
        Operator::Equal | Operator::NotEqual => (4, None),
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            (5, None)
        }
        Operator::Update => (6, Right),
        Operator::Add | Operator::Subtract => (8, Left),
        Operator::Multiply | Operator::Divide => (9, Left),
        Operator::Concat => (10, Right),
    };
    (Precedence(level), associativity)
}
