//! `import` and `scopedImport`.

use std::cell::Cell;

use frazil_model::derivation::{Derivation, Placeholder};
use frazil_model::{ContextElement, StorePath};

use super::files::Follow;
use super::search::INTERNAL_PREFIX;
use super::{Builtin, one, two};
use crate::diagnostic::{ErrorKind, Source};
use crate::error::{Error, Note, Result};
use crate::evaluator::{Evaluator, Program};
use crate::heap::{Attrs, Str};
use crate::path;
use crate::source::{Pos, Range};
use crate::value::{Lazy, Value};
use crate::word::Slot;

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("import", &["path"], Some(0), import, "The value of the expression in the file *path*; of a directory, in its `default.nix`. Each file is evaluated once."),
    Builtin::new("scopedImport", &["scope", "path"], None, scoped_import, "Like `import`, with the attributes of *scope* as variables in the file; evaluated anew each time."),
];

/// The file `<nix/fetchurl.nix>`.
const FETCHURL: &[u8] = include_bytes!("fetchurl.nix");
/// Turns the attributes of a derivation that was read into what `derivation` returns.
const IMPORTED_DERIVATION: &[u8] = include_bytes!("imported-derivation.nix");

fn import<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    if let Some(name) = internal_name(ev, one(args))? {
        return import_internal(ev, name);
    }
    let file = ev.realise_path(one(args), Follow::Nothing)?;
    if let Some(derivation) = valid_derivation(ev, &file)? {
        return derivation_value(ev, &file, &derivation);
    }
    ev.import_file(&file)
}

fn scoped_import<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (scope, file) = two(args);
    let file = ev.realise_path(file, Follow::Nothing)?;
    if let Some(derivation) = valid_derivation(ev, &file)? {
        return derivation_value(ev, &file, &derivation);
    }
    let scope = ev.force_attrs(scope)?;
    let entries = ev.cursor.entries(scope);
    let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
    let values: Vec<Slot<'a>> = entries.iter().map(|entry| Lazy::of(&entry.slot).into()).collect();
    let file = ev.source_file(&file)?;
    let source = ev.read_source(&file)?;
    let directory = path::of(path::dir_name(&file));
    let program = ev.parse(source, directory, &names, Some(&values)).map_err(|found| ev.syntax_error(found))?;
    ev.evaluate(program)
}

/// `fetchurl.nix` of the path `<nix/fetchurl.nix>`, which is on no disk.
fn internal_name<'a>(ev: &mut Evaluator<'a>, file: Lazy<'a>) -> Result<Option<&'a [u8]>> {
    let Value::Path(file) = ev.force(file)? else { return Ok(None) };
    let name = file.bytes().strip_prefix(b"<").and_then(|name| name.strip_suffix(b">"));
    Ok(name.and_then(|name| name.strip_prefix(INTERNAL_PREFIX)))
}

fn import_internal<'a>(ev: &mut Evaluator<'a>, name: &'a [u8]) -> Result<Value<'a>> {
    if name != b"fetchurl.nix" {
        let message = format!("path '<nix/{}>' does not exist", path::shown(name));
        return Err(ev.error(ErrorKind::Host, message));
    }
    embedded(ev, "<nix/fetchurl.nix>", FETCHURL)
}

/// The value of an expression that is part of the evaluator.
fn embedded<'a>(ev: &mut Evaluator<'a>, name: &str, text: &[u8]) -> Result<Value<'a>> {
    let program = ev.parse_text(name, text.to_vec(), path::of(b"/")).map_err(|found| ev.syntax_error(found))?;
    ev.evaluate(program)
}

/// The derivation that lies in the store at exactly `file`, if that is one.
fn valid_derivation(ev: &mut Evaluator<'_>, file: &[u8]) -> Result<Option<StorePath>> {
    let Ok(store_path) = ev.options.store_dir.parse(file) else { return Ok(None) };
    if !store_path.is_derivation() {
        return Ok(None);
    }
    let is_valid = ev.host.is_valid(&store_path).map_err(|error| ev.host_error(error))?;
    Ok(is_valid.then_some(store_path))
}

