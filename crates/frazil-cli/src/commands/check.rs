//! `frazil check`

use std::time::Duration;

use clap::Args;
use frazil_ops::check::{CheckPlan, Checked, check};
use frazil_ops::image::Scratch;
use frazil_ops::run::{Cancel, Ended, Network, RunPlan};
use serde_json::json;

use crate::command_error::CommandError;
use crate::commands::linked::SystemArguments;
use crate::commands::run::{known_users, status, until_stopped};
use crate::environment::Environment;
use crate::progress::size;
use crate::screen::{self, Screen};

/// Run a system and list what it looked for that the linker dropped
///
/// The system runs as with `run`, until it looks for nothing any more; use it meanwhile, so that
/// it shows what it needs. What was dropped and is looked for is printed as a `keep` list, and the
/// exit status is 1. What is in `link.without` is left out on purpose and does not count.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Stop when nothing was looked for during so many seconds [default: 3]
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["until_stopped", "command"])]
    idle: Option<u64>,

    /// Run until Ctrl-C, or until it ends by itself
    #[arg(long)]
    until_stopped: bool,

    /// Let the system write to its root
    #[arg(long)]
    writable: bool,

    /// Give the system so many seconds to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    stop_timeout: u64,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    system: SystemArguments,

    /// Run this in place of what the system starts with, until it ends
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// How long a system is idle before it is stopped, if nobody says.
const IDLE_SECONDS: u64 = 3;

pub(super) fn run(
    arguments: &CheckArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let system = arguments.system.open(environment, screen)?;
    let scratch = Scratch::new(&environment.temporary_directory())?;
    let stops_itself = arguments.command.is_empty() && !arguments.until_stopped;
    let plan = CheckPlan {
        run: RunPlan {
            users: known_users(&system, &arguments.command, screen)?,
            command: arguments.command.clone(),
            is_writable: arguments.writable,
            scratch: scratch.path().to_owned(),
            terminal: None,
            grace: Duration::from_secs(arguments.stop_timeout),
            network: Network::Host,
            forwards: Vec::new(),
            has_terminal: false,
        },
        idle: stops_itself.then(|| Duration::from_secs(arguments.idle.unwrap_or(IDLE_SECONDS))),
    };
    let checked = until_stopped(|stop: &Cancel, kill| check(&system, &plan, stop, kill))??;
    show(&checked, arguments.json)?;
    if !checked.missed.is_empty() {
        let count = checked.missed.len();
        let paths = if count == 1 { "path was" } else { "paths were" };
        let message = format!("{count} dropped {paths} looked for");
        return Err(CommandError::check_failed(message));
    }
    // A command that failed has not shown much.
    match checked.ended {
        ended if !arguments.command.is_empty() => status(ended),
        Ended::Exited(_) | Ended::Killed(_) => Ok(()),
    }
}

fn show(checked: &Checked, as_json: bool) -> Result<(), CommandError> {
    let Checked { paths, missed, ended: _ } = checked;
    if as_json {
        let document = json!({ "paths": paths, "missed": missed });
        return screen::print(format!("{document}\n").as_bytes());
    }
    if missed.is_empty() {
        screen::say(&format!("{paths} paths were looked for, and nothing that was dropped\n"));
        return Ok(());
    }
    let mut text = "system.link.keep = [\n".to_owned();
    for missed in missed {
        let (program, package, bytes) = (&missed.program, &missed.package, size(missed.bytes));
        let (reason, keep) = (&missed.reason, json!(missed.keep));
        let note = format!("{program} looked for it: of {package}, {bytes}, {reason}");
        text.extend(["  # ", &note, "\n  ", &keep.to_string(), "\n"]);
    }
    text.push_str("];\n");
    screen::print(text.as_bytes())
}
