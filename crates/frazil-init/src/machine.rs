//! What to do next: the state machine of all services, without a clock, a process or a descriptor.
//!
//! The supervisor tells what happened ([`Machine::started`], [`Machine::exited`], ...) and asks for
//! [`Machine::next`] actions until there are none; then it may sleep until [`Machine::due`]. So the
//! whole behaviour of PID 1 can be run in a test, with any order of events.
//!
//! One process per service, ever: a start is only asked for where no process is left, and commands
//! never start anything; they change what is wanted, and the next actions bring that about.

mod command;
mod conclude;
mod ending;
mod settle;

#[cfg(test)]
mod tests;

pub(crate) use command::Command;
pub(crate) use conclude::{is_success, pause};
pub(crate) use ending::{Ending, EndingKind};

use crate::plan::{Health, Kind, OnUnhealthy, Plan, ProbeKind, Service, flag};
use crate::sys::Errno;
use crate::sys::process::Exit;
use ending::Phase;

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nothing, and nothing is wanted.
    Down,
    /// It waits for others.
    Waiting,
    /// Its process runs, and is not ready; a oneshot is at work.
    Starting,
    /// It is ready.
    Up,
    /// It failed, and will be started again.
    Backoff,
    /// It was asked to end.
    Stopping,
    /// It has ended, and the command that cleans up after it runs.
    Cleaning,
    /// It ended with success.
    Done,
    /// It failed for good.
    Failed,
}

impl State {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Down,
        Self::Waiting,
        Self::Starting,
        Self::Up,
        Self::Backoff,
        Self::Stopping,
        Self::Cleaning,
        Self::Done,
        Self::Failed,
    ];

    /// Its name in lists and messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Backoff => "backoff",
            Self::Stopping => "stopping",
            Self::Cleaning => "cleaning",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Why a service is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is not being stopped: if it ends, it does so by itself.
    Nothing,
    /// Nobody wants it any more.
    Unwanted,
    /// To start it again.
    Again,
    /// Something that it is bound to went down.
    Bound,
    /// It was not ready in time.
    NotReady,
    /// Its health is bad.
    Unhealthy,
}

/// What is told about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// It ended by itself and starts again in so many milliseconds.
    Again(Exit, u64),
    /// It failed for good.
    Failed(Exit),
    /// It could not be started for now.
    CannotStart(Errno),
    /// It was not ready in time.
    NotReady,
    /// It did not end in time, and is killed.
    Killed,
    /// Too many of its checks failed.
    Unhealthy,
    /// Something that it requires has failed; it waits.
    Blocked,
}

/// What the supervisor has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start the process of a service; then tell `started` or `cannot_start`.
    Start(usize),
    /// Start the applet that watches a service; then tell `helper_started`.
    Watch(usize),
    /// Run the command that stops a service; then tell `hook_started`.
    Ask(usize),
    /// Run the command that cleans up after it; then tell `hook_started`.
    Clean(usize),
    /// Send a signal to a process, and let it run if it is stopped.
    Signal(i32, u32),
    /// Kill a process and its group.
    Kill(i32),
    /// Tell the user.
    Report(usize, Report),
    /// Ask all processes that are left to end.
    Sweep,
    /// Kill all processes that are left.
    KillAll,
    /// Let the logger write what is in its pipes, and end.
    Drain,
    /// It is over.
    End(Ending),
}

/// What a process was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The process of this service.
    Main(usize),
    /// One of its helpers.
    Helper(usize),
    /// None of ours.
    Stranger,
}

/// What PID 1 knows about a service.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own writer")]
pub(crate) struct Slot {
    pub(crate) state: State,
    pub(crate) wanted: bool,
    why: Why,
    /// To be stopped and started again.
    again: bool,
    pub(crate) health: Health,
    /// Its health is bad, and something must be done about it.
    ill: bool,
    /// Already killed, not only asked.
    killed: bool,
    /// The command to stop it failed; the signal remains.
    unasked: bool,
    /// For walks of the graph.
    mark: bool,
    /// How the last process ended.
    pub(crate) exit: Option<Exit>,
    report: Option<Report>,
    /// What kept the launcher from executing the program.
    fault: Errno,
    /// Attempts in a row that failed for want of something.
    attempts: u16,
    /// Runs in a row that were short.
    short_runs: u16,
    pub(crate) restarts: u32,
    burst: u32,
    burst_since: u64,
    pub(crate) pid: i32,
    helper: i32,
    helper_due: u64,
    /// The watching applet is that of an earlier process, and was killed.
    is_helper_old: bool,
    hook: i32,
    /// The command that cleans up was started.
    is_cleaning: bool,
    started: u64,
    /// When it came into its state.
    pub(crate) since: u64,
    /// When something must be done; 0 for never.
    due: u64,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self {
        state: State::Down,
        wanted: false,
        why: Why::Nothing,
        again: false,
        health: Health::Unknown,
        ill: false,
        killed: false,
        unasked: false,
        mark: false,
        exit: None,
        report: None,
        fault: Errno(0),
        attempts: 0,
        short_runs: 0,
        restarts: 0,
        burst: 0,
        burst_since: 0,
        pid: 0,
        helper: 0,
        helper_due: 0,
        is_helper_old: false,
        hook: 0,
        is_cleaning: false,
        started: 0,
        since: 0,
        due: 0,
    };

