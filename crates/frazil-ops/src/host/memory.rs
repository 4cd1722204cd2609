//! The store in memory: what was added, and finding paths in it or else on the disk.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use frazil_eval::host::{FileKind, HostError};
use frazil_model::nar::FileName;
use frazil_model::{StoreDir, StorePath};

use super::path_of;
use super::tree::Node;
use crate::path::{LINKS_MAX, normal};

/// Which symbolic links are followed on the way to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    Ancestors,
    /// The last component, too.
    Final,
}

/// Where a path leads. The node may be of any kind; a path on the disk may not exist.
#[derive(Debug)]
pub(super) enum Located<'s> {
    Node(&'s Node),
    Disk(PathBuf),
}

pub(super) struct MemoryStore {
    store_dir: StoreDir,
    physical_dir: PathBuf,
    trees: BTreeMap<StorePath, Node>,
}

impl MemoryStore {
    pub(super) fn new(store_dir: StoreDir, physical_dir: PathBuf) -> Self {
        Self { store_dir, physical_dir, trees: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, path: StorePath, node: Node) {
        self.trees.insert(path, node);
    }

    /// Finds out where `path` leads.
    pub(super) fn locate(&self, path: &Path, follow: Follow) -> Result<Located<'_>, HostError> {
        let mut current = path.to_owned();
        for _ in 0..LINKS_MAX {
            let Ok((store_path, rest)) = self.store_dir.split(current.as_os_str().as_bytes())
            else {
                return Ok(Located::Disk(current));
            };
            let rest = path_of(rest);
            let Some(tree) = self.trees.get(&store_path) else {
                let below = self.physical_dir.join(store_path.as_str());
                let is_top = rest.as_os_str().is_empty();
                return Ok(Located::Disk(if is_top { below } else { below.join(relative(rest)) }));
            };
            let top = PathBuf::from(self.store_dir.join(&store_path));
            match walk(tree, top, relative(rest), follow) {
                Walk::Node(node) => return Ok(Located::Node(node)),
                Walk::Nothing => return Err(HostError::NotFound(path.to_owned())),
                Walk::Elsewhere(other) => current = other,
            }
        }
        let source = std::io::ErrorKind::InvalidInput.into();
        Err(HostError::Io { action: "follow the links of", path: path.to_owned(), source })
    }

    /// The entries of a directory that is in memory.
    pub(super) fn list(&self, path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError> {
        match self.locate(path, Follow::Final)? {
            Located::Node(node) => node.list(path),
            Located::Disk(path) => Err(HostError::NotFound(path)),
        }
    }
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

enum Walk<'s> {
    Node(&'s Node),
    Nothing,
    /// A symbolic link leads to this path.
    Elsewhere(PathBuf),
}

/// Goes from `node`, which is known as `here`, down to `rest`.
fn walk<'s>(mut node: &'s Node, mut here: PathBuf, rest: &Path, follow: Follow) -> Walk<'s> {
    let mut components = rest.components();
    loop {
        if let Node::Symlink(target) = node
            && (follow == Follow::Final || !components.as_path().as_os_str().is_empty())
        {
            here.pop();
            return Walk::Elsewhere(normal(&here.join(target).join(components.as_path())));
        }
        let Some(component) = components.next() else { return Walk::Node(node) };
        let Node::Directory(entries) = node else { return Walk::Nothing };
        let name = FileName::new(component.as_os_str().as_bytes());
        let Some(entry) = name.ok().and_then(|name| entries.get(&name)) else {
            return Walk::Nothing;
        };
        here.push(component);
        node = entry;
    }
}
