//! What every command takes that is about a flake, and where the user's registry is.

use std::path::PathBuf;

use clap::Args;
use frazil_eval::flake::registry::{Registry, RegistryEntry};
use frazil_eval::input::FlakeRef;
use frazil_ops::flake::{FlakePlan, LockPlan, Writing, read_registry};

use crate::command_error::CommandError;
use crate::environment::Environment;

/// The flake of a command that names none.
pub(super) const HERE: &str = ".";

/// How the inputs of a flake are locked.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct LockArguments {
    /// Take an input from elsewhere; implies --no-write-lock-file except in `lock` (can be repeated)
    #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"])]
    override_input: Vec<String>,

    /// Lock this input anew (can be repeated)
    #[arg(long, value_name = "INPUT")]
    update_input: Vec<String>,

    /// Lock all inputs anew
    #[arg(long)]
    recreate_lock_file: bool,

    /// Use changed locks without writing them
    #[arg(long)]
    no_write_lock_file: bool,

    /// End with an error if the locks would change
    #[arg(long)]
    no_update_lock_file: bool,

    /// Start from this lock file in place of the flake's; implies --no-write-lock-file
    #[arg(long, value_name = "FILE")]
    reference_lock_file: Option<PathBuf>,

    /// Write the locks here in place of the flake's lock file
    #[arg(long, value_name = "FILE")]
    output_lock_file: Option<PathBuf>,

    /// Let a name stand for a flake, before the registry is asked (can be repeated)
    #[arg(long, num_args = 2, value_names = ["NAME", "FLAKE"])]
    override_flake: Vec<String>,
}

impl LockArguments {
    /// The plan for a flake that is used, but not about to be locked.
    pub(super) fn plan(
        &self,
        options: frazil_eval::Options,
        memory_bytes_max: Option<u64>,
        environment: &Environment,
    ) -> Result<FlakePlan, CommandError> {
        let mut plan = self.locking_plan(options, memory_bytes_max, environment)?;
        if !self.override_input.is_empty() && plan.lock.writing == Writing::Allowed {
            plan.lock.writing = Writing::Skipped;
        }
        Ok(plan)
    }

    /// The plan of a command that is there to write locks.
    pub(super) fn locking_plan(
        &self,
        mut options: frazil_eval::Options,
        memory_bytes_max: Option<u64>,
        environment: &Environment,
    ) -> Result<FlakePlan, CommandError> {
        let absolute = |file: &PathBuf| environment.absolute(file);
        options.registry = self.registry(environment)?;
        let writing = if self.no_write_lock_file || self.reference_lock_file.is_some() {
            Writing::Skipped
        } else if self.no_update_lock_file {
            Writing::Refused
        } else {
            Writing::Allowed
        };
        let lock = LockPlan {
            overrides: pairs(&self.override_input),
            updates: self.update_input.clone(),
            recreate: self.recreate_lock_file,
            writing,
            reference_lock_file: self.reference_lock_file.as_ref().map(absolute),
            output_lock_file: self.output_lock_file.as_ref().map(absolute),
        };
        Ok(FlakePlan { options, memory_bytes_max, base: environment.directory.clone(), lock })
    }

    fn registry(&self, environment: &Environment) -> Result<Registry, CommandError> {
        let refused = |error: frazil_eval::input::InputError| CommandError::usage(error.0);
        let mut registry = Registry::default();
        for (from, to) in pairs(&self.override_flake) {
            registry.entries.push(RegistryEntry {
                from: FlakeRef::parse(&from).map_err(refused)?.input,
                to: FlakeRef::parse(&to).map_err(refused)?,
                exact: false,
            });
        }
        registry.entries.extend(user_registry(environment)?.entries);
        Ok(registry)
    }
}

/// What the user has defined.
pub(super) fn user_registry(environment: &Environment) -> Result<Registry, CommandError> {
    Ok(match registry_file(environment) {
        Some(file) => read_registry(&file)?,
        None => Registry::default(),
    })
}

fn pairs(words: &[String]) -> Vec<(String, String)> {
    let pair = |pair: &[String]| Some((pair.first()?.clone(), pair.get(1)?.clone()));
    words.chunks_exact(2).filter_map(pair).collect()
}

/// The user's registry.
pub(super) fn registry_file(environment: &Environment) -> Option<PathBuf> {
    let named = environment.text("XDG_CONFIG_HOME").filter(|path| path.starts_with('/'));
    let config = named.map(PathBuf::from).or_else(|| Some(environment.home()?.join(".config")));
    Some(config?.join("frazil/registry.json"))
}
