//! A real store behind the host: what an evaluation adds becomes valid there.
//!
//! Invariant: what is valid already is not written again.

use std::collections::BTreeSet;
use std::error::Error;

use frazil_eval::host::HostError;
use frazil_model::{ContentAddress, OutputName, StoreName, StorePath};
use frazil_store::{AddOptions, Source, Store};

use super::tree::Node;

/// Builds or fetches an output of a derivation: import from derivation.
pub type Realise<'t> = dyn FnMut(&StorePath, &OutputName) -> Result<(), HostError> + 't;

/// Fetches a path from a binary cache; returns whether it is valid now.
pub type Substitute<'t> = dyn FnMut(&StorePath) -> bool + 't;

/// A store, and who makes paths of it valid.
pub struct RealStore<'t> {
    pub store: &'t Store,
    pub realise: Box<Realise<'t>>,
    pub substitute: Box<Substitute<'t>>,
}

impl RealStore<'_> {
    pub(super) fn add(
        &self,
        path: StorePath,
        name: &StoreName,
        address: ContentAddress,
        node: &Node,
    ) -> Result<StorePath, HostError> {
        self.store.add_temp_root(&path).map_err(refused)?;
        if self.store.is_valid(&path).map_err(refused)? {
            return Ok(path);
        }
        let options = AddOptions {
            method: address.method,
            algorithm: address.hash.algorithm(),
            references: BTreeSet::new(),
        };
        let mut produce = |put: &mut frazil_store::Put<'_>| node.produce(put);
        let added = self.store.add(name, Source::Events(&mut produce), &options);
        added.map(|info| info.path).map_err(refused)
    }

    pub(super) fn add_text(
        &self,
        path: &StorePath,
        text: &[u8],
        references: &[StorePath],
    ) -> Result<(), HostError> {
        let references = references.iter().cloned().collect();
        self.store.add_text(&path.store_name(), text, references).map_err(refused)?;
        Ok(())
    }

    /// Whether a path is valid; if it is, no collector takes it while the store is open.
    pub(super) fn is_valid(&self, path: &StorePath) -> Result<bool, HostError> {
        self.store.add_temp_root(path).map_err(refused)?;
        self.store.is_valid(path).map_err(refused)
    }
}

/// An error of the store with all its causes, in one line.
fn refused(error: impl Error) -> HostError {
    HostError::Store(crate::causes(&error))
}
