//! `frazil debian`: what a suite of Debian has, and what its packages need.

mod export;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use frazil_ops::debian::{self, Suite, SuiteName};
use frazil_ops::host::DiskHost;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::evaluation::debian::{KEYRINGS, MIRRORS, SNAPSHOTS};
use crate::realising::with_user_host;
use crate::screen::Screen;

/// Look into Debian's archive
#[derive(Debug, Subcommand)]
pub(super) enum DebianCommand {
    Search(super::search::SearchArguments),
    Show(show::ShowArguments),
    Solve(show::SolveArguments),
    Why(show::WhyArguments),
    Export(export::ExportArguments),
}

/// Where Debian's archive is; for every command that may fetch.
#[derive(Debug, Default, Args)]
pub(super) struct ArchiveArguments {
    /// Fetch Debian packages from this mirror; `debian-security=URL` names one for security updates
    /// [default: `FRAZIL_MIRROR`, `mirrors` in the settings, or what apt uses]
    #[arg(long, global = true, value_name = "URL", help_heading = "Debian's archive")]
    mirror: Vec<String>,

    /// Fetch what mirrors have no more from this address, below which `debian/DATE` is the archive of
    /// a date (can be repeated) [default: `FRAZIL_SNAPSHOT_MIRROR`, `snapshot-mirrors` in the settings]
    #[arg(long, global = true, value_name = "URL", help_heading = "Debian's archive")]
    snapshot_mirror: Vec<String>,

    /// Believe release files that one of the keys in this file has signed
    /// [default: `FRAZIL_KEYRING`, `debian-keyring` in the settings, or what apt believes]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Debian's archive")]
    keyring: Vec<String>,
}

impl ArchiveArguments {
    /// What is named on the command line counts more than the environment: it takes its place.
    pub(super) fn put_into(&self, environment: &mut Environment) {
        for (words, separator, variable) in [
            (&self.mirror, " ", MIRRORS),
            (&self.snapshot_mirror, " ", SNAPSHOTS),
            (&self.keyring, ":", KEYRINGS),
        ] {
            if !words.is_empty() {
                let value = words.join(separator).into_bytes();
                environment.variables.insert(variable.as_bytes().to_vec(), value);
            }
        }
    }
}

/// Which suite a command is about.
#[derive(Debug, Default, Args)]
pub(super) struct SuiteArguments {
    /// The suite, as `trixie` or `debian:trixie?security=0` [default: what `flake.lock` pins]
    #[arg(long, value_name = "SUITE")]
    suite: Option<String>,

    /// The input of the flake that is the suite, if it has several
    #[arg(long, value_name = "NAME", conflicts_with = "suite")]
    input: Option<String>,

    /// The directory of the flake
    #[arg(long, value_name = "DIR", default_value = ".")]
    flake: PathBuf,
}

impl SuiteArguments {
    /// Opens the suite and hands it to `work`.
    pub(super) fn with_suite<R>(
        &self,
        environment: &Environment,
        screen: Screen,
        work: impl FnOnce(&Suite, &mut DiskHost<'_>) -> Result<R, CommandError>,
    ) -> Result<R, CommandError> {
        let name = match &self.suite {
            Some(suite) => SuiteName::Reference(suite.clone()),
            None => SuiteName::Locked(self.input.clone()),
        };
        let directory = environment.absolute(&self.flake);
        with_user_host(environment, screen, |host| {
            let suite = debian::open(host, &name, &directory)?;
            work(&suite, host)
        })?
    }
}

pub(super) fn run(
    command: &DebianCommand,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    match command {
        DebianCommand::Search(arguments) => super::search::run(arguments, environment, screen),
        DebianCommand::Show(arguments) => show::show(arguments, environment, screen),
        DebianCommand::Solve(arguments) => show::solve(arguments, environment, screen),
        DebianCommand::Why(arguments) => show::why(arguments, environment, screen),
        DebianCommand::Export(arguments) => export::run(arguments, environment, screen),
    }
}
