//! Layers one over the other, as an engine would lay them.
//!
//! Parents of entries that are symbolic links are followed, within the tree. Invariant: the parent
//! of each entry is a directory, and a whiteout takes away only what lower layers brought.

use std::collections::BTreeMap;
use std::io::Read;

use frazil_model::{Hash, HashAlgorithm, Hasher, Sha256};
use frazil_tree::tree::Conflict;
use frazil_tree::{File, Leaf, LeafId, LeafKind, Metadata, Mode, Origin, Tree, TreePath};

use super::archive::{Archive, ArchiveError, Entry, Kind};
use super::{Limits, ReadError, ReadOptions};

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Whiteouts may look at so many entries for each one that an image may have. Those of engines look
/// at what they take away; made up ones could look at everything, each time.
const LOOKS_PER_ENTRY: u64 = 16;
/// Links on the way to an entry; the kernel follows no more.
const LINKS_MAX: usize = 40;

/// Why an entry has no place.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Its name leaves the root, or is no name.
    #[error("`{}` is no place in a root", name.escape_ascii())]
    Name {
        /// The name.
        name: Vec<u8>,
    },
    /// Something on the way is no directory.
    #[error("something on the way to `{path}` is no directory")]
    NotADirectory {
        /// The place.
        path: TreePath,
    },
    /// Links on the way do not end.
    #[error("too many symbolic links on the way to `{path}`")]
    Links {
        /// The place.
        path: TreePath,
    },
    /// It takes things away that are not there, again and again.
    #[error("its whiteouts take too long")]
    Whiteouts,
    /// A hard link to what is not there.
    #[error("`{path}` is a hard link to `{}`, which is no file", target.escape_ascii())]
    HardLink {
        /// The place.
        path: TreePath,
        /// What it should be.
        target: Vec<u8>,
    },
    /// The tree does not take it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

enum Node {
    Directory(Metadata, Origin),
    Leaf(usize),
}

struct Placed {
    node: Node,
    /// The number of the layer that brought it.
    layer: usize,
}

pub(super) struct Merge<'o> {
    options: &'o ReadOptions<'o>,
    entries: BTreeMap<TreePath, Placed>,
    leaves: Vec<Leaf>,
    layer: usize,
    left: Limits,
    /// Entries that whiteouts may still look at.
    looks_left: u64,
}

impl<'o> Merge<'o> {
    pub(super) fn new(options: &'o ReadOptions<'o>) -> Self {
        let (entries, leaves) = (BTreeMap::new(), Vec::new());
        let looks_left = options.limits.entries_max.saturating_mul(LOOKS_PER_ENTRY);
        Self { options, entries, leaves, layer: 0, left: options.limits, looks_left }
    }

    pub(super) fn bytes_left(&self) -> u64 {
        self.left.bytes_max
    }

    /// Lays the archive of the next layer over what is there.
    pub(super) fn layer(
        &mut self,
        archive: &mut dyn Read,
        origin: &Origin,
        name: &str,
    ) -> Result<(), ReadError> {
        self.layer += 1;
        let mut archive = Archive::new(archive);
        let mut before = 0;
        let unread = |source| ReadError::Archive { name: name.to_owned(), source };
        while let Some(entry) = archive.next_entry().map_err(unread)? {
            self.count(archive.offset() - before, entry.size)?;
            before = archive.offset();
            let applied = self.entry(entry, origin, &mut archive).map_err(unread)?;
            applied.map_err(|source| ReadError::Merge { name: name.to_owned(), source })?;
        }
        Ok(())
    }

    /// Takes what an entry costs off what is left.
    fn count(&mut self, passed: u64, size: u64) -> Result<(), ReadError> {
        let limits = &self.options.limits;
        let bytes = self.left.bytes_max.checked_sub(passed).filter(|left| size <= *left);
        let too_large = |what, limit| ReadError::TooLarge { what, limit };
        self.left.bytes_max = bytes.ok_or(too_large("bytes", limits.bytes_max))?;
        let entries = self.left.entries_max.checked_sub(1);
        self.left.entries_max = entries.ok_or(too_large("entries", limits.entries_max))?;
        Ok(())
    }

