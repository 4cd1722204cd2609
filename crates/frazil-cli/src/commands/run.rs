//! `frazil run`

use std::time::Duration;

use clap::Args;
use frazil_ops::image::Scratch;
use frazil_ops::run::{Cancel, Ended, RunPlan, run as run_system};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command_error::CommandError;
use crate::commands::linked::SystemArguments;
use crate::environment::Environment;
use crate::screen::Screen;

/// Shells add this to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;

/// Run a system in namespaces of its own, on the network of the machine
///
/// Neither root nor a daemon is needed. Its root is a copy that cannot be written, but for /tmp,
/// /run and what the system declares as volumes. Ctrl-C asks it to stop, a second one ends it; its
/// exit status is passed on.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Let the system write to its root
    #[arg(long)]
    writable: bool,

    /// Give the system so many seconds to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    stop_timeout: u64,

    #[command(flatten)]
    system: SystemArguments,

    /// Run this in place of what the system starts with
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(
    arguments: &RunArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let system = arguments.system.open(environment, screen)?;
    let scratch = Scratch::new(&environment.temporary_directory())?;
    let plan = RunPlan {
        command: arguments.command.clone(),
        is_writable: arguments.writable,
        scratch: scratch.path().to_owned(),
        terminal: environment.text("TERM").map(str::to_owned),
        grace: Duration::from_secs(arguments.stop_timeout),
    };
    status(until_stopped(|stop, kill| run_system(&system, &plan, stop, kill))??)
}

/// Runs something that is asked to stop by the first signal, and ended by the second one.
pub(super) fn until_stopped<T>(run: impl FnOnce(&Cancel, &Cancel) -> T) -> Result<T, CommandError> {
    let no_event = |error| CommandError::from(frazil_ops::run::SystemRunError::Sandbox(error));
    let stop = Cancel::new().map_err(no_event)?;
    let kill = Cancel::new().map_err(no_event)?;
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let mut signals = signals.map_err(|source| CommandError::Io {
        action: "listen for",
        path: "signals".into(),
        source,
    })?;
    let handle = signals.handle();
    Ok(std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in signals.forever() {
                if stop.is_cancelled() {
                    kill.cancel();
                }
                stop.cancel();
            }
        });
        let done = run(&stop, &kill);
        handle.close();
        done
    }))
}

/// The exit status of what ran becomes ours.
pub(super) fn status(ended: Ended) -> Result<(), CommandError> {
    match ended {
        Ended::Exited(0) => Ok(()),
        Ended::Exited(status) => Err(CommandError::Ended { status: status as u8 }),
        Ended::Killed(signal) => Err(CommandError::Ended { status: (SIGNALLED + signal) as u8 }),
    }
}
