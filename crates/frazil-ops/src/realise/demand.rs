//! What a builder asks for while it runs: derivations that nobody could know of before.

use std::collections::BTreeMap;

use frazil_build::builtin::{Built, BuiltinError, Demanded};
use frazil_build::schedule::Goal;
use frazil_model::{Derivation, OutputName, StorePath};

use super::plan::outputs_of;
use super::{Event, Executor, Mode, RealiseError, RealiseOptions, realise};

impl Executor<'_> {
    /// Realises derivations and says where their outputs are.
    pub(super) fn demand(&self, demanded: &[Demanded]) -> Result<Vec<Built>, BuiltinError> {
        let mut wanted = Vec::new();
        let mut built = Vec::new();
        for Demanded { derivation, inputs } in demanded {
            let path = derivation.path(self.store.store_dir())?;
            let outputs = outputs_of(&path, derivation)?;
            // A link asks for dozens of packages, most of which are there from the last one.
            if !self.are_valid(&outputs)? {
                for derivation in inputs.iter().chain([derivation]) {
                    self.write(derivation)?;
                }
                wanted.push(Goal::Derivation(path));
            }
            let place = |path: StorePath| (path.clone(), self.store.layout().path(&path));
            let outputs = outputs.into_iter().map(|(name, path)| (name, place(path)));
            built.push(outputs.collect::<BTreeMap<_, _>>());
        }
        if !wanted.is_empty() {
            self.realise_demanded(&wanted)?;
        }
        Ok(built)
    }

    /// Whether all are there; if they are, they stay.
    fn are_valid(&self, outputs: &BTreeMap<OutputName, StorePath>) -> Result<bool, RealiseError> {
        let mut are_valid = true;
        for path in outputs.values() {
            self.store.add_temp_root(path)?;
            are_valid &= self.store.is_valid(path)?;
        }
        Ok(are_valid)
    }

    fn realise_demanded(&self, wanted: &[Goal]) -> Result<(), BuiltinError> {
        // What is checked is the build that asks, not what it asks for.
        let options = RealiseOptions { mode: Mode::Make, ..self.options.clone() };
        // The counts of the outer schedule go on.
        let tell = |event| {
            if !matches!(event, Event::Counts(_)) {
                (self.tell)(event);
            }
        };
        let report = realise(self.store, wanted, &options, self.cancel, &tell);
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
        Ok(())
    }

    fn write(&self, derivation: &Derivation) -> Result<StorePath, BuiltinError> {
        let mut text = Vec::new();
        derivation.print(self.store.store_dir(), &mut text);
        let references = derivation.references().cloned().collect();
        let name = derivation.name.with_drv_extension()?;
        Ok(self.store.add_text(&name, &text, references)?.path)
    }
}
