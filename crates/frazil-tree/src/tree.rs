//! The tree itself: inserting, merging, walking.
//!
//! Entries stand in one ordered map by their whole path: a walk is an iteration, a directory a
//! range, and a tree of 300 000 files needs no more care than one of ten.
//!
//! Invariant: the parent of each entry is a directory of the tree, and each leaf has an entry.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map;

use crate::leaf::{Leaf, LeafKind, Metadata, Mode, Origin};
use crate::path::{TreePath, USR_ALIASES};

/// A root tree.
#[derive(Clone, Debug)]
pub struct Tree {
    entries: BTreeMap<TreePath, Entry>,
    leaves: Vec<Leaf>,
}

/// A leaf of one tree; entries with the same are hard links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafId(u32);

#[derive(Clone, Debug)]
enum Entry {
    Directory(Directory),
    Leaf(LeafId),
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Mode, owner, attributes.
    pub metadata: Metadata,
    /// Who brought it; `None` if it only stands on the way to something.
    pub origin: Option<Origin>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
pub enum Node<'t> {
    /// A directory.
    Directory(&'t Directory),
    /// Anything else.
    Leaf(LeafId, &'t Leaf),
}

/// Two units want one path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Both have a leaf there, and the leaves differ.
    #[error("`{path}` is in `{first}` and in `{second}`, with different {difference}")]
    Different {
        /// The place.
        path: TreePath,
        /// Who was there.
        first: Origin,
        /// Who came later.
        second: Origin,
        /// In what the two differ: `mode`, `owner`, `contents`, ...
        difference: &'static str,
    },
    /// One has a directory where the other has a leaf.
    #[error("`{path}` is a directory in `{directory}`, and something else in `{leaf}`")]
    DirectoryAndLeaf {
        /// The place.
        path: TreePath,
        /// Who has the directory, or something below it.
        directory: Origin,
        /// Who has the leaf.
        leaf: Origin,
    },
}

impl Conflict {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Different { .. } => "leave the file out of one of the two units",
            Self::DirectoryAndLeaf { .. } => "the two units cannot both be in the system",
        }
    }
}

impl Default for Tree {
    fn default() -> Self {
        let root = Directory { metadata: Metadata::of_root(Mode::DIRECTORY), origin: None };
        let entries = BTreeMap::from([(TreePath::root(), Entry::Directory(root))]);
        Self { entries, leaves: Vec::new() }
    }
}

impl Tree {
    /// A tree whose `/bin`, `/lib`, `/lib64` and `/sbin` are links into `/usr`. What is inserted
    /// below them lands there.
    pub fn usr_merged(origin: &Origin) -> Self {
        let mut tree = Self::default();
        for alias in USR_ALIASES {
            let target: Box<[u8]> = [b"usr/", alias].concat().into();
            let leaf = Leaf {
                metadata: Metadata::of_root(Mode::SYMLINK),
                origin: origin.clone(),
                kind: LeafKind::Symlink(target),
            };
            let id = tree.push(leaf);
            if let Ok(path) = TreePath::parse(alias) {
                tree.entries.insert(path, Entry::Leaf(id));
            }
        }
        tree
    }

    /// Puts a leaf at a path and directories on the way. A leaf that is there already stays if it
    /// has the same metadata and contents.
    pub fn insert(&mut self, path: TreePath, leaf: Leaf) -> Result<LeafId, Conflict> {
        let path = self.place(path);
        if let Some(id) = self.find_equal(&path, &leaf)? {
            return Ok(id);
        }
        self.make_parents(&path, &leaf.origin)?;
        let id = self.push(leaf);
        self.entries.insert(path, Entry::Leaf(id));
        Ok(id)
    }

    /// Makes `path` a hard link to a leaf of this tree.
    pub fn link(&mut self, path: TreePath, id: LeafId) -> Result<(), Conflict> {
        let path = self.place(path);
        let Some(leaf) = self.leaves.get(id.0 as usize).cloned() else { return Ok(()) };
        if self.find_equal(&path, &leaf)?.is_none() {
            self.make_parents(&path, &leaf.origin)?;
            self.entries.insert(path, Entry::Leaf(id));
        }
        Ok(())
    }

    /// Puts a directory at a path. If several units bring it, the first one says who may use it.
    pub fn insert_directory(
        &mut self,
        path: TreePath,
        metadata: Metadata,
        origin: Origin,
    ) -> Result<(), Conflict> {
        let path = if USR_ALIASES.contains(&path.as_bytes()) && self.is_alias(path.as_bytes()) {
            path.usr_merged()
        } else {
            self.place(path)
        };
        match self.entries.get_mut(&path) {
            Some(Entry::Directory(directory)) => {
                if directory.origin.is_none() {
                    *directory = Directory { metadata, origin: Some(origin) };
                }
                return Ok(());
            }
            Some(Entry::Leaf(id)) => {
                let leaf = *id;
                return Err(self.below_leaf(&path, leaf, &origin));
            }
            None => {}
        }
        self.make_parents(&path, &origin)?;
        self.entries.insert(path, Entry::Directory(Directory { metadata, origin: Some(origin) }));
        Ok(())
    }

