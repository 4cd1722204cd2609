//! Binary caches as a user has to do with them: filling one, taking from some, being one, and keys.

pub mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use frazil_model::StorePath;
use frazil_model::signature::SecretKey;

pub use frazil_store::cache::{
    CacheError, Caches, CompressionMethod, EncoderOptions, KeyError, LookupError, Missing,
    OnTransfer, Pulled, PushOptions, Pushed, TransferEvent, UnknownCompression, generate_key_files,
};
use frazil_store::fetch::{Client, ClientError, FetchOptions, Url};
pub use frazil_store::fs::Disk;
use frazil_store::{DatabaseError, Store};

use crate::network::{LookupOptions, NetworkPlan};

/// Why an operation on a cache failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be used as it was asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A cache failed, or none has what is wanted.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The answers of caches cannot be kept.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The store's database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Error {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Client(source) => source.help(),
            Self::Cache(source) => source.help(),
            Self::Lookup(source) => source.help(),
            Self::Database(source) => source.help(),
        }
    }
}

/// What to take from caches.
pub struct PullPlan {
    /// The caches, and whom to believe.
    pub network: NetworkPlan,
    /// The paths that are wanted, with all that they refer to.
    pub paths: BTreeSet<StorePath>,
}

/// Finds what of a plan is missing in a store.
pub fn missing(
    store: &Store,
    plan: &PullPlan,
    on: &OnTransfer<'_>,
) -> Result<(Caches, Missing), Error> {
    let client = Client::new(plan.network.fetch.clone())?;
    let mut network = plan.network.clone();
    if let Some(lookups) = &mut network.lookups {
        // Who asks for these paths has reason to believe that they are there now.
        lookups.options.absent = LookupOptions::NEVER;
    }
    let (caches, mut problems) = network.open_caches(&client, network.lookups()?);
    if caches.iter().next().is_none() && !problems.is_empty() {
        return Err(problems.swap_remove(0).into());
    }
    let mut missing = caches.query_missing(store, &plan.paths)?;
    missing.problems.splice(0..0, problems);
    for problem in &missing.problems {
        on(TransferEvent::Problem(problem));
    }
    Ok((caches, missing))
}

/// Makes the paths of a plan valid in a store.
pub fn pull(store: &Store, plan: &PullPlan, on: &OnTransfer<'_>) -> Result<Pulled, Error> {
    let (caches, missing) = missing(store, plan, on)?;
    Ok(caches.pull_missing(store, missing, on)?)
}

/// What to write into a cache.
pub struct PushPlan {
    /// How to reach the network.
    pub fetch: FetchOptions,
    /// The cache.
    pub cache: Url,
    /// How to write.
    pub options: PushOptions,
    /// The paths, which must be valid; all that they refer to is written, too.
    pub paths: BTreeSet<StorePath>,
}

/// Writes the paths of a plan into a cache.
pub fn push(store: &Store, plan: &PushPlan, on: &OnTransfer<'_>) -> Result<Pushed, Error> {
    let client = Client::new(plan.fetch.clone())?;
    let PushPlan { cache, options, paths, .. } = plan;
    Ok(frazil_store::cache::push(store, paths, &client, cache, options, on)?)
}

/// Adds the signatures of `keys` to valid paths, in one step. Returns those that lacked one.
pub fn sign(
    store: &Store,
    paths: &BTreeSet<StorePath>,
    keys: &[SecretKey],
) -> Result<BTreeSet<StorePath>, Error> {
    let mut new = Vec::new();
    for path in paths {
        let mut info = store.valid_path_info(path)?;
        for key in keys {
            info.sign(store.store_dir(), key);
        }
        new.push((info.path, info.signatures));
    }
    Ok(store.add_signatures(&new)?)
}
