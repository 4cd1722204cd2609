//! narinfo: what a binary cache says about one store path, and what its keys sign.
//!
//! Nothing here fetches the NAR or decides whom to trust. Keys that Nix does not know are ignored,
//! as in Nix; keys that are there twice are refused, so two readers cannot take different ones.
//!
//! Invariant: what is printed parses back to an equal value.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

pub use parse::{NarInfoError, NarInfoProblem};

use crate::content_address::ContentAddress;
use crate::hash::{Hash, HashFormat};
use crate::nar::NarDigest;
use crate::signature::{PublicKey, SecretKey, Signature};
use crate::store_path::{StoreDir, StorePath};

/// What a binary cache says about one store path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NarInfo {
    /// The path.
    pub path: StorePath,
    /// Where the file with the compressed NAR is, relative to the cache.
    pub url: String,
    /// How the file is compressed.
    pub compression: Compression,
    /// The hash of the file.
    pub file_hash: Option<Hash>,
    /// The size of the file in bytes.
    pub file_size: Option<u64>,
    /// The hash and size of the NAR.
    pub nar: NarDigest,
    /// The store paths that the contents mention, itself perhaps among them.
    pub references: BTreeSet<StorePath>,
    /// The derivation that made it.
    pub deriver: Option<StorePath>,
    /// Who vouches for it.
    pub signatures: BTreeSet<Signature>,
    /// What the contents hash to, if the path follows from that.
    pub content_address: Option<ContentAddress>,
}

/// How a file of a binary cache is compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// What a narinfo without the field means.
    Bzip2,
    /// The default of Nix.
    Xz,
    /// The one to choose.
    Zstd,
    /// Deflate with a gzip header.
    Gzip,
    /// Brotli.
    Brotli,
    /// A method that this crate has no name for.
    Other(Box<str>),
}

impl Compression {
    /// The name in a narinfo.
    pub fn name(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Other(name) => name,
        }
    }

    /// The method of this name; nothing at all means bzip2.
    pub fn of_name(name: &str) -> Self {
        match name {
            "none" => Self::None,
            "" | "bzip2" => Self::Bzip2,
            "xz" => Self::Xz,
            "zstd" => Self::Zstd,
            "gzip" => Self::Gzip,
            "br" => Self::Brotli,
            _ => Self::Other(name.into()),
        }
    }
}

impl NarInfo {
    /// Reads the text of a `.narinfo` file.
    pub fn parse(dir: &StoreDir, text: &[u8]) -> Result<Self, NarInfoError> {
        parse::narinfo(dir, text)
    }

    /// The text of a `.narinfo` file.
    pub fn display<'a>(&'a self, dir: &'a StoreDir) -> impl fmt::Display + 'a {
        fmt::from_fn(|f| self.print(dir, f))
    }

    fn print(&self, dir: &StoreDir, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "StorePath: {}", dir.display(&self.path))?;
        writeln!(f, "URL: {}", self.url)?;
        writeln!(f, "Compression: {}", self.compression.name())?;
        if let Some(hash) = &self.file_hash {
            writeln!(f, "FileHash: {}", hash.format_prefixed(HashFormat::Nix32))?;
        }
        if let Some(size) = self.file_size {
            writeln!(f, "FileSize: {size}")?;
        }
        let hash = Hash::from(self.nar.hash).format_prefixed(HashFormat::Nix32);
        writeln!(f, "NarHash: {hash}")?;
        writeln!(f, "NarSize: {}", self.nar.size)?;
        let references: Vec<&str> = self.references.iter().map(StorePath::as_str).collect();
        writeln!(f, "References: {}", references.join(" "))?;
        if let Some(deriver) = &self.deriver {
            writeln!(f, "Deriver: {deriver}")?;
        }
        for signature in &self.signatures {
            writeln!(f, "Sig: {signature}")?;
        }
        if let Some(content) = &self.content_address {
            writeln!(f, "CA: {content}")?;
        }
        Ok(())
    }

    /// The text that is signed: path, NAR and references, but not where the file is.
    pub fn fingerprint(&self, dir: &StoreDir) -> String {
        fingerprint(dir, &self.path, self.nar, &self.references)
    }

    /// Adds a signature.
    pub fn sign(&mut self, dir: &StoreDir, key: &SecretKey) {
        let signature = key.sign(self.fingerprint(dir).as_bytes());
        self.signatures.insert(signature);
    }

    /// The first of `keys` that has signed this.
    pub fn signer<'k>(
        &self,
        dir: &StoreDir,
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Option<&'k PublicKey> {
        let fingerprint = self.fingerprint(dir);
        let signed = |key: &&PublicKey| {
            self.signatures.iter().any(|signature| key.verify(fingerprint.as_bytes(), signature))
        };
        keys.into_iter().find(signed)
    }
}

/// The text that is signed for a store path, whether or not it comes from a cache.
pub fn fingerprint(
    dir: &StoreDir,
    path: &StorePath,
    nar: NarDigest,
    references: &BTreeSet<StorePath>,
) -> String {
    let hash = Hash::from(nar.hash).format_prefixed(HashFormat::Nix32);
    let mut text = format!("1;{};{hash};{};", dir.display(path), nar.size);
    for (index, reference) in references.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&dir.join(reference));
    }
    text
}

/// For fuzzing: no input panics, and what is taken prints as a text that is taken for the same.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let dir = StoreDir::default();
    if let Ok(info) = NarInfo::parse(&dir, data) {
        let printed = info.display(&dir).to_string();
        assert_eq!(NarInfo::parse(&dir, printed.as_bytes()), Ok(info));
    }
}
