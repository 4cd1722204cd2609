//! Watching a builder: its log, its limits, its end, and whether anybody still wants it.
//!
//! Invariant: however [`wait`] returns, the builder is dead and reaped.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::Limits;
use super::child::Child;
use super::error::{Ended, RunError, SandboxError};
use super::log::Lines;
use super::usage::Meter;

/// How much of the log is read at once.
const READ_BYTES: usize = 64 * 1024;

/// Says to all who hold a copy that the result is not wanted any more.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<Signal>);

#[derive(Debug)]
struct Signal {
    is_raised: AtomicBool,
    listeners: AtomicUsize,
    /// Readable from then on, to wake those who wait in `poll`.
    wake: OwnedFd,
}

impl Cancel {
    /// Not cancelled yet.
    pub fn new() -> Result<Self, SandboxError> {
        let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let wake = wake.map_err(|source| SandboxError::System {
            action: "make an event descriptor",
            source: source.into(),
        })?;
        Ok(Self(Arc::new(Signal {
            is_raised: AtomicBool::new(false),
            listeners: AtomicUsize::new(0),
            wake,
        })))
    }

    /// Cancels; there is no way back.
    pub fn cancel(&self) {
        self.0.is_raised.store(true, Ordering::Release);
        match rustix::io::write(&self.0.wake, &1_u64.to_ne_bytes()) {
            // It can only fail because it was done too often before, and then it is readable.
            Ok(_) | Err(_) => {}
        }
    }

    /// Says that somebody works who will stop soon after this is cancelled, and tidy up.
    pub fn listen(&self) -> Listener<'_> {
        self.0.listeners.fetch_add(1, Ordering::AcqRel);
        Listener(self)
    }

    /// Whether cancelling makes anybody stop and tidy up.
    pub fn has_listeners(&self) -> bool {
        self.0.listeners.load(Ordering::Acquire) > 0
    }

    /// Readable from then on.
    pub(super) fn wake(&self) -> &OwnedFd {
        &self.0.wake
    }

    /// Whether somebody has cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_raised.load(Ordering::Acquire)
    }
}

/// Somebody who stops soon after the result is not wanted any more. Ends with being dropped.
#[derive(Debug)]
pub struct Listener<'a>(&'a Cancel);

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        self.0.0.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits until the builder ends, or ends it.
pub(super) fn wait(
    mut child: Child,
    scratch: &Path,
    limits: Limits,
    cancel: &Cancel,
    on_log: &mut dyn FnMut(&[u8]),
) -> Result<(), RunError> {
    let mut log = Log {
        lines: Lines::default(),
        bytes: 0,
        limit: limits.log_bytes_max,
        last_word: Instant::now(),
        is_open: true,
    };
    let mut meter = Meter::new(scratch, limits.disk_bytes_max);
    let watched = watch(&child, limits, &mut meter, cancel, &mut log, on_log);
    child.kill();
    let status = child.reap().map_err(system("wait for the builder"))?;
    // All that could write is dead, so this ends.
    let rest = log.read_all(&child.log, on_log);
    log.lines.flush(on_log);
    watched?;
    rest?;
    // What it made is too large however it ended; mostly it could not write more.
    meter.look_now().map_err(|limit| RunError::Disk { limit })?;
    match status.as_ref().map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(0), _)) => Ok(()),
        Some((Some(status), _)) => Err(RunError::Failed { ended: Ended::Exited(status) }),
        Some((None, Some(signal))) => Err(RunError::Failed { ended: Ended::Killed(signal) }),
        Some((None, None)) | None => Err(RunError::Sandbox(SandboxError::Died)),
    }
}

/// Returns when the builder has ended by itself, or with the reason to end it.
fn watch(
    child: &Child,
    limits: Limits,
    meter: &mut Meter<'_>,
    cancel: &Cancel,
    log: &mut Log,
    on_log: &mut dyn FnMut(&[u8]),
) -> Result<(), RunError> {
    let started = Instant::now();
    loop {
        let now = Instant::now();
        let left = [
            left(limits.time, now.duration_since(started))
                .map_err(|limit| RunError::Time { limit })?,
            left(limits.silence, now.duration_since(log.last_word))
                .map_err(|limit| RunError::Silence { limit })?,
            meter.pause(now),
        ];
        let timeout = left.into_iter().flatten().min();
        let ready = poll(child, cancel, log.is_open, timeout)?;
        if cancel.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        if ready.log {
            log.read(&child.log, on_log)?;
        }
        if ready.process {
            return Ok(());
        }
        meter.look(Instant::now()).map_err(|limit| RunError::Disk { limit })?;
    }
}

