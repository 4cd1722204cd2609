//! What the evaluation knows of itself and of the machine.

use super::{Builtin, one};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::source::Pos;
use crate::value::{Lazy, Value};

/// The version of Nix whose language this is.
const NIX_VERSION: &str = "2.26.3";
const LANGUAGE_VERSION: i64 = 6;

pub(super) const TABLE: &[Builtin] = &[Builtin::new(
    "getEnv",
    &["s"],
    Some(0),
    get_env,
    "The environment variable *s*, or an empty string. Always empty in pure evaluation.",
)];

/// Name, value, and whether it is in scope without `builtins.`.
pub(super) fn constants<'a>(ev: &mut Evaluator<'a>) -> Vec<(&'static str, Value<'a>, bool)> {
    let text =
        |ev: &mut Evaluator<'a>, text: &str| Value::String(ev.cursor.string(text.as_bytes()));
    let store_dir = ev.options.store_dir.as_str().to_owned();
    let mut constants = vec![
        ("true", Value::Bool(true), true),
        ("false", Value::Bool(false), true),
        ("null", Value::Null, true),
        ("langVersion", Value::Int(LANGUAGE_VERSION), false),
        ("nixVersion", text(ev, NIX_VERSION), false),
        ("storeDir", text(ev, &store_dir), false),
        ("nixPath", nix_path(ev), false),
    ];
    if !ev.options.pure {
        let system = ev.options.system.clone();
        constants.push(("currentSystem", text(ev, &system), false));
        constants.push(("currentTime", Value::Int(ev.host.now()), false));
    }
    constants
}

fn nix_path<'a>(ev: &mut Evaluator<'a>) -> Value<'a> {
    let entries = if ev.options.pure { Vec::new() } else { ev.options.search_path.clone() };
    let mut list = Vec::with_capacity(entries.len());
    for entry in entries {
        let path = ev.cursor.string(entry.path.as_bytes());
        let prefix = ev.cursor.string(entry.prefix.as_bytes());
        let mut writer = ev.cursor.attrs_writer(2);
        writer.push(ev.names.path, Pos::NOWHERE, Value::String(path).into());
        writer.push(ev.names.prefix, Pos::NOWHERE, Value::String(prefix).into());
        list.push(Value::Attrs(writer.finish(&mut ev.cursor)).into());
    }
    Value::List(ev.list_of(&list))
}

fn get_env<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let name = ev.force_plain_string(one(args))?;
    if ev.options.pure || ev.options.restricted {
        return Ok(Value::String(Str::of(b"")));
    }
    let value = ev.host.environment(name).unwrap_or_default();
    if value.contains(&0) {
        return Err(
            ev.error(ErrorKind::Other, "an environment variable cannot contain a null byte")
        );
    }
    Ok(Value::String(ev.cursor.string(&value)))
}
