//! String contexts: seeing them, adding to them, dropping them.

use std::collections::BTreeMap;

use frazil_model::{ContextElement, OutputName, StorePath};

use super::{Builtin, one, two};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Entry, Str};
use crate::print;
use crate::source::Pos;
use crate::symbol::Symbol;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "addDrvOutputDependencies",
        &["s"],
        Some(0),
        add_drv_output_dependencies,
        "*s*, whose context must be the path of one derivation, made to depend on that derivation with all its outputs and inputs, as `drvPath` does.",
    ),
    Builtin::new(
        "appendContext",
        &["s", "context"],
        Some(0),
        append_context,
        "*s* with more context, in the form in which `getContext` returns it.",
    ),
    Builtin::new(
        "getContext",
        &["s"],
        Some(0),
        get_context,
        "What the string *s* depends on: a set that says for each store path whether it is needed as it is (`path`), with which `outputs`, or with `allOutputs`.",
    ),
    Builtin::new(
        "hasContext",
        &["s"],
        Some(0),
        has_context,
        "Whether the string *s* depends on any store path.",
    ),
    Builtin::new(
        "unsafeDiscardOutputDependency",
        &["s"],
        Some(0),
        unsafe_discard_output_dependency,
        "*s* depending on the `.drv` files alone where it depended on derivations with all their outputs.",
    ),
    Builtin::new(
        "unsafeDiscardStringContext",
        &["s"],
        Some(0),
        unsafe_discard_string_context,
        "*s* without its context: what is built with it no longer depends on the store paths in it.",
    ),
];

impl<'a> Evaluator<'a> {
    /// A context element as Nix writes it in messages.
    #[expect(clippy::unused_self, reason = "a method beside the others that make texts for errors")]
    pub(crate) fn element_text(&self, element: &ContextElement) -> String {
        element.to_string()
    }

    /// `bytes` under the context of exactly these elements.
    pub(crate) fn string_under(&mut self, bytes: &'a [u8], elements: &[ContextElement]) -> Str<'a> {
        let numbers = elements.iter().map(|element| self.contexts.number(element)).collect();
        let context = self.cursor.context(numbers);
        self.cursor.with_context(bytes, context)
    }
}

fn has_context<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    Ok(Value::Bool(ev.force_string(one(args))?.context().is_some()))
}

fn unsafe_discard_string_context<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
) -> Result<Value<'a>> {
    let text = ev.coerce_lazy(one(args), Coercion::INTERPOLATION)?;
    Ok(Value::String(Str::of(text.bytes())))
}

fn unsafe_discard_output_dependency<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
) -> Result<Value<'a>> {
    let text = ev.coerce_lazy(one(args), Coercion::INTERPOLATION)?;
    let mut elements = ev.contexts.elements(text.context());
    for element in &mut elements {
        if let ContextElement::DrvDeep(path) = element {
            *element = ContextElement::Path(path.clone());
        }
    }
    Ok(Value::String(ev.string_under(text.bytes(), &elements)))
}

fn add_drv_output_dependencies<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.coerce_lazy(one(args), Coercion::INTERPOLATION)?;
    let elements = ev.contexts.elements(text.context());
    let message = match elements.as_slice() {
        [ContextElement::DrvDeep(_)] => return Ok(Value::String(text)),
        [ContextElement::Path(path)] if path.is_derivation() => {
            let deep = ContextElement::DrvDeep(path.clone());
            return Ok(Value::String(ev.string_under(text.bytes(), &[deep])));
        }
        [ContextElement::Path(path)] => {
            format!("path '{}' is not a derivation", ev.options.store_dir.display(path))
        }
        [ContextElement::Output { output, .. }] => format!(
            "`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '{output}'"
        ),
        _ => format!(
            "context of string '{}' must have exactly one element, but has {}",
            String::from_utf8_lossy(text.bytes()),
            elements.len()
        ),
    };
    Err(ev.error(ErrorKind::Other, message))
}

/// What a context says of one store path.
#[derive(Default)]
struct Info {
    path: bool,
    all_outputs: bool,
    outputs: Vec<OutputName>,
}