    fn entry(
        &mut self,
        entry: Entry,
        origin: &Origin,
        archive: &mut Archive<'_>,
    ) -> Result<Result<(), MergeError>, ArchiveError> {
        let path = match self.place(&entry.name) {
            Ok(path) => path,
            Err(error) => return Ok(Err(error)),
        };
        let name = path.file_name();
        if name == OPAQUE {
            let directory = path.parent();
            return Ok(directory.map_or(Ok(()), |directory| self.remove_lower(&directory, false)));
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            // What begins with two marks is aufs's own.
            if !hidden.starts_with(WHITEOUT)
                && let Ok(hidden) = sibling(&path, hidden)
            {
                return Ok(self.remove_lower(&hidden, true));
            }
            return Ok(Ok(()));
        }
        let metadata = Metadata {
            mode: Mode::of(entry.mode),
            uid: entry.uid,
            gid: entry.gid,
            xattrs: entry.xattrs,
        };
        let kind = match entry.kind {
            Kind::Directory => return Ok(self.directory(path, metadata, origin)),
            Kind::HardLink(target) => return Ok(self.hard_link(path, &target)),
            Kind::File => LeafKind::File(self.file(&path, entry.size, archive)?),
            Kind::Symlink(target) => LeafKind::Symlink(target.into()),
            Kind::Device(kind, major, minor) => LeafKind::Device { kind, major, minor },
            Kind::Fifo => LeafKind::Fifo,
        };
        self.leaves.push(Leaf { metadata, origin: origin.clone(), kind });
        Ok(self.put(path, Node::Leaf(self.leaves.len() - 1)))
    }

    /// Digests the bytes of a file; those that are wanted are kept.
    fn file(
        &mut self,
        path: &TreePath,
        size: u64,
        archive: &mut Archive<'_>,
    ) -> Result<File, ArchiveError> {
        let room = self.options.limits.kept_bytes_max.min(self.left.all_kept_bytes_max);
        let is_kept = size <= room && (self.options.keeps)(path);
        let mut kept = Vec::new();
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        let mut buffer = vec![0; (64 << 10).min(size as usize).max(1)];
        loop {
            let read = archive.read_contents(&mut buffer)?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            if is_kept {
                kept.extend_from_slice(bytes);
            }
        }
        if is_kept {
            self.left.all_kept_bytes_max -= size;
            return Ok(File::inline(&kept));
        }
        let digest = match hasher.finish() {
            Hash::Sha256(digest) => Some(Sha256(digest)),
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha512(_) => None,
        };
        Ok(File::in_unit(path.clone(), size, digest))
    }

    fn directory(
        &mut self,
        path: TreePath,
        metadata: Metadata,
        origin: &Origin,
    ) -> Result<(), MergeError> {
        let layer = self.layer;
        if let Some(Placed { node: node @ Node::Directory(..), layer: there }) =
            self.entries.get_mut(&path)
        {
            *node = Node::Directory(metadata, origin.clone());
            *there = layer;
            return Ok(());
        }
        self.put(path, Node::Directory(metadata, origin.clone()))
    }

    fn hard_link(&mut self, path: TreePath, target: &[u8]) -> Result<(), MergeError> {
        let place = self.place(target)?;
        match self.entries.get(&place) {
            Some(Placed { node: Node::Leaf(leaf), .. }) => {
                let leaf = *leaf;
                if place == path { Ok(()) } else { self.put(path, Node::Leaf(leaf)) }
            }
            Some(_) | None => Err(MergeError::HardLink { path, target: target.to_vec() }),
        }
    }

    /// Puts a node where nothing may be any more, but directories on the way.
    fn put(&mut self, path: TreePath, node: Node) -> Result<(), MergeError> {
        if path.is_root() {
            return match node {
                Node::Directory(..) => {
                    self.entries.insert(path, Placed { node, layer: self.layer });
                    Ok(())
                }
                Node::Leaf(_) => Err(MergeError::Name { name: b".".to_vec() }),
            };
        }
        self.remove_all(&path);
        let mut next = path.parent();
        let mut missing = Vec::new();
        while let Some(parent) = next.filter(|parent| !parent.is_root()) {
            match self.entries.get(&parent) {
                Some(Placed { node: Node::Directory(..), .. }) => break,
                Some(_) => return Err(MergeError::NotADirectory { path }),
                None => next = parent.parent(),
            }
            missing.push(parent);
        }
        let origin = match &node {
            Node::Directory(_, origin) => Some(origin.clone()),
            Node::Leaf(leaf) => self.leaves.get(*leaf).map(|leaf| leaf.origin.clone()),
        };
        for parent in missing {
            let Some(origin) = origin.clone() else { break };
            let node = Node::Directory(Metadata::of_root(Mode::DIRECTORY), origin);
            self.entries.insert(parent, Placed { node, layer: self.layer });
        }
        self.entries.insert(path, Placed { node, layer: self.layer });
        Ok(())
    }

