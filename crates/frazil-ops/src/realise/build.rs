//! Building one derivation, from its locks to its valid outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use frazil_build::BuildEnvironment;
use frazil_build::builtin::{self, BuiltinTask};
use frazil_build::environment::{Surroundings, may_use_network};
use frazil_build::sandbox::{self, BuildDir, Network, Sandbox};
use frazil_build::schedule::Outcome;
use frazil_model::{Derivation, OutputName, StorePath};
use frazil_store::{OutputLocks, Workplace};

use crate::builtins::debian_root;

use super::error::BuildProblem;
use super::inputs::{Inputs, check_system};
use super::log::BuildLog;
use super::outputs::Made;
use super::plan::{outputs_of, set};
use super::{Event, Executor, Mode, RealiseError, locked};

/// Where the outputs of a builder that is a function are made, in the workplace.
const BUILTIN_OUTPUTS: &str = "outputs";
/// Where outputs are copied to, in the workplace but outside of what the builder saw.
const COPIES: &str = "copies";

/// One derivation that is being built.
pub(super) struct Job<'a> {
    pub(super) path: &'a StorePath,
    pub(super) derivation: Derivation,
    pub(super) outputs: BTreeMap<OutputName, StorePath>,
    pub(super) inputs: Inputs,
}

impl Executor<'_> {
    pub(super) fn build(&self, path: &StorePath) -> Result<Outcome, RealiseError> {
        if self.options.mode == Mode::Plan {
            self.report().built.insert(path.clone());
            return Ok(Outcome::Done);
        }
        let derivation = self.derivation(path)?;
        let outputs = outputs_of(path, &derivation)?;
        let locks = self.store.lock_outputs(&set(&outputs), &|| self.cancel.is_cancelled())?;
        if !self.checks(path) {
            // Somebody else may have built it while we waited for the locks.
            let mut is_complete = true;
            for output in outputs.values() {
                is_complete &= self.store.is_valid(output)? && !self.repairs(output);
            }
            if is_complete {
                return Ok(Outcome::Done);
            }
        }
        let _listener = self.cancel.listen();
        (self.tell)(Event::BuildStarted(path.clone()));
        let mut failed = Failed::default();
        let done = self.build_locked(path, derivation, outputs, &locks, &mut failed);
        let (derivation, succeeded) = (path.clone(), done.is_ok());
        (self.tell)(Event::BuildEnded { derivation, succeeded });
        match done {
            Ok(()) => {
                self.report().built.insert(path.clone());
                Ok(Outcome::Done)
            }
            Err(problem) => Err(RealiseError::Build {
                derivation: path.clone(),
                source: Box::new(problem),
                last_lines: failed.last_lines,
                kept: failed.kept,
            }),
        }
    }

    fn build_locked(
        &self,
        path: &StorePath,
        derivation: Derivation,
        outputs: BTreeMap<OutputName, StorePath>,
        locks: &OutputLocks,
        failed: &mut Failed,
    ) -> Result<(), BuildProblem> {
        check_system(&derivation, &self.options.systems)?;
        let inputs = Inputs::of(self.store, &derivation)?;
        let mut job = Job { path, derivation, outputs, inputs };
        let environment = BuildEnvironment::new(
            &job.derivation,
            Surroundings {
                dir: self.store.store_dir(),
                outputs: &job.outputs,
                facts: &job.inputs.facts,
                inputs: &job.inputs.closure,
                cores: self.options.cores,
                impure_variables: &self.options.impure_variables,
            },
        )?;
        // What cannot be removed is in nobody's way; the garbage collector will say why.
        self.cleared.call_once(|| drop(self.store.remove_abandoned_workplaces()));
        let workplace = self.store.workplace()?;
        let mut log = BuildLog::create(self.store, path, self.tell)?;
        let ran = if job.derivation.is_builtin() {
            let demanded = Mutex::default();
            let ran = self.run_builtin(&job, &environment, workplace.path(), &demanded, &mut log);
            job.inputs.add(self.store, &locked(&demanded))?;
            ran
        } else {
            self.run_program(&job, &environment, workplace.path(), &mut log)
        };
        let (last_lines, logged) = log.finish();
        let done = ran
            .and_then(|places| self.accept(&job, &places, locks))
            .and_then(|made| logged.map(|()| made));
        if let Err(problem) = &done {
            failed.last_lines = last_lines;
            if self.options.keep_failed {
                failed.kept = self.keep(&job, &workplace, problem);
            }
        }
        done.map(|Made| ())
    }

    fn run_program(
        &self,
        job: &Job<'_>,
        environment: &BuildEnvironment,
        scratch: &Path,
        log: &mut BuildLog<'_>,
    ) -> Result<BTreeMap<OutputName, PathBuf>, BuildProblem> {
        let network =
            if may_use_network(job.derivation.kind()?) { Network::Host } else { Network::Private };
        let mut binds = self.options.binds.clone();
        let dir = self.store.store_dir();
        binds.extend(debian_root::binds(&job.derivation, dir, &job.inputs.places));
        let sandbox = Sandbox {
            scratch,
            store: self.store.store_dir(),
            inputs: &job.inputs.places,
            binds: &binds,
            environment,
            system: &job.derivation.system,
            network,
            build_dir: BuildDir::Disk,
            limits: self.options.limits,
        };
        sandbox::run(&sandbox, self.cancel, &mut |line| log.line(line))?;
        let place = |(name, path): (&OutputName, &StorePath)| {
            (name.clone(), sandbox::output_place(scratch, path))
        };
        let places = job.outputs.iter().map(place).collect();
        match network {
            Network::Host => self.copied(places, &scratch.join(COPIES)),
            Network::Private => Ok(places),
        }
    }

    /// Copies of outputs, where there are any. A builder that shares a network with others can send
    /// them descriptors of its files over an abstract socket, to be written to when it has ended.
    fn copied(
        &self,
        mut places: BTreeMap<OutputName, PathBuf>,
        copies: &Path,
    ) -> Result<BTreeMap<OutputName, PathBuf>, BuildProblem> {
        frazil_store::fs::Disk::default().create_dir(copies)?;
        for (name, place) in &mut places {
            if place.symlink_metadata().is_ok() {
                let copy = copies.join(name.as_str());
                self.store.copy_output(place, &copy)?;
                *place = copy;
            }
        }
        Ok(places)
    }

    fn run_builtin(
        &self,
        job: &Job<'_>,
        environment: &BuildEnvironment,
        scratch: &Path,
        demanded: &Mutex<BTreeSet<StorePath>>,
        log: &mut BuildLog<'_>,
    ) -> Result<BTreeMap<OutputName, PathBuf>, BuildProblem> {
        let builder = String::from_utf8_lossy(&job.derivation.builder).into_owned();
        let Some(found) = builtin::find(self.options.builtins, &job.derivation.builder) else {
            return Err(BuildProblem::NoBuiltin { builder });
        };
        let dir = scratch.join(BUILTIN_OUTPUTS);
        frazil_store::fs::Disk::default().create_dir(&dir)?;
        let outputs: BTreeMap<_, _> = job
            .outputs
            .iter()
            .map(|(name, path)| (name.clone(), dir.join(path.as_str())))
            .collect();
        let task = BuiltinTask {
            derivation: &job.derivation,
            environment,
            store: self.store.store_dir(),
            inputs: &job.inputs.places,
            outputs: &outputs,
            cancel: self.cancel,
            demand: &|derivations| {
                let built = self.demand(derivations)?;
                let paths = built.iter().flat_map(BTreeMap::values).map(|(path, _)| path.clone());
                locked(demanded).extend(paths);
                Ok(built)
            },
            warn: &|text| (self.tell)(Event::Problem(text)),
        };
        match (found.build)(&task, self.options.tools, &mut |line| log.line(line)) {
            Ok(()) => Ok(outputs),
            Err(source) => Err(BuildProblem::Builtin { builder, source }),
        }
    }

    /// Moves what a failed build has left to where it stays; where there is no room for it, it goes.
    fn keep(
        &self,
        job: &Job<'_>,
        workplace: &Workplace,
        problem: &BuildProblem,
    ) -> Option<PathBuf> {
        let name = job.path.name().trim_end_matches(".drv");
        // What was built the second time is of interest, not how.
        let left = if let BuildProblem::Different { .. } = problem {
            sandbox::output_dir(workplace.path())
        } else {
            sandbox::build_dir(workplace.path())
        };
        self.store.keep_build(&left, name).ok()
    }
}

/// What a failed build leaves.
#[derive(Default)]
struct Failed {
    last_lines: Vec<Vec<u8>>,
    kept: Option<PathBuf>,
}
