//! Store paths: the names of things in the store.
//!
//! A [`StorePath`] is `<digest>-<name>` *without* the store directory; a [`StoreDir`] joins and
//! splits the two, so a closure can be moved to another root. The digest says how the path came to
//! be (see [`make`](StoreDir::text_path)), not what its contents hash to.
//!
//! Invariant: a `StorePath` is 32 base-32 characters, `-`, then a legal [`StoreName`].

mod dir;
mod make;
mod name;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use dir::{StoreDir, StoreDirError};
pub use make::{MakePathError, References};
pub use name::{NAME_BYTES_MAX, OutputName, StoreName, StoreNameError};

use crate::base32;

/// Base-32 characters of the digest in a store path.
pub const DIGEST_CHARS: usize = 32;

/// What the name of a derivation file ends in.
pub const DRV_EXTENSION: &str = ".drv";

/// A name in the store, `<digest>-<name>`.
///
/// The order is that of the bytes, which is the one Nix sorts references in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath(Box<str>);

/// Why a text is not a store path. The messages are Nix's, which people search for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorePathError {
    /// Shorter than a digest and a dash.
    #[error("'{path}' is too short to be a valid store path")]
    Short {
        /// The text.
        path: String,
    },
    /// A byte outside the base-32 alphabet in the digest.
    #[error("store path '{path}' contains illegal base-32 character '{}'", found.escape_ascii())]
    Digest {
        /// The text.
        path: String,
        /// The byte that was found.
        found: u8,
    },
    /// Something else than a dash after the digest.
    #[error("path '{path}' is not a valid store path: no '-' between digest and name")]
    NoDash {
        /// The text.
        path: String,
    },
    /// What follows the dash is not a name.
    #[error("path '{path}' is not a valid store path: {source}")]
    Name {
        /// The text.
        path: String,
        /// What is wrong with the name.
        source: StoreNameError,
    },
    /// A full path that does not begin with the store directory.
    #[error("path '{path}' is not in the Nix store")]
    Outside {
        /// The text.
        path: String,
    },
    /// A full path that goes on behind the name.
    #[error("path '{path}' is inside a store path, not one itself")]
    Below {
        /// The text.
        path: String,
    },
    /// The name does not end in `.drv`.
    #[error("store path '{path}' is not a valid derivation path")]
    NotDerivation {
        /// The text.
        path: String,
    },
}

impl StorePathError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Name { source, .. } => source.help(),
            Self::Digest { .. } => {
                Some("the digest uses the digits and the lower-case letters except e, o, t and u")
            }
            Self::Short { .. } | Self::NoDash { .. } => {
                Some("a store path is 32 characters of digest, `-` and a name")
            }
            Self::Outside { .. } | Self::Below { .. } | Self::NotDerivation { .. } => None,
        }
    }
}

impl StorePath {
    /// Reads `<digest>-<name>`; the full path is read by [`StoreDir::parse`].
    pub fn parse(text: &[u8]) -> Result<Self, StorePathError> {
        let path = || String::from_utf8_lossy(text).into_owned();
        let Some((digest, [dash, name @ ..])) = text.split_at_checked(DIGEST_CHARS) else {
            return Err(StorePathError::Short { path: path() });
        };
        if let Some(&found) = digest.iter().find(|byte| !base32::is_digit(**byte)) {
            return Err(StorePathError::Digest { path: path(), found });
        }
        if *dash != b'-' {
            return Err(StorePathError::NoDash { path: path() });
        }
        name::check(name).map_err(|source| StorePathError::Name { path: path(), source })?;
        Ok(Self(path().into()))
    }

    /// The path with this digest and name.
    pub fn new(digest: [u8; 20], name: &StoreName) -> Self {
        let mut text = String::with_capacity(DIGEST_CHARS + 1 + name.as_str().len());
        base32::encode_into(&digest, &mut text);
        text.push('-');
        text.push_str(name.as_str());
        Self(text.into())
    }

    /// `<digest>-<name>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest, as 32 base-32 characters.
    pub fn digest(&self) -> &str {
        self.0.split_at(DIGEST_CHARS).0
    }

    /// The name, which follows the digest and the dash.
    pub fn name(&self) -> &str {
        self.0.split_at(DIGEST_CHARS + 1).1
    }

    /// The name as a value of its own.
    pub fn store_name(&self) -> StoreName {
        StoreName::of_valid(self.name())
    }

    /// Whether the name is that of a derivation file.
    pub fn is_derivation(&self) -> bool {
        self.name().ends_with(DRV_EXTENSION)
    }

    /// The name of the derivation: the path's name without `.drv`.
    pub fn derivation_name(&self) -> Result<StoreName, StorePathError> {
        let not_derivation = || StorePathError::NotDerivation { path: self.0.to_string() };
        let name = self.name().strip_suffix(DRV_EXTENSION).ok_or_else(not_derivation)?;
        name.parse().map_err(|source| StorePathError::Name { path: self.0.to_string(), source })
    }
}

impl FromStr for StorePath {
    type Err = StorePathError;

    fn from_str(text: &str) -> Result<Self, StorePathError> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
