//! What is different between two trees.
//!
//! It compares what an image would hold: a file that moved to another unit with the same bytes has
//! changed its origin only. Which entries share a leaf is not compared.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

use crate::leaf::{File, LeafKind, Metadata, Origin};
use crate::path::TreePath;
use crate::tree::{Node, Tree};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: TreePath,
    /// What.
    pub kind: ChangeKind,
    /// How many bytes of file this adds, or takes.
    pub bytes: i64,
}

/// The kinds of differences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the second tree has it.
    Added,
    /// Only the first tree has it.
    Removed,
    /// Both have it, and these differ.
    Changed(Vec<Aspect>),
}

/// In what two entries can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// A file here, a directory there.
    Kind,
    /// The bytes of a file, the target of a link, the number of a device.
    Content,
    /// Permissions.
    Mode,
    /// User or group.
    Owner,
    /// Extended attributes.
    Xattrs,
    /// The unit.
    Origin,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ChangeKind::Added => write!(f, "+ {} {:+}", self.path, self.bytes),
            ChangeKind::Removed => write!(f, "- {} {:+}", self.path, self.bytes),
            ChangeKind::Changed(aspects) => {
                write!(f, "~ {} {:+} {aspects:?}", self.path, self.bytes)
            }
        }
    }
}

/// The differences on the way from `old` to `new`, in the order of a walk.
pub fn diff(old: &Tree, new: &Tree) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut left, mut right) = (old.walk().peekable(), new.walk().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let before = if order == Ordering::Greater { None } else { left.next() };
        let after = if order == Ordering::Less { None } else { right.next() };
        let (path, kind) = match (before, after) {
            (Some((path, _)), None) => (path, ChangeKind::Removed),
            (None, Some((path, _))) => (path, ChangeKind::Added),
            (Some((path, a)), Some((_, b))) => {
                let aspects = aspects(&a, &b);
                if aspects.is_empty() {
                    continue;
                }
                (path, ChangeKind::Changed(aspects))
            }
            (None, None) => return changes,
        };
        let bytes = |side: Option<(_, Node<'_>)>| side.map_or(0, |(_, node)| size(&node) as i64);
        changes.push(Change { path: path.clone(), kind, bytes: bytes(after) - bytes(before) });
    }
}

fn file<'t>(node: &Node<'t>) -> Option<&'t File> {
    match node {
        Node::Leaf(_, leaf) => match &leaf.kind {
            LeafKind::File(file) => Some(file),
            LeafKind::Symlink(_) | LeafKind::Device { .. } | LeafKind::Fifo => None,
        },
        Node::Directory(_) => None,
    }
}

fn size(node: &Node<'_>) -> u64 {
    file(node).map_or(0, File::size)
}

fn parts<'t>(node: &Node<'t>) -> (&'t Metadata, Option<&'t Origin>) {
    match node {
        Node::Directory(directory) => (&directory.metadata, directory.origin.as_ref()),
        Node::Leaf(_, leaf) => (&leaf.metadata, Some(&leaf.origin)),
    }
}

fn aspects(old: &Node<'_>, new: &Node<'_>) -> Vec<Aspect> {
    let mut aspects = Vec::new();
    let mut note = |differs: bool, aspect| aspects.extend(differs.then_some(aspect));
    match (old, new) {
        (Node::Directory(_), Node::Directory(_)) => {}
        (Node::Leaf(_, a), Node::Leaf(_, b)) => {
            let kinds = (std::mem::discriminant(&a.kind), std::mem::discriminant(&b.kind));
            note(kinds.0 != kinds.1, Aspect::Kind);
            let same = match (file(old), file(new)) {
                (Some(x), Some(y)) => x.has_bytes_of(y) || (a.origin == b.origin && x == y),
                _ => kinds.0 != kinds.1 || a.kind == b.kind,
            };
            note(!same, Aspect::Content);
        }
        (Node::Directory(_), Node::Leaf(..)) | (Node::Leaf(..), Node::Directory(_)) => {
            note(true, Aspect::Kind);
        }
    }
    let ((a, from), (b, to)) = (parts(old), parts(new));
    note(a.mode != b.mode, Aspect::Mode);
    note((a.uid, a.gid) != (b.uid, b.gid), Aspect::Owner);
    note(a.xattrs != b.xattrs, Aspect::Xattrs);
    note(from != to, Aspect::Origin);
    aspects
}
