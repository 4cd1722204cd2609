//! Where paths come from that are not built: the seam to binary caches.

use std::collections::BTreeSet;
use std::error::Error;

use frazil_model::StorePath;
use frazil_store::Store;

/// What somebody says about a path that he has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it refers to, itself perhaps among it.
    pub references: BTreeSet<StorePath>,
    /// The bytes that have to come for it.
    pub download_size: u64,
    /// The bytes of its NAR.
    pub nar_size: u64,
}

/// Why a path could not be fetched.
pub type FetchError = Box<dyn Error + Send + Sync>;

/// Somebody who has paths: a binary cache, another store. Asked from several threads.
pub trait Substituter: Sync {
    /// What is known of a path; `None` if he does not have it, or cannot be asked.
    fn offer(&self, path: &StorePath) -> Option<Offer>;

    /// Makes a path valid in `store`, where its references are valid already; `false` if he does
    /// not have it. `tell` is told of the bytes that have come since it was told last.
    fn fetch(
        &self,
        store: &Store,
        path: &StorePath,
        tell: &mut dyn FnMut(u64),
    ) -> Result<bool, FetchError>;
}
