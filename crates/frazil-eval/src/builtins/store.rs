//! What goes into the store: copies of paths, texts; and strings that name store paths.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use frazil_model::{ContextElement, StorePath};

use super::Builtin;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::host::{AddPath, Ingestion};
use crate::symbol::FastHash;

pub(super) const TABLE: &[Builtin] = &[];

/// Paths that were copied to the store before, by the path they were copied from.
#[derive(Default)]
pub(crate) struct Copies(HashMap<PathBuf, StorePath, FastHash>);

impl<'a> Evaluator<'a> {
    /// Copies the file or tree at `path` to the store, once.
    pub(crate) fn store_copy_of(&mut self, path: &Path) -> Result<StorePath> {
        self.check_readable(path)?;
        if let Some(known) = self.caches.copies.0.get(path) {
            return Ok(known.clone());
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let request = AddPath { name: &name, path, ingestion: Ingestion::Recursive, filter: None };
        let copy = self.host.add_path(request).map_err(|error| self.host_error(error))?;
        self.caches.copies.0.insert(path.to_owned(), copy.clone());
        Ok(copy)
    }

    /// The full path of `path`, with itself as its context.
    pub(crate) fn store_path_string(&mut self, path: &StorePath) -> Str<'a> {
        let mut text = Vec::new();
        self.options.store_dir.join_into(path, &mut text);
        let number = self.contexts.number(&ContextElement::Path(path.clone()));
        let context = self.cursor.context(vec![number]);
        let text = self.cursor.add_slice(&text);
        self.cursor.with_context(text, context)
    }
}
