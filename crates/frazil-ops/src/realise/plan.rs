//! What has to be done for a goal, found out without doing it.

use std::collections::{BTreeMap, BTreeSet};

use frazil_build::schedule::{Goal, Outcome, Work};
use frazil_model::{Derivation, OutputName, StorePath};

use super::{Executor, Mode, RealiseError, locked};

impl Executor<'_> {
    pub(super) fn plan_path(&self, path: &StorePath) -> Result<Outcome, RealiseError> {
        // Kept first and asked then: so it cannot be collected in between.
        self.store.add_temp_root(path)?;
        if self.store.is_valid(path)? && !self.repairs(path) {
            return Ok(Outcome::Done);
        }
        let maker = self.maker(path)?;
        if let Some(offer) = self.offer(path) {
            let references = offer.info.references.into_iter().filter(|other| other != path);
            let needs = references.map(Goal::Path).collect();
            return Ok(Outcome::Then { needs, work: Work::Substitute });
        }
        match maker {
            Some(maker) => Ok(Outcome::With(vec![Goal::Derivation(maker)])),
            None => Err(RealiseError::NoWay { path: path.clone() }),
        }
    }

    pub(super) fn plan_derivation(&self, path: &StorePath) -> Result<Outcome, RealiseError> {
        self.store.add_temp_root(path)?;
        if !self.store.is_valid(path)? {
            return Ok(Outcome::Then { needs: vec![Goal::Path(path.clone())], work: Work::Plan });
        }
        let derivation = self.derivation(path)?;
        let outputs = outputs_of(path, &derivation)?;
        let mut is_complete = true;
        for output in outputs.values() {
            self.store.add_temp_root(output)?;
            is_complete &= self.store.is_valid(output)? && !self.repairs(output);
        }
        match (self.checks(path), is_complete) {
            (false, true) => return Ok(Outcome::Done),
            (true, false) => return Err(RealiseError::NothingToCheck { path: path.clone() }),
            (false, false) | (true, true) => {}
        }
        let mut needs: Vec<Goal> =
            derivation.input_sources.iter().cloned().map(Goal::Path).collect();
        for (input, wanted) in &derivation.input_derivations {
            if !wanted.dynamic.is_empty() {
                return Err(RealiseError::Unsupported { path: path.clone() });
            }
            if !self.store.is_valid(input)? {
                // Its outputs are not known before it is there.
                needs = vec![Goal::Path(input.clone())];
                return Ok(Outcome::Then { needs, work: Work::Plan });
            }
            let made = outputs_of(input, &self.derivation(input)?)?;
            let mut makers = locked(&self.makers);
            for name in &wanted.outputs {
                let Some(output) = made.get(name) else {
                    return Err(RealiseError::NoOutput {
                        path: input.clone(),
                        output: name.clone(),
                    });
                };
                makers.insert(output.clone(), input.clone());
                needs.push(Goal::Path(output.clone()));
            }
        }
        Ok(Outcome::Then { needs, work: Work::Build })
    }

    /// Whether this derivation is built though its outputs are there.
    pub(super) fn checks(&self, derivation: &StorePath) -> bool {
        self.options.mode == Mode::Check
            && self.wanted.contains(&Goal::Derivation(derivation.clone()))
    }

    /// Whether this path is made again though it is there.
    pub(super) fn repairs(&self, path: &StorePath) -> bool {
        self.options.mode == Mode::Repair && self.wanted.contains(&Goal::Path(path.clone()))
    }

    /// A derivation that makes the path, if one is known.
    pub(super) fn maker(&self, path: &StorePath) -> Result<Option<StorePath>, RealiseError> {
        if let Some(maker) = locked(&self.makers).get(path) {
            return Ok(Some(maker.clone()));
        }
        Ok(self.store.valid_derivers(path)?.into_iter().next())
    }
}

/// The paths of the outputs, which must be known beforehand.
pub(super) fn outputs_of(
    path: &StorePath,
    derivation: &Derivation,
) -> Result<BTreeMap<OutputName, StorePath>, RealiseError> {
    let known = derivation.outputs.iter().map(|(name, output)| {
        let path = output.path().ok_or_else(|| RealiseError::Unsupported { path: path.clone() })?;
        Ok((name.clone(), path.clone()))
    });
    known.collect()
}

/// The outputs of a derivation, as goals are made of them.
pub(super) fn set(outputs: &BTreeMap<OutputName, StorePath>) -> BTreeSet<StorePath> {
    outputs.values().cloned().collect()
}
