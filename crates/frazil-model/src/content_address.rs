//! Content addresses: which hash over which form of the contents a store path stands for.
//!
//! Invariant: what is printed parses back to an equal value.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::hash::{Hash, HashAlgorithm, HashError, HashFormat, UnknownName};

/// Which form of a file or tree is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentAddressMethod {
    /// The bytes of one file.
    Flat,
    /// The NAR of a tree; in `outputHashMode` also called `recursive`.
    Nar,
    /// The Git object of a tree.
    Git,
    /// The bytes of one file, which may mention store paths.
    Text,
}

/// A way to hash contents and the digest that came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentAddress {
    /// What was hashed.
    pub method: ContentAddressMethod,
    /// The digest.
    pub hash: Hash,
}

/// Why a text is not a content address or a method. The messages are Nix's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentAddressError {
    /// Not `flat`, `nar`, `git` or `text`.
    #[error("unknown file ingestion method '{0}', expect 'flat', 'nar', or 'git'")]
    Method(String),
    /// No `:` at all.
    #[error("not a content address because it is not in the form '<prefix>:<rest>': {0}")]
    NoPrefix(String),
    /// Neither `text:` nor `fixed:`.
    #[error("content address prefix '{0}' is unrecognized, expect 'text' or 'fixed'")]
    Prefix(String),
    /// No `:` behind the algorithm.
    #[error("content address hash must be in form '<algo>:<hash>', but found: {0}")]
    NoAlgorithm(String),
    /// The algorithm is unknown.
    #[error(transparent)]
    Algorithm(#[from] UnknownName),
    /// The digest is not one.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl ContentAddressMethod {
    /// The name, as in `outputHashMode`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Nar => "nar",
            Self::Git => "git",
            Self::Text => "text",
        }
    }

    /// What stands before the algorithm in a derivation.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Flat => "",
            Self::Nar => "r:",
            Self::Git => "git:",
            Self::Text => "text:",
        }
    }

    /// Reads an `outputHashMode`: a name, or `recursive` for `nar`.
    pub fn parse_mode(mode: &str) -> Result<Self, ContentAddressError> {
        if mode == "recursive" { Ok(Self::Nar) } else { mode.parse() }
    }

    /// Cuts the [prefix](Self::prefix) off `text`.
    pub fn split_prefix(text: &str) -> (Self, &str) {
        [Self::Nar, Self::Git, Self::Text]
            .into_iter()
            .find_map(|method| Some((method, text.strip_prefix(method.prefix())?)))
            .unwrap_or((Self::Flat, text))
    }
}

impl FromStr for ContentAddressMethod {
    type Err = ContentAddressError;

    fn from_str(name: &str) -> Result<Self, ContentAddressError> {
        [Self::Flat, Self::Nar, Self::Git, Self::Text]
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| ContentAddressError::Method(name.into()))
    }
}

impl FromStr for ContentAddress {
    type Err = ContentAddressError;

    /// Reads the form of narinfo and the database: `fixed:r:sha256:...`, `text:sha256:...`.
    fn from_str(text: &str) -> Result<Self, ContentAddressError> {
        let (prefix, rest) =
            text.split_once(':').ok_or_else(|| ContentAddressError::NoPrefix(text.into()))?;
        let (method, rest) = match prefix {
            "text" => (ContentAddressMethod::Text, rest),
            "fixed" => match ContentAddressMethod::split_prefix(rest) {
                (ContentAddressMethod::Text, _) => (ContentAddressMethod::Flat, rest),
                found => found,
            },
            _ => return Err(ContentAddressError::Prefix(prefix.into())),
        };
        let (algorithm, digest) =
            rest.split_once(':').ok_or_else(|| ContentAddressError::NoAlgorithm(text.into()))?;
        let algorithm: HashAlgorithm = algorithm.parse()?;
        Ok(Self { method, hash: Hash::parse_unprefixed(digest.as_bytes(), algorithm)? })
    }
}

impl fmt::Display for ContentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.method {
            ContentAddressMethod::Text => "",
            ContentAddressMethod::Flat | ContentAddressMethod::Nar | ContentAddressMethod::Git => {
                "fixed:"
            }
        };
        let hash = self.hash.format_prefixed(HashFormat::Nix32);
        write!(f, "{kind}{}{hash}", self.method.prefix())
    }
}
