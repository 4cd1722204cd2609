//! Paths as text: nothing here looks at the disk.

use std::path::{Component, Path, PathBuf};

/// Symbolic links that are followed for one path, as on Linux.
pub(crate) const LINKS_MAX: usize = 40;

/// An absolute path without `.`, `..` and a slash at its end; links are not followed.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                normal.push(component);
            }
        }
    }
    normal
}
