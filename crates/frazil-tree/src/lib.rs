//! The root tree: what lies where in a system, with mode and owner, and which unit each leaf is from.
//!
//! An image and the report about it come from the same [`Tree`], so they cannot disagree. A tree
//! says where the bytes of its files are; it does not hold them, but for small generated files.
//! There are no timestamps: an encoder chooses one for all.
//!
//! Invariant: every directory on the way to an entry is an entry itself, and walking a tree meets
//! a directory before what is in it, names sorted by their bytes.

#![warn(missing_docs)]

pub mod diff;
pub mod dump;
pub mod leaf;
pub mod path;
pub mod tree;

pub use leaf::{DeviceKind, File, Leaf, LeafKind, Metadata, Mode, Origin, Source};
pub use path::TreePath;
pub use tree::{Directory, LeafId, Node, Tree};
