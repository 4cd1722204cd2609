//! Digests: which algorithm, which bytes, and every way Nix writes them.
//!
//! A [`Hash`](enum@Hash) knows its algorithm; a [`Sha256`] is for the places where the format allows no other
//! (NAR hashes, store path fingerprints). Neither says *what* was hashed.
//!
//! Invariant: a digest has exactly as many bytes as its algorithm gives.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::Digest as _;

pub use parse::HashError;

use crate::base32;

/// A hash function that Nix knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// Broken, but old fixed-output derivations name it.
    Md5,
    /// Broken, but Git and old fixed-output derivations need it.
    Sha1,
    /// The one that store paths and NARs are built on.
    Sha256,
    /// For those who like it longer.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name, as Nix writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many bytes a digest has.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not that of an algorithm or of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownName {
    /// Not a [`HashAlgorithm`].
    #[error("unknown hash algorithm '{0}', expect 'md5', 'sha1', 'sha256', or 'sha512'")]
    Algorithm(String),
    /// Not a [`HashFormat`].
    #[error("unknown hash format '{0}', expect 'base16', 'base32', 'base64', or 'sri'")]
    Format(String),
}

impl FromStr for HashAlgorithm {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownName::Algorithm(name.into()))
    }
}

/// A way to write a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashFormat {
    /// Lower-case hexadecimal.
    Base16,
    /// [Nix's base 32](crate::base32).
    Nix32,
    /// Base 64 with padding.
    Base64,
    /// `<algorithm>-<base 64>`, as in subresource integrity.
    Sri,
}

impl FromStr for HashFormat {
    type Err = UnknownName;

    /// Takes `base32` for `nix32`, as Nix does; that name is deprecated.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "base16" => Ok(Self::Base16),
            "nix32" | "base32" => Ok(Self::Nix32),
            "base64" => Ok(Self::Base64),
            "sri" => Ok(Self::Sri),
            _ => Err(UnknownName::Format(name.into())),
        }
    }
}

/// A digest with its algorithm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// An MD5 digest.
    Md5([u8; 16]),
    /// A SHA-1 digest.
    Sha1([u8; 20]),
    /// A SHA-256 digest.
    Sha256([u8; 32]),
    /// A SHA-512 digest.
    Sha512([u8; 64]),
}

impl Hash {
    /// The digest of `bytes`.
    pub fn of(algorithm: HashAlgorithm, bytes: &[u8]) -> Self {
        match algorithm {
            HashAlgorithm::Md5 => Self::Md5(md5::Md5::digest(bytes).into()),
            HashAlgorithm::Sha1 => Self::Sha1(sha1::Sha1::digest(bytes).into()),
            HashAlgorithm::Sha256 => Self::Sha256(sha2::Sha256::digest(bytes).into()),
            HashAlgorithm::Sha512 => Self::Sha512(sha2::Sha512::digest(bytes).into()),
        }
    }

    /// All bytes zero: what Nix assumes when an `outputHash` is the empty string.
    pub const fn zero(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Md5 => Self::Md5([0; 16]),
            HashAlgorithm::Sha1 => Self::Sha1([0; 20]),
            HashAlgorithm::Sha256 => Self::Sha256([0; 32]),
            HashAlgorithm::Sha512 => Self::Sha512([0; 64]),
        }
    }

    /// The algorithm that made it.
    pub const fn algorithm(&self) -> HashAlgorithm {
        match self {
            Self::Md5(_) => HashAlgorithm::Md5,
            Self::Sha1(_) => HashAlgorithm::Sha1,
            Self::Sha256(_) => HashAlgorithm::Sha256,
            Self::Sha512(_) => HashAlgorithm::Sha512,
        }
    }

    /// The digest itself.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Md5(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }

    const fn as_bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Md5(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }

    /// The digest as text; only [`HashFormat::Sri`] names the algorithm.
    pub fn format(&self, format: HashFormat) -> String {
        let bytes = self.as_bytes();
        match format {
            HashFormat::Base16 => {
                let mut text = String::with_capacity(bytes.len() * 2);
                base16_into(bytes, &mut text);
                text
            }
            HashFormat::Nix32 => base32::encode(bytes),
            HashFormat::Base64 => BASE64.encode(bytes),
            HashFormat::Sri => format!("{}-{}", self.algorithm(), BASE64.encode(bytes)),
        }
    }

    /// The digest as text that names the algorithm: `sha256:...`, or SRI.
    pub fn format_prefixed(&self, format: HashFormat) -> String {
        match format {
            HashFormat::Base16 | HashFormat::Nix32 | HashFormat::Base64 => {
                format!("{}:{}", self.algorithm(), self.format(format))
            }
            HashFormat::Sri => self.format(format),
        }
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(HashFormat::Sri))
    }
}

/// A SHA-256 digest, where the format knows no other algorithm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The first 20 bytes with the rest folded in by exclusive or: the digest of a store path.
    pub fn folded(&self) -> [u8; 20] {
        let mut folded = [0; 20];
        for half in self.0.chunks(20) {
            for (slot, byte) in folded.iter_mut().zip(half) {
                *slot ^= byte;
            }
        }
        folded
    }
}

impl From<Sha256> for Hash {
    fn from(digest: Sha256) -> Self {
        Self::Sha256(digest.0)
    }
}

impl TryFrom<Hash> for Sha256 {
    type Error = HashError;

    fn try_from(hash: Hash) -> Result<Self, HashError> {
        match hash {
            Hash::Sha256(bytes) => Ok(Self(bytes)),
            Hash::Md5(_) | Hash::Sha1(_) | Hash::Sha512(_) => Err(HashError::OtherAlgorithm {
                text: hash.format_prefixed(HashFormat::Nix32),
                expected: HashAlgorithm::Sha256,
            }),
        }
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hash::from(*self).fmt(f)
    }
}

/// Hashes what is written to it.
#[derive(Clone)]
pub enum Hasher {
    /// In the course of MD5.
    Md5(md5::Md5),
    /// In the course of SHA-1.
    Sha1(sha1::Sha1),
    /// In the course of SHA-256.
    Sha256(sha2::Sha256),
    /// In the course of SHA-512.
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Md5 => Self::Md5(md5::Md5::new()),
            HashAlgorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            HashAlgorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            HashAlgorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
        }
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(state) => state.update(bytes),
            Self::Sha1(state) => state.update(bytes),
            Self::Sha256(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes taken.
    pub fn finish(self) -> Hash {
        match self {
            Self::Md5(state) => Hash::Md5(state.finalize().into()),
            Self::Sha1(state) => Hash::Sha1(state.finalize().into()),
            Self::Sha256(state) => Hash::Sha256(state.finalize().into()),
            Self::Sha512(state) => Hash::Sha512(state.finalize().into()),
        }
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends `bytes` as lower-case hexadecimal.
pub(crate) fn base16_into(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
        }
    }
}
