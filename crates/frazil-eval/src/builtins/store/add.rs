//! `builtins.path` and `builtins.filterSource`: copies of trees under a name, or in part.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use frazil_model::{
    ContentAddress, ContentAddressMethod, Hash, HashAlgorithm, StoreName, StorePath,
};

use super::names;
use crate::builtins::files::Follow;
use crate::builtins::{one, two};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::host::{AddPath, FileKind, HostError, Ingestion, Message};
use crate::path;
use crate::symbol::FastHash;
use crate::value::{Lazy, Value};

/// What is to be copied, and how.
struct Addition<'a> {
    path: Str<'a>,
    name: String,
    filter: Option<Value<'a>>,
    ingestion: Ingestion,
    expected: Option<Hash>,
}

pub(super) fn filter_source<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (filter, path) = two(args);
    let path = ev.coerce_path(path)?;
    let filter = ev.force_function(filter)?;
    let name = names::of_copy(path.bytes());
    let ingestion = Ingestion::Recursive;
    ev.add_to_store(Addition { path, name, filter: Some(filter), ingestion, expected: None })
}

pub(super) fn path<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let mut path = None;
    let mut name = String::new();
    let mut filter = None;
    let mut ingestion = Ingestion::Recursive;
    let mut expected = None;
    for entry in ev.cursor.entries(set) {
        let value = Lazy::of(&entry.slot);
        match ev.symbols.text(entry.name) {
            b"path" => path = Some(ev.coerce_path(value)?),
            b"name" => name = String::from_utf8_lossy(ev.force_plain_string(value)?).into_owned(),
            b"filter" => filter = Some(ev.force_function(value)?),
            b"recursive" => {
                ingestion =
                    if ev.force_bool(value)? { Ingestion::Recursive } else { Ingestion::Flat };
            }
            b"sha256" => {
                let hash = ev.force_plain_string(value)?;
                expected = Some(ev.expected_hash(hash, Some(HashAlgorithm::Sha256))?);
            }
            other => {
                let other = String::from_utf8_lossy(other);
                let message = format!("unsupported argument '{other}' to 'builtins.path'");
                return Err(ev.error(ErrorKind::Other, message));
            }
        }
    }
    let Some(path) = path else {
        let message = "missing required 'path' attribute in the first argument to 'builtins.path'";
        return Err(ev.error(ErrorKind::Other, message));
    };
    if name.is_empty() {
        name = names::of_copy(path.bytes());
    }
    ev.add_to_store(Addition { path, name, filter, ingestion, expected })
}

impl<'a> Evaluator<'a> {
    /// Reads a hash that something must have; the empty string stands for zeros, with a warning.
    pub(crate) fn expected_hash(
        &mut self,
        text: &[u8],
        algorithm: Option<HashAlgorithm>,
    ) -> Result<Hash> {
        let hash =
            Hash::parse_any_or_empty(text, algorithm).map_err(|error| self.hash_error(&error))?;
        if text.is_empty() {
            self.host.tell(Message::Warning(format!("found empty hash, assuming '{hash:?}'")));
        }
        Ok(hash)
    }

    fn add_to_store(&mut self, addition: Addition<'a>) -> Result<Value<'a>> {
        let mut path = addition.path.bytes().to_vec();
        if self.is_in_store(&path) {
            let rewrites = self.realise_context(addition.path.context())?;
            path = rewrites.apply(&path);
        }
        let expected = match addition.expected {
            Some(hash) => Some(self.expected_path(&addition, hash)?),
            None => None,
        };
        if let Some(expected) = &expected
            && self.host.is_valid(expected).map_err(|error| self.host_error(error))?
        {
            self.make_readable(expected);
            return Ok(Value::String(self.store_path_string(expected)));
        }
        self.check_readable(path::of(&path))?;
        let resolved = self.resolve_links(&path, Follow::All)?;
        let copy = self.copy(&resolved, &addition)?;
        if expected.is_some_and(|expected| expected != copy) {
            let message = format!(
                "store path mismatch in (possibly filtered) path added from '{}'",
                path::shown(&path)
            );
            return Err(self.error(ErrorKind::Other, message));
        }
        self.make_readable(&copy);
        Ok(Value::String(self.store_path_string(&copy)))
    }

    fn expected_path(&self, addition: &Addition<'a>, hash: Hash) -> Result<StorePath> {
        let method = match addition.ingestion {
            Ingestion::Flat => ContentAddressMethod::Flat,
            Ingestion::Recursive => ContentAddressMethod::Nar,
        };
        let (dir, name) = (&self.options.store_dir, addition.name.as_bytes());
        let content = ContentAddress { method, hash };
        let name = StoreName::parse(name)
            .map_err(|error| self.other(&dir.refused_fixed_path(name, &content, error)))?;
        dir.fixed_path(&name, &content).map_err(|error| self.other(&error))
    }

    fn copy(&mut self, path: &[u8], addition: &Addition<'a>) -> Result<StorePath> {
        let kind = self.existing_kind(path)?;
        if addition.ingestion == Ingestion::Flat && kind == FileKind::Directory {
            let message = format!("reading from file '{}': Is a directory", path::shown(path));
            return Err(self.error(ErrorKind::Host, message));
        }
        let path = path::of(path);
        let mut excluded = HashSet::default();
        if let (Some(filter), Ingestion::Recursive) = (addition.filter, addition.ingestion)
            && kind == FileKind::Directory
        {
            self.exclude(path, filter, &mut excluded)?;
        }
        let mut keep = |path: &Path, _| -> Result<bool, HostError> { Ok(!excluded.contains(path)) };
        let request = AddPath {
            name: &addition.name,
            path,
            ingestion: addition.ingestion,
            filter: addition.filter.is_some().then_some(&mut keep),
        };
        self.host.add_path(request).map_err(|error| self.host_error(error))
    }

    /// Asks the filter about everything below `directory`. This cannot wait for the host to ask,
    /// since the filter itself may need the host.
    fn exclude(
        &mut self,
        directory: &Path,
        filter: Value<'a>,
        excluded: &mut HashSet<PathBuf, FastHash>,
    ) -> Result<()> {
        self.check_stack()?;
        for (name, kind) in self.host.list(directory).map_err(|error| self.host_error(error))? {
            let path = directory.join(path::of(&name));
            let text = self.cursor.string(path.as_os_str().as_encoded_bytes());
            let word = Value::String(Str::of(kind.word().as_bytes()));
            let kept = self.call(filter, &[Value::String(text).into(), word.into()])?;
            if !self.force_bool(kept.into())? {
                excluded.insert(path);
            } else if kind == FileKind::Directory {
                self.exclude(&path, filter, excluded)?;
            }
        }
        Ok(())
    }
}
