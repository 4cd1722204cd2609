//! What kind of value something is.

use super::{Builtin, one};
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "typeOf",
        &["e"],
        Some(0),
        type_of,
        "The type of *e*: `\"int\"`, `\"bool\"`, `\"string\"`, `\"path\"`, `\"null\"`, `\"set\"`, `\"list\"`, `\"lambda\"` or `\"float\"`.",
    ),
    Builtin::new(
        "isAttrs",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::Attrs(_))),
        "Whether *e* is a set.",
    ),
    Builtin::new(
        "isBool",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::Bool(_))),
        "Whether *e* is a Boolean.",
    ),
    Builtin::new(
        "isFloat",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::Float(_))),
        "Whether *e* is a float.",
    ),
    Builtin::new(
        "isFunction",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, is_function),
        "Whether *e* is a function. A set with `__functor` is not.",
    ),
    Builtin::new(
        "isInt",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::Int(_))),
        "Whether *e* is an integer.",
    ),
    Builtin::new(
        "isList",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::List(_))),
        "Whether *e* is a list.",
    ),
    Builtin::new(
        "isNull",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::Null)),
        "Whether *e* is null; `e == null` says the same.",
    ),
    Builtin::new(
        "isPath",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::Path(_))),
        "Whether *e* is a path.",
    ),
    Builtin::new(
        "isString",
        &["e"],
        Some(0),
        |ev, args| is(ev, args, |v| matches!(v, Value::String(_))),
        "Whether *e* is a string.",
    ),
    Builtin::new(
        "functionArgs",
        &["f"],
        Some(0),
        function_args,
        "The formal arguments of the function *f*: a set that says for each whether it has a default. Empty for functions without formals.",
    ),
];

fn is<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
    test: fn(Value<'_>) -> bool,
) -> Result<Value<'a>> {
    let value = ev.force(one(args))?;
    Ok(Value::Bool(test(value)))
}

fn is_function(value: Value<'_>) -> bool {
    matches!(value, Value::Lambda(_) | Value::Builtin(_) | Value::Partial(_))
}

fn type_of<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let value = ev.force(one(args))?;
    Ok(Value::String(Str::of(value.type_word().as_bytes())))
}

fn function_args<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let closure = match ev.force(one(args))? {
        Value::Lambda(closure) => closure,
        Value::Builtin(_) | Value::Partial(_) => return Ok(Value::Attrs(ev.empty_attrs)),
        _ => return Err(ev.type_error("'functionArgs' requires a function")),
    };
    let Some(formals) = ev.cursor.code(closure.code).formals else {
        return Ok(Value::Attrs(ev.empty_attrs));
    };
    let mut writer = ev.cursor.attrs_writer(formals.list.len());
    for formal in formals.list {
        writer.push(formal.name, formal.pos, Value::Bool(formal.default.is_some()).into());
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}