    /// Whether any process of it is left.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_live() || self.helper != 0 || self.hook != 0
    }

    fn enter(&mut self, state: State, now: u64) {
        self.state = state;
        self.since = now;
        self.due = 0;
    }

    /// Whether anything of it may still run, so that what it needs must stay.
    fn is_live(&self) -> bool {
        self.pid != 0 || self.state == State::Cleaning
    }

    /// Whether who only comes after it need not wait.
    fn is_settled(&self) -> bool {
        match self.state {
            State::Up | State::Done | State::Failed | State::Down | State::Backoff => true,
            State::Waiting | State::Starting | State::Stopping | State::Cleaning => false,
        }
    }

    /// Whether who requires it can run.
    fn is_good(&self) -> bool {
        matches!(self.state, State::Up | State::Done)
    }
}

/// The services and their states.
pub(crate) struct Machine<'a> {
    pub(crate) plan: Plan<'a>,
    pub(crate) slots: &'a mut [Slot],
    phase: Phase,
    ending: Ending,
    /// Where `next` goes on.
    cursor: usize,
    /// Something may have to be done, somewhere.
    dirty: bool,
    /// The current pass over the services changed something.
    changed: bool,
    /// The earliest time that a service waits for, as found by the last pass.
    due: u64,
}

impl<'a> Machine<'a> {
    /// A machine in which everything that is not disabled is wanted. `slots` has one per service.
    pub(crate) fn new(plan: Plan<'a>, slots: &'a mut [Slot], now: u64) -> Self {
        let mut machine = Self {
            plan,
            slots,
            phase: Phase::Run,
            ending: Ending::default(),
            cursor: 0,
            dirty: true,
            changed: false,
            due: u64::MAX,
        };
        for index in 0..machine.slots.len() {
            if !plan.service(index).has(flag::DISABLED) {
                machine.want(index, now);
            }
        }
        machine
    }

    /// The next thing to do.
    pub(crate) fn next(&mut self, now: u64) -> Option<Action> {
        self.watch_deadline(now);
        if self.dirty || now >= self.due {
            if let Some(action) = self.pass(now) {
                return Some(action);
            }
            self.dirty = false;
        }
        self.advance(now)
    }

    /// When `next` has something to do even if nothing happens.
    pub(crate) fn due(&self) -> Option<u64> {
        let due = self.due.min(self.phase_due());
        (due != u64::MAX).then_some(due)
    }

    fn pass(&mut self, now: u64) -> Option<Action> {
        self.dirty = true;
        loop {
            if self.cursor == 0 {
                self.due = u64::MAX;
                self.changed = false;
            }
            while self.cursor < self.slots.len() {
                if let Some(action) = self.settle(self.cursor, now) {
                    self.changed = true;
                    return Some(action);
                }
                let slot = self.slots.get(self.cursor).copied().unwrap_or(Slot::EMPTY);
                // The next watcher has to wait for the burial of the last one, not for a time.
                let is_running = matches!(slot.state, State::Starting | State::Up);
                let helper_due = if is_running && slot.helper == 0 { slot.helper_due } else { 0 };
                for due in [slot.due, helper_due] {
                    if due != 0 {
                        self.due = self.due.min(due);
                    }
                }
                self.cursor += 1;
            }
            self.cursor = 0;
            if !self.changed {
                return None;
            }
        }
    }

