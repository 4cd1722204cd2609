//! Running code.
//!
//! [`Evaluator::eval`] runs an expression in a frame and returns its value. Calls, `let`, `if`,
//! `with` and `assert` in tail position do not recurse but go round the loop in `run`. Arms that
//! are not hot are functions of their own, to keep the native frame of `run` small: recursion
//! depth and cache misses depend on it.

mod assert;
mod call;
mod coerce;
mod compare;
mod delay;
mod force;
mod operators;
mod select;
mod sets;
mod strings;
#[cfg(test)]
mod tests;

pub(crate) use coerce::Coercion;

use crate::code::{Apply, Expr};
use crate::error::Result;
use crate::evaluator::{Call, Evaluator};
use crate::heap::Env;
use crate::source::Range;
use crate::value::Value;
use crate::word::Word;

/// What the loop does next.
enum Step<'a> {
    Done(Word<'a>),
    /// Go on with this code, in tail position.
    Continue(&'a Expr<'a>, Env<'a>),
}

impl<'a> Evaluator<'a> {
    /// The value of `expr` in the frame `env`.
    #[inline(always)]
    pub(crate) fn eval(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Result<Word<'a>> {
        match expr {
            Expr::Const(value) => return Ok(*value),
            Expr::Local { slot, .. } => {
                if let Some(value) = env.slot(*slot).get().value() {
                    return Ok(value);
                }
            }
            _ => {}
        }
        let depth = self.depth;
        let result = self.run(expr, env);
        self.depth = depth;
        result
    }

    fn run(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Result<Word<'a>> {
        let mark = self.cursor.mark();
        let result = self.run_code(expr, env);
        self.cursor.release(mark, result.as_ref().ok().copied());
        result
    }

    #[inline(always)]
    fn run_code(&mut self, expr: &'a Expr<'a>, env: Env<'a>) -> Result<Word<'a>> {
        let (mut expr, mut env) = (expr, env);
        loop {
            match expr {
                Expr::Const(value) => return Ok(*value),
                Expr::Local { slot, range } => return self.force_variable(env.slot(*slot), *range),
                Expr::Outer { depth, slot, range } => {
                    return self.force_variable(env.up(*depth).slot(*slot), *range);
                }
                Expr::Lambda(code) => return Ok(Word::lambda(*code, env)),
                Expr::Apply(apply) => match self.apply_site(apply, env)? {
                    Step::Done(value) => return Ok(value),
                    Step::Continue(next, frame) => (expr, env) = (next, frame),
                },
                Expr::Select(select) => return self.select(select, env),
                Expr::If(branches) => {
                    expr = if self.condition(&branches.condition, env, branches.range)? {
                        &branches.then
                    } else {
                        &branches.otherwise
                    };
                }
                Expr::Binary(binary) => return self.binary(binary, env),
                Expr::Let(bindings) => {
                    self.bind(bindings.first, bindings.values, env);
                    expr = &bindings.body;
                }
                Expr::Scope(scope) => {
                    env = self.cursor.call_frame(scope.size, env);
                    expr = &scope.body;
                }
                Expr::With(with) => {
                    let set = self.delay(&with.set, env);
                    env.slot(with.slot).set(set);
                    expr = &with.body;
                }
                Expr::Assert(assert) => {
                    if !self.condition(&assert.condition, env, assert.range)? {
                        return Err(self.assertion_failed(assert, env));
                    }
                    expr = &assert.body;
                }
                Expr::Attrs(attrs) => return self.attrs(attrs, env),
                Expr::List(elements) => return Ok(self.list(elements, env)),
                Expr::SelectOr(select) => match self.select_or(select, env)? {
                    Step::Done(value) => return Ok(value),
                    Step::Continue(next, frame) => (expr, env) = (next, frame),
                },
                Expr::Not(not) => {
                    return Ok(Word::bool(!self.condition(&not.operand, env, not.range)?));
                }
                Expr::Has(has) => return self.has(has, env),
                Expr::Interpolation(interpolation) => return self.interpolate(interpolation, env),
                Expr::Dynamic(variable) => return self.dynamic(variable, env),
                Expr::Deep(inner) => {
                    self.check_stack()?;
                    expr = inner;
                }
                Expr::CurPos(pos) => return Ok(self.position_value(*pos).into()),
            }
        }
    }

    /// The value of something that must be a Boolean; `range` is where it stands.
    #[inline(always)]
    fn condition(&mut self, expr: &'a Expr<'a>, env: Env<'a>, range: Range) -> Result<bool> {
        let value = self.eval(expr, env)?;
        match value.as_bool() {
            Some(value) => Ok(value),
            None => Err(self.expected("a Boolean", value.unpack()).at(range)),
        }
    }

    #[inline(always)]
    fn list(&mut self, elements: &'a [Expr<'a>], env: Env<'a>) -> Word<'a> {
        let mut writer = self.cursor.list_writer(elements.len());
        for element in elements {
            let slot = self.delay_written(element, env);
            writer.push(slot);
        }
        Value::List(writer.finish()).into()
    }

    /// Begins the call `apply`.
    #[inline(always)]
    fn apply_site(&mut self, apply: &'a Apply<'a>, env: Env<'a>) -> Result<Step<'a>> {
        let function = self.eval(&apply.function, env)?;
        if let Some(closure) = function.as_closure() {
            let lambda = self.cursor.code(closure.code);
            if lambda.arity as usize == apply.arguments.len() && lambda.formals.is_none() {
                self.enter(Call::Site(apply))?;
                let frame = self.cursor.call_frame(lambda.frame_size, closure.env);
                for (index, argument) in apply.arguments.iter().enumerate() {
                    let slot = self.delay(argument, env);
                    frame.slot(index as u32).set(slot);
                }
                return Ok(Step::Continue(&lambda.body, frame));
            }
        }
        self.apply_other(function, apply, env)
    }
}