/// What is left of a limit, or the limit itself if nothing is.
fn left(limit: Option<Duration>, passed: Duration) -> Result<Option<Duration>, Duration> {
    let Some(limit) = limit else { return Ok(None) };
    match limit.checked_sub(passed) {
        Some(left) if !left.is_zero() => Ok(Some(left)),
        Some(_) | None => Err(limit),
    }
}

/// Waits until a container ends. `stop` asks it to end, with `signal`; `kill`, or `grace` after
/// that, ends it.
pub(super) fn wait_attached(
    child: &mut Child,
    signal: rustix::process::Signal,
    grace: Duration,
    stop: &Cancel,
    kill: &Cancel,
) -> Result<Ended, RunError> {
    let mut deadline: Option<Instant> = None;
    loop {
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        let is_over = kill.is_cancelled() || left.is_some_and(|left| left.is_zero());
        if is_over {
            break;
        }
        // Once it was asked, only its end is waited for, or the impatience of whoever asked.
        let asks = if deadline.is_none() { stop } else { kill };
        let ready = poll(child, asks, false, left)?;
        if ready.process {
            break;
        }
        if deadline.is_none() && stop.is_cancelled() {
            deadline = Some(Instant::now() + grace);
            match rustix::process::pidfd_send_signal(child.process(), signal) {
                // It may have ended by itself.
                Ok(()) | Err(_) => {}
            }
        }
    }
    child.kill();
    let status = child.reap().map_err(system("wait for the container"))?;
    match status.as_ref().map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(status), _)) => Ok(Ended::Exited(status)),
        Some((None, Some(signal))) => Ok(Ended::Killed(signal)),
        Some((None, None)) | None => Err(RunError::Sandbox(SandboxError::Died)),
    }
}

struct Ready {
    log: bool,
    process: bool,
}

fn poll(
    child: &Child,
    cancel: &Cancel,
    with_log: bool,
    timeout: Option<Duration>,
) -> Result<Ready, RunError> {
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    // Without the log its place is taken twice by the process.
    let log = if with_log { child.log.as_fd() } else { child.process().as_fd() };
    let mut files = [
        PollFd::from_borrowed_fd(log, PollFlags::IN),
        PollFd::new(child.process(), PollFlags::IN),
        PollFd::new(&cancel.0.wake, PollFlags::IN),
    ];
    match rustix::event::poll(&mut files, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(system("wait for the builder")(error).into()),
    }
    let [log, process, _] = files.map(|file| !file.revents().is_empty());
    Ok(Ready { log: log && with_log, process })
}

struct Log {
    lines: Lines,
    bytes: u64,
    limit: Option<u64>,
    last_word: Instant,
    /// Whether the builder can still write: it may close its output and work on.
    is_open: bool,
}

impl Log {
    /// Reads what is there, at most one buffer.
    fn read(&mut self, from: &OwnedFd, on_log: &mut dyn FnMut(&[u8])) -> Result<(), RunError> {
        let mut buffer = vec![0; READ_BYTES];
        match rustix::io::read(from, &mut buffer) {
            // A terminal says EIO when the other side is closed.
            Ok(0) | Err(Errno::IO) => self.is_open = false,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(system("read the log")(error).into()),
            Ok(count) => {
                self.last_word = Instant::now();
                let bytes = buffer.get(..count).unwrap_or_default();
                let room = self.limit.map_or(u64::MAX, |limit| limit - self.bytes.min(limit));
                let shown = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                self.lines.feed(bytes.get(..shown).unwrap_or_default(), on_log);
                self.bytes = self.bytes.saturating_add(count as u64);
                if let Some(limit) = self.limit.filter(|limit| self.bytes > *limit) {
                    return Err(RunError::Log { limit });
                }
            }
        }
        Ok(())
    }

    /// Reads until nothing is left.
    fn read_all(&mut self, from: &OwnedFd, on_log: &mut dyn FnMut(&[u8])) -> Result<(), RunError> {
        loop {
            let before = self.bytes;
            self.read(from, on_log)?;
            if self.bytes == before {
                return Ok(());
            }
        }
    }
}

fn system(action: &'static str) -> impl Fn(Errno) -> SandboxError {
    move |source| SandboxError::System { action, source: source.into() }
}
