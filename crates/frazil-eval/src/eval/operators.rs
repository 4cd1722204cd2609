//! Binary operators.

use frazil_syntax::ast::Operator;

use super::coerce::Coercion;
use super::delay::integer_operation;
use crate::code::{Binary, Expr};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Env, List, Str};
use crate::value::{Lazy, Value};
use crate::word::Word;

impl<'a> Evaluator<'a> {
    #[inline(always)]
    pub(super) fn binary(&mut self, code: &'a Binary<'a>, env: Env<'a>) -> Result<Word<'a>> {
        match code.operator {
            Operator::And | Operator::Or | Operator::Implies => return self.logic(code, env),
            Operator::Add if matches!(code.left, Expr::Binary(_)) => {
                return self.add_chain(code, env);
            }
            _ => {}
        }
        // `a > b` is `b < a`, and so it is evaluated.
        let (left, right) = if matches!(code.operator, Operator::Greater | Operator::LessEqual) {
            let right = self.eval(&code.right, env)?;
            (self.eval(&code.left, env)?, right)
        } else {
            let left = self.eval(&code.left, env)?;
            if !fits_on_the_left(code.operator, left) {
                return self.binary_other(code, left, env);
            }
            (left, self.eval(&code.right, env)?)
        };
        if let (Some(l), Some(r)) = (left.as_int(), right.as_int())
            && let Some(value) = integer_operation(code.operator, l, r)
        {
            return Ok(value);
        }
        self.binary_values(code, left, right)
    }

    fn logic(&mut self, code: &'a Binary<'a>, env: Env<'a>) -> Result<Word<'a>> {
        let left = self.condition(&code.left, env, code.left_range)?;
        let decided = if code.operator == Operator::Or { left } else { !left };
        if decided {
            return Ok(Word::bool(code.operator != Operator::And));
        }
        self.condition(&code.right, env, code.right_range).map(Word::bool)
    }

    /// `+` and `//` look at their left operand before they evaluate the other: this one is no number
    /// and no text, or no set.
    #[inline(never)]
    fn binary_other(
        &mut self,
        code: &'a Binary<'a>,
        left: Word<'a>,
        env: Env<'a>,
    ) -> Result<Word<'a>> {
        if code.operator == Operator::Update {
            return Err(self.expected("a set", left.unpack()).at(code.left_range));
        }
        let left = self.coerce(left.unpack(), Coercion::TEXT);
        let left = left.map_err(|error| error.at(code.left_range))?;
        let right = self.eval(&code.right, env)?.unpack();
        let right = self.coerce(right, Coercion::TEXT);
        let right = right.map_err(|error| error.at(code.right_range))?;
        Ok(Value::String(self.concat_strings(left, right)?).into())
    }

    #[inline(never)]
    fn binary_values(
        &mut self,
        code: &'a Binary<'a>,
        left: Word<'a>,
        right: Word<'a>,
    ) -> Result<Word<'a>> {
        let (left, right) = (left.unpack(), right.unpack());
        let result = match code.operator {
            Operator::Add => self.add(code, left, right),
            Operator::Subtract | Operator::Multiply | Operator::Divide => {
                self.arithmetic(code.operator, left, right)
            }
            Operator::Equal => self.equal(left, right).map(Value::Bool),
            Operator::NotEqual => self.equal(left, right).map(|equal| Value::Bool(!equal)),
            Operator::Less => self.less(left, right).map(Value::Bool),
            Operator::Greater => self.less(right, left).map(Value::Bool),
            Operator::LessEqual => self.less(right, left).map(|less| Value::Bool(!less)),
            Operator::GreaterEqual => self.less(left, right).map(|less| Value::Bool(!less)),
            Operator::Update => match (left, right) {
                (Value::Attrs(l), Value::Attrs(r)) => Ok(Value::Attrs(self.cursor.update(l, r))),
                (Value::Attrs(_), other) => Err(self.expected("a set", other).at(code.right_range)),
                (other, _) => Err(self.expected("a set", other).at(code.left_range)),
            },
            Operator::Concat => match (left, right) {
                (Value::List(l), Value::List(r)) => self.concat_lists(l, r).map(Value::List),
                (Value::List(_), other) => Err(self.expected("a list", other).at(code.right_range)),
                (other, _) => Err(self.expected("a list", other).at(code.left_range)),
            },
            // `logic` took these.
            Operator::And | Operator::Or | Operator::Implies => Ok(Value::Bool(false)),
        };
        result.map(Into::into).map_err(|error| error.at(code.range))
    }

