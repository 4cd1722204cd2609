//! What the linker asks of a unit's contents; the disk and the memory implement it.

use std::borrow::Cow;

use frazil_tree::{Mode, TreePath};

/// A unit that can be listed and read.
pub trait Contents {
    /// Everything in it, in any order; its root, which may be a file, has the empty path.
    fn entries(&self) -> Result<Vec<Entry>, ContentsError>;

    /// The bytes of a file.
    fn read(&self, path: &TreePath) -> Result<Cow<'_, [u8]>, ContentsError>;
}

/// Something in a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where, in the unit.
    pub path: TreePath,
    /// Permissions.
    pub mode: Mode,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// What it is.
    pub kind: EntryKind,
}

/// The kinds of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file with its size in bytes.
    File(u64),
    /// A symlink with its target.
    Symlink(Box<[u8]>),
    /// Another name of a file of the unit, which is listed as such.
    HardLink(TreePath),
}

/// A unit could not be listed or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what}")]
pub struct ContentsError {
    /// The unit or file.
    pub what: String,
    /// Why.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
