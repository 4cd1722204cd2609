//! Paths of the system, as the universe knows them: without the first slash, in order, and below
//! `usr` rather than below the aliases of the root.

use std::borrow::Cow;

use frazil_tree::path::USR_ALIASES;

use crate::unit::Unit;

/// Where an entry of a unit lies.
pub(crate) fn place<'a>(unit: &'a Unit, path: &'a [u8]) -> Cow<'a, [u8]> {
    if unit.mount.is_root() {
        merge_usr(Cow::Borrowed(path))
    } else if path.is_empty() {
        Cow::Borrowed(unit.mount.as_bytes())
    } else {
        Cow::Owned([unit.mount.as_bytes(), b"/", path].concat())
    }
}

/// Where `path` leads from `directory`, links not followed: an absolute path leads from the root.
pub(crate) fn join(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(directory.len() + path.len() + 1);
    if !path.starts_with(b"/") {
        joined.extend_from_slice(directory);
    }
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => joined.truncate(parent(&joined).len()),
            name => {
                if !joined.is_empty() {
                    joined.push(b'/');
                }
                joined.extend_from_slice(name);
            }
        }
    }
    merge_usr(Cow::Owned(joined)).into_owned()
}

/// The directory that a path is in; empty for what is in the root.
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    let end = memchr::memrchr(b'/', path).unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

fn merge_usr(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    if USR_ALIASES.contains(&first) { Cow::Owned([b"usr/", &*path].concat()) } else { path }
}
