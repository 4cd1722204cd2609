//! The search path from outside of the language: `<name>` as an argument, `--find-file`.

use std::path::{Path, PathBuf};

use frazil_eval::host::Host;
use frazil_eval::{Diagnostic, ErrorKind, Options, SearchEntry};

use super::{Failure, refused};
use crate::path::normal;

/// Finds files in the search path, as `<name>` does, and prints their paths.
pub fn find_files(
    options: &Options,
    names: &[String],
    host: &mut dyn Host,
    printed: &mut Vec<u8>,
) -> Result<(), Failure> {
    for name in names {
        let found = find(&options.search_path, name, host)?;
        printed.extend(found.as_os_str().as_encoded_bytes());
        printed.push(b'\n');
    }
    Ok(())
}

/// The first file that an entry of the search path has for `name`.
pub(super) fn find(
    entries: &[SearchEntry],
    name: &str,
    host: &mut dyn Host,
) -> Result<PathBuf, Failure> {
    for entry in entries {
        let Some(rest) = below(&entry.prefix, name) else { continue };
        let path = normal(&Path::new(&entry.path).join(rest));
        if path.is_absolute() && host.kind(&path).map_err(refused)?.is_some() {
            return Ok(path);
        }
    }
    let message = format!(
        "file '{name}' was not found in the Nix search path (add it using $NIX_PATH or -I)"
    );
    Err(Failure(vec![Diagnostic::plain(ErrorKind::Throw, message)]))
}

/// What `name` names below an entry with this prefix; `None` if the entry is for other names.
fn below<'n>(prefix: &str, name: &'n str) -> Option<&'n str> {
    if prefix.is_empty() {
        return Some(name);
    }
    let rest = name.strip_prefix(prefix)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}
