//! `frazil debian export`

use clap::Args;
use frazil_ops::debian;

use super::SuiteArguments;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen::{self, Screen};

/// Record what the archive says of packages, for evaluators that cannot ask
///
/// The record is JSON; `ofRecord` in the distribution's `pkgs/index.nix` reads it.
#[derive(Debug, Args)]
pub(in crate::commands) struct ExportArguments {
    /// The packages; all of the suite, if none is named. Names that it does not have are recorded as
    /// such
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,

    /// Record what a system with these packages, as words in one, consists of (can be repeated)
    #[arg(long, value_name = "PACKAGES")]
    solve: Vec<String>,

    #[command(flatten)]
    suite: SuiteArguments,
}

pub(super) fn run(
    arguments: &ExportArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let record = arguments.suite.with_suite(environment, screen, |suite, host| {
        let release = debian::release(suite, host)?;
        let seeds: Vec<Vec<&str>> =
            arguments.solve.iter().map(|words| words.split_ascii_whitespace().collect()).collect();
        let names: Vec<&str> = arguments.packages.iter().map(String::as_str).collect();
        Ok(debian::export(&suite.index.view()?, &release, &names, &seeds)?)
    })?;
    screen::print(format!("{record}\n").as_bytes())
}
