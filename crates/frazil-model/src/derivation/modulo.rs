//! The hash of a derivation *modulo* how its fixed outputs are fetched, and what follows from it.
//!
//! Two derivations that differ only in a URL, however far up, have one hash and thus one output
//! path. The caller keeps the hashes of the inputs, so each derivation is hashed once; nothing here
//! recurs into inputs.
//!
//! Invariant: a hash of the kind [`Deferred`](DerivationHashKind::Deferred) never becomes a path.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use super::aterm::OutputPaths;
use super::aterm::{self, Inputs};
use super::{Derivation, DerivationKind, DerivationOutput, KindError};
use crate::hash::{HashFormat, Sha256};
use crate::store_path::{OutputName, StoreDir, StoreNameError, StorePath};

/// The hash modulo of a derivation. All its outputs have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DerivationHash {
    /// The hash.
    pub digest: Sha256,
    /// Whether output paths may be computed from it.
    pub kind: DerivationHashKind,
}

/// Whether output paths may be computed from a hash modulo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivationHashKind {
    /// All is known before the build.
    Regular,
    /// It, or a derivation it needs, has outputs that only the build can name.
    Deferred,
}

/// What is known of a derivation once it is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instantiated {
    /// The path of its `.drv` file.
    pub path: StorePath,
    /// What derivations that need it will ask for.
    pub hash: DerivationHash,
}

/// Why a derivation cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantiateError {
    /// The outputs do not fit together.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The name is too long with `.drv` or an output's name behind it.
    #[error(transparent)]
    Name(#[from] StoreNameError),
}

/// Tells the hash modulo of an input derivation.
pub type LookupHash<'a, E> = dyn FnMut(&StorePath) -> Result<DerivationHash, E> + 'a;

impl Derivation {
    /// The hash modulo.
    ///
    /// With [masked](OutputPaths::Masked) outputs it is what their paths are computed from, with
    /// [shown](OutputPaths::Shown) ones what derivations that need this one are hashed with.
    /// `lookup` is asked for the latter, once for each input derivation.
    pub fn hash_modulo<E: From<KindError>>(
        &self,
        dir: &StoreDir,
        paths: OutputPaths,
        lookup: &mut LookupHash<'_, E>,
    ) -> Result<DerivationHash, E> {
        let kind = self.kind()?;
        if let Some(hash) = self.hash_without_inputs(dir, kind) {
            return Ok(hash);
        }
        let inputs = self.hash_inputs(kind, lookup)?;
        Ok(self.hash_with(dir, paths, &inputs, &mut Vec::new()))
    }

    /// Completes a derivation: computes the paths of its deferred outputs, sets them in the
    /// environment as well, and leaves the text of the `.drv` file in `aterm`.
    ///
    /// Outputs stay deferred if an input is; then their variables are empty. What `aterm` held is
    /// overwritten: using one buffer for many derivations saves allocations.
    pub fn instantiate<E: From<InstantiateError>>(
        &mut self,
        dir: &StoreDir,
        aterm: &mut Vec<u8>,
        lookup: &mut LookupHash<'_, E>,
    ) -> Result<Instantiated, E> {
        let kind = self.kind().map_err(InstantiateError::from)?;
        let hash = match self.hash_without_inputs(dir, kind) {
            Some(hash) => hash,
            None => self.fill_and_hash(dir, kind, aterm, lookup)?,
        };
        aterm.clear();
        self.print(dir, aterm);
        let path = self.path_of_text(dir, aterm).map_err(InstantiateError::from)?;
        Ok(Instantiated { path, hash })
    }

    fn fill_and_hash<E: From<InstantiateError>>(
        &mut self,
        dir: &StoreDir,
        kind: DerivationKind,
        buffer: &mut Vec<u8>,
        lookup: &mut LookupHash<'_, E>,
    ) -> Result<DerivationHash, E> {
        let inputs = self.hash_inputs(kind, lookup)?;
        if kind != DerivationKind::Deferred {
            return Ok(self.hash_with(dir, OutputPaths::Shown, &inputs, buffer));
        }
        for name in self.outputs.keys() {
            self.env.insert(name.as_str().into(), Vec::new());
        }
        let masked = self.hash_with(dir, OutputPaths::Masked, &inputs, buffer);
        if masked.kind == DerivationHashKind::Deferred {
            // Without paths, the masked text is the text.
            return Ok(masked);
        }
        for (name, output) in &mut self.outputs {
            let path =
                dir.output_path(&self.name, name, masked.digest).map_err(InstantiateError::from)?;
            self.env.insert(name.as_str().into(), dir.join(&path).into_bytes());
            *output = DerivationOutput::InputAddressed(path);
        }
        Ok(self.hash_with(dir, OutputPaths::Shown, &inputs, buffer))
    }

    /// The hash of a derivation for which the inputs do not matter.
    fn hash_without_inputs(&self, dir: &StoreDir, kind: DerivationKind) -> Option<DerivationHash> {
        match (kind, self.outputs.values().next()) {
            (DerivationKind::Fixed, Some(DerivationOutput::Fixed { content, path })) => {
                let text = format!(
                    "fixed:out:{}{}:{}",
                    content.method.prefix(),
                    content.hash.format_prefixed(HashFormat::Base16),
                    dir.display(path)
                );
                let digest = Sha256::of(text.as_bytes());
                Some(DerivationHash { digest, kind: DerivationHashKind::Regular })
            }
            (DerivationKind::Impure, _) => Some(DerivationHash {
                digest: Sha256::of(b"impure"),
                kind: DerivationHashKind::Deferred,
            }),
            _ => None,
        }
    }

    fn hash_inputs<E>(
        &self,
        kind: DerivationKind,
        lookup: &mut LookupHash<'_, E>,
    ) -> Result<HashedInputs, E> {
        let mut deferred = kind == DerivationKind::FloatingCa;
        let mut merged: BTreeMap<Sha256, BTreeSet<&OutputName>> = BTreeMap::new();
        for (path, wanted) in &self.input_derivations {
            let hash = lookup(path)?;
            deferred |= hash.kind == DerivationHashKind::Deferred;
            // As in Nix, outputs of outputs do not enter the hash.
            if !wanted.outputs.is_empty() {
                merged.entry(hash.digest).or_default().extend(&wanted.outputs);
            }
        }
        let kind =
            if deferred { DerivationHashKind::Deferred } else { DerivationHashKind::Regular };
        Ok(HashedInputs { printed: aterm::print_hashed_inputs(&merged), kind })
    }

    fn hash_with(
        &self,
        dir: &StoreDir,
        paths: OutputPaths,
        inputs: &HashedInputs,
        buffer: &mut Vec<u8>,
    ) -> DerivationHash {
        buffer.clear();
        self.print_as(dir, paths, Inputs::Printed(&inputs.printed), buffer);
        DerivationHash { digest: Sha256::of(buffer), kind: inputs.kind }
    }
}

/// The input derivations with their hashes in place of their paths; those of equal hash are one
/// input with the outputs of all, which matters when two differ only in a URL.
struct HashedInputs {
    printed: Vec<u8>,
    kind: DerivationHashKind,
}
