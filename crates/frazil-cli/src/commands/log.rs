//! `frazil log`

use clap::Args;
use frazil_ops::store::Access;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen;
use crate::store_access::{StoreArguments, store_path};

/// Show what was said while a path was built
#[derive(Debug, Args)]
pub(super) struct LogArguments {
    /// A derivation, or something that was built
    #[arg(value_name = "PATH")]
    path: String,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn run(arguments: &LogArguments, environment: &Environment) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let path = store_path(&store, &arguments.path, environment)?;
    screen::print(&frazil_ops::store::log(&store, &path)?)
}
