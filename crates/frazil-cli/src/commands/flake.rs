//! `frazil flake`

use clap::{Args, Subcommand};
use frazil_ops::flake::{self, FlakePlan, ShowOptions};
use frazil_ops::host::DiskHost;

use super::eval::EvaluationArguments;
use super::flake_arguments::{HERE, LockArguments, registry_file};
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::realising::with_user_host;
use crate::screen::{self, Screen};

/// Look into flakes
#[derive(Debug, Args)]
pub(super) struct FlakeArguments {
    #[command(subcommand)]
    command: FlakeCommand,
}

#[derive(Debug, Subcommand)]
enum FlakeCommand {
    /// Show what a flake provides
    Show {
        #[command(flatten)]
        common: Common,

        /// Print JSON
        #[arg(long)]
        json: bool,

        /// Look into `legacyPackages`, too
        #[arg(long)]
        legacy: bool,

        /// Look at the outputs for other systems, too
        #[arg(long)]
        all_systems: bool,
    },
    /// Show what is known about a flake: where it is, its inputs and their locks
    Metadata {
        #[command(flatten)]
        common: Common,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Evaluate the outputs of a flake and see whether they are what they should be
    Check {
        #[command(flatten)]
        common: Common,

        /// Look at the outputs for other systems, too
        #[arg(long)]
        all_systems: bool,
    },
    /// Say what the names of flakes stand for
    Registry {
        #[command(subcommand)]
        command: RegistryCommand,
    },
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// List the names and what they stand for
    List,
    /// Let a name stand for a flake
    Add { name: String, flake: String },
    /// Forget a name
    Remove { name: String },
}

/// What every command takes that looks into a flake.
#[derive(Debug, Args)]
struct Common {
    /// The flake [default: .]
    flake: Option<String>,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

impl Common {
    fn plan(&self, environment: &Environment) -> Result<FlakePlan, CommandError> {
        let options = self.evaluation.flake_options(environment)?;
        self.lock.plan(options, self.evaluation.memory_bytes_max(), environment)
    }

    fn flake(&self) -> &str {
        self.flake.as_deref().unwrap_or(HERE)
    }
}

pub(super) fn run(
    arguments: &FlakeArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    with_user_host(environment, screen, |host| run_on(arguments, environment, host))?
}

fn run_on(
    arguments: &FlakeArguments,
    environment: &Environment,
    host: &mut DiskHost<'_>,
) -> Result<(), CommandError> {
    match &arguments.command {
        FlakeCommand::Show { common, json, legacy, all_systems } => {
            let plan = common.plan(environment)?;
            let options = ShowOptions { legacy: *legacy, all_systems: *all_systems };
            let (name, shown) = flake::show(&plan, common.flake(), options, host)?;
            let text = if *json { shown.json().compact() + "\n" } else { shown.text(&name) };
            screen::print(text.as_bytes())
        }
        FlakeCommand::Metadata { common, json } => {
            let plan = common.plan(environment)?;
            let metadata = flake::metadata(&plan, common.flake(), host)?;
            let text = if *json { metadata.json().compact() + "\n" } else { metadata.text() };
            screen::print(text.as_bytes())
        }
        FlakeCommand::Check { common, all_systems } => {
            let plan = common.plan(environment)?;
            Ok(flake::check(&plan, common.flake(), *all_systems, host)?)
        }
        FlakeCommand::Registry { command } => registry(command, environment),
    }
}

fn registry(command: &RegistryCommand, environment: &Environment) -> Result<(), CommandError> {
    let file = registry_file(environment)
        .ok_or_else(|| CommandError::usage("there is no home that could hold a registry"))?;
    match command {
        RegistryCommand::List => {
            let mut text = String::new();
            for entry in flake::read_registry(&file)?.entries {
                let from = entry.from.to_url().map(|url| url.to_string());
                let to = entry.to.to_url().map(|url| url.to_string());
                let [from, to] = [from, to].map(|url| url.unwrap_or_else(|error| error.0));
                text.extend([&from, " ", &to, "\n"]);
            }
            screen::print(text.as_bytes())
        }
        RegistryCommand::Add { name, flake } => {
            Ok(flake::add_to_registry(&file, name, flake, &environment.directory)?)
        }
        RegistryCommand::Remove { name } => {
            if flake::remove_from_registry(&file, name)? {
                return Ok(());
            }
            Err(CommandError::usage(format!("the registry has no entry for '{name}'")))
        }
    }
}
