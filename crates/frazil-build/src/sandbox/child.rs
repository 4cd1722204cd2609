//! Starting the process of a sandbox, and what it does until it is the builder.
//!
//! Invariant: a [`Child`] that goes out of use is dead and reaped, with all that it started.

#![expect(unsafe_code, reason = "makes and becomes processes; see architecture.md section 7")]

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;

use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;
use rustix::process::{Signal, WaitId, WaitIdOptions, WaitIdStatus};
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;

use super::Network;
use super::error::SandboxError;
use super::identity::{GID_INSIDE, Identity, UID_INSIDE};
use super::plan::Prepared;
use super::steps::last_error;

/// What stands for the steps before the first: session, input and output.
const BEFORE_STEPS: u32 = u32::MAX;
/// The status with which the child ends when a step fails; nobody looks at it.
const STATUS_FAILED: i32 = 127;
/// How a child says which step failed: its number, then the number of the error.
const REPORT_BYTES: usize = 8;

/// A running builder.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    /// Its number, as we see it.
    pub(super) number: i32,
    /// What it writes. Reading does not block.
    pub(super) log: OwnedFd,
}

impl Child {
    /// Becomes readable when the builder ends.
    pub(super) fn process(&self) -> &OwnedFd {
        &self.process.descriptor
    }

    /// Kills the builder and so everything in its process namespace.
    pub(super) fn kill(&self) {
        self.process.kill();
    }

    /// Waits for its end.
    pub(super) fn reap(&mut self) -> Result<Option<WaitIdStatus>, Errno> {
        self.process.reap()
    }
}

/// A process of ours, which is dead and reaped when this goes out of use.
#[derive(Debug)]
pub(super) struct Process {
    descriptor: OwnedFd,
    is_reaped: bool,
}

impl Process {
    pub(super) fn new(descriptor: OwnedFd) -> Self {
        Self { descriptor, is_reaped: false }
    }

    fn kill(&self) {
        match rustix::process::pidfd_send_signal(&self.descriptor, Signal::KILL) {
            // It may have ended by itself.
            Ok(()) | Err(_) => {}
        }
    }

