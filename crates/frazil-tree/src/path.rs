//! Paths in a tree: relative to its root, as bytes.
//!
//! Invariant: no leading, doubled or trailing slash, no `.`, no `..`, no zero byte, and no name or
//! path longer than Linux takes. The empty path is the root.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

/// The longest path, in bytes: `PATH_MAX` with its zero byte and the leading slash taken off.
pub const PATH_BYTES_MAX: usize = 4094;
/// The longest name of an entry, in bytes (`NAME_MAX`).
pub const NAME_BYTES_MAX: usize = 255;
/// Directories of the root that are links to those of the same name in `usr` where `/usr` is
/// merged, as in all supported Debian releases.
pub const USR_ALIASES: [&[u8]; 4] = [b"bin", b"lib", b"lib64", b"sbin"];

/// The place of an entry in a tree.
///
/// The order is that of a walk: a directory, what is in it, then its next sibling.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TreePath(Box<[u8]>);

/// Why bytes are not a path in a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreePathError {
    /// It begins with a slash.
    #[error("`{}` is not relative to the root of the tree", path.escape_ascii())]
    Absolute {
        /// The bytes.
        path: Vec<u8>,
    },
    /// A name is empty, `.` or `..`, or holds a zero byte.
    #[error("`{}` cannot be the name of a file, in `{}`", name.escape_ascii(), path.escape_ascii())]
    Name {
        /// The bytes.
        path: Vec<u8>,
        /// The name.
        name: Vec<u8>,
    },
    /// Longer than Linux takes.
    #[error("a path or name of {bytes} bytes is too long")]
    Long {
        /// The length.
        bytes: usize,
    },
}

impl TreePathError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Absolute { .. } => "leave the first `/` out",
            Self::Name { .. } => "write the path without `.`, `..` and doubled slashes",
            Self::Long { .. } => "paths end at 4094 bytes, names at 255",
        }
    }
}

impl TreePath {
    /// The root of the tree.
    pub fn root() -> Self {
        Self(Box::default())
    }

    /// Checks a relative path.
    pub fn parse(path: &[u8]) -> Result<Self, TreePathError> {
        if path.is_empty() {
            return Ok(Self::root());
        }
        if path.starts_with(b"/") {
            return Err(TreePathError::Absolute { path: path.into() });
        }
        if path.len() > PATH_BYTES_MAX {
            return Err(TreePathError::Long { bytes: path.len() });
        }
        for name in path.split(|byte| *byte == b'/') {
            if name.len() > NAME_BYTES_MAX {
                return Err(TreePathError::Long { bytes: name.len() });
            }
            if matches!(name, b"" | b"." | b"..") || name.contains(&0) {
                return Err(TreePathError::Name { path: path.into(), name: name.into() });
            }
        }
        Ok(Self(path.into()))
    }

    /// The bytes, without a leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names on the way, the last one included.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
    }

    /// The last name; empty for the root.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The directory it is in; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0.get(..end).unwrap_or_default().into()))
    }

    /// Whether it is `directory` or in it, at any depth.
    pub fn is_within(&self, directory: &Self) -> bool {
        directory.is_root()
            || self
                .0
                .strip_prefix(directory.as_bytes())
                .is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b'/'))
    }

    /// Its place in a tree with merged `/usr`: `bin/sh` becomes `usr/bin/sh`.
    #[must_use]
    pub fn usr_merged(self) -> Self {
        let first = self.names().next().unwrap_or_default();
        if USR_ALIASES.contains(&first) { Self([b"usr/", &*self.0].concat().into()) } else { self }
    }
}

impl Ord for TreePath {
    fn cmp(&self, other: &Self) -> Ordering {
        // As if the slash were the smallest byte: what is in `a` stands before `a-b`.
        let (left, right) = (self.as_bytes(), other.as_bytes());
        // Neighbours share long beginnings, which are compared by words.
        let words = left.chunks_exact(8).zip(right.chunks_exact(8));
        let equal = 8 * words.take_while(|(left, right)| left == right).count();
        let left = left.get(equal..).unwrap_or_default();
        let right = right.get(equal..).unwrap_or_default();
        match left.iter().zip(right).find(|(left, right)| left != right) {
            None => left.len().cmp(&right.len()),
            Some((b'/', _)) => Ordering::Less,
            Some((_, b'/')) => Ordering::Greater,
            Some((left, right)) => left.cmp(right),
        }
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
