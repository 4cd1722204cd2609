//! `frazil ctl`

use std::path::{Path, PathBuf};

use clap::Args;
use frazil_ops::control;

use crate::command_error::CommandError;
use crate::environment::Environment;

/// Ask the init of a running system something: status, start, stop, logs, ...
///
/// The words are those of `initctl` in the system: status [--json] [NAME]; start, stop, restart NAME;
/// wait ready|stopped NAME, wait boot; healthy; logs [--follow] NAME; signal SIGNAL NAME; reload;
/// poweroff, reboot, halt, exit CODE; --timeout SECONDS, --no-wait. So is the exit status: 0 done, 1
/// no or failed, 2 usage.
#[derive(Debug, Args)]
pub(super) struct CtlArguments {
    /// The name of a container, the host name of a system, the number of its first process, or the
    /// path of its control socket
    #[arg(value_name = "SYSTEM")]
    system: String,

    /// What to ask
    #[arg(
        value_name = "VERB",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

pub(super) fn run(arguments: &CtlArguments, environment: &Environment) -> Result<(), CommandError> {
    let own = environment.text("XDG_RUNTIME_DIR").map(PathBuf::from);
    let run: Vec<PathBuf> = own.into_iter().chain([PathBuf::from("/run")]).collect();
    let target = control::find(&arguments.system, &run, Path::new("/proc"))?;
    match control::ask(&target, &arguments.words)? {
        0 => Ok(()),
        status => Err(CommandError::Ended { status }),
    }
}
