//! Taking over another plan while services run.
//!
//! First, under the old plan, everything that is gone or different in the new one is stopped. When
//! the last of it is down, the new plan takes the place of the old one, and what is the same keeps
//! its process. A plan that is not valid changes nothing.

use super::children::Wires;
use super::{Supervisor, load};
use crate::errno;
use crate::machine::Slot;
use crate::plan::{self, Plan};
use crate::sys::{Fd, file, memory};

/// The plan that is to come.
pub(super) struct Reload {
    plan: Option<Plan<'static>>,
    fd: Fd,
}

impl Reload {
    pub(super) const NONE: Self = Self { plan: None, fd: Fd::NONE };
}

impl Supervisor {
    /// Reads the plan again; false if that cannot be.
    pub(super) fn begin_reload(&mut self) -> bool {
        if self.reload.plan.is_some() || self.machine.is_ending() {
            return false;
        }
        let (fd, bytes) = match load(self.plan_path) {
            Ok(loaded) => loaded,
            Err(error) => {
                self.say(&[b"cannot read the new plan: ", errno::name(error)]);
                return false;
            }
        };
        let new = match plan::read(bytes) {
            Ok(new) => new,
            Err(error) => {
                file::close(fd);
                self.say(&[b"the new plan is refused: ", error.message().as_bytes()]);
                return false;
            }
        };
        for index in 0..self.machine.slots.len() {
            if self.successor(new, index).is_none() {
                self.machine.retire(index);
            }
        }
        self.reload = Reload { plan: Some(new), fd };
        true
    }

    /// The service of the new plan that is this one, unchanged.
    fn successor(&self, new: Plan<'static>, index: usize) -> Option<usize> {
        let old = self.machine.plan.service(index);
        let found = new.find(old.name().to_bytes())?;
        (new.service(found).fingerprint() == old.fingerprint()).then_some(found)
    }

    /// Changes to the new plan when nothing runs any more that is not in it.
    pub(super) fn advance_reload(&mut self, now: u64) {
        let Some(new) = self.reload.plan else { return };
        if self.machine.is_ending() {
            self.reload.plan = None;
            self.reload.fd.close();
            return;
        }
        let is_down = |slot: &Slot| !slot.is_busy();
        let count = self.machine.slots.len();
        let waits = (0..count).any(|index| {
            self.successor(new, index).is_none()
                && !self.machine.slots.get(index).is_some_and(is_down)
        });
        if waits {
            // A command may have wanted one of them again.
            for index in 0..count {
                if self.successor(new, index).is_none() {
                    self.machine.retire(index);
                }
            }
            return;
        }
        match self.change(new, now) {
            Ok(()) => self.say(&[b"the new plan is in force"]),
            Err(error) => self.say(&[b"the new plan cannot be used: ", errno::name(error)]),
        }
    }

    fn change(&mut self, new: Plan<'static>, now: u64) -> crate::sys::Result<()> {
        let slots = memory::table(new.count(), Slot::EMPTY)?;
        let wires = memory::table(new.count(), Wires::EMPTY)?;
        let mut kept = memory::Pages::new(new.count())?;
        for index in 0..self.machine.slots.len() {
            let Some(other) = self.successor(new, index) else {
                if let Some(old) = self.wires.get_mut(index) {
                    old.log.close();
                    old.log_sink.close();
                }
                continue;
            };
            if let (Some(slot), Some(wire), Some(mark)) =
                (slots.get_mut(other), wires.get_mut(other), kept.get_mut(other))
            {
                *slot = self.machine.slots.get(index).copied().unwrap_or(Slot::EMPTY);
                *wire = self.wires.get(index).copied().unwrap_or(Wires::EMPTY);
                *mark = 1;
            }
        }
        file::close(self.plan);
        self.plan = core::mem::replace(&mut self.reload.fd, Fd::NONE);
        self.reload.plan = None;
        self.wires = wires;
        self.machine.replace(new, slots, &kept, now);
        self.watch_again();
        self.logs.connect(new, self.wires);
        self.logs.renew();
        Ok(())
    }

    /// The numbers of the services changed, and with them those of their events.
    fn watch_again(&mut self) {
        for (index, wires) in self.wires.iter().enumerate() {
            wires.watch_as(self.epoll, index);
        }
    }
}
