//! `frazil lock`

use clap::Args;
use frazil_ops::host::DiskHost;

use super::eval::EvaluationArguments;
use super::flake_arguments::{HERE, LockArguments};
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::realising::with_user_host;
use crate::screen::Screen;

/// Pin the inputs of a flake that are not pinned yet
///
/// Writes `flake.lock`. What is pinned already stays as it is; `frazil update` changes that.
#[derive(Debug, Args)]
pub(super) struct LockCommandArguments {
    /// The flake [default: .]
    flake: Option<String>,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

pub(super) fn run(
    arguments: &LockCommandArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let options = arguments.evaluation.flake_options(environment)?;
    let memory = arguments.evaluation.memory_bytes_max();
    let plan = arguments.lock.locking_plan(options, memory, environment)?;
    let flake = arguments.flake.as_deref().unwrap_or(HERE);
    let lock = |host: &mut DiskHost<'_>| frazil_ops::flake::lock(&plan, flake, host);
    Ok(with_user_host(environment, screen, lock)??)
}
