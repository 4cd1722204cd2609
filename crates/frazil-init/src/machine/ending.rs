//! The end of the system: its phases, its deadline, and its exit code.

use super::{Action, Machine, Slot, State};

/// How the system ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// The exit status of PID 1.
    pub(crate) code: u8,
    pub(crate) kind: EndingKind,
    /// Someone named the code; nothing else changes it.
    is_named: bool,
    /// A critical service gave the code.
    is_failure: bool,
}

/// What becomes of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EndingKind {
    #[default]
    PowerOff,
    Reboot,
    Halt,
}

/// Where the system is in its life. Numbers are times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Run,
    /// Services stop until the deadline.
    Stop {
        deadline: u64,
        is_over: bool,
    },
    /// What is left was asked to end.
    Sweep {
        due: u64,
    },
    /// What is left was killed.
    Kill {
        due: u64,
    },
    /// The logger writes its last lines.
    Drain {
        due: u64,
    },
    Over,
}

/// Milliseconds for strays to end by themselves, for the killed to be gone, and for the logger.
const SWEEP_PATIENCE: u64 = 500;
const KILL_PATIENCE: u64 = 500;
const DRAIN_PATIENCE: u64 = 1000;
/// Milliseconds that killed services have to be gone when the deadline has passed; a process that
/// hangs in the kernel takes for ever, and is not waited for.
const LAST_PATIENCE: u64 = 500;

impl Machine<'_> {
    pub(crate) fn is_ending(&self) -> bool {
        self.phase != Phase::Run
    }

    /// When everything must be killed that still runs.
    pub(super) fn deadline(&self) -> u64 {
        match self.phase {
            Phase::Run => u64::MAX,
            Phase::Stop { deadline, .. } => deadline,
            Phase::Sweep { .. } | Phase::Kill { .. } | Phase::Drain { .. } | Phase::Over => 0,
        }
    }

    /// Ends the system. Asked for a second time, at once.
    pub(crate) fn end(&mut self, kind: EndingKind, now: u64) {
        match self.phase {
            Phase::Run => {
                self.ending.kind = kind;
                self.begin_end(now);
            }
            Phase::Stop { deadline, is_over } => {
                self.phase = Phase::Stop { deadline: deadline.min(now), is_over };
            }
            Phase::Sweep { .. } | Phase::Kill { .. } | Phase::Drain { .. } | Phase::Over => {}
        }
    }

    /// Ends the system with this code.
    pub(crate) fn end_with(&mut self, code: u8, now: u64) {
        self.ending.code = code;
        self.ending.is_named = true;
        self.begin_end(now);
    }

    /// A critical service failed: the first one gives the code.
    pub(super) fn fail(&mut self, code: u8, now: u64) {
        // While the system stops on request, services end because of that.
        if self.phase == Phase::Run && !self.ending.is_named && !self.ending.is_failure {
            self.ending.code = code;
            self.ending.is_failure = true;
        }
        self.begin_end(now);
    }

    fn begin_end(&mut self, now: u64) {
        if self.phase == Phase::Run {
            let deadline = now.saturating_add(self.plan.stop_deadline());
            self.phase = Phase::Stop { deadline, is_over: false };
            self.dirty = true;
        }
    }

    /// There are no child processes left.
    pub(crate) fn no_children(&mut self, has_logs: bool, now: u64) {
        self.phase = match self.phase {
            Phase::Sweep { .. } | Phase::Drain { .. } => Phase::Over,
            Phase::Kill { .. } if !has_logs => Phase::Over,
            // Killed with the others: another logger writes what is still in the pipes.
            Phase::Kill { .. } => Phase::Kill { due: now },
            Phase::Run | Phase::Stop { .. } | Phase::Over => self.phase,
        };
    }

    /// At the deadline every service has to be looked at once more.
    pub(super) fn watch_deadline(&mut self, now: u64) {
        if let Phase::Stop { deadline, is_over: false } = self.phase
            && now >= deadline
        {
            self.phase = Phase::Stop { deadline, is_over: true };
            self.dirty = true;
        }
    }

    pub(super) fn phase_due(&self) -> u64 {
        match self.phase {
            Phase::Run | Phase::Over => u64::MAX,
            Phase::Stop { deadline, is_over: false } => deadline,
            Phase::Stop { deadline, is_over: true } => deadline.saturating_add(LAST_PATIENCE),
            Phase::Sweep { due } | Phase::Kill { due } | Phase::Drain { due } => due,
        }
    }

    /// The steps of the system as a whole, when no service has one.
    pub(super) fn advance(&mut self, now: u64) -> Option<Action> {
        match self.phase {
            Phase::Stop { deadline, .. } => {
                let is_given_up = now >= deadline.saturating_add(LAST_PATIENCE);
                if self.slots.iter().any(Slot::is_live) && !is_given_up {
                    return None;
                }
                self.phase = Phase::Sweep { due: now.saturating_add(SWEEP_PATIENCE) };
                Some(Action::Sweep)
            }
            Phase::Sweep { due } if now >= due => {
                self.phase = Phase::Kill { due: now.saturating_add(KILL_PATIENCE) };
                Some(Action::KillAll)
            }
            Phase::Kill { due } if now >= due => {
                self.phase = Phase::Drain { due: now.saturating_add(DRAIN_PATIENCE) };
                Some(Action::Drain)
            }
            Phase::Drain { due } if now < due => None,
            Phase::Drain { .. } | Phase::Over => Some(Action::End(self.ending)),
            Phase::Run | Phase::Sweep { .. } | Phase::Kill { .. } => None,
        }
    }

    /// Whether all that is wanted has come up, ended, or failed.
    pub(crate) fn is_booted(&self) -> bool {
        self.slots
            .iter()
            .all(|slot| !slot.wanted || slot.is_settled() && slot.state != State::Backoff)
    }
}
