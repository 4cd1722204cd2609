//! `frazil run`

use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::Duration;

use clap::Args;
use frazil_ops::image::{Scratch, System};
use frazil_ops::run::{
    Cancel, Ended, Forward, Network, RunPlan, Users, run as run_system, users, without_user,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command_error::CommandError;
use crate::commands::linked::SystemArguments;
use crate::environment::Environment;
use crate::realising::take_signals;
use crate::screen::Screen;

/// Shells add this to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;

/// Run a system in namespaces of its own
///
/// Neither root nor a daemon is needed. It is on the network of the machine, or with `--publish` on
/// one of its own, of which only those ports can be reached. Its root is a copy that cannot be
/// written, but for /tmp, /run and what the system declares as volumes. Ctrl-C asks it to stop, a
/// second one ends it; a shell in the foreground gets it itself. The exit status is passed on.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Let the system write to its root
    #[arg(long)]
    writable: bool,

    /// Have this port of the machine lead to one of the system: [ADDRESS:]PORT[:PORT] (can be
    /// repeated) [default address: 127.0.0.1]
    #[arg(short, long, value_name = "PORTS")]
    publish: Vec<String>,

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
        users: known_users(&system, &arguments.command, screen)?,
        command: arguments.command.clone(),
        is_writable: arguments.writable,
        scratch: scratch.path().to_owned(),
        terminal: environment.text("TERM").map(str::to_owned),
        grace: Duration::from_secs(arguments.stop_timeout),
        network: if arguments.publish.is_empty() { Network::Host } else { Network::Private },
        forwards: arguments.publish.iter().map(|text| forward(text)).collect::<Result<_, _>>()?,
        has_terminal: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
    };
    status(until_stopped(|stop, kill| run_system(&system, &plan, stop, kill))??)
}

/// The users of a system, with a word about services that will not start for want of them; a
/// `command` runs in their place.
pub(super) fn known_users(
    system: &System,
    command: &[String],
    screen: Screen,
) -> Result<Users, CommandError> {
    let users = users(system)?;
    let services = without_user(system, &users);
    if command.is_empty() && !services.is_empty() {
        screen.warn(&format!(
            "the system has one user here, you; these services run as others, and cannot start: {}\n\
             for more there must be `newuidmap` (Debian: uidmap), and 65536 ids for you in /etc/subuid \
             and /etc/subgid: see `usermod --add-subuids --add-subgids`",
            services.join(", ")
        ));
    }
    Ok(users)
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
    take_signals();
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

/// `[ADDRESS:]PORT[:PORT]`: where connections come in, and the port of the system, which is the same
/// unless it is given.
fn forward(text: &str) -> Result<Forward, CommandError> {
    let (address, outside, port) = ports(text).ok_or_else(|| CommandError::Usage {
        message: format!("'{text}' names no ports"),
        help: Some("write it as PORT, PORT:PORT, ADDRESS:PORT or ADDRESS:PORT:PORT".to_owned()),
    })?;
    let listener = TcpListener::bind((address, outside)).map_err(|source| CommandError::Io {
        action: "listen at",
        path: text.into(),
        source,
    })?;
    Ok(Forward { listener, port })
}

fn ports(text: &str) -> Option<(IpAddr, u16, u16)> {
    let (address, ports) = if let Some(rest) = text.strip_prefix('[') {
        let (address, ports) = rest.split_once("]:")?;
        (address.parse().ok()?, ports)
    } else {
        match text.split_once(':') {
            Some((address, ports)) if address.contains('.') => (address.parse().ok()?, ports),
            _ => (Ipv4Addr::LOCALHOST.into(), text),
        }
    };
    let (outside, inside) = ports.split_once(':').unwrap_or((ports, ports));
    Some((address, outside.parse().ok()?, inside.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::ports;

    #[test]
    fn ports_are_named_as_the_help_says() {
        let check = |text: &str, expected: &str| {
            let shown = ports(text).map(|(address, outside, inside)| {
                format!("{}:{inside}", std::net::SocketAddr::from((address, outside)))
            });
            assert_eq!(shown.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check("80", "127.0.0.1:80:80");
        check("8080:80", "127.0.0.1:8080:80");
        check("1.2.3.4:80", "1.2.3.4:80:80");
        check("1.2.3.4:8080:80", "1.2.3.4:8080:80");
        check("[::1]:80", "[::1]:80:80");
        check("[::1]:8080:80", "[::1]:8080:80");
        for wrong in ["", "x", "70000", "1.2.3:80", "1:2:3", "::1:80", "[::1]", "[::1]80"] {
            check(wrong, "-");
        }
    }
}
