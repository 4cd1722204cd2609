//! The store directory: what stands before a store path in a full path.
//!
//! Invariant: absolute, without a slash at the end, an empty part, `.` or `..`, and not `/` itself.

use std::fmt;
use std::str::FromStr;

use super::{StorePath, StorePathError};

/// The logical directory of a store, which is hashed into each of its paths.
///
/// It need not be where the files are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreDir(Box<str>);

/// The text is not a canonical absolute path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("store directory '{dir}' is not a canonical absolute path")]
pub struct StoreDirError {
    /// The text.
    pub dir: String,
}

impl StoreDirError {
    /// What the user can do about it.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as for the other errors")]
    pub fn help(&self) -> Option<&'static str> {
        Some("write it as `/nix/store`: no `.` or `..`, no doubled slash, none at the end")
    }
}

impl StoreDir {
    /// The directory as text: `/nix/store`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full path of `path`, to be formatted.
    pub fn display<'a>(&'a self, path: &'a StorePath) -> impl fmt::Display + 'a {
        std::fmt::from_fn(|f| write!(f, "{}/{}", self.0, path.as_str()))
    }

    /// The full path of `path`.
    pub fn join(&self, path: &StorePath) -> String {
        [&*self.0, "/", path.as_str()].concat()
    }

    /// Appends the full path of `path`.
    pub fn join_into(&self, path: &StorePath, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
        out.push(b'/');
        out.extend_from_slice(path.as_str().as_bytes());
    }

    /// Reads the full path of something in this store, and nothing below it.
    ///
    /// Unlike Nix this does not tidy the path first: `//` and `..` are refused.
    pub fn parse(&self, full: &[u8]) -> Result<StorePath, StorePathError> {
        let (path, rest) = self.split(full)?;
        if rest.is_empty() {
            return Ok(path);
        }
        Err(StorePathError::Below { path: String::from_utf8_lossy(full).into_owned() })
    }

    /// Cuts a full path behind the store path; the rest is empty or begins with a slash.
    pub fn split<'a>(&self, full: &'a [u8]) -> Result<(StorePath, &'a [u8]), StorePathError> {
        let inside = full
            .strip_prefix(self.0.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"))
            .ok_or_else(|| StorePathError::Outside {
                path: String::from_utf8_lossy(full).into_owned(),
            })?;
        let end = inside.iter().position(|&byte| byte == b'/').unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        Ok((StorePath::parse(name)?, rest))
    }
}

impl Default for StoreDir {
    fn default() -> Self {
        Self("/nix/store".into())
    }
}

impl FromStr for StoreDir {
    type Err = StoreDirError;

    fn from_str(dir: &str) -> Result<Self, StoreDirError> {
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
        match dir.strip_prefix('/') {
            Some(parts) if parts.split('/').all(is_part) => Ok(Self(dir.into())),
            Some(_) | None => Err(StoreDirError { dir: dir.into() }),
        }
    }
}

impl fmt::Display for StoreDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoreDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
