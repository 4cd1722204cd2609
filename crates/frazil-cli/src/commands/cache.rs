//! `frazil cache`

mod keygen;
mod progress;
mod pull;
mod push;
mod serve;
mod sign;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use frazil_model::{StoreDir, StorePath};
use frazil_ops::cache::{Store, StoreOptions};

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

/// Which store a command works on.
#[derive(Debug, Args)]
struct StoreArgument {
    /// Use the store below this directory
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
}

impl StoreArgument {
    fn open(&self, environment: &Environment) -> Result<Store, CommandError> {
        Ok(Store::open(StoreOptions::new(environment.absolute(&self.store)))?)
    }
}

/// Store paths as the user names them: in full, or the last part.
fn store_paths(dir: &StoreDir, texts: &[String]) -> Result<BTreeSet<StorePath>, CommandError> {
    let parse = |text: &String| {
        let full = dir.split(text.as_bytes()).map(|(path, _)| path);
        full.or_else(|_| StorePath::parse(text.as_bytes())).map_err(|error| CommandError::Usage {
            message: format!("'{text}' is not a store path: {error}"),
            help: error.help().map(str::to_owned),
        })
    };
    texts.iter().map(parse).collect()
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
