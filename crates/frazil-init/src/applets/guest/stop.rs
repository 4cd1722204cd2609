//! The end of a system of another supervisor: who depends on others stops before them.

use super::command;
use super::record::{Phase, Record};
use crate::plan::Plan;
use crate::sys::{Result, event, memory, signal};

/// Milliseconds between two looks at what has stopped by now. Nobody looks at any other time.
pub(super) const STEP: u64 = 5;

/// The services on their way down.
pub(super) struct Stop {
    plan: Plan<'static>,
    is_asked: &'static mut [bool],
    /// When everybody is killed.
    deadline: u64,
}

impl Stop {
    pub(super) fn new(plan: Plan<'static>) -> Result<Self> {
        let deadline = event::now().saturating_add(plan.stop_deadline());
        Ok(Self { plan, is_asked: memory::table(plan.count(), false)?, deadline })
    }

    /// Nobody is waited for any more.
    pub(super) fn hurry(&mut self) {
        self.deadline = 0;
    }

    /// Asks who can be asked now; whether all have stopped.
    pub(super) fn step(&mut self) -> Result<bool> {
        let is_late = event::now() >= self.deadline;
        let mut is_over = true;
        for index in (0..self.plan.count()).rev() {
            let service = self.plan.service(index);
            let record = Record::of(service.name())?;
            let is_live = record.is_live();
            is_over &= !is_live;
            let is_needed = is_live && self.has_live_dependents(index)?;
            let is_asked = self.is_asked.get(index).copied().unwrap_or(true);
            if !is_asked && (!is_needed || is_late) {
                // Who is not supervised yet cannot be told; it is not there, either.
                let is_told = command(service.name(), b"d").is_ok();
                if let Some(place) = self.is_asked.get_mut(index) {
                    *place = is_told || record.phase == Phase::Unknown;
                }
            }
            if is_late && record.pid > 0 {
                // What cannot be killed is not waited for either, see the caller.
                let _killed = signal::send_group(record.pid, signal::KILL);
            }
        }
        Ok(is_over)
    }

    /// Whether the deadline passed so long ago that even the killed should be gone.
    pub(super) fn is_hopeless(&self) -> bool {
        event::now() >= self.deadline.saturating_add(1000) && self.deadline != 0
    }

    fn has_live_dependents(&self, index: usize) -> Result<bool> {
        for other in self.plan.service(index).dependents() {
            if Record::of(self.plan.service(other).name())?.is_live() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
