//! The attributes of a derivation: forcing and coercing each, in the order of their names.
//!
//! Nothing is checked here that needs more than one attribute; see [`super::outputs`].

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::{ContentAddressMethod, HashAlgorithm, OutputName, StoreName};

use crate::diagnostic::ErrorKind;
use crate::error::{Error, Note, Result};
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Entry, Str};
use crate::host::Message;
use crate::print::JsonText;
use crate::source::Range;
use crate::value::{Lazy, Value};

/// Attributes that the builder looks at without `__structuredAttrs` only.
const WITHOUT_STRUCTURE_ONLY: [&[u8]; 6] = [
    b"allowedReferences",
    b"allowedRequisites",
    b"disallowedReferences",
    b"disallowedRequisites",
    b"maxSize",
    b"maxClosureSize",
];

/// What the attributes say.
pub(super) struct Recipe {
    pub(super) name: StoreName,
    pub(super) builder: Vec<u8>,
    pub(super) system: Vec<u8>,
    pub(super) args: Vec<Vec<u8>>,
    pub(super) env: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) outputs: BTreeSet<OutputName>,
    pub(super) output_hash: Option<Vec<u8>>,
    pub(super) algorithm: Option<HashAlgorithm>,
    pub(super) method: Option<ContentAddressMethod>,
    pub(super) content_addressed: bool,
    pub(super) impure: bool,
    /// The numbers of the context elements of all strings; not sorted.
    pub(super) context: Vec<u32>,
}

/// Reads all attributes of `set`.
pub(super) fn read<'a>(ev: &mut Evaluator<'a>, set: Attrs<'a>, name: StoreName) -> Result<Recipe> {
    let structured = flag(ev, set, ev.names.structured_attrs)?;
    let ignore_nulls = flag(ev, set, ev.names.ignore_nulls)?;
    let mut reader = Reader {
        recipe: Recipe::new(name),
        json: structured.then(|| JsonText::new(true)),
        ignore_nulls,
    };
    for entry in ev.sorted_entries(set) {
        if entry.name != ev.names.ignore_nulls {
            let result = reader.attribute(ev, entry);
            result.map_err(|error| in_attribute(ev, error, entry, &reader.recipe.name))?;
        }
    }
    reader.finish(ev)
}

/// A Boolean attribute that may be missing.
fn flag<'a>(ev: &mut Evaluator<'a>, set: Attrs<'a>, name: crate::symbol::Symbol) -> Result<bool> {
    match set.get(name) {
        Some(entry) => {
            ev.force_bool(Lazy::of(&entry.slot)).map_err(|error| ev.in_attribute(error, entry))
        }
        None => Ok(false),
    }
}

#[cold]
fn in_attribute(
    ev: &Evaluator<'_>,
    error: Error,
    entry: &Entry<'_>,
    derivation: &StoreName,
) -> Error {
    let text = ev.symbols.text(entry.name);
    error.note(|| Note {
        depth: ev.depth,
        message: format!(
            "while evaluating attribute `{}` of derivation `{derivation}`",
            String::from_utf8_lossy(text)
        ),
        range: Range { start: entry.pos, bytes: text.len() as u32 },
        pinned: false,
    })
}

impl Recipe {
    fn new(name: StoreName) -> Self {
        Self {
            name,
            builder: Vec::new(),
            system: Vec::new(),
            args: Vec::new(),
            env: BTreeMap::new(),
            outputs: BTreeSet::from([OutputName::out()]),
            output_hash: None,
            algorithm: None,
            method: None,
            content_addressed: false,
            impure: false,
            context: Vec::new(),
        }
    }
}

/// A recipe being read.
struct Reader {
    recipe: Recipe,
    /// With `__structuredAttrs`: the members of `__json` so far.
    json: Option<JsonText>,
    ignore_nulls: bool,
}

