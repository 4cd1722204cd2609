//! Packages whose trees are laid out at the root of a system: a link for each of their files.
//!
//! What is a link itself, as everything in an adapter is, leads straight to where it points. So a
//! command of Debian's stands at the root where Debian has it, and needs no link at all.

use std::path::{Path, PathBuf};

use frazil_tree::TreePath;

use super::{Setting, SystemError, physical};
use crate::path::{LINKS_MAX, normal};

/// What is about a package and not of it.
const ABOUT: &str = "nix-support";

/// A file of a package at the root.
pub(super) struct LaidOut {
    /// Where it is to stand.
    pub path: TreePath,
    /// Where it is.
    pub target: String,
}

impl LaidOut {
    /// Whether it is there already.
    pub(super) fn is_in_place(&self) -> bool {
        self.target.as_bytes().strip_prefix(b"/") == Some(self.path.as_bytes())
    }
}

/// The files of a package, by their places at the root.
pub(super) fn files(package: &str, setting: &Setting<'_>) -> Result<Vec<LaidOut>, SystemError> {
    let mut files = Vec::new();
    let mut next = vec![(PathBuf::from(package), PathBuf::new(), 0)];
    while let Some((logical, place, links)) = next.pop() {
        let text = logical.to_string_lossy().into_owned();
        let path = physical(setting, &text);
        let failed = |source| SystemError::Read { path: text.clone(), source };
        let found = path.symlink_metadata().map_err(failed)?;
        if found.is_symlink() {
            let target = std::fs::read_link(&path).map_err(failed)?;
            let target = normal(&logical.parent().unwrap_or(Path::new("/")).join(target));
            let there = physical(setting, &target.to_string_lossy()).symlink_metadata();
            let is_in_store = setting.store.split(target.as_os_str().as_encoded_bytes()).is_ok();
            let leads_on = there.is_ok_and(|there| there.is_dir() || there.is_symlink());
            if is_in_store && leads_on && links < LINKS_MAX {
                next.push((target, place, links + 1));
            } else {
                push(&mut files, &place, &target)?;
            }
        } else if found.is_dir() {
            for entry in std::fs::read_dir(&path).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                if !(place.as_os_str().is_empty() && name == ABOUT) {
                    next.push((logical.join(&name), place.join(&name), links));
                }
            }
        } else {
            push(&mut files, &place, &logical)?;
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn push(files: &mut Vec<LaidOut>, place: &Path, target: &Path) -> Result<(), SystemError> {
    let target = target.to_string_lossy().into_owned();
    if place.as_os_str().is_empty() {
        return Err(SystemError::Value {
            what: "a tree that is laid out at the root",
            value: target,
        });
    }
    let path = super::tree_path(&place.to_string_lossy())?.usr_merged();
    files.push(LaidOut { path, target });
    Ok(())
}
