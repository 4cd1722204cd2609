//! What an evaluation may read: in pure mode only what it was given and what it made itself, in
//! restricted mode the search path too.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use frazil_model::StorePath;

use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::path;

impl Evaluator<'_> {
    /// Fails when pure or restricted evaluation forbids to look at `path`.
    pub(crate) fn check_readable(&self, path: &Path) -> Result<()> {
        if !self.is_confined() || self.is_readable(path.as_os_str().as_bytes()) {
            Ok(())
        } else {
            Err(self.forbidden(path))
        }
    }

    /// Whether there is anything that this evaluation may not read.
    pub(crate) fn is_confined(&self) -> bool {
        self.options.pure || self.options.restricted
    }

    /// Lets a confined evaluation read what lies at a store path: it has made it or fetched it.
    pub(crate) fn make_readable(&mut self, path: &StorePath) {
        if self.is_confined() {
            self.caches.files.readable.insert(path.clone());
        }
    }

    /// Whether a confined evaluation may read `file`. The way to something readable is so, too.
    pub(super) fn is_readable(&self, file: &[u8]) -> bool {
        let within_or_above = |allowed: &[u8]| {
            let allowed = path::normalise(allowed);
            path::is_within(file, &allowed) || path::is_within(&allowed, file)
        };
        let options = &self.options;
        if options
            .allowed_paths
            .iter()
            .any(|allowed| within_or_above(allowed.as_os_str().as_bytes()))
        {
            return true;
        }
        let searched = if options.pure { &[][..] } else { &options.search_path };
        if searched
            .iter()
            .any(|entry| entry.path.starts_with('/') && within_or_above(entry.path.as_bytes()))
        {
            return true;
        }
        let readable = &self.caches.files.readable;
        match options.store_dir.split(file) {
            Ok((store_path, _)) => readable.contains(&store_path),
            Err(_) => {
                !readable.is_empty() && path::is_within(options.store_dir.as_str().as_bytes(), file)
            }
        }
    }

    /// Fails when restricted evaluation forbids to fetch `uri`.
    pub(crate) fn check_uri(&self, uri: &str) -> Result<()> {
        let options = &self.options;
        if !options.restricted || options.allowed_uris.iter().any(|prefix| allows(prefix, uri)) {
            return Ok(());
        }
        let local = if uri.starts_with('/') { Some(uri) } else { uri.strip_prefix("file://") };
        if let Some(file) = local {
            return self.check_readable(path::of(&path::normalise(file.as_bytes())));
        }
        let message = format!("access to URI '{uri}' is forbidden in restricted mode");
        Err(self
            .error(ErrorKind::Restricted, message)
            .help("add it, or the start of it up to a `/`, to the option `allowed-uris`"))
    }

    #[cold]
    fn forbidden(&self, path: &Path) -> Error {
        let mode = if self.options.pure {
            "in pure evaluation mode (use '--impure' to override)"
        } else {
            "in restricted mode"
        };
        let message = format!("access to absolute path '{}' is forbidden {mode}", path.display());
        self.error(ErrorKind::Restricted, message)
    }
}

/// Whether `uri` is `prefix` or lies below it. `https:` and `https://` stand for their whole scheme.
fn allows(prefix: &str, uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix(prefix) else { return false };
    let is_scheme =
        prefix.strip_suffix("://").or_else(|| prefix.strip_suffix(':')).is_some_and(|scheme| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
            !scheme.is_empty() && scheme.bytes().all(legal)
        });
    rest.is_empty()
        || !prefix.is_empty() && (prefix.ends_with('/') || rest.starts_with('/') || is_scheme)
}
