//! `frazil cache`

mod keygen;
mod pull;
mod push;
mod serve;
mod sign;

use clap::Subcommand;
use frazil_model::{StoreDir, StorePath};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen::{self, Screen};

/// Take from binary caches, fill one, be one
#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    Push(push::PushArguments),
    Pull(pull::PullArguments),
    Serve(serve::ServeArguments),
    Keygen(keygen::KeygenArguments),
    Sign(sign::SignArguments),
}

pub(super) fn run(
    command: &CacheCommand,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    match command {
        CacheCommand::Push(arguments) => push::run(arguments, environment, screen),
        CacheCommand::Pull(arguments) => pull::run(arguments, environment, screen),
        CacheCommand::Serve(arguments) => serve::run(arguments, environment, screen),
        CacheCommand::Keygen(arguments) => keygen::run(arguments, environment),
        CacheCommand::Sign(arguments) => sign::run(arguments, environment),
    }
}

/// Paths as JSON.
fn json_paths<'a>(
    dir: &StoreDir,
    paths: impl IntoIterator<Item = &'a StorePath>,
) -> serde_json::Value {
    paths.into_iter().map(|path| dir.join(path)).collect()
}

/// Prints a report as JSON, or the paths of it.
fn print_report(report: &serde_json::Value, as_json: bool) -> Result<(), CommandError> {
    if as_json {
        return screen::print(format!("{report}\n").as_bytes());
    }
    let paths = report.get("paths").and_then(serde_json::Value::as_array);
    let lines: String = paths
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .flat_map(|path| [path, "\n"])
        .collect();
    screen::print(lines.as_bytes())
}
