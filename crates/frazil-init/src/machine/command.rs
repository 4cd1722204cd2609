//! Commands: they change what is wanted, nothing else.

use super::{Machine, Slot, State, Why};
use crate::plan::{Kind, Plan, flag};

/// What can be asked of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Start,
    Stop,
    Restart,
}

impl<'a> Machine<'a> {
    /// Carries out a command; false if the system is ending.
    pub(crate) fn command(&mut self, command: Command, index: usize, now: u64) -> bool {
        if self.is_ending() {
            return false;
        }
        match command {
            Command::Start => self.want(index, now),
            Command::Stop => {
                if let Some(slot) = self.touch(index) {
                    slot.wanted = false;
                    slot.again = false;
                }
            }
            Command::Restart => self.want_again(index, now),
        }
        true
    }

    /// Wants a service no more, because the next plan has it no more, or not as it is.
    pub(crate) fn retire(&mut self, index: usize) {
        if self.is(index, |slot| slot.wanted || slot.again)
            && let Some(slot) = self.touch(index)
        {
            slot.wanted = false;
            slot.again = false;
        }
    }

    /// Takes over another plan. `kept` tells which slots are those of services that stay.
    pub(crate) fn replace(&mut self, plan: Plan<'a>, slots: &'a mut [Slot], kept: &[u8], now: u64) {
        self.plan = plan;
        self.slots = slots;
        self.cursor = 0;
        self.dirty = true;
        for (index, kept) in kept.iter().enumerate().take(plan.count()) {
            if *kept == 0 && !plan.service(index).has(flag::DISABLED) {
                self.want(index, now);
            }
        }
    }

    /// Wants a service, and what it needs.
    pub(super) fn want(&mut self, index: usize, now: u64) {
        for slot in self.slots.iter_mut() {
            slot.mark = false;
        }
        if let Some(slot) = self.slots.get_mut(index) {
            slot.mark = true;
        }
        // What a service needs comes before it, so one walk down finds everything.
        for other in (0..=index).rev() {
            if !self.is(other, |slot| slot.mark) {
                continue;
            }
            let service = self.service(other);
            for needed in service.requires().chain(service.wants()) {
                if let Some(slot) = self.slots.get_mut(needed) {
                    slot.mark = true;
                }
            }
            let is_asked = other == index;
            let is_task = service.kind() == Kind::Task;
            let is_process = service.kind() == Kind::Process;
            let Some(slot) = self.touch(other) else { continue };
            slot.wanted = true;
            slot.mark = false;
            let is_at_rest = match slot.state {
                State::Down | State::Failed => true,
                State::Backoff => is_asked,
                State::Done => is_process || (is_asked && is_task),
                State::Waiting
                | State::Starting
                | State::Up
                | State::Stopping
                | State::Cleaning => false,
            };
            if is_at_rest {
                slot.short_runs = 0;
                slot.burst = 0;
                slot.enter(State::Waiting, now);
            }
        }
    }

    fn want_again(&mut self, index: usize, now: u64) {
        self.want(index, now);
        let Some(slot) = self.touch(index) else { return };
        match slot.state {
            State::Starting | State::Up => slot.again = true,
            State::Stopping | State::Cleaning => slot.why = Why::Again,
            State::Done => slot.enter(State::Waiting, now),
            State::Down | State::Waiting | State::Backoff | State::Failed => {}
        }
    }
}
