//! `builtins.frazil`: what the distribution's own expressions need and the language does not have.
//!
//! C++ Nix has no such builtin: expressions that are to work there too take what they need from it
//! as arguments, and fall back on it here.

#[cfg(test)]
mod tests;

use super::{Builtin, two};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::host::HostError;
use crate::value::{Lazy, Value};

/// The version of the distribution and of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The question for the tree of the distribution's own expressions.
const SOURCE_KIND: &str = "source";

/// Reads like what it does: the tree is asked for only when someone needs it, and what refers to
/// it then depends on it.
const SOURCE: &[u8] =
    b"let path = query \"source\" null; in __appendContext path { ${path}.path = true; }";

static QUERY: Builtin = Builtin::new(
    "query",
    &["kind", "args"],
    Some(0),
    query,
    "Asks the program around the evaluator a question of this *kind*. What is asked, *args*, and \
     the answer are values that JSON can hold; an answer depends on nothing but the question and \
     the store paths that it names.",
);

/// The set `{ query, source, version }`.
pub(super) fn set<'a>(ev: &mut Evaluator<'a>) -> Value<'a> {
    let query = Lazy::from(Value::Builtin(&QUERY));
    let base = std::path::Path::new("/");
    let scope = [("query", query)];
    let source = ev.parse_in_scope("«builtins.frazil»", SOURCE.to_vec(), base, &scope);
    let source = source.expect("the embedded text is correct: a test evaluates it");
    let source = ev.delayed(source);
    let version = ev.string(VERSION.as_bytes());
    let members = [("query", query), ("source", source), ("version", version.into())];
    Value::Attrs(ev.set(&members.map(|(name, value)| (name.to_owned(), value))))
}

fn query<'a>(ev: &mut Evaluator<'a>, arguments: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (kind, question) = two(arguments);
    let kind = String::from_utf8_lossy(ev.force_plain_string(kind)?).into_owned();
    let question = ev.force(question)?;
    let question = ev.json(question)?;
    let answer = ev.host.query(&kind, &question).map_err(|error| match error {
        HostError::Store(message) => ev.error(ErrorKind::Host, message),
        other => ev.host_error(other),
    })?;
    let value = ev.json_value(&answer)?;
    if kind == SOURCE_KIND
        && let Value::String(path) = value
        && let Ok(path) = ev.options.store_dir.parse(path.bytes())
    {
        ev.make_readable(&path);
    }
    Ok(value)
}
