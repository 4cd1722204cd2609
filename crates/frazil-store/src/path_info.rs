//! What a store records about a valid path.
//!
//! These are plain values: a `PathInfo` may well describe a path that no store has.

use std::collections::BTreeSet;

use frazil_model::nar::NarDigest;
use frazil_model::signature::{SecretKey, Signature};
use frazil_model::store_path::{MakePathError, References};
use frazil_model::{ContentAddress, StoreDir, StorePath, narinfo};

/// What a store knows about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// The path.
    pub path: StorePath,
    /// Hash and size of its NAR.
    pub nar: NarDigest,
    /// The paths that it mentions, perhaps itself.
    pub references: BTreeSet<StorePath>,
    /// The derivation that it was built from.
    pub deriver: Option<StorePath>,
    /// When it became valid here, in seconds since 1970; 0 for what is not registered yet.
    pub registration_time: i64,
    /// Whether it was built here, so that no signature is needed to trust it.
    pub ultimate: bool,
    /// Who vouches for it.
    pub signatures: BTreeSet<Signature>,
    /// How the path follows from the contents, if it does.
    pub content_address: Option<ContentAddress>,
}

impl PathInfo {
    /// What is known of a path when it was just made.
    pub fn new(path: StorePath, nar: NarDigest) -> Self {
        Self {
            path,
            nar,
            references: BTreeSet::new(),
            deriver: None,
            registration_time: 0,
            ultimate: false,
            signatures: BTreeSet::new(),
            content_address: None,
        }
    }

    /// The path that follows from the content address; `None` without one.
    pub fn content_path(&self, dir: &StoreDir) -> Result<Option<StorePath>, MakePathError> {
        let Some(content) = &self.content_address else { return Ok(None) };
        let references = References {
            others: self.references.iter().filter(|other| **other != self.path).collect(),
            itself: self.references.contains(&self.path),
        };
        dir.content_path(&self.path.store_name(), content, &references).map(Some)
    }

    /// The text that signatures are made over.
    pub fn fingerprint(&self, dir: &StoreDir) -> String {
        narinfo::fingerprint(dir, &self.path, self.nar, &self.references)
    }

    /// Adds the signature by `key`.
    pub fn sign(&mut self, dir: &StoreDir, key: &SecretKey) {
        self.signatures.insert(key.sign(self.fingerprint(dir).as_bytes()));
    }
}
