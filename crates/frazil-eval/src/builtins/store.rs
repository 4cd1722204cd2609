//! What goes into the store: copies of paths, texts; and strings that name store paths.

mod add;
pub(crate) mod names;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use frazil_model::derivation::Placeholder;
use frazil_model::{ContextElement, OutputName, Sha256, StoreName, StorePath};

use super::files::Follow;
use super::{Builtin, one, two};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::host::{AddPath, Ingestion};
use crate::path;
use crate::symbol::FastHash;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "filterSource",
        &["e1", "e2"],
        None,
        add::filter_source,
        "The store path of a copy of *e2* without those entries for which `e1 path type` is false. `builtins.path` does this and more.",
    ),
    Builtin::new(
        "outputOf",
        &["derivation-reference", "output-name"],
        Some(0),
        output_of,
        "The path, or a placeholder for it, of the output *output-name* of the derivation that the string *derivation-reference* names. (Experimental feature `dynamic-derivations`.)",
    ),
    Builtin::new(
        "path",
        &["args"],
        Some(0),
        add::path,
        "The store path of a copy of `args.path`. Optional: its `name`; a `filter` as for `filterSource`; `recursive` (false: hash one file as it is, not its NAR); the expected `sha256`.",
    ),
    Builtin::new(
        "storePath",
        &["path"],
        Some(0),
        store_path,
        "*path*, which is in the store already, as a string that depends on it. Not available in pure evaluation.",
    ),
    Builtin::new(
        "toFile",
        &["name", "s"],
        Some(0),
        to_file,
        "The store path of a text file *name* with the contents *s*, which may refer to store paths but not to outputs of derivations.",
    ),
];

/// Paths that were copied to the store before, by the path they were copied from.
#[derive(Default)]
pub(crate) struct Copies(HashMap<PathBuf, StorePath, FastHash>);

impl<'a> Evaluator<'a> {
    /// Copies the file or tree at `path` to the store, once.
    pub(crate) fn store_copy_of(&mut self, path: &Path) -> Result<StorePath> {
        let text = path.as_os_str().as_encoded_bytes();
        if text.ends_with(b".drv") {
            return Err(self.error(ErrorKind::Other, "file names are not allowed to end in '.drv'"));
        }
        if let Some(known) = self.caches.copies.0.get(path) {
            return Ok(known.clone());
        }
        self.check_readable(path)?;
        let resolved = self.resolve_links(text, Follow::Ancestors)?;
        let resolved = path::of(&resolved);
        self.check_readable(resolved)?;
        let name = names::of_copy(text);
        let request =
            AddPath { name: &name, path: resolved, ingestion: Ingestion::Recursive, filter: None };
        let copy = self.host.add_path(request).map_err(|error| self.host_error(error))?;
        self.make_readable(&copy);
        self.caches.copies.0.insert(path.to_owned(), copy.clone());
        Ok(copy)
    }

    /// The full path of `path`, with itself as its context.
    pub(crate) fn store_path_string(&mut self, path: &StorePath) -> Str<'a> {
        let mut text = Vec::new();
        self.options.store_dir.join_into(path, &mut text);
        let text = self.cursor.add_slice(&text);
        self.string_under(text, &[ContextElement::Path(path.clone())])
    }

    /// Whether a normal path lies below the store directory.
    pub(crate) fn is_in_store(&self, path: &[u8]) -> bool {
        let dir = self.options.store_dir.as_str().as_bytes();
        path != dir && path::is_within(path, dir)
    }

    /// Fails unless an experimental feature is on.
    pub(crate) fn require_feature(&self, name: &str) -> Result<()> {
        if self.has_feature(name) {
            return Ok(());
        }
        let message = format!(
            "experimental Nix feature '{name}' is disabled; add '--extra-experimental-features {name}' to enable it"
        );
        Err(self.error(ErrorKind::Other, message))
    }
}

fn to_file<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, text) = two(args);
    let name = ev.force_plain_string(name)?;
    let text = ev.force_string(text)?;
    let mut references = Vec::new();
    for element in ev.contexts.elements(text.context()) {
        let ContextElement::Path(path) = element else {
            let message = format!(
                "files created by builtins.toFile may not reference derivations, but {} references {}",
                String::from_utf8_lossy(name),
                ev.element_text(&element)
            );
            return Err(ev.error(ErrorKind::Other, message));
        };
        references.push(path);
    }
    let digest = Sha256::of(text.bytes());
    let store_name = StoreName::parse(name).map_err(|error| {
        let refused = names::refused_text(&ev.options.store_dir, name, digest, &references, &error);
        ev.error(ErrorKind::Other, refused)
    })?;
    let path = ev.options.store_dir.text_path(&store_name, digest, &references);
    ev.host.add_text(&path, text.bytes(), &references).map_err(|error| ev.host_error(error))?;
    let string = ev.store_path_string(&path);
    ev.make_readable(&path);
    ev.caches.derivations.note_text(path, references);
    Ok(Value::String(string))
}