    fn within(&self, path: &TreePath) -> Vec<(TreePath, usize)> {
        let range = self.entries.range(path..).take_while(|(other, _)| other.is_within(path));
        range.map(|(other, placed)| (other.clone(), placed.layer)).collect()
    }

    fn remove_all(&mut self, path: &TreePath) {
        for (path, _) in self.within(path) {
            self.entries.remove(&path);
        }
    }

    /// Takes away what lower layers have at a place and below it, or only below it.
    fn remove_lower(&mut self, path: &TreePath, with_itself: bool) -> Result<(), MergeError> {
        let within = self.within(path);
        let looks_left = self.looks_left.checked_sub(within.len() as u64);
        self.looks_left = looks_left.ok_or(MergeError::Whiteouts)?;
        // Deepest first: a directory stays while something of this layer is in it.
        let mut stays: Option<TreePath> = None;
        for (other, layer) in within.into_iter().rev() {
            let is_needed = stays.as_ref().is_some_and(|stays| stays.is_within(&other));
            if layer == self.layer || is_needed {
                stays = Some(other);
            } else if with_itself || other != *path {
                self.entries.remove(&other);
            }
        }
        Ok(())
    }

    /// The place of a name: links on the way are followed, the last name is not.
    fn place(&self, name: &[u8]) -> Result<TreePath, MergeError> {
        let wrong = |_| MergeError::Name { name: name.to_vec() };
        let names = name.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
        let plain = TreePath::parse(&names.collect::<Vec<_>>().join(&b'/')).map_err(wrong)?;
        let mut place: Vec<Vec<u8>> = Vec::new();
        let mut left: Vec<Vec<u8>> = plain.names().map(<[u8]>::to_vec).collect();
        left.reverse();
        let mut links = 0;
        while let Some(next) = left.pop() {
            if matches!(&next[..], b"" | b".") {
                continue;
            }
            if next == b".." {
                // Only links have it; above the root is the root.
                place.pop();
                continue;
            }
            place.push(next);
            let here = TreePath::parse(&place.join(&b'/')).map_err(wrong)?;
            let target = if left.is_empty() { None } else { self.link_at(&here) };
            let Some(target) = target else { continue };
            links += 1;
            if links > LINKS_MAX || target.len() > frazil_tree::path::PATH_BYTES_MAX {
                return Err(MergeError::Links { path: plain });
            }
            place.pop();
            if target.starts_with(b"/") {
                place.clear();
            }
            left.extend(target.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec));
        }
        TreePath::parse(&place.join(&b'/')).map_err(wrong)
    }

    fn link_at(&self, path: &TreePath) -> Option<&[u8]> {
        let Placed { node: Node::Leaf(leaf), .. } = self.entries.get(path)? else { return None };
        match &self.leaves.get(*leaf)?.kind {
            LeafKind::Symlink(target) => Some(target),
            LeafKind::File(_) | LeafKind::Device { .. } | LeafKind::Fifo => None,
        }
    }

    pub(super) fn into_tree(self) -> Result<Tree, MergeError> {
        let mut tree = Tree::default();
        let mut ids: BTreeMap<usize, LeafId> = BTreeMap::new();
        for (path, placed) in self.entries {
            match placed.node {
                Node::Directory(metadata, origin) => {
                    tree.insert_directory(path, metadata, origin)?;
                }
                Node::Leaf(index) => {
                    if let Some(id) = ids.get(&index) {
                        tree.link(path, *id)?;
                    } else if let Some(leaf) = self.leaves.get(index) {
                        ids.insert(index, tree.insert(path, leaf.clone())?);
                    }
                }
            }
        }
        Ok(tree)
    }
}

fn sibling(path: &TreePath, name: &[u8]) -> Result<TreePath, frazil_tree::path::TreePathError> {
    let parent = path.parent().unwrap_or_else(TreePath::root);
    let parts = [parent.as_bytes(), name];
    TreePath::parse(
        &parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&b'/'),
    )
}
