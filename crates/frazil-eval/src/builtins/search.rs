//! The search path: `<name>` and `findFile`.

use std::collections::HashMap;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::files::Follow;
use super::{Builtin, two};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::host::Message;
use crate::path;
use crate::symbol::FastHash;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[Builtin::new(
    "findFile",
    &["search-path", "lookup-path"],
    Some(0),
    find_file,
    "The file that *lookup-path* names in *search-path*, a list of `{ prefix, path }`. `<x>` is `findFile nixPath \"x\"`.",
)];

/// Where the files of `<nix/...>` lie, which are part of the evaluator.
pub(super) const INTERNAL_PREFIX: &[u8] = b"nix/";

/// The directory that each entry's path stands for, or `None` when there is nothing.
#[derive(Default)]
pub(crate) struct Cache(HashMap<Vec<u8>, Option<Vec<u8>>, FastHash>);

fn find_file<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (search_path, name) = two(args);
    let search_path = ev.force_list(search_path)?;
    let mut entries: Vec<(&'a [u8], Vec<u8>)> = Vec::with_capacity(search_path.len());
    for entry in search_path.iter() {
        let entry = ev.force_attrs(entry)?;
        let prefix = match entry.get(ev.names.prefix) {
            Some(prefix) => ev.force_plain_string(Lazy::of(&prefix.slot))?,
            None => b"",
        };
        let location = ev.required(entry, ev.names.path)?;
        let location = ev.coerce_lazy(location, Coercion::TEXT)?;
        let rewrites = ev.realise_context(location.context())?;
        entries.push((prefix, rewrites.apply(location.bytes())));
    }
    let name = ev.force_plain_string(name)?;
    let entries = entries.iter().map(|(prefix, location)| (*prefix, &**location));
    let found = ev.search(entries, name)?;
    Ok(Value::Path(ev.cursor.string(&found)))
}

impl Evaluator<'_> {
    /// The file that `<name>` stands for, without any search path in scope but that of the options.
    pub fn find_file(&mut self, name: &str) -> Result<PathBuf> {
        let entries = if self.options.pure { Vec::new() } else { self.options.search_path.clone() };
        let entries = entries.iter().map(|entry| (entry.prefix.as_bytes(), entry.path.as_bytes()));
        let found = self.search(entries, name.as_bytes())?;
        Ok(std::ffi::OsString::from_vec(found).into())
    }

    fn search<'e>(
        &mut self,
        entries: impl Iterator<Item = (&'e [u8], &'e [u8])>,
        name: &[u8],
    ) -> Result<Vec<u8>> {
        for (prefix, location) in entries {
            let Some(rest) = below(prefix, name) else { continue };
            let Some(directory) = self.search_location(location)? else { continue };
            let file = path::normalise(&path::child(&directory, rest));
            let file = self.resolve_links(&file, Follow::All)?;
            if self.file_kind(&file)?.is_some() {
                return Ok(file);
            }
        }
        if name.starts_with(INTERNAL_PREFIX) {
            return Ok([b"<", name, b">"].concat());
        }
        Err(self.not_found(name))
    }

    #[cold]
    fn not_found(&self, name: &[u8]) -> Error {
        let name = path::shown(name);
        let message = if self.options.pure {
            format!(
                "cannot look up '<{name}>' in pure evaluation mode (use '--impure' to override)"
            )
        } else {
            format!(
                "file '{name}' was not found in the Nix search path (add it using $NIX_PATH or -I)"
            )
        };
        self.error(ErrorKind::Throw, message)
    }

    fn search_location(&mut self, location: &[u8]) -> Result<Option<Vec<u8>>> {
        if let Some(known) = self.caches.searches.0.get(location) {
            return Ok(known.clone());
        }
        let found = self.resolve_location(location)?;
        self.caches.searches.0.insert(location.to_vec(), found.clone());
        Ok(found)
    }

    fn resolve_location(&mut self, location: &[u8]) -> Result<Option<Vec<u8>>> {
        let shown = path::shown(location);
        if is_url(&shown) {
            match self.unpacked_tarball(&shown) {
                Ok(directory) => return Ok(Some(directory)),
                Err(error) => {
                    let reason = error.message();
                    let warning = format!(
                        "Nix search path entry '{shown}' cannot be downloaded, ignoring: {reason}"
                    );
                    self.host.tell(Message::Warning(warning));
                }
            }
        }
        let directory = path::normalise(location);
        let resolved = self.resolve_links(&directory, Follow::All)?;
        if self.file_kind(&resolved)?.is_some() {
            return Ok(Some(directory));
        }
        let warning = format!("Nix search path entry '{shown}' does not exist, ignoring");
        self.host.tell(Message::Warning(warning));
        Ok(None)
    }
}

/// What remains of `name` below `prefix`; an empty prefix is above everything.
fn below<'n>(prefix: &[u8], name: &'n [u8]) -> Option<&'n [u8]> {
    let rest = name.strip_prefix(prefix)?;
    if prefix.is_empty() || rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"/") }
}

/// Whether a location is to be downloaded.
fn is_url(location: &str) -> bool {
    const SCHEMES: &[&str] = &["http", "https", "file", "channel", "git", "s3", "ssh"];
    location.starts_with("channel:")
        || location.split_once("://").is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
}
