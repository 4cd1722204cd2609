//! The applets: what the program does under which name.

mod ctl;
mod first;
mod guest;
mod launch;
mod logger;
mod network;
mod probe;
mod setup;
mod single;
mod supervise;

use core::ffi::CStr;

pub(crate) use supervise::give_up;

use crate::sys::{Arguments, process};
use crate::text::tell;

/// Where the plan of an image is.
pub(crate) const PLAN_PATH: &CStr = c"/etc/init.plan";

/// The descriptors that PID 1 gives to the applets that it starts.
pub(crate) mod inherited {
    use crate::sys::Fd;

    /// The plan, as a sealed memory file.
    pub(crate) const PLAN: Fd = Fd(3);
    /// Where the launcher tells what kept it from executing; closed when it has executed.
    pub(crate) const STATUS: Fd = Fd(4);
    /// Where readiness and health are told.
    pub(crate) const NOTES: Fd = Fd(5);
    /// The socket of `NOTIFY_SOCKET`.
    pub(crate) const NOTIFY: Fd = Fd(6);
    /// From here on, descriptors are PID 1's own.
    pub(crate) const FIRST_FREE: i32 = 8;
}

/// Exit statuses that have a meaning beyond success and failure.
pub(crate) mod status {
    /// The command line makes no sense.
    pub(crate) const USAGE: u8 = 2;
    /// The plan is refused.
    pub(crate) const PLAN: u8 = 78;
    /// For want of something that comes back; try again.
    pub(crate) const AGAIN: u8 = 111;
    /// The program cannot be executed.
    pub(crate) const CANNOT_EXECUTE: u8 = 126;
    /// The program is not there.
    pub(crate) const NOT_FOUND: u8 = 127;
}

const USAGE: &[u8] = b"usage: init [PLAN] | init -- COMMAND... | initctl VERB... | \
    init launch|lint|setup|first|bind|ensure|password|dhcp|under ...";

/// Runs the applet that the arguments name, in argv[0] or as the first argument.
pub fn run(arguments: Arguments) -> ! {
    let name = arguments.get(0).map_or(&b""[..], |name| base_name(name.to_bytes()));
    let first = arguments.get(1).map_or(&b""[..], CStr::to_bytes);
    let code = match (name, first) {
        (b"initctl", _) => ctl::run(&arguments, 1),
        // Directories of other supervisors have links to this program.
        (b"run", _) => guest::run(&arguments),
        (b"t", _) => guest::ask(&arguments),
        (b"finish" | b"crash", _) if is_of_scan(&arguments) => guest::end_of_scan(),
        (b"finish", _) => guest::finish(&arguments),
        (name, _) if is_of_scan(&arguments) => guest::signal_of_scan(name),
        (_, b"ctl") => ctl::run(&arguments, 2),
        (_, b"launch") => launch::run(&arguments),
        (_, b"watch") => guest::watch(&arguments),
        (_, b"under") => guest::under(&arguments),
        (_, b"logd") => logger::run(&arguments),
        (_, b"probe") => probe::run(&arguments),
        (_, b"setup") => setup::run(&arguments),
        (_, b"first") => first::first(&arguments),
        (_, b"bind") => first::bind(&arguments),
        (_, b"ensure") => first::ensure(&arguments),
        (_, b"password") => first::password(&arguments),
        (_, b"dhcp") => network::dhcp::run(&arguments),
        (_, b"lint") => supervise::lint(arguments.get(2).unwrap_or(PLAN_PATH)),
        (_, b"--") if arguments.get(2).is_some() => single::run(&arguments),
        (_, b"" | b"init") => supervise::run(&arguments, PLAN_PATH),
        (_, path) if path.starts_with(b"/") || path.starts_with(b".") => {
            supervise::run(&arguments, arguments.get(1).unwrap_or(PLAN_PATH))
        }
        // The kernel passes on the words of its command line that it does not know.
        _ if process::id() == 1 && !first.starts_with(b"-") => {
            supervise::run(&arguments, PLAN_PATH)
        }
        _ => {
            tell(&[USAGE]);
            status::USAGE
        }
    };
    process::exit(code)
}

/// Whether s6-svscan has called us.
fn is_of_scan(arguments: &Arguments) -> bool {
    let path = arguments.get(0).unwrap_or_default().to_bytes();
    let mut names = path.rsplit(|byte| *byte == b'/');
    names.nth(1) == Some(b".s6-svscan")
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}