    fn reap(&mut self) -> Result<Option<WaitIdStatus>, Errno> {
        loop {
            let id = WaitId::PidFd(self.descriptor.as_fd());
            match rustix::process::waitid(id, WaitIdOptions::EXITED) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
                Ok(status) => {
                    self.is_reaped = true;
                    return Ok(status);
                }
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill();
            match self.reap() {
                // The only error is that somebody else has reaped it.
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// The descriptors that the child uses.
struct Ends {
    /// What becomes its standard input, and what becomes both outputs; without them they are ours.
    stdio: Option<(OwnedFd, OwnedFd)>,
    /// Whether that is the terminal that the child is controlled by.
    is_controlled: bool,
    /// Read once: the parent has written the maps of users and groups.
    go: OwnedFd,
    /// The parent's end of `go`, of which the child has a copy.
    go_writer: OwnedFd,
    /// Says which step failed; closed by `exec`.
    report: OwnedFd,
}

/// Starts the child and returns when the builder runs, or with the step that failed.
pub(super) fn start(
    prepared: &Prepared,
    network: Network,
    identity: Identity,
) -> Result<Child, SandboxError> {
    let (log, output) = system("open a terminal for the log", open_terminal(identity))?;
    let stdio = Stdio { files: Some((null()?, output)), is_controlled: false };
    launch(prepared, network, &Maps::single(identity), stdio, log)
}

/// As [`start`], but with a terminal, or else with our own input and outputs.
pub(super) fn start_attached(
    prepared: &Prepared,
    network: Network,
    maps: &Maps,
    terminal: Option<(OwnedFd, OwnedFd)>,
) -> Result<Child, SandboxError> {
    let stdio = Stdio { is_controlled: terminal.is_some(), files: terminal };
    // Nobody writes to the log.
    launch(prepared, network, maps, stdio, null()?)
}

/// As [`start_attached`], but it reads nothing, and both its outputs are our standard error.
pub(super) fn start_aside(
    prepared: &Prepared,
    network: Network,
    maps: &Maps,
) -> Result<Child, SandboxError> {
    let copied = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3);
    let output = system("copy the standard error", copied)?;
    let stdio = Stdio { files: Some((null()?, output)), is_controlled: false };
    launch(prepared, network, maps, stdio, null()?)
}

fn null() -> Result<OwnedFd, SandboxError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    system("open /dev/null", rustix::fs::open(c"/dev/null", flags, Mode::empty()))
}

/// What becomes the child's input and output.
struct Stdio {
    files: Option<(OwnedFd, OwnedFd)>,
    is_controlled: bool,
}

/// Which users of the machine those of the child's namespace are, as the kernel reads it.
#[derive(Clone, Debug)]
pub(super) struct Maps {
    pub(super) uids: String,
    pub(super) gids: String,
    pub(super) writer: Writer,
}

/// Who tells the kernel which users there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Root, who may name any.
    Root,
    /// Who is not root. The price is that the child may not leave its groups.
    Anybody,
    /// The programs that hand out what is set aside for users.
    Helpers,
}

impl Maps {
    fn single(identity: Identity) -> Self {
        Self {
            uids: format!("{UID_INSIDE} {} 1", identity.uid),
            gids: format!("{GID_INSIDE} {} 1", identity.gid),
            writer: if identity.is_foreign { Writer::Root } else { Writer::Anybody },
        }
    }
}

fn launch(
    prepared: &Prepared,
    network: Network,
    maps: &Maps,
    stdio: Stdio,
    log: OwnedFd,
) -> Result<Child, SandboxError> {
    let (go, go_writer) = system("make a pipe", rustix::pipe::pipe_with(PipeFlags::CLOEXEC))?;
    let (told, report) = system("make a pipe", rustix::pipe::pipe_with(PipeFlags::CLOEXEC))?;
    let Stdio { files, is_controlled } = stdio;
    let ends = Ends { stdio: files, is_controlled, go, go_writer, report };
    // Made here because the child must not allocate.
    let mut slots: Vec<Option<OwnedFd>> = (0..prepared.slots).map(|_| None).collect();

    let (pid, process) = clone(network, prepared, &ends, &mut slots)
        .map_err(|source| SandboxError::Namespaces { source: source.into() })?;
    let child = Child { process: Process::new(process), number: pid, log };
    let Ends { stdio, go, go_writer, report, .. } = ends;
    // Only with our copies closed does the end of the child close the terminal and the pipe.
    drop((stdio, go, report));

    write_maps(pid, maps)?;
    let mut go = File::from(go_writer);
    // It fails only if the child has died, and then the report says why.
    drop(go.write_all(b"!"));
    let mut told = File::from(told).take(REPORT_BYTES as u64);
    let mut report = Vec::with_capacity(REPORT_BYTES);
    system_io("hear from the child", told.read_to_end(&mut report))?;
    match report.as_chunks::<4>() {
        ([step, error], []) => Err(failed_step(
            prepared,
            u32::from_ne_bytes(*step),
            io::Error::from_raw_os_error(i32::from_ne_bytes(*error)),
        )),
        ([], []) => Ok(child),
        _ => Err(SandboxError::Died),
    }
}

fn failed_step(prepared: &Prepared, step: u32, source: io::Error) -> SandboxError {
    let action = match prepared.steps.get(step as usize) {
        Some(step) => step.to_string(),
        None if step == BEFORE_STEPS => "open input and output".to_owned(),
        None => {
            let program = prepared.program.to_string_lossy().into_owned();
            return SandboxError::Start { program, source };
        }
    };
    SandboxError::Step { action, source }
}

/// A terminal in raw mode, so that newlines stay as they are: our side, and the builder's.
fn open_terminal(identity: Identity) -> Result<(OwnedFd, OwnedFd), Errno> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = rustix::pty::openpt(flags)?;
    rustix::pty::unlockpt(&ours)?;
    let theirs = rustix::pty::ioctl_tiocgptpeer(&ours, flags)?;
    let mut attributes = rustix::termios::tcgetattr(&theirs)?;
    attributes.make_raw();
    rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &attributes)?;
    if identity.is_foreign {
        let (uid, gid) = (Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
        rustix::fs::fchown(&theirs, Some(uid), Some(gid))?;
        rustix::fs::fchmod(&theirs, Mode::from_raw_mode(0o600))?;
    }
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((ours, theirs))
}

/// Makes a process in new namespaces that becomes the builder.
fn clone(
    network: Network,
    prepared: &Prepared,
    ends: &Ends,
    slots: &mut [Option<OwnedFd>],
) -> Result<(i32, OwnedFd), Errno> {
    let mut flags = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    if network == Network::Private {
        flags |= libc::CLONE_NEWNET;
    }
    // SAFETY: `become_builder` neither allocates nor locks nor returns.
    unsafe { fork(flags, || become_builder(prepared, ends, slots)) }
}

