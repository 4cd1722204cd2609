//! What an archive of a layer will be made of, as a digest: a key under which it can be kept.
//!
//! Bytes of files enter through their digests, so nothing is read. Invariant: layers with the same
//! recipe have the same archive; the version grows with every change of the archives' bytes.

use std::collections::BTreeMap;

use frazil_model::{Hash, HashAlgorithm, Hasher, Sha256};
use frazil_tree::{DeviceKind, LeafId, LeafKind, Metadata, Node};

use crate::Timestamp;
use crate::layers::Layer;

/// Of the archives' bytes.
const VERSION: &[u8] = b"frazil-layer-1";

/// The recipe of a layer; `None` if somebody would have to read a file to know it.
pub fn recipe(layer: &Layer<'_>, time: Timestamp) -> Option<Sha256> {
    let mut recipe = Recipe(Hasher::new(HashAlgorithm::Sha256));
    recipe.field(VERSION);
    recipe.number(time.0);
    let mut first: BTreeMap<LeafId, u64> = BTreeMap::new();
    for (index, (path, node)) in (0..).zip(&layer.entries) {
        recipe.field(path.as_bytes());
        match node {
            Node::Directory(directory) => {
                recipe.field(b"directory");
                recipe.metadata(&directory.metadata);
            }
            Node::Leaf(id, leaf) => {
                recipe.metadata(&leaf.metadata);
                if let Some(first) = first.get(id) {
                    recipe.field(b"hard link");
                    recipe.number(*first);
                } else {
                    first.insert(*id, index);
                    recipe.leaf(&leaf.kind)?;
                }
            }
        }
    }
    Some(recipe.finish())
}

/// Fields with their lengths, so that no two lists of fields are the same bytes.
struct Recipe(Hasher);

impl Recipe {
    fn field(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn metadata(&mut self, metadata: &Metadata) {
        self.number(u64::from(metadata.mode.bits()));
        self.number(u64::from(metadata.uid));
        self.number(u64::from(metadata.gid));
        self.number(metadata.xattrs.len() as u64);
        for (name, value) in &metadata.xattrs {
            self.field(name);
            self.field(value);
        }
    }

    fn leaf(&mut self, kind: &LeafKind) -> Option<()> {
        match kind {
            LeafKind::File(file) => {
                self.field(b"file");
                self.number(file.size());
                self.field(&file.digest()?.0);
            }
            LeafKind::Symlink(target) => {
                self.field(b"link");
                self.field(target);
            }
            LeafKind::Device { kind, major, minor } => {
                self.field(match kind {
                    DeviceKind::Character => b"character",
                    DeviceKind::Block => b"block",
                });
                self.number(u64::from(*major));
                self.number(u64::from(*minor));
            }
            LeafKind::Fifo => self.field(b"fifo"),
        }
        Some(())
    }

    fn finish(self) -> Sha256 {
        let Hash::Sha256(digest) = self.0.finish() else {
            unreachable!("the hasher was made for SHA-256")
        };
        Sha256(digest)
    }
}
