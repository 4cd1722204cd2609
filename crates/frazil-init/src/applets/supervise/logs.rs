//! The pipes of the logs. PID 1 holds both ends of each, so that neither the end of a service nor
//! that of a logger loses a byte. What flows through them is the business of the applet `logd`.

use super::Supervisor;
use super::children::Wires;
use crate::applets::inherited;
use crate::plan::{LogKind, Plan};
use crate::sys::memory::{Pages, table};
use crate::sys::process::Exit;
use crate::sys::{Fd, event, file, signal};
use crate::text::decimal;

/// Milliseconds until a logger that failed is started again; one that was killed, at once.
const PAUSE: u64 = 200;
/// Descriptors that are left for everything else.
const RESERVE: u64 = 32;
/// The size that the pipes between the steps of the logger should have.
const STAGE_BYTES: usize = 1 << 17;

/// The pipes that a logger moves lines through: raw and finished ones for standard output, raw ones
/// for everything else.
pub(crate) const STAGES: usize = 3;

pub(super) struct Logs {
    /// Read end, write end.
    stages: [(Fd, Fd); STAGES],
    /// The output of PID 1 itself.
    own: (Fd, Fd),
    roster: Option<Roster>,
    logger: i32,
    due: u64,
    files: u64,
}

/// Whether the output of a service goes through the logger.
pub(super) fn is_logged(kind: LogKind) -> bool {
    match kind {
        LogKind::Prefix | LogKind::Json | LogKind::File | LogKind::Syslog => true,
        LogKind::Inherit | LogKind::Null => false,
    }
}

impl Logs {
    /// Makes the pipes of all services that log. `files` is how many descriptors there can be.
    pub(super) fn new(plan: Plan<'_>, wires: &mut [Wires], files: u64) -> Self {
        let mut logs = Self {
            stages: [(Fd::NONE, Fd::NONE); STAGES],
            own: (Fd::NONE, Fd::NONE),
            roster: None,
            logger: 0,
            due: 0,
            files,
        };
        logs.connect(plan, wires);
        logs
    }

    /// Makes the pipes that are not there yet. Without descriptors to spare, a service's output
    /// goes where ours goes.
    pub(super) fn connect(&mut self, plan: Plan<'_>, wires: &mut [Wires]) {
        let mut is_needed = false;
        for (service, wires) in plan.services().zip(wires.iter_mut()) {
            if !is_logged(service.log()) || wires.log.is_some() {
                continue;
            }
            let Ok((mut read, mut write)) = file::pipe(false) else { break };
            if u64::from(write.0.cast_unsigned()) + RESERVE > self.files {
                read.close();
                write.close();
                break;
            }
            (wires.log, wires.log_sink) = (read, write);
            is_needed = true;
        }
        if !is_needed || self.has_pipes() {
            return;
        }
        for stage in self.stages.iter_mut().chain([&mut self.own]) {
            if let Ok(ends) = file::pipe(true) {
                *stage = ends;
                // A smaller one does, too.
                let _sized = file::set_pipe_size(ends.0, STAGE_BYTES);
            }
        }
        self.due = 1;
    }

    pub(super) fn has_pipes(&self) -> bool {
        self.own.0.is_some()
    }

    pub(super) fn due(&self) -> Option<u64> {
        (self.due != 0).then_some(self.due)
    }

    /// Where PID 1 writes its own lines.
    pub(super) fn own_sink(&self) -> Fd {
        self.own.1
    }

    pub(super) fn is_logger(&self, pid: i32) -> bool {
        pid != 0 && self.logger == pid
    }

    /// The logger ended. One that has seen the end of all its pipes has done its work.
    pub(super) fn ended(&mut self, exit: Exit, now: u64) {
        self.logger = 0;
        self.due = match exit {
            Exit::Code(0) => 0,
            Exit::Signal(_) => now.max(1),
            Exit::Code(_) => now.saturating_add(PAUSE),
        };
    }

    /// Replaces the logger, after there are other pipes. Killing it loses nothing.
    pub(super) fn renew(&mut self) {
        self.roster = None;
        if self.logger != 0 {
            let _killed = signal::send(self.logger, signal::KILL);
        }
    }
}

/// What a logger is told about its descriptors.
struct Roster {
    /// Pairs of numbers for the stages, then `service:descriptor` for each stream.
    words: Pages,
    len: usize,
    /// All of them.
    fds: &'static mut [Fd],
    count: usize,
}

impl Roster {
    fn new(logs: &Logs, wires: &[Wires]) -> Option<Self> {
        let room = wires.len() + 2 * STAGES + 1;
        let words = Pages::new(room * 16).ok()?;
        let mut roster = Self { words, len: 0, fds: table(room, Fd::NONE).ok()?, count: 0 };
        for (read, write) in &logs.stages {
            roster.add(None, *read);
            roster.add(None, *write);
        }
        let own = (wires.len(), logs.own.0);
        for (index, fd) in wires.iter().map(|wires| wires.log).enumerate().chain([own]) {
            if fd.is_some() {
                roster.add(Some(index), fd);
            }
        }
        roster.put(b"\0");
        Some(roster)
    }

    fn add(&mut self, stream: Option<usize>, fd: Fd) {
        let mut digits = [0; 20];
        if let Some(index) = stream {
            self.put(decimal(index as u64, &mut digits));
            self.put(b":");
        }
        self.put(decimal(u64::from(fd.0.cast_unsigned()), &mut digits));
        self.put(b",");
        if let Some(place) = self.fds.get_mut(self.count) {
            *place = fd;
            self.count += 1;
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.words.get_mut(self.len) {
                *place = *byte;
                self.len += 1;
            }
        }
    }
}

impl Supervisor {
    /// Starts the logger if it is time.
    pub(super) fn logs_due(&mut self, now: u64) {
        if self.logs.due == 0 || now < self.logs.due {
            return;
        }
        self.logs.due = 0;
        self.start_logger(now);
    }

    fn start_logger(&mut self, now: u64) {
        let roster = self.logs.roster.take().or_else(|| Roster::new(&self.logs, self.wires));
        let Some(roster) = roster else { return };
        let words = roster.words.get(..roster.len).and_then(crate::sys::c_string);
        let argv = [c"init", c"logd", words.unwrap_or_default()];
        let moves = [(self.plan, inherited::PLAN), (self.null, Fd::STDIN)];
        let fds = roster.fds.get(..roster.count).unwrap_or_default();
        match self.spawn_applet(&argv, &moves, fds) {
            Ok(pid) => self.logs.logger = pid,
            Err(_) => self.logs.due = now.saturating_add(PAUSE),
        }
        self.logs.roster = Some(roster);
    }

    /// Asks everything that is left to end (TERM), or kills it. Only PID 1 can reach it all.
    pub(super) fn sweep(&mut self, number: u32) {
        if self.is_first {
            // There may be nobody.
            let _sent = signal::send(-1, number);
            let _continued = signal::send(-1, signal::CONT);
        }
        // The logger sees the end of its pipes when the last who can write is gone.
        for wires in self.wires.iter_mut() {
            wires.log_sink.close();
        }
        self.logs.own.1.close();
        if number == signal::KILL {
            self.logs.due = 0;
        }
        // Without children there is no signal that could tell so.
        self.reap(event::now());
    }

    /// Starts a logger for what is left in the pipes, if the last one was killed.
    pub(super) fn drain(&mut self) {
        if self.logs.has_pipes() && self.logs.logger == 0 {
            self.start_logger(event::now());
        }
    }
}
