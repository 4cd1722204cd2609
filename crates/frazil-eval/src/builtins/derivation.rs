//! `derivationStrict`: from a set of attributes to a `.drv` file and the paths of its outputs.
//!
//! [`attributes`] reads the set, [`outputs`] makes a derivation of what was read, [`known`]
//! remembers it for those that depend on it, and [`imported`] goes the other way, from a `.drv`
//! file to a value.

mod attributes;
mod imported;
mod known;
mod outputs;
#[cfg(test)]
mod tests;

use frazil_model::store_path::StoreNameError;
use frazil_model::{ContextElement, OutputName, StoreName, StorePath};

pub(crate) use known::Cache;

use super::{Builtin, one};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Note, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, AttrsWriter, Entry};
use crate::source::{Pos, Range};
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[Builtin::new(
    "derivationStrict",
    &["attrs"],
    Some(0),
    derivation_strict,
    "Instantiates the derivation that *attrs* describe and returns its `drvPath` and the path of each output. `derivation` is the convenient form.",
)];

fn derivation_strict<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let Some(entry) = set.get(ev.names.name) else {
        return Err(ev.missing_attribute(set, ev.names.name, Range::NOWHERE));
    };
    let name = ev
        .force_plain_string(Lazy::of(&entry.slot))
        .map_err(|error| ev.in_attribute(error, entry))?;
    instantiate(ev, set, name).map_err(|error| in_derivation(ev, error, entry, name))
}

#[cold]
fn in_derivation(ev: &Evaluator<'_>, error: Error, entry: &Entry<'_>, name: &[u8]) -> Error {
    error.note(|| Note {
        depth: ev.depth,
        message: format!("while evaluating derivation `{}`", String::from_utf8_lossy(name)),
        range: Range { start: entry.pos, bytes: ev.symbols.text(entry.name).len() as u32 },
        pinned: false,
    })
}

fn instantiate<'a>(ev: &mut Evaluator<'a>, set: Attrs<'a>, name: &[u8]) -> Result<Value<'a>> {
    let name = StoreName::parse(name).map_err(|error| refused_name(ev, &error))?;
    let recipe = attributes::read(ev, set, name)?;
    let derivation = outputs::complete(ev, recipe)?;
    let path = ev.instantiate(derivation)?;
    result_set(ev, &path)
}

#[cold]
fn refused_name(ev: &Evaluator<'_>, error: &StoreNameError) -> Error {
    let message = format!("invalid derivation name: {error}. Please pass a different 'name'.");
    let refused = ev.error(ErrorKind::Other, message);
    match error.help() {
        Some(help) => refused.help(help),
        None => refused,
    }
}

/// `{ drvPath, out, ... }` of a known derivation.
fn result_set<'a>(ev: &mut Evaluator<'a>, path: &StorePath) -> Result<Value<'a>> {
    let outputs = ev.known_derivation(path)?.outputs.clone();
    let mut writer = ev.cursor.attrs_writer(1 + outputs.len());
    let full = ev.options.store_dir.join(path);
    let full = ev.cursor.add_slice(full.as_bytes());
    let drv_path = ev.string_under(full, &[ContextElement::DrvDeep(path.clone())]);
    writer.push(ev.names.drv_path, Pos::NOWHERE, Value::String(drv_path).into());
    for (output, output_path) in outputs {
        push_output(ev, &mut writer, path, output, output_path)?;
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

/// Adds the attribute of an output: its path or a placeholder, depending on the derivation.
fn push_output<'a>(
    ev: &mut Evaluator<'a>,
    writer: &mut AttrsWriter<'a>,
    derivation: &StorePath,
    output: OutputName,
    path: Option<StorePath>,
) -> Result<()> {
    let text = match path {
        Some(path) => ev.options.store_dir.join(&path),
        None => ev.output_placeholder(derivation, &output)?,
    };
    let text = ev.cursor.add_slice(text.as_bytes());
    let name = ev.intern(output.as_str().as_bytes());
    let string =
        ev.string_under(text, &[ContextElement::Output { derivation: derivation.clone(), output }]);
    writer.push(name, Pos::NOWHERE, Value::String(string).into());
    Ok(())
}
