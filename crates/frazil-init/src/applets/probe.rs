//! `probe`: watches one service for PID 1, and turns what it sees into single bytes: a newline when
//! the service is ready, `U` when its health is bad, `H` when it is good again.

mod check;

use crate::applets::{inherited, launch, status};
use crate::plan::{Plan, ProbeKind, Service};
use crate::sys::event::{self, Poll};
use crate::sys::{Arguments, Fd, file, memory, process, signal, socket};
use check::Checker;

pub(super) fn run(arguments: &Arguments) -> u8 {
    // Should PID 1 be gone, there is nobody to tell.
    let _dies = process::die_with_parent(signal::KILL);
    let Ok(bytes) = memory::sealed(inherited::PLAN) else { return status::PLAN };
    let plan = Plan::trust(bytes);
    let name = arguments.get(2).unwrap_or_default();
    let Some(index) = plan.find(name.to_bytes()) else { return status::PLAN };
    let Ok(arena) = launch::Arena::new(arguments) else { return status::AGAIN };
    let Ok(checker) = Checker::new(arena, arguments) else { return status::AGAIN };
    watch(plan.service(index), checker)
}

fn watch(service: Service<'static>, mut checker: Checker) -> u8 {
    let (ready, health) = (service.ready(), service.health());
    let is_notified = ready.kind() == ProbeKind::Notify;
    match ready.kind() {
        ProbeKind::None | ProbeKind::Fd => {}
        ProbeKind::Notify => while !listen(None) {},
        ProbeKind::Tcp | ProbeKind::Unix | ProbeKind::File | ProbeKind::Http | ProbeKind::Exec => {
            while !checker.check(ready) {
                event::sleep(ready.interval());
            }
        }
    }
    if !matches!(ready.kind(), ProbeKind::None | ProbeKind::Fd) {
        tell(b"\n");
    }
    if health.kind() == ProbeKind::None {
        // What a notifying service goes on to send must not fill the socket: that would stop it.
        if !is_notified {
            return 0;
        }
        loop {
            listen(None);
        }
    }
    let (mut failures, mut is_good) = (0_u32, false);
    loop {
        rest(health.interval(), is_notified);
        if checker.check(health) {
            if !is_good {
                tell(b"H");
            }
            (failures, is_good) = (0, true);
        } else {
            failures = failures.saturating_add(1);
            if failures == health.retries() {
                tell(b"U");
                is_good = false;
            }
        }
    }
}

/// Waits, and reads what a notifying service sends in the meantime.
fn rest(time: u64, is_notified: bool) {
    if !is_notified {
        return event::sleep(time);
    }
    let end = event::now().saturating_add(time);
    loop {
        let left = end.saturating_sub(event::now());
        if left == 0 {
            return;
        }
        listen(Some(left));
    }
}

/// Waits for a notification; whether it says that the service is ready.
fn listen(timeout: Option<u64>) -> bool {
    let mut ends = [Poll::readable(inherited::NOTIFY)];
    if !event::poll(&mut ends, timeout).is_ok_and(|count| count > 0) {
        return false;
    }
    let mut message = [0; 4096];
    let count = socket::receive(inherited::NOTIFY, &mut message).unwrap_or(0);
    let lines = message.get(..count).unwrap_or_default();
    lines.split(|byte| *byte == b'\n').any(|line| line == b"READY=1")
}

fn tell(note: &[u8]) {
    // The pipe only fills if PID 1 does not read, and then this is the least of its problems.
    let _told = file::write(Fd(inherited::NOTES.0), note);
}