    /// Takes the entry of a leaf away; its other entries stay. Says whether there was one.
    pub fn remove(&mut self, path: &TreePath) -> bool {
        let path = self.place(path.clone());
        let is_leaf = matches!(self.entries.get(&path), Some(Entry::Leaf(_)));
        if is_leaf {
            self.entries.remove(&path);
        }
        is_leaf
    }

    /// As [`insert_directory`](Self::insert_directory), but what is said now counts, whoever brought
    /// the directory.
    pub fn set_directory(
        &mut self,
        path: TreePath,
        metadata: Metadata,
        origin: Origin,
    ) -> Result<(), Conflict> {
        self.insert_directory(path.clone(), metadata.clone(), origin)?;
        let path = self.place(path);
        if let Some(Entry::Directory(directory)) = self.entries.get_mut(&path) {
            directory.metadata = metadata;
        }
        Ok(())
    }

    /// Changes permissions and owner of what stands at `path`, under all of its names. Says whether
    /// there is anything.
    pub fn change_metadata(&mut self, path: &TreePath, change: impl FnOnce(&mut Metadata)) -> bool {
        let path = self.place(path.clone());
        let metadata = match self.entries.get_mut(&path) {
            Some(Entry::Directory(directory)) => Some(&mut directory.metadata),
            Some(Entry::Leaf(id)) => {
                self.leaves.get_mut(id.0 as usize).map(|leaf| &mut leaf.metadata)
            }
            None => None,
        };
        metadata.map(change).is_some()
    }

