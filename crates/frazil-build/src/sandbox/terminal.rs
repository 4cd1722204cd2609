//! A terminal for a container, connected with ours.
//!
//! Ours is raw meanwhile: what is typed goes to the container, whose terminal makes of it what its
//! programs want. Only while the container's first process is in the foreground, which has a system
//! to run and reads nothing, the interrupt character asks the system to stop.
//!
//! Invariant: our terminal is as it was before when a [`Raw`] goes out of use.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Gid, Mode, Uid};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, Winsize};

use super::error::SandboxError;
use super::supervise::Cancel;

const BUFFER_BYTES: usize = 16 << 10;
/// How often the size of our terminal is looked at: the signal that tells of a change is the
/// business of whoever owns the process.
const SIZE_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Our side of a container's terminal, and theirs until it is given away.
pub(super) struct Terminal {
    ours: OwnedFd,
    theirs: OwnedFd,
    /// Where theirs is on this machine.
    pub(super) path: PathBuf,
}

impl Terminal {
    /// Makes one of the size of ours. It belongs to this user of the machine, or to us.
    pub(super) fn open(owner: Option<(u32, u32)>) -> Result<Self, SandboxError> {
        let make = || -> Result<Self, Errno> {
            let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
            let ours = rustix::pty::openpt(flags)?;
            rustix::pty::unlockpt(&ours)?;
            let theirs = rustix::pty::ioctl_tiocgptpeer(&ours, flags)?;
            let name = rustix::pty::ptsname(&ours, Vec::new())?;
            if let Some((uid, gid)) = owner {
                let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
                rustix::fs::fchown(&theirs, Some(uid), Some(gid))?;
                rustix::fs::fchmod(&theirs, Mode::from_raw_mode(0o620))?;
            }
            let path = PathBuf::from(String::from_utf8_lossy(name.as_bytes()).into_owned());
            Ok(Self { ours, theirs, path })
        };
        make().map_err(failed("open a terminal"))
    }

    /// Their side, as input and output.
    pub(super) fn stdio(&self) -> Result<(OwnedFd, OwnedFd), SandboxError> {
        let copy = || self.theirs.try_clone();
        let both = copy().and_then(|input| Ok((input, copy()?)));
        both.map_err(|source| SandboxError::System { action: "open a terminal", source })
    }

    /// Gives their side up: from now on it ends with the container.
    pub(super) fn into_ours(self) -> OwnedFd {
        self.ours
    }
}

/// Our terminal while it passes everything on.
pub(super) struct Raw {
    before: Termios,
}

impl Raw {
    pub(super) fn enter() -> Result<Self, SandboxError> {
        let stdin = io::stdin();
        let before = rustix::termios::tcgetattr(&stdin).map_err(failed("ask the terminal"))?;
        let mut raw = before.clone();
        raw.make_raw();
        let set = rustix::termios::tcsetattr(&stdin, OptionalActions::Drain, &raw);
        set.map_err(failed("change the terminal"))?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let set = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
        match set {
            // A terminal that has gone needs no repair.
            Ok(()) | Err(_) => {}
        }
    }
}

/// Copies between the terminals until `over` is raised, and what the container has written then.
pub(super) fn relay(ours: &OwnedFd, first: i32, stop: &Cancel, kill: &Cancel, over: &Cancel) {
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let mut size = None;
    let mut can_read = true;
    while !over.is_cancelled() {
        follow_size(&mut size, stdin.as_fd(), ours);
        // Without our input its place is taken by what ends the loop.
        let input = if can_read { stdin.as_fd() } else { over.wake().as_fd() };
        let mut files = [
            PollFd::from_borrowed_fd(input, PollFlags::IN),
            PollFd::new(ours, PollFlags::IN),
            PollFd::new(over.wake(), PollFlags::IN),
        ];
        match rustix::event::poll(&mut files, Some(&SIZE_PAUSE)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        let [typed, written, _] = files.map(|file| !file.revents().is_empty());
        if written && copy(ours.as_fd(), stdout.as_fd()).is_none() {
            return;
        }
        if typed && can_read {
            let is_system = rustix::termios::tcgetpgrp(ours)
                .is_ok_and(|group| group.as_raw_nonzero().get() == first);
            let Some(bytes) = read(stdin.as_fd()) else {
                can_read = false;
                continue;
            };
            let interrupt = interrupt_byte(ours);
            if is_system && bytes.contains(&interrupt) {
                if stop.is_cancelled() {
                    kill.cancel();
                }
                stop.cancel();
            } else if write_all(ours.as_fd(), &bytes).is_err() {
                return;
            }
        }
    }
    // All that could write is dead, so this ends.
    if rustix::io::ioctl_fionbio(ours, true).is_ok() {
        while copy(ours.as_fd(), stdout.as_fd()).is_some() {}
    }
}

fn interrupt_byte(terminal: &OwnedFd) -> u8 {
    const CONTROL_C: u8 = 3;
    let attributes = rustix::termios::tcgetattr(terminal);
    attributes.map_or(CONTROL_C, |found| found.special_codes[SpecialCodeIndex::VINTR])
}

fn follow_size(last: &mut Option<Winsize>, from: BorrowedFd<'_>, to: &OwnedFd) {
    let Ok(size) = rustix::termios::tcgetwinsize(from) else { return };
    if *last != Some(size) {
        *last = Some(size);
        match rustix::termios::tcsetwinsize(to, size) {
            // It is shown in another size then.
            Ok(()) | Err(_) => {}
        }
    }
}

/// Passes on what is there; `None` at the end.
fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Option<()> {
    write_all(to, &read(from)?).ok()
}

/// What is there; `None` at the end.
fn read(from: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; BUFFER_BYTES];
    let mut file = Descriptor(from);
    // A terminal whose other side is closed says that it cannot be read.
    let len = file.read(&mut bytes).ok().filter(|len| *len > 0)?;
    bytes.truncate(len);
    Some(bytes)
}

fn write_all(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut Descriptor(to), bytes)
}

/// A descriptor without the buffers of the standard library.
struct Descriptor<'d>(BorrowedFd<'d>);

impl io::Read for Descriptor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, buffer)?)
    }
}

impl io::Write for Descriptor<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(action: &'static str) -> impl Fn(Errno) -> SandboxError {
    move |source| SandboxError::System { action, source: source.into() }
}
