//! Paths as text.

use super::{Builtin, one};
use crate::error::Result;
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::path;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "baseNameOf",
        &["s"],
        Some(0),
        base_name_of,
        "The last component of a path or of a string: what follows the last slash.",
    ),
    Builtin::new(
        "dirOf",
        &["s"],
        Some(0),
        dir_of,
        "The directory part of a path or of a string: everything before the last slash.",
    ),
    Builtin::new(
        "toPath",
        &["s"],
        Some(0),
        to_path,
        "*s*, which must be absolute, as a string. Deprecated: write `/. + s`.",
    ),
];

fn base_name_of<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.coerce_lazy(one(args), Coercion::TEXT)?;
    let name = path::base_name(text.bytes());
    Ok(Value::String(ev.cursor.with_context(name, text.context())))
}

fn dir_of<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    if let Value::Path(path) = ev.force(one(args))? {
        return Ok(Value::Path(Str::of(path::dir_name(path.bytes()))));
    }
    let text = ev.coerce_lazy(one(args), Coercion::TEXT)?;
    let directory = path::dir_name(text.bytes());
    Ok(Value::String(ev.cursor.with_context(directory, text.context())))
}

fn to_path<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    ev.coerce_path(one(args)).map(Value::String)
}
