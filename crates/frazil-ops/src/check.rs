//! `frazil check`: a linked system runs under a trace, and what it looks for is compared with what
//! the linker dropped.
//!
//! The linker follows evidence, and a path that a program puts together while it runs is none. Each
//! path that was dropped and that somebody looks for is shown, ready to be written into `keep`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use frazil_build::sandbox::container;
use frazil_build::sandbox::trace::Traced;
use frazil_link::link::missed;
use serde::Serialize;

use crate::image::{System, SystemError};
use crate::run::{Cancel, Ended, RunPlan, SystemRunError, in_container};

/// How to check a system.
#[derive(Debug)]
pub struct CheckPlan {
    /// How it runs.
    pub run: RunPlan,
    /// After how long without looking for anything it is asked to stop; never if `None`.
    pub idle: Option<Duration>,
}

/// What was found.
#[derive(Debug)]
pub struct Checked {
    /// How many paths were looked for.
    pub paths: usize,
    /// What was dropped and looked for, sorted by path.
    pub missed: Vec<Missed>,
    /// How the system, or the command, ended.
    pub ended: Ended,
}

/// Something that was dropped and that a program looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// What to write into `system.link.keep`.
    pub keep: String,
    /// The package that has it.
    pub package: String,
    /// How much larger the system gets with it, in bytes.
    pub bytes: u64,
    /// Why it was dropped.
    pub reason: String,
    /// The path as the program had it.
    pub looked_for: String,
    /// The program.
    pub program: String,
}

/// Why a system could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no ledger.
    #[error(transparent)]
    System(#[from] SystemError),
    /// It does not run.
    #[error(transparent)]
    Run(#[from] SystemRunError),
}

impl CheckError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::System(source) => source.help(),
            Self::Run(source) => source.help(),
        }
    }
}

/// Runs a system until it ends, is asked to stop, or looks for nothing any more.
pub fn check(
    system: &System,
    plan: &CheckPlan,
    stop: &Cancel,
    kill: &Cancel,
) -> Result<Checked, CheckError> {
    let ledger = system.ledger()?;
    // The first program that looked for each path.
    let mut lookups: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut on_traced = |traced| match traced {
        Traced::Lookup(lookup) => {
            lookups.entry(lookup.path).or_insert(lookup.program);
        }
        Traced::Idle => stop.cancel(),
    };
    let ended = in_container(system, &plan.run, |container, signal| {
        let ending = (signal, plan.run.grace);
        container::run_traced(container, ending, (stop, kill), plan.idle, &mut on_traced)
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let found = missed(&system.tree, &ledger, lookups.keys().map(Vec::as_slice));
    let missed = found.into_iter().map(|missed| Missed {
        keep: missed.pattern(),
        package: package(&ledger, &missed.unit),
        bytes: missed.bytes,
        reason: missed.reason.to_string(),
        program: lookups.get(&missed.looked_for).map(|program| text(program)).unwrap_or_default(),
        looked_for: text(&missed.looked_for),
    });
    Ok(Checked { paths: lookups.len(), missed: missed.collect(), ended })
}

/// The name of the package that a unit is.
fn package(ledger: &frazil_link::Ledger, unit: &frazil_tree::Origin) -> String {
    let record = ledger.units.iter().find(|record| record.name == *unit);
    record.map_or_else(|| unit.to_string(), |record| record.package.to_string())
}