fn derivation_value<'a>(ev: &mut Evaluator<'a>, file: &[u8], store_path: &StorePath) -> Result<Value<'a>> {
    let broken = |ev: &Evaluator<'a>, reason: &dyn std::fmt::Display| {
        let shown = path::shown(file);
        ev.error(ErrorKind::Host, format!("error parsing derivation '{shown}': {reason}"))
    };
    let text = ev.host.read(path::of(file)).map_err(|error| ev.host_error(error))?;
    let name = store_path.derivation_name().map_err(|error| broken(ev, &error))?;
    let derivation =
        Derivation::parse(&ev.options.store_dir, &name, &text).map_err(|error| broken(ev, &error))?;

    let mut writer = ev.cursor.attrs_writer(3 + derivation.outputs.len());
    let whole = ev.string_about(file, &ContextElement::DrvDeep(store_path.clone()));
    writer.push(ev.names.drv_path, Pos::NOWHERE, whole.into());
    let name = derivation.env.get(&b"name"[..]).map_or(&b""[..], |name| name);
    let name = Value::String(ev.cursor.string(name));
    writer.push(ev.names.name, Pos::NOWHERE, name.into());
    let mut names = Vec::with_capacity(derivation.outputs.len());
    for (output, kind) in &derivation.outputs {
        let location = match kind.path() {
            Some(path) => ev.options.store_dir.join(path),
            None => {
                let placeholder = Placeholder::upstream(store_path, output);
                placeholder.map_err(|error| broken(ev, &error))?.to_string()
            }
        };
        let element = ContextElement::Output { derivation: store_path.clone(), output: output.clone() };
        let location = ev.string_about(location.as_bytes(), &element);
        let symbol = ev.intern(output.as_str().as_bytes());
        writer.push(symbol, Pos::NOWHERE, location.into());
        names.push(Value::String(Str::of(ev.symbols.text(symbol))).into());
    }
    let names = Value::List(ev.list_of(&names));
    writer.push(ev.names.outputs, Pos::NOWHERE, names.into());
    let attributes: Attrs<'a> = writer.finish(&mut ev.cursor);
    let function = embedded(ev, "«imported-derivation.nix»", IMPORTED_DERIVATION)?;
    ev.call(function, &[Value::Attrs(attributes).into()])
}

impl<'a> Evaluator<'a> {
    /// A string whose context is one element.
    fn string_about(&mut self, text: &[u8], element: &ContextElement) -> Value<'a> {
        let number = self.contexts.number(element);
        let context = self.cursor.context(vec![number]);
        let text = self.cursor.add_slice(text);
        Value::String(self.cursor.with_context(text, context))
    }

    /// The value of the file at `file`, which is evaluated once.
    pub(crate) fn import_file(&mut self, file: &[u8]) -> Result<Value<'a>> {
        if let Some(slot) = self.imports.get(file).copied() {
            return self.force_import(file, slot);
        }
        let resolved = self.source_file(file)?;
        let slot = match self.imports.get(&*resolved).copied() {
            Some(slot) => slot,
            None => {
                let program = self.parse_resolved(&resolved)?;
                let slot = self.pending(program.body, program.frame);
                let slot = self.cursor.add(Cell::new(slot));
                self.imports.insert(resolved.clone().into(), slot);
                slot
            }
        };
        if *file != *resolved {
            self.imports.insert(file.into(), slot);
        }
        self.force_import(&resolved, slot)
    }

    fn force_import(&mut self, file: &[u8], slot: &'a Cell<Slot<'a>>) -> Result<Value<'a>> {
        self.force_slot(slot).map_err(|error| {
            error.note(|| Note {
                depth: self.depth,
                message: format!("while evaluating the file `{}`", path::shown(file)),
                range: Range::NOWHERE,
                pinned: false,
            })
        })
    }

    /// Reads and parses the file at `file`, or the `default.nix` of a directory.
    pub fn parse_file(&mut self, file: &std::path::Path) -> Result<Program<'a>> {
        let file = path::normalise(file.as_os_str().as_encoded_bytes());
        let file = self.source_file(&file)?;
        self.parse_resolved(&file)
    }

    fn parse_resolved(&mut self, file: &[u8]) -> Result<Program<'a>> {
        let source = self.read_source(file)?;
        let directory = path::of(path::dir_name(file));
        self.parse(source, directory, &[], None).map_err(|found| self.syntax_error(found))
    }

    fn read_source(&mut self, file: &[u8]) -> Result<Source> {
        let contents = self.resolve_links(file, Follow::All)?;
        let text = self.file_contents(&contents)?;
        Ok(Source { name: path::shown(file).into_owned(), text, is_file: true })
    }

    #[cold]
    fn syntax_error(&self, found: Vec<crate::Diagnostic>) -> Error {
        let (kind, message) = match found.first() {
            Some(first) => (first.kind, first.message.clone()),
            None => (ErrorKind::Syntax, String::new()),
        };
        self.error(kind, message).with_diagnostics(found)
    }
}