impl Reader {
    fn attribute<'a>(&mut self, ev: &mut Evaluator<'a>, entry: &'a Entry<'a>) -> Result<()> {
        let names = ev.names;
        if self.ignore_nulls && matches!(ev.force_slot(&entry.slot)?, Value::Null) {
            return Ok(());
        }
        if entry.name == names.content_addressed && ev.force_bool(Lazy::of(&entry.slot))? {
            self.recipe.content_addressed = true;
            return ev.require_feature("ca-derivations");
        }
        if entry.name == names.impure && ev.force_bool(Lazy::of(&entry.slot))? {
            self.recipe.impure = true;
            return ev.require_feature("impure-derivations");
        }
        if entry.name == names.args {
            return self.args(ev, entry);
        }
        match self.json.take() {
            Some(mut json) => {
                let result = self.structured(ev, entry, &mut json);
                self.json = Some(json);
                result
            }
            None => self.variable(ev, entry),
        }
    }

    fn args<'a>(&mut self, ev: &mut Evaluator<'a>, entry: &'a Entry<'a>) -> Result<()> {
        for element in ev.force_list(Lazy::of(&entry.slot))?.iter() {
            let text = ev.coerce_lazy(element, Coercion::DERIVATION)?;
            self.depend(text);
            self.recipe.args.push(text.bytes().to_vec());
        }
        Ok(())
    }

    fn depend(&mut self, text: Str<'_>) {
        if let Some(context) = text.context() {
            self.recipe.context.extend_from_slice(context.numbers());
        }
    }

    /// An attribute that becomes a variable of the environment.
    fn variable<'a>(&mut self, ev: &mut Evaluator<'a>, entry: &'a Entry<'a>) -> Result<()> {
        let text = ev.coerce_lazy(Lazy::of(&entry.slot), Coercion::DERIVATION)?;
        self.depend(text);
        let text = text.bytes();
        self.recipe.env.insert(ev.symbols.text(entry.name).to_vec(), text.to_vec());
        let names = ev.names;
        match entry.name {
            name if name == names.builder => self.recipe.builder = text.to_vec(),
            name if name == names.system => self.recipe.system = text.to_vec(),
            name if name == names.output_hash => self.recipe.output_hash = Some(text.to_vec()),
            name if name == names.output_hash_algo => self.recipe.algorithm = algorithm(text),
            name if name == names.output_hash_mode => self.recipe.method = Some(method(ev, text)?),
            name if name == names.outputs => {
                let outputs =
                    text.split(|byte| b" \t\n\r".contains(byte)).filter(|name| !name.is_empty());
                self.outputs(ev, outputs)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// An attribute that becomes a member of `__json`.
    fn structured<'a>(
        &mut self,
        ev: &mut Evaluator<'a>,
        entry: &'a Entry<'a>,
        json: &mut JsonText,
    ) -> Result<()> {
        let names = ev.names;
        if entry.name == names.structured_attrs {
            return Ok(());
        }
        json.out.push(if json.out.is_empty() { b'{' } else { b',' });
        json.string(ev.symbols.text(entry.name));
        json.out.push(b':');
        let value = ev.force_slot(&entry.slot)?;
        ev.write_json(value, json)?;
        let value = Lazy::from(value);
        match entry.name {
            name if name == names.builder => {
                let text = ev.force_string(value)?;
                self.depend(text);
                self.recipe.builder = text.bytes().to_vec();
            }
            name if name == names.system => {
                self.recipe.system = ev.force_plain_string(value)?.to_vec();
            }
            name if name == names.output_hash => {
                self.recipe.output_hash = Some(ev.force_plain_string(value)?.to_vec());
            }
            name if name == names.output_hash_algo => {
                self.recipe.algorithm = algorithm(ev.force_plain_string(value)?);
            }
            name if name == names.output_hash_mode => {
                let text = ev.force_plain_string(value)?;
                self.recipe.method = Some(method(ev, text)?);
            }
            name if name == names.outputs => {
                let mut outputs = Vec::new();
                for element in ev.force_list(value)?.iter() {
                    outputs.push(ev.force_plain_string(element)?);
                }
                self.outputs(ev, outputs.into_iter())?;
            }
            _ => self.warn_without_effect(ev, ev.symbols.text(entry.name)),
        }
        Ok(())
    }

    fn warn_without_effect(&self, ev: &mut Evaluator<'_>, attribute: &[u8]) {
        if WITHOUT_STRUCTURE_ONLY.contains(&attribute) {
            let attribute = String::from_utf8_lossy(attribute);
            ev.host.tell(Message::Warning(format!(
                "In a derivation named '{}', 'structuredAttrs' disables the effect of the derivation attribute '{attribute}'; use 'outputChecks.<output>.{attribute}' instead",
                self.recipe.name
            )));
        }
    }

    fn outputs<'n>(
        &mut self,
        ev: &Evaluator<'_>,
        names: impl Iterator<Item = &'n [u8]>,
    ) -> Result<()> {
        self.recipe.outputs.clear();
        for text in names {
            let shown = String::from_utf8_lossy(text);
            if text == b"drvPath" {
                return Err(ev.error(ErrorKind::Other, "invalid derivation output name 'drvPath'"));
            }
            let name = OutputName::parse(text).map_err(|error| {
                ev.error(
                    ErrorKind::Other,
                    format!("invalid derivation output name '{shown}': {error}"),
                )
            })?;
            if !self.recipe.outputs.insert(name) {
                return Err(
                    ev.error(ErrorKind::Other, format!("duplicate derivation output '{shown}'"))
                );
            }
        }
        if self.recipe.outputs.is_empty() {
            return Err(
                ev.error(ErrorKind::Other, "derivation cannot have an empty set of outputs")
            );
        }
        Ok(())
    }

    fn finish(self, ev: &Evaluator<'_>) -> Result<Recipe> {
        let mut recipe = self.recipe;
        if let Some(mut json) = self.json {
            if json.out.is_empty() {
                json.out.push(b'{');
            }
            json.out.push(b'}');
            recipe.context.append(&mut json.context);
            let text = json.finish().map_err(|error| ev.other(&error))?;
            recipe.env.insert(b"__json".to_vec(), text);
        }
        Ok(recipe)
    }
}

/// As in Nix, an unknown algorithm is none: the hash may still name its own.
fn algorithm(text: &[u8]) -> Option<HashAlgorithm> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn method(ev: &Evaluator<'_>, text: &[u8]) -> Result<ContentAddressMethod> {
    let mode = String::from_utf8_lossy(text);
    let Ok(method) = ContentAddressMethod::parse_mode(&mode) else {
        let message = format!("invalid value '{mode}' for 'outputHashMode' attribute");
        return Err(ev.error(ErrorKind::Other, message));
    };
    match method {
        ContentAddressMethod::Text => ev.require_feature("dynamic-derivations")?,
        ContentAddressMethod::Git => ev.require_feature("git-hashing")?,
        ContentAddressMethod::Flat | ContentAddressMethod::Nar => {}
    }
    Ok(method)
}
