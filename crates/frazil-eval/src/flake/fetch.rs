//! Fetching the trees of flakes, each reference once.

use std::collections::BTreeMap;

use frazil_model::StorePath;

use super::Flake;
use super::registry::LookupError;
use super::{InputPath, SourcePath};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Note, Result};
use crate::evaluator::Evaluator;
use crate::input::FlakeRef;
use crate::source::Range;

/// The tree that a reference leads to.
#[derive(Clone, Debug)]
pub(super) struct FetchedTree {
    pub(super) resolved: FlakeRef,
    pub(super) locked: FlakeRef,
    pub(super) tree: StorePath,
}

/// What was fetched so far, by the reference that was asked for.
#[derive(Default)]
pub(super) struct Fetches(BTreeMap<FlakeRef, FetchedTree>);

/// Where a reference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Someone asks for it.
    Asked { use_registry: bool },
    /// A lock file pins it.
    Lock,
}

impl Evaluator<'_> {
    pub(super) fn fetch_tree(
        &mut self,
        reference: &FlakeRef,
        origin: Origin,
        fetches: &mut Fetches,
    ) -> Result<FetchedTree> {
        if let Some(known) = fetches.0.get(reference) {
            return Ok(known.clone());
        }
        let resolved = self.resolve_reference(reference, origin)?;
        let found = match fetches.0.get(&resolved) {
            Some(known) => FetchedTree { resolved, ..known.clone() },
            None => self.fetch_resolved(resolved, origin)?,
        };
        for asked in [&found.resolved, reference] {
            fetches.0.insert(asked.clone(), found.clone());
        }
        Ok(found)
    }

    fn fetch_resolved(&mut self, resolved: FlakeRef, origin: Origin) -> Result<FetchedTree> {
        let fetched =
            self.fetch_input(&resolved.input, origin == Origin::Lock).map_err(|error| {
                let shown = shown(&resolved);
                self.while_doing(error, || format!("while fetching the input '{shown}'"))
            })?;
        // A lock says all that anyone may know.
        let input = match origin {
            Origin::Lock => resolved.input.clone(),
            Origin::Asked { .. } => resolved.input.with_fetched(&fetched.attributes),
        };
        let locked = FlakeRef { input, dir: resolved.dir.clone() };
        Ok(FetchedTree { resolved, locked, tree: fetched.path })
    }

    fn resolve_reference(&self, reference: &FlakeRef, origin: Origin) -> Result<FlakeRef> {
        if reference.input.is_direct() {
            return Ok(reference.clone());
        }
        if origin == (Origin::Asked { use_registry: false }) {
            let shown = shown(reference);
            let message = format!(
                "'{shown}' is an indirect flake reference, but registry lookups are not allowed"
            );
            return Err(self.error(ErrorKind::Restricted, message));
        }
        self.options.registry.resolve(reference).map_err(|error| {
            let is_unknown = matches!(error, LookupError::Unknown(_));
            let error = self.error(ErrorKind::Other, error.to_string());
            if !is_unknown {
                return error;
            }
            let id = reference.input.text("id").ok().flatten().unwrap_or("NAME");
            error.help(format!(
                "say what it stands for with `--override-input {id} URL`, with \
                 `--override-flake {id} URL`, or once and for all with \
                 `frazil flake registry add {id} URL`"
            ))
        })
    }

    /// Fetches a flake and reads its `flake.nix`.
    pub(super) fn fetch_flake(
        &mut self,
        reference: &FlakeRef,
        origin: Origin,
        fetches: &mut Fetches,
        prefix: &InputPath,
    ) -> Result<Flake> {
        let FetchedTree { resolved, locked, tree } = self.fetch_tree(reference, origin, fetches)?;
        let source = SourcePath { tree, dir: String::new() };
        self.read_flake(reference.clone(), resolved, locked, source, prefix)
    }

    /// Adds to an error what was under way.
    #[cold]
    pub(super) fn while_doing(&self, error: Error, message: impl FnOnce() -> String) -> Error {
        error.note(|| Note {
            depth: self.depth,
            message: message(),
            range: Range::NOWHERE,
            pinned: true,
        })
    }
}

/// A reference for messages.
pub(super) fn shown(reference: &FlakeRef) -> String {
    match reference.to_url() {
        Ok(url) => url.to_string(),
        Err(_) => crate::input::to_json(&reference.to_attributes()).compact(),
    }
}
