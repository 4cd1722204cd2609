//! What a builder asks for while it runs: derivations that nobody could know of before.

use std::collections::{BTreeMap, BTreeSet};

use frazil_build::builtin::{Built, BuiltinError};
use frazil_build::schedule::Goal;
use frazil_model::{Derivation, StorePath};

use super::plan::outputs_of;
use super::{Event, Executor, Mode, RealiseOptions, realise};

impl Executor<'_> {
    /// Realises derivations and says where their outputs are.
    pub(super) fn demand(&self, derivations: &[Derivation]) -> Result<Vec<Built>, BuiltinError> {
        let paths: Vec<StorePath> = derivations
            .iter()
            .map(|derivation| self.write(derivation))
            .collect::<Result<_, _>>()?;
        let wanted: BTreeSet<Goal> = paths.iter().cloned().map(Goal::Derivation).collect();
        // What is checked is the build that asks, not what it asks for.
        let options = RealiseOptions { mode: Mode::Make, ..self.options.clone() };
        // The counts of the outer schedule go on.
        let tell = |event| {
            if !matches!(event, Event::Counts(_)) {
                (self.tell)(event);
            }
        };
        let report = realise(self.store, &wanted, &options, self.cancel, &tell);
        let mut ours = self.report();
        ours.built.extend(report.built);
        ours.fetched.extend(report.fetched);
        drop(ours);
        if let Some((_, error)) = report.failures.into_iter().next() {
            return Err(error.into());
        }
        if let Some((Goal::Derivation(path) | Goal::Path(path), _)) =
            report.missed.first_key_value()
        {
            return Err(format!("`{path}` was not built").into());
        }
        let built = |(path, derivation): (&StorePath, &Derivation)| -> Result<Built, BuiltinError> {
            let place = |path: StorePath| (path.clone(), self.store.layout().path(&path));
            let outputs = outputs_of(path, derivation)?.into_iter();
            Ok(outputs.map(|(name, path)| (name, place(path))).collect::<BTreeMap<_, _>>())
        };
        paths.iter().zip(derivations).map(built).collect()
    }

    fn write(&self, derivation: &Derivation) -> Result<StorePath, BuiltinError> {
        let mut text = Vec::new();
        derivation.print(self.store.store_dir(), &mut text);
        let references = derivation.references().cloned().collect();
        let name = derivation.name.with_drv_extension()?;
        Ok(self.store.add_text(&name, &text, references)?.path)
    }
}
