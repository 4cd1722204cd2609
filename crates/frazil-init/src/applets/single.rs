//! `init -- COMMAND`: one process, without a plan. Passes signals on, reaps, and exits as it does.

use core::ffi::CStr;

use crate::applets::status;
use crate::sys::process::{self, Child, Exit};
use crate::sys::spawn::{Group, Program, spawn};
use crate::sys::{Arguments, Errno, Fd, Word, file, signal};
use crate::text::{Buffer, tell};

/// Where commands are looked for if nothing says so.
const PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The signals that stop a process that writes to a terminal from the background.
const TTIN: u32 = 21;
const TTOU: u32 = 22;

pub(super) fn run(arguments: &Arguments) -> u8 {
    signal::block_all();
    signal::reset_all();
    if process::id() != 1 {
        // Older kernels cannot; then orphans go to whoever is PID 1.
        let _adopts = process::adopt_orphans();
    }
    let child = match start(arguments) {
        Ok(child) => child,
        Err(error) => {
            let name = arguments.get(2).unwrap_or_default();
            tell(&[b"init: cannot execute ", name.to_bytes()]);
            return match error {
                Errno::NOENT => status::NOT_FOUND,
                _ => status::CANNOT_EXECUTE,
            };
        }
    };
    // There may be no terminal.
    let _in_front = file::set_foreground(Fd::STDIN, child);
    loop {
        match signal::wait() {
            Ok(signal::CHLD) => {
                if let Some(exit) = reap(child) {
                    return exit.code();
                }
            }
            Ok(TTIN | TTOU) | Err(_) => {}
            Ok(number) => {
                // It may have ended just now.
                let _passed = signal::send_group(child, number);
            }
        }
    }
}

/// Reaps whatever has ended; the end of the child, if that is among it.
fn reap(child: i32) -> Option<Exit> {
    let mut end = None;
    while let Child::Dead(pid, exit) = process::next_dead() {
        process::reap(pid);
        if pid == child {
            end = Some(exit);
        }
    }
    end
}

/// Executes the command, looked for in `PATH` if its name has no slash.
fn start(arguments: &Arguments) -> Result<i32, Errno> {
    let argv = arguments.from(2);
    let envp = arguments.environment();
    let name = arguments.get(2).unwrap_or_default();
    if name.to_bytes().contains(&b'/') {
        return execute(name, argv, envp);
    }
    let path = arguments.variable(b"PATH").map_or(PATH, CStr::to_bytes);
    let mut result = Err(Errno::NOENT);
    for directory in path.split(|byte| *byte == b':') {
        let mut full = Buffer::<4096>::new();
        full.put(directory).put(b"/").put(name.to_bytes()).put(b"\0");
        let Some(full) = crate::sys::c_string(full.bytes()) else { continue };
        match execute(full, argv, envp) {
            Err(Errno::NOENT) => {}
            Err(error) => result = Err(error),
            started => return started,
        }
    }
    result
}

fn execute(path: &CStr, argv: &[Word<'_>], envp: &[Word<'_>]) -> Result<i32, Errno> {
    spawn(&crate::sys::spawn::Spawn {
        program: Program::Path(path),
        argv,
        envp,
        moves: &[],
        keep: &[],
        files: None,
        group: Group::Own,
    })
}
