//! NAR, Nix's archive: one file, link or tree as one canonical string of bytes.
//!
//! Writing and reading are both a stream of [`Event`]s, so a tree on the disk, in a tar file or in
//! memory ([`NarNode`]) can be either end; nothing here opens files. A NAR knows contents, names,
//! symlinks and one executable bit: no owners, times or modes.
//!
//! Invariant: a tree has one NAR. Reading takes exactly what writing gives.

mod decode;
mod encode;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;

pub use decode::{DecodeError, Decoder};
pub use encode::{EncodeError, Encoder, NarDigest, NarHasher};
pub use tree::{NarNode, TreeError};

/// How deep directories may nest; a path of the operating system cannot be as deep as this.
pub const NAR_DEPTH_MAX: usize = 1024;

/// Bytes in the longest file name.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// Bytes in the longest target of a symlink.
pub const TARGET_BYTES_MAX: usize = 4095;

const MAGIC: &[u8] = b"nix-archive-1";

/// Strings are filled up with zeros to a multiple of this.
const ALIGN: u64 = 8;

/// One step through a tree, in the order of the archive.
///
/// A file is one `File` and `Contents` until its size is reached. A directory is one `Directory`,
/// for each entry one `Entry` and then the events of the node, and one `EndDirectory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A directory begins.
    Directory,
    /// An entry of the directory begins.
    Entry {
        /// Its name; later than those before it in the order of bytes.
        name: &'a FileName,
    },
    /// The directory ends.
    EndDirectory,
    /// A file begins.
    File {
        /// Whether it may be executed.
        executable: bool,
        /// Bytes of contents that follow.
        size: u64,
    },
    /// A part of the contents of a file, never empty.
    Contents {
        /// The part.
        bytes: &'a [u8],
    },
    /// A symlink.
    Symlink {
        /// Where it points; not empty, without zero bytes.
        target: &'a [u8],
    },
}

/// The name of an entry of a directory.
///
/// Not empty, `.` or `..`, without slashes and zero bytes, and at most [`FILE_NAME_BYTES_MAX`] long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<[u8]>);

/// The bytes are not a file name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NAR contains invalid file name '{}'", name.escape_ascii())]
pub struct FileNameError {
    /// The bytes.
    pub name: Vec<u8>,
}

impl FileName {
    /// Checks a file name.
    pub fn new(name: impl Into<Box<[u8]>>) -> Result<Self, FileNameError> {
        let name = name.into();
        let is_legal = !matches!(&*name, b"" | b"." | b"..")
            && name.len() <= FILE_NAME_BYTES_MAX
            && !name.iter().any(|byte| matches!(byte, b'/' | 0));
        if is_legal { Ok(Self(name)) } else { Err(FileNameError { name: name.into() }) }
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// A symlink must lead somewhere, and the operating system must be able to hold it.
fn is_target(target: &[u8]) -> bool {
    !target.is_empty() && target.len() <= TARGET_BYTES_MAX && !target.contains(&0)
}

/// How many zeros follow `len` bytes.
const fn padding(len: u64) -> u64 {
    (ALIGN - len % ALIGN) % ALIGN
}

/// For fuzzing: no input panics, and what is taken encodes to the same bytes.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    if let Ok(tree) = NarNode::parse(data) {
        assert_eq!(tree.to_nar().ok().as_deref(), Some(data));
    }
}