fn get_context<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.force_string(one(args))?;
    let mut infos: BTreeMap<StorePath, Info> = BTreeMap::new();
    for element in ev.contexts.elements(text.context()) {
        match element {
            ContextElement::Path(path) => infos.entry(path).or_default().path = true,
            ContextElement::DrvDeep(path) => infos.entry(path).or_default().all_outputs = true,
            ContextElement::Output { derivation, output } => {
                infos.entry(derivation).or_default().outputs.push(output);
            }
        }
    }
    let mut writer = ev.cursor.attrs_writer(infos.len());
    for (path, info) in infos {
        let name = ev.options.store_dir.join(&path);
        let name = ev.intern(name.as_bytes());
        let info = info_set(ev, &info);
        writer.push(name, Pos::NOWHERE, Value::Attrs(info).into());
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn info_set<'a>(ev: &mut Evaluator<'a>, info: &Info) -> Attrs<'a> {
    let all_outputs = ev.intern(b"allOutputs");
    let mut writer = ev.cursor.attrs_writer(3);
    if info.path {
        writer.push(ev.names.path, Pos::NOWHERE, Value::Bool(true).into());
    }
    if info.all_outputs {
        writer.push(all_outputs, Pos::NOWHERE, Value::Bool(true).into());
    }
    if !info.outputs.is_empty() {
        let mut names = ev.cursor.list_writer(info.outputs.len());
        for output in &info.outputs {
            names.push(Value::String(ev.cursor.string(output.as_str().as_bytes())).into());
        }
        writer.push(ev.names.outputs, Pos::NOWHERE, Value::List(names.finish()).into());
    }
    writer.finish(&mut ev.cursor)
}

fn append_context<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (text, more) = two(args);
    let text = ev.force_string(text)?;
    let more = ev.force_attrs(more)?;
    let mut elements = ev.contexts.elements(text.context());
    for entry in ev.cursor.entries(more) {
        read_info(ev, entry, &mut elements).map_err(|error| ev.in_attribute(error, entry))?;
    }
    Ok(Value::String(ev.string_under(text.bytes(), &elements)))
}

/// Reads what one attribute of the argument of `appendContext` says.
fn read_info<'a>(
    ev: &mut Evaluator<'a>,
    entry: &'a Entry<'a>,
    elements: &mut Vec<ContextElement>,
) -> Result<()> {
    let Ok(path) = ev.options.store_dir.parse(ev.symbols.text(entry.name)) else {
        let key = shown_name(ev, entry.name);
        return Err(ev.error(ErrorKind::Other, format!("context key '{key}' is not a store path")));
    };
    let info = ev.force_attrs(Lazy::of(&entry.slot))?;
    if let Some(wanted) = info.get(ev.names.path)
        && ev.force_bool(Lazy::of(&wanted.slot))?
    {
        elements.push(ContextElement::Path(path.clone()));
    }
    let all_outputs = ev.intern(b"allOutputs");
    if let Some(wanted) = info.get(all_outputs)
        && ev.force_bool(Lazy::of(&wanted.slot))?
    {
        if !path.is_derivation() {
            return Err(not_a_derivation(ev, "all-outputs", entry.name));
        }
        elements.push(ContextElement::DrvDeep(path.clone()));
    }
    let Some(outputs) = info.get(ev.names.outputs) else { return Ok(()) };
    let outputs = ev.force_list(Lazy::of(&outputs.slot))?;
    if !outputs.is_empty() && !path.is_derivation() {
        return Err(not_a_derivation(ev, "derivation output", entry.name));
    }
    for output in outputs.iter() {
        let output = ev.force_plain_string(output)?;
        let output = OutputName::parse(output).map_err(|error| ev.other(&error))?;
        elements.push(ContextElement::Output { derivation: path.clone(), output });
    }
    Ok(())
}

#[cold]
fn not_a_derivation(ev: &Evaluator<'_>, what: &str, key: Symbol) -> Error {
    let key = shown_name(ev, key);
    let message =
        format!("tried to add {what} context of {key}, which is not a derivation, to a string");
    ev.error(ErrorKind::Other, message)
}

fn shown_name(ev: &Evaluator<'_>, name: Symbol) -> String {
    let mut shown = Vec::new();
    print::name(ev.symbols.text(name), &mut shown);
    String::from_utf8_lossy(&shown).into_owned()
}