/// Makes a process that is a copy of this one, with these `CLONE_` flags besides, and gives its
/// number and a descriptor of it.
///
/// # Safety
///
/// `body` runs in a copy of a program with many threads: it may neither allocate nor lock, and must
/// not touch what other threads may have been at.
pub(super) unsafe fn fork(
    flags: libc::c_int,
    body: impl FnOnce() -> Infallible,
) -> Result<(i32, OwnedFd), Errno> {
    let flags = flags | libc::CLONE_PIDFD;
    let mut process: libc::c_int = -1;
    // SAFETY: all bytes zero is a valid `clone_args`: integers of which 0 means "none".
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from(flags.cast_unsigned());
    args.pidfd = &raw mut process as u64;
    args.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    // SAFETY: without CLONE_VM and with no stack of its own the child is a copy, as after `fork`.
    // It runs only `body`, which does not return.
    let pid =
        unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    if pid == 0 {
        body();
    }
    match pid {
        1.. => {
            // SAFETY: the kernel has opened the descriptor for us alone.
            let process = unsafe { OwnedFd::from_raw_fd(process) };
            Ok((pid as i32, process))
        }
        _ => Err(last_error()),
    }
}

/// The child: walks down the list and becomes the builder.
fn become_builder(prepared: &Prepared, ends: &Ends, slots: &mut [Option<OwnedFd>]) -> Infallible {
    if let Err(error) = begin(ends) {
        give_up(ends, BEFORE_STEPS, error);
    }
    let mut number = 0;
    for step in &prepared.steps {
        if let Err(error) = step.perform(slots) {
            give_up(ends, number, error);
        }
        number += 1;
    }
    // SAFETY: the program ends in NUL, and both lists in null; all live in the copied memory.
    unsafe {
        libc::execve(
            prepared.program.as_ptr(),
            prepared.args.as_ptr(),
            prepared.variables.as_ptr(),
        );
    }
    give_up(ends, number, last_error())
}

fn begin(ends: &Ends) -> Result<(), Errno> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // With our copy of the writing end open we would wait forever for a parent that has died.
    close_copy(&ends.go_writer);
    let mut go = [0];
    if rustix::io::read(&ends.go, &mut go)? == 0 {
        return Err(Errno::PIPE);
    }
    rustix::process::setsid()?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let Some((input, output)) = &ends.stdio else { return Ok(()) };
    rustix::stdio::dup2_stdin(input)?;
    if ends.is_controlled {
        rustix::process::ioctl_tiocsctty(input)?;
    }
    rustix::stdio::dup2_stdout(output)?;
    rustix::stdio::dup2_stderr(output)
}

fn give_up(ends: &Ends, step: u32, error: Errno) -> ! {
    let mut report = [0; REPORT_BYTES];
    let words = step.to_ne_bytes().into_iter().chain(error.raw_os_error().to_ne_bytes());
    for (slot, byte) in report.iter_mut().zip(words) {
        *slot = byte;
    }
    match rustix::io::write(&ends.report, &report) {
        // If the parent has gone there is nobody to tell.
        Ok(_) | Err(_) => {}
    }
    exit_now(STATUS_FAILED)
}

/// Closes the copy that a new process has of a descriptor that it does not need.
pub(super) fn close_copy(descriptor: &OwnedFd) {
    // SAFETY: the descriptor is open, and nothing in this process uses or closes it any more.
    unsafe { libc::close(descriptor.as_raw_fd()) };
}

/// Ends this process at once, without the parent's clean-up code.
pub(super) fn exit_now(status: i32) -> ! {
    // SAFETY: takes an integer and does not return.
    unsafe { libc::_exit(status) }
}

/// Says who the users and groups of the child's namespace are.
pub(super) fn write_maps(pid: i32, maps: &Maps) -> Result<(), SandboxError> {
    if maps.writer == Writer::Helpers {
        hand_out("newuidmap", pid, &maps.uids)?;
        return hand_out("newgidmap", pid, &maps.gids);
    }
    let write = |name: &str, text: &str| {
        let path = std::path::PathBuf::from(format!("/proc/{pid}/{name}"));
        std::fs::write(&path, text).map_err(|source| SandboxError::File {
            action: "set the users of the sandbox in",
            path,
            source,
        })
    };
    write("uid_map", &maps.uids)?;
    if maps.writer == Writer::Anybody {
        // Without it the kernel lets nobody but root write the map of groups.
        write("setgroups", "deny")?;
    }
    write("gid_map", &maps.gids)
}

/// Has a program write a map that we may not write ourselves.
fn hand_out(program: &str, pid: i32, map: &str) -> Result<(), SandboxError> {
    let mut command = Command::new(program);
    let output = command.arg(pid.to_string()).args(map.split_ascii_whitespace()).output();
    let output = system_io("start newuidmap or newgidmap", output)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    system_io("give the sandbox the users that are set aside", Err(io::Error::other(said)))
}

fn system<T>(action: &'static str, result: Result<T, Errno>) -> Result<T, SandboxError> {
    system_io(action, result.map_err(io::Error::from))
}

fn system_io<T>(action: &'static str, result: io::Result<T>) -> Result<T, SandboxError> {
    result.map_err(|source| SandboxError::System { action, source })
}
