//! `frazil update`

use clap::Args;
use frazil_ops::host::DiskHost;

use super::eval::EvaluationArguments;
use super::flake_arguments::{HERE, LockArguments};
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::realising::with_user_host;
use crate::screen::Screen;

/// Pin inputs of a flake to what they are now
///
/// Without an input, all are pinned anew.
#[derive(Debug, Args)]
pub(super) struct UpdateArguments {
    /// Inputs, such as `nixpkgs` or `nixng/nixpkgs`
    inputs: Vec<String>,

    /// The flake
    #[arg(long, value_name = "FLAKE", default_value = HERE)]
    flake: String,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

pub(super) fn run(
    arguments: &UpdateArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let options = arguments.evaluation.flake_options(environment)?;
    let memory = arguments.evaluation.memory_bytes_max();
    let mut plan = arguments.lock.locking_plan(options, memory, environment)?;
    plan.lock.recreate |= arguments.inputs.is_empty() && plan.lock.updates.is_empty();
    plan.lock.updates.extend(arguments.inputs.iter().cloned());
    let lock = |host: &mut DiskHost<'_>| frazil_ops::flake::lock(&plan, &arguments.flake, host);
    Ok(with_user_host(environment, screen, lock)??)
}