    /// Brings everything of `other` here, except what conflicts, which is returned.
    pub fn merge(&mut self, other: Tree) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        let mut moved: Vec<Option<LeafId>> = vec![None; other.leaves.len()];
        for (path, entry) in other.entries {
            let result = match entry {
                Entry::Directory(Directory { origin: None, .. }) => Ok(()),
                Entry::Directory(Directory { metadata, origin: Some(origin) }) => {
                    self.insert_directory(path, metadata, origin)
                }
                Entry::Leaf(id) => {
                    let index = id.0 as usize;
                    match (moved.get(index).copied().flatten(), other.leaves.get(index)) {
                        (Some(here), _) => self.link(path, here),
                        (None, Some(leaf)) => self.insert(path, leaf.clone()).map(|here| {
                            if let Some(slot) = moved.get_mut(index) {
                                *slot = Some(here);
                            }
                        }),
                        (None, None) => Ok(()),
                    }
                }
            };
            conflicts.extend(result.err());
        }
        conflicts
    }

    /// What stands at `path`, links not followed.
    pub fn get(&self, path: &TreePath) -> Option<Node<'_>> {
        self.node(self.entries.get(path)?)
    }

    /// All entries, the root first, each directory before what is in it.
    pub fn walk(&self) -> impl Iterator<Item = (&TreePath, Node<'_>)> {
        self.entries.iter().filter_map(|(path, entry)| Some((path, self.node(entry)?)))
    }

    /// A directory and all below it, as [`walk`](Self::walk) meets them.
    pub fn walk_from<'t>(
        &'t self,
        directory: &'t TreePath,
    ) -> impl Iterator<Item = (&'t TreePath, Node<'t>)> {
        self.entries
            .range(directory..)
            .take_while(|(path, _)| path.is_within(directory))
            .filter_map(|(path, entry)| Some((path, self.node(entry)?)))
    }

    /// How many entries there are, the root among them.
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// The leaves, hard links once, in the order in which they came.
    pub fn leaves(&self) -> impl Iterator<Item = (LeafId, &Leaf)> {
        (0..).map(LeafId).zip(&self.leaves)
    }

    /// Bytes in files, hard links once, by unit.
    pub fn bytes_by_origin(&self) -> BTreeMap<&Origin, u64> {
        let mut bytes = BTreeMap::new();
        for leaf in &self.leaves {
            if let LeafKind::File(file) = &leaf.kind {
                *bytes.entry(&leaf.origin).or_default() += file.size();
            }
        }
        bytes
    }

    fn node<'t>(&'t self, entry: &'t Entry) -> Option<Node<'t>> {
        match entry {
            Entry::Directory(directory) => Some(Node::Directory(directory)),
            Entry::Leaf(id) => Some(Node::Leaf(*id, self.leaves.get(id.0 as usize)?)),
        }
    }

    fn push(&mut self, mut leaf: Leaf) -> LeafId {
        if matches!(leaf.kind, LeafKind::Symlink(_)) {
            leaf.metadata.mode = Mode::SYMLINK;
        }
        self.leaves.push(leaf);
        LeafId(self.leaves.len() as u32 - 1)
    }

    fn is_alias(&self, name: &[u8]) -> bool {
        let Ok(path) = TreePath::parse(name) else { return false };
        match self.get(&path) {
            Some(Node::Leaf(_, Leaf { kind: LeafKind::Symlink(target), .. })) => {
                target.strip_prefix(b"usr/") == Some(name)
            }
            Some(_) | None => false,
        }
    }

    /// Where an entry goes: below the target of an alias rather than below the alias.
    fn place(&self, path: TreePath) -> TreePath {
        let first = path.names().next().unwrap_or_default();
        let is_below_alias =
            path.as_bytes() != first && USR_ALIASES.contains(&first) && self.is_alias(first);
        if is_below_alias { path.usr_merged() } else { path }
    }

    /// The leaf at `path` if it is as good as `leaf`; a conflict if something else is there.
    fn find_equal(&self, path: &TreePath, leaf: &Leaf) -> Result<Option<LeafId>, Conflict> {
        match self.get(path) {
            None => Ok(None),
            Some(Node::Directory(directory)) => Err(Conflict::DirectoryAndLeaf {
                path: path.clone(),
                directory: directory
                    .origin
                    .clone()
                    .unwrap_or_else(|| self.origin_below(path, leaf)),
                leaf: leaf.origin.clone(),
            }),
            Some(Node::Leaf(id, there)) => match difference(there, leaf) {
                None => Ok(Some(id)),
                Some(difference) => Err(Conflict::Different {
                    path: path.clone(),
                    first: there.origin.clone(),
                    second: leaf.origin.clone(),
                    difference,
                }),
            },
        }
    }

    /// Who brought something into a directory that nobody brought.
    fn origin_below(&self, directory: &TreePath, other: &Leaf) -> Origin {
        let mut origins = self.walk_from(directory).filter_map(|(_, node)| match node {
            Node::Directory(directory) => directory.origin.clone(),
            Node::Leaf(_, leaf) => Some(leaf.origin.clone()),
        });
        origins.next().unwrap_or_else(|| other.origin.clone())
    }

    fn below_leaf(&self, path: &TreePath, leaf: LeafId, origin: &Origin) -> Conflict {
        let there = self.leaves.get(leaf.0 as usize).map(|leaf| leaf.origin.clone());
        Conflict::DirectoryAndLeaf {
            path: path.clone(),
            directory: origin.clone(),
            leaf: there.unwrap_or_else(|| origin.clone()),
        }
    }

    fn make_parents(&mut self, path: &TreePath, origin: &Origin) -> Result<(), Conflict> {
        let mut missing = Vec::new();
        let mut next = path.parent();
        while let Some(parent) = next {
            match self.entries.get(&parent) {
                Some(Entry::Directory(_)) => break,
                Some(Entry::Leaf(id)) => return Err(self.below_leaf(&parent, *id, origin)),
                None => {
                    next = parent.parent();
                    missing.push(parent);
                }
            }
        }
        for parent in missing {
            if let btree_map::Entry::Vacant(slot) = self.entries.entry(parent) {
                let metadata = Metadata::of_root(Mode::DIRECTORY);
                slot.insert(Entry::Directory(Directory { metadata, origin: None }));
            }
        }
        Ok(())
    }
}

/// In what two leaves differ that want the same place; their units do not count.
fn difference(first: &Leaf, second: &Leaf) -> Option<&'static str> {
    match (&first.kind, &second.kind) {
        (LeafKind::File(a), LeafKind::File(b)) => {
            let same_place = first.origin == second.origin && a == b;
            if !same_place && !a.has_bytes_of(b) {
                return Some("contents");
            }
        }
        (LeafKind::Symlink(a), LeafKind::Symlink(b)) if a != b => return Some("targets"),
        (LeafKind::Symlink(_), LeafKind::Symlink(_)) | (LeafKind::Fifo, LeafKind::Fifo) => {}
        (a @ LeafKind::Device { .. }, b @ LeafKind::Device { .. }) if a == b => {}
        (LeafKind::Device { .. }, LeafKind::Device { .. }) => return Some("devices"),
        (
            LeafKind::File(_) | LeafKind::Symlink(_) | LeafKind::Device { .. } | LeafKind::Fifo,
            _,
        ) => return Some("kinds of files"),
    }
    let (a, b) = (&first.metadata, &second.metadata);
    if a.mode != b.mode && !matches!(first.kind, LeafKind::Symlink(_)) {
        Some("modes")
    } else if (a.uid, a.gid) != (b.uid, b.gid) {
        Some("owners")
    } else if a.xattrs != b.xattrs {
        Some("attributes")
    } else {
        None
    }
}
