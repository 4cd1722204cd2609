//! Paths inside a package.

use std::fmt;

/// Bytes of the longest path.
const PATH_BYTES_MAX: usize = 4095;
/// How deep entries may lie.
const DEPTH_MAX: usize = 256;
/// Bytes of the longest name.
const NAME_BYTES_MAX: usize = 255;

/// A path below the root of the package.
///
/// Invariant: names between single slashes, none of them empty, `.` or `..`, without zero bytes. The
/// root itself is the empty path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Box<[u8]>);

/// Bytes are not a path inside a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// `/...`
    #[error("the path is absolute")]
    Absolute,
    /// `..` in it.
    #[error("the path leads upwards")]
    Upwards,
    /// A zero byte in it.
    #[error("the path has a zero byte")]
    Zero,
    /// Too long, or too deep.
    #[error("the path is too long")]
    Long,
    /// Nothing at all.
    #[error("the path is empty")]
    Empty,
}

impl FilePath {
    /// Reads a path as packages write it: `./usr/bin/x`, `usr//bin/`.
    pub fn new(path: &[u8]) -> Result<Self, PathError> {
        match path.first() {
            None => return Err(PathError::Empty),
            Some(b'/') => return Err(PathError::Absolute),
            Some(_) => {}
        }
        let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
        let names: Vec<&[u8]> = names.collect();
        if names.contains(&b"..".as_slice()) {
            return Err(PathError::Upwards);
        }
        if path.contains(&0) {
            return Err(PathError::Zero);
        }
        if path.len() > PATH_BYTES_MAX
            || names.len() > DEPTH_MAX
            || names.iter().any(|name| name.len() > NAME_BYTES_MAX)
        {
            return Err(PathError::Long);
        }
        Ok(Self(names.join(&b'/').into()))
    }

    /// The path, without a slash at either end.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the root of the package.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names on the way from the root.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.escape_ascii())
    }
}
