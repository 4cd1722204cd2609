//! What PID 1 says: to the logger if there is one, else to standard error; on a machine, to the
//! kernel's log as well. It never waits to be heard.

use super::Supervisor;
use crate::errno;
use crate::machine::Report;
use crate::sys::process::Exit;
use crate::sys::{Errno, file};
use crate::text::{Buffer, tell_line};

impl Supervisor {
    pub(super) fn say(&mut self, parts: &[&[u8]]) {
        let mut line = Buffer::<512>::new();
        for part in parts {
            line.put(part);
        }
        if self.kernel_log.is_some() {
            let mut copy = Buffer::<512>::new();
            copy.put(b"<6>init: ").put(line.bytes()).put(b"\n");
            // The console is a comfort, no duty.
            let _told = file::write(self.kernel_log, copy.bytes());
        }
        let sink = self.logs.own_sink();
        if !sink.is_some() {
            let mut full = Buffer::<512>::new();
            full.put(b"init: ").put(line.bytes());
            tell_line(&mut full);
            return;
        }
        if self.lost_messages > 0 {
            let mut lost = Buffer::<64>::new();
            lost.number(self.lost_messages.into()).put(b" messages were lost\n");
            if file::write(sink, lost.bytes()).is_ok() {
                self.lost_messages = 0;
            }
        }
        line.put(b"\n");
        if file::write(sink, line.bytes()) == Err(Errno::AGAIN) {
            self.lost_messages = self.lost_messages.saturating_add(1);
        }
    }

    pub(super) fn report(&mut self, index: usize, report: Report) {
        let name = self.machine.plan.service(index).name().to_bytes();
        let mut line = Buffer::<128>::new();
        match report {
            Report::Again(exit, delay) => {
                put_exit(&mut line, exit);
                if delay == 0 {
                    line.put(b"; starting again");
                } else {
                    line.put(b"; starting again in ").seconds(delay).put(b" s");
                }
            }
            Report::Failed(exit) => {
                put_exit(&mut line, exit);
                line.put(b"; it stays down");
            }
            Report::CannotStart(error) => {
                line.put(b"cannot be started for now: ").put(errno::name(error));
            }
            Report::NotReady => {
                line.put(b"was not ready in time");
            }
            Report::Killed => {
                line.put(b"did not stop in time, and is killed");
            }
            Report::Unhealthy => {
                line.put(b"is not healthy");
            }
            Report::Blocked => {
                line.put(b"waits for a service that has failed");
            }
        }
        self.say(&[name, b" ", line.bytes()]);
    }

    /// A line for each service that is not where it is wanted.
    pub(super) fn say_states(&mut self) {
        for index in 0..self.machine.slots.len() {
            let Some(state) = self.machine.slots.get(index).map(|slot| slot.state) else {
                continue;
            };
            let name = self.machine.plan.service(index).name().to_bytes();
            self.say(&[name, b" is ", state.name().as_bytes()]);
        }
    }
}

fn put_exit(line: &mut Buffer<128>, exit: Exit) {
    match exit {
        Exit::Code(code) => line.put(b"exited with ").number(code.into()),
        Exit::Signal(number) => {
            let name = crate::names::signal_name(number.into()).unwrap_or("?");
            line.put(b"was ended by signal ")
                .number(number.into())
                .put(b" (")
                .put(name.as_bytes())
                .put(b")")
        }
    };
}
