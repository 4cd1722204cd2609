//! `frazil cache sign`

use std::path::PathBuf;

use clap::Args;
use frazil_ops::cache;
use frazil_ops::store::Access;
use serde_json::json;

use super::json_paths;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::network;
use crate::store_access::{StoreArguments, store_paths};

/// Sign store paths in the store
///
/// The signatures go along wherever the paths are copied. Prints the paths that lacked one.
#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The store paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Sign with the secret key in this file (can be repeated)
    #[arg(long = "key-file", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,

    /// Sign all that they refer to, too
    #[arg(short, long)]
    recursive: bool,

    #[command(flatten)]
    store: StoreArguments,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &SignArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Change)?;
    let mut paths = store_paths(&store, &arguments.paths, environment)?;
    if arguments.recursive {
        paths = store.closure(&paths).map_err(cache::Error::from)?;
    }
    let keys = network::secret_keys(&arguments.keys, environment)?;
    let signed = cache::sign(&store, &paths, &keys)?;
    let value = json!({ "paths": json_paths(store.store_dir(), &signed) });
    super::print_report(&value, arguments.json)
}
