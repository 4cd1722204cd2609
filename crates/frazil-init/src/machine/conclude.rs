//! The end of a process: what it means, and what follows.

use super::{HELPER_PAUSE, Machine, Report, Role, State, Why};
use crate::plan::{Field, Kind, Restart, Service, flag};
use crate::sys::Errno;
use crate::sys::process::Exit;

impl Machine<'_> {
    /// A process ended; what it was.
    pub(crate) fn exited(&mut self, pid: i32, exit: Exit, now: u64) -> Role {
        let role = self.role(pid);
        match role {
            Role::Main(index) => self.main_exited(index, exit, now),
            Role::Helper(index) => self.helper_exited(index, pid, exit, now),
            Role::Stranger => {}
        }
        role
    }

    fn main_exited(&mut self, index: usize, exit: Exit, now: u64) {
        let has_clean_up = self.service(index).texts(Field::AfterStop).len() > 0;
        let Some(slot) = self.touch(index) else { return };
        slot.pid = 0;
        slot.exit = Some(exit);
        slot.helper_due = 0;
        if has_clean_up {
            slot.enter(State::Cleaning, now);
            slot.killed = false;
        } else {
            self.conclude(index, now);
        }
    }

    fn helper_exited(&mut self, index: usize, pid: i32, exit: Exit, now: u64) {
        let Some(slot) = self.touch(index) else { return };
        if slot.helper == pid {
            slot.helper = 0;
            // One that ended well has nothing left to watch.
            let has_failed = !core::mem::take(&mut slot.is_helper_old) && exit != Exit::Code(0);
            if has_failed && slot.pid != 0 {
                slot.helper_due = now.saturating_add(HELPER_PAUSE);
            }
            return;
        }
        slot.hook = 0;
        if slot.state == State::Stopping && exit != Exit::Code(0) {
            slot.unasked = true;
        }
    }

    /// Decides what follows the end of a service's process.
    pub(super) fn conclude(&mut self, index: usize, now: u64) {
        let service = self.service(index);
        let is_ending = self.is_ending();
        let Some(slot) = self.touch(index) else { return };
        let why = slot.why;
        slot.why = Why::Nothing;
        slot.ill = false;
        let fault = core::mem::replace(&mut slot.fault, Errno(0));
        let exit = slot.exit.unwrap_or(Exit::Code(0));
        if is_ending || !slot.wanted {
            slot.enter(State::Down, now);
        } else if why == Why::Again || why == Why::Bound || slot.again {
            slot.again = false;
            slot.short_runs = 0;
            slot.enter(State::Waiting, now);
        } else if fault.is_transient() {
            self.retry(index, fault, now);
        } else {
            let is_good = why == Why::Nothing && is_success(service, exit);
            let again = why == Why::Unhealthy
                || match service.restart() {
                    _ if is_good && service.kind() != Kind::Process => false,
                    Restart::Always => true,
                    Restart::OnFailure => !is_good,
                    Restart::Never => false,
                };
            self.decide(index, exit, is_good, again, now);
        }
    }

    fn decide(&mut self, index: usize, exit: Exit, is_good: bool, again: bool, now: u64) {
        let service = self.service(index);
        if again && self.is_allowed(index, now) {
            self.start_later(index, exit, now);
            return;
        }
        let Some(slot) = self.touch(index) else { return };
        let is_done = is_good && !again;
        slot.enter(if is_done { State::Done } else { State::Failed }, now);
        if !is_done {
            slot.report = Some(Report::Failed(exit));
        }
        // A oneshot has done its work when it ends well.
        if service.has(flag::CRITICAL) && !(is_done && service.kind() != Kind::Process) {
            self.fail(exit.code(), now);
        }
    }

    /// Whether a service may be started once more: not too often within its time.
    fn is_allowed(&mut self, index: usize, now: u64) -> bool {
        let service = self.service(index);
        let (count, within) = (service.get(Field::BurstCount), service.get(Field::BurstWithin));
        let Some(slot) = self.touch(index) else { return false };
        if now.saturating_sub(slot.burst_since) > u64::from(within) {
            slot.burst_since = now;
            slot.burst = 0;
        }
        slot.burst = slot.burst.saturating_add(1);
        count == 0 || slot.burst <= count
    }

    /// A service that ran long enough starts again at once, others after twice the time of the last
    /// attempt.
    fn start_later(&mut self, index: usize, exit: Exit, now: u64) {
        let service = self.service(index);
        let Some(slot) = self.touch(index) else { return };
        let ran = now.saturating_sub(slot.started);
        let (delay, short_runs) = pause(service, ran, slot.short_runs, now ^ index as u64);
        slot.short_runs = short_runs;
        slot.restarts = slot.restarts.saturating_add(1);
        slot.report = Some(Report::Again(exit, delay));
        if delay == 0 {
            slot.enter(State::Waiting, now);
        } else {
            slot.enter(State::Backoff, now);
            slot.due = now.saturating_add(delay).max(1);
        }
    }
}

/// How long to wait before a restart, in milliseconds, and how many runs in a row were short then.
pub(crate) fn pause(service: Service<'_>, ran: u64, short_runs: u16, seed: u64) -> (u64, u16) {
    let [min, max, reset] = [Field::BackoffMin, Field::BackoffMax, Field::BackoffReset]
        .map(|field| u64::from(service.get(field)));
    let short_runs = if ran >= reset { 0 } else { short_runs };
    let delay = if short_runs == 0 && ran >= min {
        0
    } else {
        let doublings = u32::from(short_runs.saturating_sub(1)).min(20);
        spread(min.saturating_mul(1 << doublings).min(max), seed)
    };
    (delay, short_runs.saturating_add(1))
}

pub(crate) fn is_success(service: Service<'_>, exit: Exit) -> bool {
    match exit {
        Exit::Code(0) => true,
        Exit::Code(code) => service.words(Field::SuccessCodes).any(|good| good == u32::from(code)),
        Exit::Signal(_) => false,
    }
}

/// Moves a delay by up to a tenth, so that services that failed together do not start together.
fn spread(delay: u64, seed: u64) -> u64 {
    let tenth = delay / 10;
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    delay - tenth + mixed % (2 * tenth + 1)
}