fn store_path<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    if ev.options.pure {
        let message = "'builtins.storePath' is not allowed in pure evaluation mode";
        return Err(ev.error(ErrorKind::Restricted, message));
    }
    let path = ev.coerce_path(one(args))?;
    // A symbolic link that is a store path itself is not followed.
    let full = if ev.options.store_dir.parse(path.bytes()).is_ok() {
        path.bytes().to_vec()
    } else {
        ev.resolve_links(path.bytes(), Follow::All)?
    };
    if !ev.is_in_store(&full) {
        let message = format!("path '{}' is not in the Nix store", String::from_utf8_lossy(&full));
        return Err(ev.error(ErrorKind::Other, message));
    }
    let (store_path, _) = ev.options.store_dir.split(&full).map_err(|error| ev.other(&error))?;
    let number = ev.contexts.number(&ContextElement::Path(store_path));
    let own = ev.cursor.context(vec![number]);
    let context = ev.cursor.join(path.context(), own);
    let full = ev.cursor.add_slice(&full);
    Ok(Value::String(ev.cursor.with_context(full, context)))
}

fn output_of<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (reference, output) = two(args);
    let reference = ev.force_string(reference)?;
    let derivation = single_path(ev, reference)?;
    let output = ev.force_plain_string(output)?;
    let output = OutputName::parse(output).map_err(|error| ev.other(&error))?;
    let text = ev.output_text(&derivation, &output)?;
    let text = ev.cursor.add_slice(text.as_bytes());
    Ok(Value::String(ev.string_under(text, &[ContextElement::Output { derivation, output }])))
}

/// The store path that a string consists of and that is its context.
fn single_path<'a>(ev: &mut Evaluator<'a>, text: Str<'a>) -> Result<StorePath> {
    let shown = String::from_utf8_lossy(text.bytes());
    let message = match ev.contexts.elements(text.context()).as_slice() {
        [ContextElement::Path(path)] => {
            let full = ev.options.store_dir.join(path);
            if full.as_bytes() == text.bytes() {
                return Ok(path.clone());
            }
            format!("path string '{shown}' has context with the different path '{full}'")
        }
        [ContextElement::DrvDeep(_)] => format!(
            "string '{shown}' has a context which refers to a complete source and binary closure. This is not supported at this time"
        ),
        [ContextElement::Output { .. }] => {
            format!(
                "string '{shown}' names an output of an output of a derivation, which is not supported"
            )
        }
        elements => format!(
            "string '{shown}' has {} entries in its context. It should only have exactly one entry",
            elements.len()
        ),
    };
    Err(ev.error(ErrorKind::Other, message))
}

impl Evaluator<'_> {
    /// The path of an output of a derivation, or a placeholder for it.
    fn output_text(&mut self, derivation: &StorePath, output: &OutputName) -> Result<String> {
        let outputs = &self.known_derivation(derivation)?.outputs;
        let Some((_, path)) = outputs.iter().find(|(name, _)| name == output) else {
            let full = self.options.store_dir.join(derivation);
            let message = format!("derivation '{full}' does not have output '{output}'");
            return Err(self.error(ErrorKind::Other, message));
        };
        match path.clone() {
            Some(path) => Ok(self.options.store_dir.join(&path)),
            None => self.output_placeholder(derivation, output),
        }
    }

    /// What stands for the path of an output that only its build can tell.
    pub(super) fn output_placeholder(
        &self,
        derivation: &StorePath,
        output: &OutputName,
    ) -> Result<String> {
        self.require_feature("ca-derivations")?;
        let placeholder = Placeholder::upstream(derivation, output);
        placeholder.map(|placeholder| placeholder.to_string()).map_err(|error| self.other(&error))
    }

    /// An error of the model as an error of the evaluation.
    #[cold]
    pub(super) fn other(&self, error: &dyn std::error::Error) -> Error {
        self.error(ErrorKind::Other, error.to_string())
    }
}
