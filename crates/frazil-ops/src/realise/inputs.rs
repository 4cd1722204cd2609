//! What a build may use: the closure of its inputs, and what is known of each path in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use frazil_build::PathFacts;
use frazil_model::{Derivation, StorePath};
use frazil_store::Store;

use super::error::BuildProblem;

/// The closure of the inputs.
#[derive(Default)]
pub(super) struct Inputs {
    pub(super) closure: BTreeSet<StorePath>,
    /// Also of what the outputs of derivations among the inputs need, which is told to builders.
    pub(super) facts: BTreeMap<StorePath, PathFacts>,
    /// Where each path of the closure is.
    pub(super) places: BTreeMap<StorePath, PathBuf>,
}

impl Inputs {
    /// All inputs must be valid.
    pub(super) fn of(store: &Store, derivation: &Derivation) -> Result<Self, BuildProblem> {
        let mut roots = derivation.input_sources.clone();
        for (input, wanted) in &derivation.input_derivations {
            let outputs = store.derivation_outputs(input)?;
            roots.extend(wanted.outputs.iter().filter_map(|name| outputs.get(name)).cloned());
        }
        let mut inputs = Self::default();
        inputs.add(store, &roots)?;
        Ok(inputs)
    }

    /// Adds the closure of `roots`, which must be valid.
    pub(super) fn add(
        &mut self,
        store: &Store,
        roots: &BTreeSet<StorePath>,
    ) -> Result<(), BuildProblem> {
        let closure = store.closure(roots)?;
        let facts = &mut self.facts;
        let mut next: Vec<StorePath> = closure.iter().cloned().collect();
        while let Some(path) = next.pop() {
            if facts.contains_key(&path) {
                continue;
            }
            let info = store.valid_path_info(&path)?;
            let mut outputs = BTreeSet::new();
            if path.is_derivation() {
                for output in store.derivation_outputs(&path)?.into_values() {
                    if store.is_valid(&output)? {
                        next.push(output.clone());
                        outputs.insert(output);
                    }
                }
            }
            next.extend(info.references.iter().cloned());
            let known = PathFacts {
                nar_hash: info.nar.hash,
                nar_size: info.nar.size,
                references: info.references,
                content_address: info.content_address,
                outputs,
            };
            facts.insert(path, known);
        }
        let place = |path: &StorePath| (path.clone(), store.layout().path(path));
        self.places.extend(closure.iter().map(place));
        self.closure.extend(closure);
        Ok(())
    }
}

/// The platform that a derivation has to be built on, and whether this is one.
pub(super) fn check_system(
    derivation: &Derivation,
    systems: &BTreeSet<Vec<u8>>,
) -> Result<(), BuildProblem> {
    if derivation.is_builtin() || systems.contains(&derivation.system) {
        return Ok(());
    }
    let shown: Vec<_> = systems.iter().map(|name| String::from_utf8_lossy(name)).collect();
    Err(BuildProblem::System {
        wanted: String::from_utf8_lossy(&derivation.system).into_owned(),
        found: shown.join("' or '"),
    })
}
