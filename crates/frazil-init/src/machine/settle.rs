//! The steps of one service: what its state, its wants and the time ask for.

use super::{Action, HOOK_PATIENCE, Machine, Report, State, Why};
use crate::plan::{Field, flag};

impl Machine<'_> {
    /// Brings one service a step further; nothing if it is where it should be.
    pub(super) fn settle(&mut self, index: usize, now: u64) -> Option<Action> {
        let slot = self.slots.get_mut(index)?;
        if let Some(report) = slot.report.take() {
            return Some(Action::Report(index, report));
        }
        if slot.pid == 0 && slot.helper != 0 && !slot.is_helper_old {
            // Once is enough; it stays in the table until it is reaped.
            slot.is_helper_old = true;
            return Some(Action::Kill(slot.helper));
        }
        match slot.state {
            State::Waiting => self.settle_waiting(index, now),
            State::Backoff => self.settle_backoff(index, now),
            State::Starting | State::Up => self.settle_running(index, now),
            State::Stopping => self.settle_stopping(index, now),
            State::Cleaning => self.settle_cleaning(index, now),
            State::Down | State::Done | State::Failed => None,
        }
    }

    /// Whether a service should not run now.
    fn is_unwanted(&self, index: usize) -> bool {
        self.is_ending() || self.is(index, |slot| !slot.wanted)
    }

    fn settle_waiting(&mut self, index: usize, now: u64) -> Option<Action> {
        let service = self.service(index);
        if self.is_unwanted(index) {
            self.touch(index)?.enter(State::Down, now);
            return None;
        }
        let waits = service.wants().chain(service.after());
        let can_start =
            service.requires().all(|other| self.is(other, super::Slot::is_good)) && { waits }
                .all(|other| self.is(other, super::Slot::is_settled));
        if can_start {
            // The supervisor answers at once; until then it counts as nothing.
            self.touch(index)?.enter(State::Starting, now);
            return Some(Action::Start(index));
        }
        let is_blocked =
            service.requires().any(|other| self.is(other, |slot| slot.state == State::Failed));
        let slot = self.slots.get_mut(index)?;
        if is_blocked && !slot.mark {
            slot.mark = true;
            return Some(Action::Report(index, Report::Blocked));
        }
        None
    }

    fn settle_backoff(&mut self, index: usize, now: u64) -> Option<Action> {
        let is_unwanted = self.is_unwanted(index);
        let slot = self.slots.get_mut(index)?;
        if is_unwanted {
            slot.attempts = 0;
            self.touch(index)?.enter(State::Down, now);
        } else if now >= slot.due {
            self.touch(index)?.enter(State::Waiting, now);
            return self.settle_waiting(index, now);
        }
        None
    }

    fn settle_running(&mut self, index: usize, now: u64) -> Option<Action> {
        let is_late = self
            .is(index, |slot| slot.state == State::Starting && slot.due != 0 && now >= slot.due);
        let why = if self.is_ending() {
            if !self.may_stop(index, now) {
                // Who depends on it decides now, and no time of its own.
                let slot = self.slots.get_mut(index)?;
                (slot.due, slot.helper_due) = (0, 0);
                return None;
            }
            Why::Unwanted
        } else if self.is(index, |slot| !slot.wanted) {
            Why::Unwanted
        } else if self.is(index, |slot| slot.again) {
            Why::Again
        } else if self.is_unbound(index) {
            Why::Bound
        } else if is_late {
            Why::NotReady
        } else if self.is(index, |slot| slot.ill) {
            Why::Unhealthy
        } else {
            return self.watch(index, now);
        };
        self.stop(index, why, now)
    }

    /// Starts the watching applet when its time has come.
    fn watch(&mut self, index: usize, now: u64) -> Option<Action> {
        let slot = self.slots.get_mut(index)?;
        if slot.helper == 0 && slot.helper_due != 0 && now >= slot.helper_due {
            slot.helper_due = 0;
            return Some(Action::Watch(index));
        }
        None
    }

    /// Whether something that a service is bound to is gone.
    fn is_unbound(&self, index: usize) -> bool {
        let service = self.service(index);
        service.has(flag::BIND)
            && !service.requires().all(|other| self.is(other, super::Slot::is_good))
    }

    /// Whether nothing needs a service any longer, or there is no time left to care.
    fn may_stop(&self, index: usize, now: u64) -> bool {
        now >= self.deadline()
            || !self.service(index).dependents().any(|other| self.is(other, super::Slot::is_live))
    }

    fn stop(&mut self, index: usize, why: Why, now: u64) -> Option<Action> {
        let service = self.service(index);
        let has_command = service.texts(Field::StopCommand).len() > 0;
        let timeout = u64::from(service.get(Field::StopTimeout));
        let slot = self.touch(index)?;
        slot.enter(State::Stopping, now);
        slot.why = why;
        slot.again = false;
        slot.due = now.saturating_add(timeout).max(1);
        if why == Why::NotReady {
            slot.report = Some(Report::NotReady);
        }
        if has_command && slot.hook == 0 {
            return Some(Action::Ask(index));
        }
        Some(Action::Signal(slot.pid, service.get(Field::StopSignal)))
    }

    fn settle_stopping(&mut self, index: usize, now: u64) -> Option<Action> {
        let is_over = now >= self.deadline();
        let signal = self.service(index).get(Field::StopSignal);
        let slot = self.slots.get_mut(index)?;
        if slot.unasked {
            slot.unasked = false;
            return Some(Action::Signal(slot.pid, signal));
        }
        if now >= slot.due || (is_over && !slot.killed) {
            if !slot.killed && !is_over {
                slot.report = Some(Report::Killed);
            }
            slot.killed = true;
            // A process that forks while it is killed needs more than one blow.
            slot.due = now.saturating_add(1000);
            return Some(Action::Kill(slot.pid));
        }
        None
    }

    fn settle_cleaning(&mut self, index: usize, now: u64) -> Option<Action> {
        let is_over = now >= self.deadline();
        let slot = self.slots.get_mut(index)?;
        if slot.due == 0 {
            slot.due = now.saturating_add(HOOK_PATIENCE);
        }
        if slot.hook == 0 && !slot.is_cleaning {
            // Until now, the command that stopped it may have been at work.
            slot.is_cleaning = true;
            return Some(Action::Clean(index));
        }
        if slot.hook == 0 {
            slot.is_cleaning = false;
            self.conclude(index, now);
        } else if now >= slot.due || (is_over && !slot.killed) {
            slot.killed = true;
            slot.due = now.saturating_add(1000);
            return Some(Action::Kill(slot.hook));
        }
        None
    }
}
