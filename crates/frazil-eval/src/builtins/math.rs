//! Numbers.

use frazil_syntax::ast::Operator;

use super::{Builtin, one, two};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("add", &["e1", "e2"], Some(0), add, "The sum of two numbers."),
    Builtin::new(
        "bitAnd",
        &["e1", "e2"],
        Some(0),
        |ev, args| bitwise(ev, args, |l, r| l & r),
        "The bitwise *and* of two integers.",
    ),
    Builtin::new(
        "bitOr",
        &["e1", "e2"],
        Some(0),
        |ev, args| bitwise(ev, args, |l, r| l | r),
        "The bitwise *or* of two integers.",
    ),
    Builtin::new(
        "bitXor",
        &["e1", "e2"],
        Some(0),
        |ev, args| bitwise(ev, args, |l, r| l ^ r),
        "The bitwise *exclusive or* of two integers.",
    ),
    Builtin::new(
        "ceil",
        &["double"],
        Some(0),
        |ev, args| round(ev, args, f64::ceil),
        "The smallest integer that is not below *double*.",
    ),
    Builtin::new(
        "div",
        &["e1", "e2"],
        None,
        |ev, args| arithmetic(ev, args, Operator::Divide),
        "The quotient of two numbers; of integers, without the remainder.",
    ),
    Builtin::new(
        "floor",
        &["double"],
        Some(0),
        |ev, args| round(ev, args, f64::floor),
        "The largest integer that is not above *double*.",
    ),
    Builtin::new(
        "lessThan",
        &["e1", "e2"],
        Some(0),
        less_than,
        "Whether *e1* is less than *e2*: `e1 < e2`.",
    ),
    Builtin::new(
        "mul",
        &["e1", "e2"],
        Some(0),
        |ev, args| arithmetic(ev, args, Operator::Multiply),
        "The product of two numbers.",
    ),
    Builtin::new(
        "sub",
        &["e1", "e2"],
        Some(0),
        |ev, args| arithmetic(ev, args, Operator::Subtract),
        "The difference of two numbers.",
    ),
];

fn add<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (left, right) = two(args);
    ev.add_numbers(left, right)
}

fn arithmetic<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
    operator: Operator,
) -> Result<Value<'a>> {
    let (left, right) = two(args);
    let (left, right) = (ev.force(left)?, ev.force(right)?);
    ev.arithmetic(operator, left, right)
}

fn bitwise<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
    operation: fn(i64, i64) -> i64,
) -> Result<Value<'a>> {
    let (left, right) = two(args);
    Ok(Value::Int(operation(ev.force_int(left)?, ev.force_int(right)?)))
}

fn less_than<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (left, right) = two(args);
    let (left, right) = (ev.force(left)?, ev.force(right)?);
    ev.less(left, right).map(Value::Bool)
}

fn round<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
    direction: fn(f64) -> f64,
) -> Result<Value<'a>> {
    let rounded = direction(ev.force_float(one(args))?);
    // Two to the 63rd is exact as a float; the largest integer is one less.
    let bound = 2f64.powi(63);
    if rounded >= -bound && rounded < bound {
        Ok(Value::Int(rounded as i64))
    } else {
        Err(ev.error(ErrorKind::Other, format!("{rounded} does not fit into an integer")))
    }
}