    fn concat_lists(&mut self, left: List<'a>, right: List<'a>) -> Result<List<'a>> {
        if left.is_empty() {
            return Ok(right);
        }
        if right.is_empty() {
            return Ok(left);
        }
        self.check_list(left.len() + right.len())?;
        let mut writer = self.cursor.list_writer(left.len() + right.len());
        for element in left.iter().chain(right.iter()) {
            writer.push(element.into());
        }
        Ok(writer.finish())
    }

    /// `+` of two values: numbers are added, everything else is put together as strings or paths.
    fn add(
        &mut self,
        code: &'a Binary<'a>,
        left: Value<'a>,
        right: Value<'a>,
    ) -> Result<Value<'a>> {
        match (left, right) {
            (Value::Int(l), Value::Int(r)) => Err(self.overflow("adding", l, '+', r)),
            (Value::Int(l), Value::Float(r)) => Ok(Value::Float(l as f64 + r)),
            (Value::Float(l), Value::Int(r)) => Ok(Value::Float(l + r as f64)),
            (Value::Float(l), Value::Float(r)) => Ok(Value::Float(l + r)),
            (Value::Int(_), other) => Err(self.cannot_add(other, "an integer")),
            (Value::Float(_), other) => Err(self.cannot_add(other, "a float")),
            (Value::String(l), Value::String(r)) => self.concat_strings(l, r).map(Value::String),
            _ => {
                let base = self.pieces.len();
                let parts = [(left, code.left_range), (right, code.right_range)];
                // Only after a string are paths copied to the store.
                let how = if matches!(left, Value::String(_)) {
                    Coercion::INTERPOLATION
                } else {
                    Coercion::TEXT
                };
                let result = self.concat_values(parts, matches!(left, Value::Path(_)), how);
                self.pieces.truncate(base);
                result
            }
        }
    }

    #[cold]
    fn cannot_add(&self, value: Value<'a>, to: &str) -> Error {
        self.type_error(format!("cannot add {} to {to}", value.type_phrase()))
            .help("`toString` or `\"${...}\"` make a string of a value")
    }

    fn concat_strings(&mut self, left: Str<'a>, right: Str<'a>) -> Result<Str<'a>> {
        let bytes = self.concat(&[left.bytes(), right.bytes()])?;
        let context = self.cursor.join(left.context(), right.context());
        Ok(self.cursor.with_context(bytes, context))
    }

    /// `a + b + c`: when `a` is a string, all of it is put together at once.
    #[inline(never)]
    fn add_chain(&mut self, code: &'a Binary<'a>, env: Env<'a>) -> Result<Word<'a>> {
        let mut chain = vec![code];
        let mut first = &code.left;
        while let Expr::Binary(inner) = first
            && inner.operator == Operator::Add
        {
            chain.push(inner);
            first = &inner.left;
        }
        let mut sum = self.eval(first, env)?;
        while let Some(code) = chain.pop() {
            if let Value::String(text) = sum.unpack()
                && !chain.is_empty()
            {
                chain.push(code);
                return self.concat_chain(text, &chain, env);
            }
            if !fits_on_the_left(Operator::Add, sum) {
                sum = self.binary_other(code, sum, env)?;
                continue;
            }
            let right = self.eval(&code.right, env)?;
            sum = match (sum.as_int(), right.as_int()) {
                (Some(l), Some(r)) if l.checked_add(r).is_some() => Word::int(l + r),
                _ => self.binary_values(code, sum, right)?,
            };
        }
        Ok(sum)
    }

    /// `first` and the right sides of `chain`, whose last is the innermost.
    fn concat_chain(
        &mut self,
        first: Str<'a>,
        chain: &[&'a Binary<'a>],
        env: Env<'a>,
    ) -> Result<Word<'a>> {
        let base = self.pieces.len();
        let mut context = first.context();
        self.pieces.push(first.bytes());
        for code in chain.iter().rev() {
            let piece = self.eval(&code.right, env).and_then(|value| {
                self.coerce(value.unpack(), Coercion::INTERPOLATION)
                    .map_err(|error| error.at(code.right_range))
            });
            match piece {
                Ok(piece) => {
                    self.pieces.push(piece.bytes());
                    context = self.cursor.join(context, piece.context());
                }
                Err(error) => {
                    self.pieces.truncate(base);
                    return Err(error);
                }
            }
        }
        let bytes = self.concat_pieces(base)?;
        Ok(Value::String(self.cursor.with_context(bytes, context)).into())
    }

    /// `-`, `*` and `/`.
    pub(crate) fn arithmetic(
        &mut self,
        operator: Operator,
        left: Value<'a>,
        right: Value<'a>,
    ) -> Result<Value<'a>> {
        if let (Value::Int(l), Value::Int(r)) = (left, right) {
            return match integer_operation(operator, l, r) {
                Some(value) => Ok(value.unpack()),
                None if operator == Operator::Divide && r == 0 => Err(self.division_by_zero()),
                None => Err(match operator {
                    Operator::Subtract => self.overflow("subtracting", l, '-', r),
                    Operator::Multiply => self.overflow("multiplying", l, '*', r),
                    Operator::Divide => self.overflow("dividing", l, '/', r),
                    _ => self.overflow("adding", l, '+', r),
                }),
            };
        }
        let either_is_float = matches!(left, Value::Float(_)) || matches!(right, Value::Float(_));
        if !either_is_float || operator == Operator::Divide {
            // In the order in which C++ Nix looks at them, so that the same operand is blamed.
            if operator == Operator::Divide && self.force_float(right.into())? == 0.0 {
                return Err(self.division_by_zero());
            }
            if !either_is_float {
                self.force_int(left.into())?;
                self.force_int(right.into())?;
            }
        }
        let (l, r) = (self.force_float(left.into())?, self.force_float(right.into())?);
        Ok(Value::Float(match operator {
            Operator::Subtract => l - r,
            Operator::Multiply => l * r,
            Operator::Divide => l / r,
            _ => l + r,
        }))
    }

    #[cold]
    fn division_by_zero(&self) -> Error {
        self.error(ErrorKind::Other, "division by zero")
    }

    #[cold]
    pub(crate) fn overflow(&self, doing: &str, left: i64, operator: char, right: i64) -> Error {
        self.error(
            ErrorKind::Other,
            format!("integer overflow in {doing} {left} {operator} {right}"),
        )
    }

    /// `builtins.add`: numbers only.
    pub(crate) fn add_numbers(&mut self, left: Lazy<'a>, right: Lazy<'a>) -> Result<Value<'a>> {
        let (left, right) = (self.force(left)?, self.force(right)?);
        match (left, right) {
            (Value::Int(l), Value::Int(r)) => match l.checked_add(r) {
                Some(sum) => Ok(Value::Int(sum)),
                None => Err(self.overflow("adding", l, '+', r)),
            },
            _ => self.arithmetic(Operator::Add, left, right),
        }
    }
}

/// Whether the right operand is to be evaluated now; see [`Evaluator::binary_other`].
#[inline(always)]
fn fits_on_the_left(operator: Operator, left: Word<'_>) -> bool {
    match operator {
        Operator::Add => left.is_number_or_text(),
        Operator::Update => left.as_attrs().is_some(),
        _ => true,
    }
}
