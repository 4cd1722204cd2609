//! The entries so far, as a tree of names: no path is there twice, and none leads through a link.

use std::collections::BTreeMap;

use super::TarProblem;
use crate::deb::EntryKind;
use crate::deb::path::FilePath;

/// A tree takes memory for the names that are new, not for each whole path.
#[derive(Default)]
pub(super) struct Names {
    nodes: BTreeMap<(u32, Box<[u8]>), Node>,
    count: u32,
}

#[derive(Clone, Copy)]
struct Node {
    number: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An entry, or a parent of one.
    Directory,
    File,
    Other,
}

impl Names {
    /// Adds an entry, unless it cannot be there.
    pub(super) fn admit(&mut self, path: &FilePath, kind: &EntryKind) -> Result<(), TarProblem> {
        let kind = match kind {
            EntryKind::Directory => Kind::Directory,
            EntryKind::File => Kind::File,
            EntryKind::HardLink(target) => {
                if self.find(target) != Some(Kind::File) {
                    return Err(TarProblem::HardLink);
                }
                Kind::File
            }
            EntryKind::Symlink(_)
            | EntryKind::CharacterDevice(..)
            | EntryKind::BlockDevice(..)
            | EntryKind::Fifo => Kind::Other,
        };
        if path.is_root() {
            return if kind == Kind::Directory { Ok(()) } else { Err(TarProblem::Twice) };
        }
        let mut parent = 0;
        let mut names = path.names().peekable();
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            let wanted = if is_last { kind } else { Kind::Directory };
            let key = (parent, name.into());
            let count = self.count;
            let node = self.nodes.entry(key).or_insert(Node { number: count + 1, kind: wanted });
            let is_new = node.number == count + 1;
            if !is_new && !is_last && node.kind != Kind::Directory {
                return Err(TarProblem::Through);
            }
            if !is_new && is_last && (node.kind, kind) != (Kind::Directory, Kind::Directory) {
                return Err(TarProblem::Twice);
            }
            parent = node.number;
            self.count += u32::from(is_new);
        }
        Ok(())
    }

    fn find(&self, path: &FilePath) -> Option<Kind> {
        let mut parent = 0;
        let mut kind = Kind::Directory;
        for name in path.names() {
            let node = self.nodes.get(&(parent, name.into()))?;
            (parent, kind) = (node.number, node.kind);
        }
        Some(kind)
    }
}
