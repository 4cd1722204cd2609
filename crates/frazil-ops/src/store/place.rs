//! What a user names in a store: by its logical name, by where it lies, or through links to either.
//!
//! Links are followed component by component, as the kernel does, but those in the store lead to
//! logical names, which may lie elsewhere. Invariant: what is found is in a store path.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use frazil_model::StorePath;
use frazil_store::Store;

use super::ReadError;
use crate::path::LINKS_MAX;

/// Where a path leads: a store path, and what is named in it, which may be nothing. A link that is
/// itself in a store path is what is named, not where it leads.
pub(super) fn find(
    store: &Store,
    text: &str,
    directory: &Path,
) -> Result<(StorePath, PathBuf), ReadError> {
    let logical = Path::new(store.store_dir().as_str());
    let mut here = PathBuf::new();
    let mut rest: VecDeque<OsString> = components(&directory.join(text)).collect();
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        here.push(name);
        // A directory of the machine may be called as the store is.
        if here == store.layout().store() {
            logical.clone_into(&mut here);
        }
        let Some(target) = link(store, &here) else { continue };
        if rest.is_empty() && here.starts_with(logical) {
            break;
        }
        links += 1;
        if links > LINKS_MAX {
            return Err(ReadError::Links { path: text.to_owned() });
        }
        here.pop();
        for name in components(&target).rev() {
            rest.push_front(name);
        }
    }
    let Ok(below) = here.strip_prefix(logical) else {
        return Ok((StorePath::parse(text.as_bytes())?, PathBuf::new()));
    };
    let mut names = below.components();
    let name = names.next().map_or(OsStr::new(""), Component::as_os_str);
    Ok((StorePath::parse(name.as_encoded_bytes())?, names.as_path().to_owned()))
}

/// Where a link leads; `None` if it is none. Above the store directory there are none.
fn link(store: &Store, here: &Path) -> Option<PathBuf> {
    let logical = Path::new(store.store_dir().as_str());
    if logical.starts_with(here) {
        return None;
    }
    match here.strip_prefix(logical) {
        Ok(below) => std::fs::read_link(store.layout().store().join(below)).ok(),
        Err(_) => std::fs::read_link(here).ok(),
    }
}

/// The names in a path; of an absolute one the root is the first.
fn components(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    let names = path.components().filter(|component| *component != Component::CurDir);
    names.map(|component| component.as_os_str().to_owned())
}
