//! Trees as tar archives: POSIX.1-2001 (pax), which every engine reads.
//!
//! What fits the old header (ustar) stands there alone; what does not gets a pax header before it:
//! long names, large sizes and ids, extended attributes. Names are written as they are, even those
//! that are not UTF-8 as pax asks: who reads archives takes them as they are, too. There are no names of users, which would depend on who unpacks.
//!
//! Invariant: an archive written entry by entry is whole once [`Writer::finish`] was called, and
//! its length is a multiple of the block.

mod header;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write;

use frazil_tree::{DeviceKind, Leaf, LeafId, LeafKind, Metadata, Node, Tree, TreePath};

use crate::Timestamp;
use crate::contents::{self, Contents, EncodeError};
use header::{Entry, Kind};

const BLOCK_BYTES: usize = 512;

/// Writes a whole tree as one archive.
pub fn write(
    tree: &Tree,
    contents: &dyn Contents,
    time: Timestamp,
    out: &mut dyn Write,
) -> Result<(), EncodeError> {
    let mut writer = Writer::new(out, time);
    for (path, node) in tree.walk() {
        writer.node(path, node, contents)?;
    }
    writer.finish()
}

/// An archive that is being written.
pub struct Writer<'w> {
    out: &'w mut dyn Write,
    time: Timestamp,
    /// Where the bytes of leaves stand that later entries can be hard links to.
    written: BTreeMap<LeafId, TreePath>,
}

impl<'w> Writer<'w> {
    /// An empty archive, whose entries all bear `time`.
    pub fn new(out: &'w mut dyn Write, time: Timestamp) -> Self {
        Self { out, time, written: BTreeMap::new() }
    }

    /// Appends what stands at `path`: of leaves with several entries the first has the bytes, the
    /// others are hard links to it. The root is no entry.
    pub fn node(
        &mut self,
        path: &TreePath,
        node: Node<'_>,
        contents: &dyn Contents,
    ) -> Result<(), EncodeError> {
        match node {
            _ if path.is_root() => Ok(()),
            Node::Directory(directory) => {
                let name = [path.as_bytes(), b"/"].concat();
                self.put(&Entry::new(&name, Kind::Directory, &directory.metadata))
            }
            Node::Leaf(id, leaf) => self.leaf(path, id, leaf, contents),
        }
    }

    /// Appends a file of which all is known: no owner but root, no attributes.
    pub fn file(&mut self, name: &[u8], mode: u16, bytes: &[u8]) -> Result<(), EncodeError> {
        let metadata = Metadata::of_root(frazil_tree::Mode::of(u32::from(mode)));
        let size = bytes.len() as u64;
        self.put(&Entry { size, ..Entry::new(name, Kind::File, &metadata) })?;
        self.out.write_all(bytes).map_err(EncodeError::Write)?;
        self.pad(size)
    }

    /// Appends a file whose bytes `copy` writes, as many as `size` says.
    pub fn file_from(
        &mut self,
        name: &[u8],
        size: u64,
        copy: impl FnOnce(&mut dyn Write) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let metadata = Metadata::of_root(frazil_tree::Mode::of(0o444));
        self.put(&Entry { size, ..Entry::new(name, Kind::File, &metadata) })?;
        copy(self.out)?;
        self.pad(size)
    }

    /// Ends the archive.
    pub fn finish(self) -> Result<(), EncodeError> {
        self.out.write_all(&[0; 2 * BLOCK_BYTES]).map_err(EncodeError::Write)
    }

    fn leaf(
        &mut self,
        path: &TreePath,
        id: LeafId,
        leaf: &Leaf,
        contents: &dyn Contents,
    ) -> Result<(), EncodeError> {
        let name = path.as_bytes();
        if let Some(first) = self.written.get(&id) {
            let target = first.as_bytes().to_vec();
            let entry = Entry::new(name, Kind::HardLink, &leaf.metadata);
            return self.put(&Entry { target: &target, ..entry });
        }
        self.written.insert(id, path.clone());
        match &leaf.kind {
            LeafKind::File(file) => {
                let entry = Entry::new(name, Kind::File, &leaf.metadata);
                self.put(&Entry { size: file.size(), ..entry })?;
                contents::copy(file, &leaf.origin, path, contents, self.out)?;
                self.pad(file.size())
            }
            LeafKind::Symlink(target) => {
                let entry = Entry::new(name, Kind::Symlink, &leaf.metadata);
                self.put(&Entry { target, ..entry })
            }
            LeafKind::Device { kind, major, minor } => {
                let kind = match kind {
                    DeviceKind::Character => Kind::CharacterDevice,
                    DeviceKind::Block => Kind::BlockDevice,
                };
                let entry = Entry::new(name, kind, &leaf.metadata);
                self.put(&Entry { device: Some((*major, *minor)), ..entry })
            }
            LeafKind::Fifo => self.put(&Entry::new(name, Kind::Fifo, &leaf.metadata)),
        }
    }

    fn put(&mut self, entry: &Entry<'_>) -> Result<(), EncodeError> {
        self.out.write_all(&entry.encode(self.time)).map_err(EncodeError::Write)
    }

    fn pad(&mut self, size: u64) -> Result<(), EncodeError> {
        let zeros = [0; BLOCK_BYTES];
        let missing = size.next_multiple_of(BLOCK_BYTES as u64) - size;
        let missing = zeros.get(..missing as usize).unwrap_or_default();
        self.out.write_all(missing).map_err(EncodeError::Write)
    }
}
