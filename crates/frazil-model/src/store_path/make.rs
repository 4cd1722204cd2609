//! How a store path comes to be: the digest is a hash over the kind of thing, its contents' hash,
//! the store directory and the name.
//!
//! Invariant: what two different things are named by differs in the hashed text, as no part of it
//! can hold the `:` that follows it.

use super::{OutputName, StoreDir, StoreName, StoreNameError, StorePath, StorePathError};
use crate::base32;
use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::hash::{Hash, HashAlgorithm, HashFormat, Sha256, base16_into};

/// The store paths that a thing mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// Others, in any order; doubles count once.
    pub others: Vec<&'a StorePath>,
    /// Whether it mentions its own path.
    pub itself: bool,
}

impl References<'_> {
    fn is_empty(&self) -> bool {
        self.others.is_empty() && !self.itself
    }
}

/// Why there is no store path for some content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakePathError {
    /// Only NARs hashed with SHA-256, and texts, may have references.
    #[error("fixed output derivation '{name}' is not allowed to refer to other store paths")]
    References {
        /// The name that was to become a path.
        name: StoreName,
    },
    /// A text cannot know its own path.
    #[error("self-reference not allowed with text hashing")]
    TextSelf,
    /// Git trees are hashed with SHA-1.
    #[error("Git file ingestion must use SHA-1 hash")]
    GitHash,
    /// Texts are hashed with SHA-256.
    #[error("text hashing must use SHA-256 hash")]
    TextHash,
    /// The name with the output's name is too long.
    #[error(transparent)]
    Name(#[from] StoreNameError),
}

impl MakePathError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::References { .. } => Some("the attribute `unsafeDiscardReferences` may help"),
            Self::Name(source) => source.help(),
            Self::TextSelf | Self::GitHash | Self::TextHash => None,
        }
    }
}

impl StoreDir {
    /// The path of a file made from a text, as `builtins.toFile` and derivations are.
    ///
    /// References may come in any order.
    pub fn text_path<'a>(
        &self,
        name: &StoreName,
        digest: Sha256,
        references: impl IntoIterator<Item = &'a StorePath>,
    ) -> StorePath {
        let references = References { others: references.into_iter().collect(), itself: false };
        self.make_with_references("text", digest, name, &references)
    }

    /// The path of a tree added to the store, by the hash of its NAR.
    pub fn source_path(
        &self,
        name: &StoreName,
        nar: Sha256,
        references: &References<'_>,
    ) -> StorePath {
        self.make_with_references("source", nar, name, references)
    }

    /// The path of content-addressed contents that mention no store path: a fixed output.
    pub fn fixed_path(
        &self,
        name: &StoreName,
        content: &ContentAddress,
    ) -> Result<StorePath, MakePathError> {
        self.content_path(name, content, &References::default())
    }

    /// The path of content-addressed contents.
    pub fn content_path(
        &self,
        name: &StoreName,
        content: &ContentAddress,
        references: &References<'_>,
    ) -> Result<StorePath, MakePathError> {
        match (content.method, content.hash) {
            (ContentAddressMethod::Text, Hash::Sha256(_)) if references.itself => {
                Err(MakePathError::TextSelf)
            }
            (ContentAddressMethod::Text, Hash::Sha256(digest)) => {
                Ok(self.make_with_references("text", Sha256(digest), name, references))
            }
            (ContentAddressMethod::Text, _) => Err(MakePathError::TextHash),
            (ContentAddressMethod::Nar, Hash::Sha256(digest)) => {
                Ok(self.source_path(name, Sha256(digest), references))
            }
            (ContentAddressMethod::Git, hash) if hash.algorithm() != HashAlgorithm::Sha1 => {
                Err(MakePathError::GitHash)
            }
            (method, hash) => {
                if !references.is_empty() {
                    return Err(MakePathError::References { name: name.clone() });
                }
                Ok(self.make("output:out", fixed_digest(method, hash), name))
            }
        }
    }

    /// The path of an output, by the [hash modulo](crate::derivation::DerivationHash) of its
    /// derivation, which must have been made with the outputs masked.
    pub fn output_path(
        &self,
        derivation: &StoreName,
        output: &OutputName,
        modulo: Sha256,
    ) -> Result<StorePath, StoreNameError> {
        let name = derivation.of_output(output)?;
        Ok(self.make(&format!("output:{output}"), modulo, &name))
    }

    fn make_with_references(
        &self,
        kind: &str,
        digest: Sha256,
        name: &StoreName,
        references: &References<'_>,
    ) -> StorePath {
        if references.is_empty() {
            return self.make(kind, digest, name);
        }
        let mut others = references.others.clone();
        others.sort_unstable();
        others.dedup();
        let mut kind = kind.to_owned();
        for path in others {
            for part in [":", self.as_str(), "/", path.as_str()] {
                kind.push_str(part);
            }
        }
        if references.itself {
            kind.push_str(":self");
        }
        self.make(&kind, digest, name)
    }

    fn make(&self, kind: &str, digest: Sha256, name: &StoreName) -> StorePath {
        StorePath::new(self.path_digest(kind, digest, name.as_str().as_bytes()).folded(), name)
    }

    fn path_digest(&self, kind: &str, digest: Sha256, name: &[u8]) -> Sha256 {
        let mut text = String::with_capacity(kind.len() + name.len() + 128);
        text.push_str(kind);
        text.push_str(":sha256:");
        base16_into(&digest.0, &mut text);
        for part in [":", self.as_str(), ":"] {
            text.push_str(part);
        }
        let mut text = text.into_bytes();
        text.extend_from_slice(name);
        Sha256::of(&text)
    }

    /// The error for a thing that cannot have the name it should. Nix finds out when it has hashed
    /// the name, and shows the path that the thing would have had.
    pub fn refused_path(
        &self,
        kind: &str,
        digest: Sha256,
        name: &[u8],
        source: StoreNameError,
    ) -> StorePathError {
        let digest = base32::encode(&self.path_digest(kind, digest, name).folded());
        StorePathError::Name { path: format!("{digest}-{}", String::from_utf8_lossy(name)), source }
    }

    /// [`Self::refused_path`] for what [`Self::fixed_path`] would name.
    pub fn refused_fixed_path(
        &self,
        name: &[u8],
        content: &ContentAddress,
        source: StoreNameError,
    ) -> StorePathError {
        let (kind, digest) = match (content.method, content.hash) {
            (ContentAddressMethod::Text, Hash::Sha256(digest)) => ("text", Sha256(digest)),
            (ContentAddressMethod::Nar, Hash::Sha256(digest)) => ("source", Sha256(digest)),
            (method, hash) => ("output:out", fixed_digest(method, hash)),
        };
        self.refused_path(kind, digest, name, source)
    }
}

/// What the path of contents is made of that are neither a text nor a tree hashed with SHA-256.
fn fixed_digest(method: ContentAddressMethod, hash: Hash) -> Sha256 {
    let hash = hash.format_prefixed(HashFormat::Base16);
    Sha256::of(format!("fixed:out:{}{hash}:", method.prefix()).as_bytes())
}
