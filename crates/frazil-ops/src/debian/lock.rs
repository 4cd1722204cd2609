//! What a lock says of a suite: which lists of packages, by their hashes.
//!
//! In text a list is `SUITE@SECONDS/COMPONENT:SHA256`, where SECONDS is the date of the release file
//! that named it, since 1970; a lock has them with commas between them. The first suite is the one
//! that was asked for, by its code name.
//!
//! Invariant: what is printed parses back, and holds nothing that depends on a mirror.

use std::fmt;
use std::str::FromStr;

use frazil_model::{Hash, HashAlgorithm, HashFormat, Sha256};

use super::mirrors::ArchiveName;

/// One list of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockedList {
    /// The code name, as `trixie-security`.
    pub(super) suite: String,
    /// When the release file was made, in seconds since 1970.
    pub(super) date: u64,
    pub(super) component: String,
    /// The hash of the compressed list.
    pub(super) sha256: Sha256,
}

/// All lists of a suite; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockedLists(pub(super) Vec<LockedList>);

/// A text is not what a lock says of a suite.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' in the lock is not a list of packages")]
pub struct LockError(String);

impl LockedList {
    pub(super) fn archive(&self) -> ArchiveName {
        ArchiveName::of_suite(&self.suite)
    }

    /// Where the list is, below the archive.
    pub(super) fn by_hash_path(&self, architecture: &str) -> String {
        let Self { suite, component, .. } = self;
        let digest = Hash::from(self.sha256).format(HashFormat::Base16);
        format!("dists/{suite}/{component}/binary-{architecture}/by-hash/SHA256/{digest}")
    }
}

impl fmt::Display for LockedLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, list) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            let LockedList { suite, date, component, sha256 } = list;
            let digest = Hash::from(*sha256).format(HashFormat::Base16);
            write!(f, "{separator}{suite}@{date}/{component}:{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for LockedLists {
    type Err = LockError;

    fn from_str(text: &str) -> Result<Self, LockError> {
        let lists =
            text.split(',').map(|text| list(text).ok_or_else(|| LockError(text.to_owned())));
        Ok(Self(lists.collect::<Result<_, _>>()?))
    }
}

fn list(text: &str) -> Option<LockedList> {
    let (suite, rest) = text.split_once('@')?;
    let (date, rest) = rest.split_once('/')?;
    let (component, digest) = rest.rsplit_once(':')?;
    let hash = Hash::parse_unprefixed(digest.as_bytes(), HashAlgorithm::Sha256).ok()?;
    (is_name(suite) && component.split('/').all(is_name)).then_some(())?;
    Some(LockedList {
        suite: suite.to_owned(),
        date: date.parse().ok()?,
        component: component.to_owned(),
        sha256: hash.try_into().ok()?,
    })
}

/// Whether a text can be part of a path on a mirror.
pub(super) fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._~".contains(&byte);
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(legal)
}
