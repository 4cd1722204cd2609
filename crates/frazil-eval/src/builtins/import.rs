//! `import` and `scopedImport`.

use std::cell::Cell;

use super::files::Follow;
use super::search::INTERNAL_PREFIX;
use super::{Builtin, one, two};
use crate::diagnostic::{ErrorKind, Source};
use crate::error::{Error, Note, Result};
use crate::evaluator::{Evaluator, Program};
use crate::path;
use crate::source::Range;
use crate::value::{Lazy, Value};
use crate::word::Slot;

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "import",
        &["path"],
        Some(0),
        import,
        "The value of the expression in the file *path*; of a directory, in its `default.nix`. Each file is evaluated once.",
    ),
    Builtin::new(
        "scopedImport",
        &["scope", "path"],
        None,
        scoped_import,
        "Like `import`, with the attributes of *scope* as variables in the file; evaluated anew each time.",
    ),
];

/// The file `<nix/fetchurl.nix>`.
const FETCHURL: &[u8] = include_bytes!("fetchurl.nix");

fn import<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    if let Some(name) = internal_name(ev, one(args))? {
        return import_internal(ev, name);
    }
    let file = ev.realise_path(one(args), Follow::Nothing)?;
    if let Some(derivation) = ev.imported_derivation(&file)? {
        return Ok(derivation);
    }
    ev.import_file(&file)
}

fn scoped_import<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (scope, file) = two(args);
    let file = ev.realise_path(file, Follow::Nothing)?;
    if let Some(derivation) = ev.imported_derivation(&file)? {
        return Ok(derivation);
    }
    let scope = ev.force_attrs(scope)?;
    let entries = ev.cursor.entries(scope);
    let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
    let values: Vec<Slot<'a>> = entries.iter().map(|entry| Lazy::of(&entry.slot).into()).collect();
    let file = ev.source_file(&file)?;
    let source = ev.read_source(&file)?;
    let directory = path::of(path::dir_name(&file));
    let program =
        ev.parse(source, directory, &names, &values).map_err(|found| ev.syntax_error(found))?;
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
    let program = ev.parse_text("<nix/fetchurl.nix>", FETCHURL.to_vec(), path::of(b"/"));
    let program = program.expect("the embedded source is correct: a test evaluates it");
    ev.evaluate(program)
}

impl<'a> Evaluator<'a> {
    /// The value of the file at `file`, which is evaluated once.
    pub(crate) fn import_file(&mut self, file: &[u8]) -> Result<Value<'a>> {
        let slot = self.imported_slot(file)?;
        self.force_import(file, slot)
    }

    /// Where the value of the file at `file` is, or will be.
    pub(crate) fn imported_slot(&mut self, file: &[u8]) -> Result<&'a Cell<Slot<'a>>> {
        if let Some(slot) = self.imports.get(file).copied() {
            return Ok(slot);
        }
        let resolved = self.source_file(file)?;
        let slot = if let Some(slot) = self.imports.get(&*resolved).copied() {
            slot
        } else {
            let program = self.parse_resolved(&resolved)?;
            let slot = self.pending(program.body, program.frame);
            let slot = self.cursor.add(Cell::new(slot));
            self.imports.insert(resolved.clone().into(), slot);
            slot
        };
        if *file != *resolved {
            self.imports.insert(file.into(), slot);
        }
        Ok(slot)
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

    fn parse_resolved(&mut self, file: &[u8]) -> Result<Program<'a>> {
        let source = self.read_source(file)?;
        let directory = path::of(path::dir_name(file));
        self.parse(source, directory, &[], &[]).map_err(|found| self.syntax_error(found))
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