    fn service(&self, index: usize) -> Service<'a> {
        self.plan.service(index)
    }

    fn is(&self, index: usize, test: impl Fn(&Slot) -> bool) -> bool {
        self.slots.get(index).is_some_and(test)
    }

    fn touch(&mut self, index: usize) -> Option<&mut Slot> {
        self.dirty = true;
        self.changed = true;
        self.slots.get_mut(index)
    }

    /// The process of a service was started.
    pub(crate) fn started(&mut self, index: usize, pid: i32, now: u64) {
        let service = self.service(index);
        let timeout = u64::from(service.get(crate::plan::Field::StartTimeout));
        let is_probed = service.is_probed();
        let Some(slot) = self.touch(index) else { return };
        let was_short = slot.attempts > 0;
        slot.enter(State::Starting, now);
        slot.pid = pid;
        slot.started = now;
        slot.due = if timeout == 0 { 0 } else { now.saturating_add(timeout) };
        slot.helper_due = if is_probed { now.max(1) } else { 0 };
        slot.why = Why::Nothing;
        (slot.again, slot.ill, slot.killed, slot.unasked) = (false, false, false, false);
        slot.health = Health::Unknown;
        slot.fault = Errno(0);
        slot.attempts = 0;
        if was_short {
            // What was missing is there again: the others need not wait any longer.
            let lacks = |other: &&mut Slot| other.attempts > 0 && other.state == State::Backoff;
            for other in self.slots.iter_mut().filter(lacks) {
                other.due = now.max(1);
            }
        }
    }

    /// The process could not be started.
    pub(crate) fn cannot_start(&mut self, index: usize, error: Errno, now: u64) {
        self.retry(index, error, now);
    }

    /// Waits for what is missing to come back; that is nobody's failure, and counts as none.
    fn retry(&mut self, index: usize, error: Errno, now: u64) {
        let Some(slot) = self.touch(index) else { return };
        if slot.attempts == 0 {
            slot.report = Some(Report::CannotStart(error));
        }
        let delay =
            50_u64.checked_shl(u32::from(slot.attempts)).map_or(500, |delay| delay.min(500));
        slot.attempts = slot.attempts.saturating_add(1).min(16);
        slot.enter(State::Backoff, now);
        slot.due = now.saturating_add(delay).max(1);
    }

    /// The launcher has executed the program.
    pub(crate) fn executed(&mut self, index: usize, now: u64) {
        let service = self.service(index);
        if service.kind() == Kind::Process && service.ready().kind() == ProbeKind::None {
            self.ready(index, now);
        }
    }

    /// The launcher could not; it will end soon.
    pub(crate) fn not_executed(&mut self, index: usize, error: Errno) {
        if let Some(slot) = self.touch(index) {
            slot.fault = error;
        }
    }

    /// The service says that it is ready. A oneshot is when it ends.
    pub(crate) fn ready(&mut self, index: usize, now: u64) {
        let is_process = self.service(index).kind() == Kind::Process;
        if let Some(slot) = self.touch(index)
            && slot.state == State::Starting
            && is_process
        {
            slot.enter(State::Up, now);
        }
    }

    /// A check of a service's health has a result that matters.
    pub(crate) fn health(&mut self, index: usize, is_good: bool, now: u64) {
        let action = self.service(index).health().action();
        let Some(slot) = self.touch(index).filter(|slot| slot.state == State::Up) else { return };
        slot.health = if is_good { Health::Good } else { Health::Bad };
        if is_good {
            return;
        }
        slot.report = Some(Report::Unhealthy);
        match action {
            OnUnhealthy::Restart => slot.ill = true,
            OnUnhealthy::StopAll => self.fail(1, now),
            OnUnhealthy::None => {}
        }
    }

    /// The watching applet was started, or not.
    pub(crate) fn helper_started(&mut self, index: usize, pid: Option<i32>, now: u64) {
        if let Some(slot) = self.touch(index) {
            slot.helper = pid.unwrap_or(0);
            slot.helper_due = if pid.is_some() { 0 } else { now.saturating_add(HELPER_PAUSE) };
        }
    }

    /// A command that stops or cleans up was started, or not.
    pub(crate) fn hook_started(&mut self, index: usize, pid: Option<i32>) {
        if let Some(slot) = self.touch(index) {
            slot.hook = pid.unwrap_or(0);
            slot.unasked = pid.is_none();
        }
    }

    /// What a process is to us.
    pub(crate) fn role(&self, pid: i32) -> Role {
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.pid == pid {
                return Role::Main(index);
            }
            if slot.helper == pid || slot.hook == pid {
                return Role::Helper(index);
            }
        }
        Role::Stranger
    }
}

/// Milliseconds until a watching applet that died is started again.
const HELPER_PAUSE: u64 = 1000;
/// Milliseconds that a command which stops or cleans up may take.
const HOOK_PATIENCE: u64 = 30_000;
