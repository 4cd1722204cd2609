//! `watch`: sees one process of a service become ready, or not, or ill.
//!
//! The start of a service leaves it behind, an orphan, with the ends that PID 1 has otherwise. It
//! ends with the process that it watches.

use core::ffi::CStr;

use super::record::{Phase, Record};
use super::{Path, command};
use crate::applets::{inherited, status};
use crate::names;
use crate::plan::{Field, Kind, OnUnhealthy, Plan, ProbeKind, Service};
use crate::sys::event::{self, Poll};
use crate::sys::spawn::{Group, Program, Spawn, spawn};
use crate::sys::{Arguments, Errno, Fd, Result, Word, file, memory, process, signal};
use crate::text::tell;

/// `watch NAME PID OUTWARD SUPERVISOR [detach]`: `OUTWARD` is a descriptor that takes a newline when
/// the service is ready, or empty; `SUPERVISOR` is the process that a stop of all is asked of.
pub(in crate::applets) fn watch(arguments: &Arguments) -> u8 {
    if arguments.get(6).is_some() {
        return detach(arguments);
    }
    let number = |index| arguments.get(index).and_then(|word| names::decimal(word.to_bytes()));
    let (Ok(bytes), Some(name)) = (memory::sealed(inherited::PLAN), arguments.get(2)) else {
        return status::PLAN;
    };
    let plan = Plan::trust(bytes);
    let (Some(index), Some(pid)) = (plan.find(name.to_bytes()), number(3)) else {
        return status::USAGE;
    };
    let service = plan.service(index);
    let Ok(process) = process::open(pid as i32) else { return 0 };
    let outward = number(4).map_or(Fd::NONE, |number| Fd(number as i32));
    let leader = number(5).unwrap_or(1) as i32;
    let watcher = Watcher { service, pid: pid as i32, process, outward, leader };
    // Its failures are those of the system calls to wait, which leave nothing to be done.
    watcher.work(arguments).map_or(status::AGAIN, |()| 0)
}

/// Starts ourselves again and ends, so that the watcher is nobody's child but PID 1's.
fn detach(arguments: &Arguments) -> u8 {
    let mut words = [Word::END; 7];
    for (index, place) in words.iter_mut().take(6).enumerate() {
        *place = arguments.get(index).map_or(Word::END, Word::from);
    }
    let started = spawn(&Spawn {
        program: Program::Path(c"/proc/self/exe"),
        argv: &words,
        envp: arguments.environment(),
        moves: &[],
        keep: &[],
        files: None,
        group: Group::Session,
    });
    if started.is_ok() { 0 } else { status::AGAIN }
}

struct Watcher {
    service: Service<'static>,
    pid: i32,
    /// Readable when the process has ended.
    process: Fd,
    outward: Fd,
    leader: i32,
}

impl Watcher {
    fn work(&self, arguments: &Arguments) -> Result<()> {
        if !is_executed()? {
            return Ok(());
        }
        let service = self.service;
        let start_timeout = u64::from(service.get(Field::StartTimeout));
        let deadline = (start_timeout != 0).then(|| event::now().saturating_add(start_timeout));
        if service.kind() != Kind::Process {
            // It is over when it ends, and its end is judged by others.
            return self.await_end(deadline);
        }
        if service.is_probed() {
            self.start_probe(arguments)?;
        }
        let is_told = service.ready().kind() != ProbeKind::None;
        if !is_told {
            self.become_ready();
        }
        self.listen(is_told, deadline)
    }

    fn await_end(&self, deadline: Option<u64>) -> Result<()> {
        let left = deadline.map(|deadline| deadline.saturating_sub(event::now()));
        if event::poll(&mut [Poll::readable(self.process)], left)? == 0 && deadline.is_some() {
            self.say(b"did not end in time");
            self.stop();
        }
        Ok(())
    }

    /// The probe that PID 1 would have started, too; it writes to the same pipe as the service.
    fn start_probe(&self, arguments: &Arguments) -> Result<()> {
        let argv = [c"init", c"probe", self.service.name()].map(Word::from);
        let [first, second, third] = argv;
        let sink = Fd(inherited::FIRST_FREE - 1);
        // The probe has the sink where we have the source, so it is moved last.
        spawn(&Spawn {
            program: Program::Path(c"/proc/self/exe"),
            argv: &[first, second, third, Word::END],
            envp: arguments.environment(),
            moves: &[(sink, inherited::NOTES)],
            keep: &[],
            files: None,
            group: Group::Own,
        })?;
        file::close(sink);
        Ok(())
    }

    /// Reads what the service and the probe tell, until the process ends.
    fn listen(&self, mut is_awaited: bool, deadline: Option<u64>) -> Result<()> {
        let mut source = inherited::NOTES;
        if !self.service.is_probed() {
            file::close(Fd(inherited::FIRST_FREE - 1));
        }
        // What a notifying service goes on to send is read by the probe.
        let is_for_ever = self.service.health().kind() != ProbeKind::None
            || self.service.ready().kind() == ProbeKind::Notify;
        while is_awaited || is_for_ever {
            let limit = deadline.filter(|_| is_awaited);
            let left = limit.map(|deadline| deadline.saturating_sub(event::now()));
            let mut ends = [Poll::readable(self.process), Poll::readable(source)];
            let open = if source.is_some() { 2 } else { 1 };
            event::poll(ends.get_mut(..open).unwrap_or_default(), left)?;
            let [process, notes] = &ends;
            if process.has_happened() {
                return Ok(());
            }
            if notes.has_happened() {
                let mut bytes = [0; 64];
                match file::read(source, &mut bytes) {
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    // Who closed it without a word is waited for until the deadline.
                    Ok(0) | Err(_) => source = Fd::NONE,
                    Ok(count) => {
                        for note in bytes.get(..count).unwrap_or_default() {
                            is_awaited = self.heed(*note, is_awaited);
                        }
                    }
                }
            } else if left == Some(0) {
                self.say(b"was not ready in time");
                self.stop();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether readiness is still awaited after a note.
    fn heed(&self, note: u8, is_awaited: bool) -> bool {
        match note {
            b'\n' if is_awaited => {
                self.become_ready();
                false
            }
            b'U' => {
                self.fall_ill();
                is_awaited
            }
            _ => is_awaited,
        }
    }

    fn become_ready(&self) {
        // Without records, nobody but the supervisor waits.
        let _changed = Record::change(self.service.name(), |record| {
            if record.pid == self.pid && record.phase == Phase::Starting {
                record.phase = Phase::Up;
            }
        });
        if self.outward.is_some() {
            // A supervisor that does not want to know has closed it.
            let _told = file::write(self.outward, b"\n");
            file::close(self.outward);
        }
    }

    fn fall_ill(&self) {
        self.say(b"is not healthy");
        match self.service.health().action() {
            OnUnhealthy::None => {}
            OnUnhealthy::Restart => self.restart(),
            OnUnhealthy::StopAll => {
                let code = Path::new(&[super::STATES.to_bytes(), b"/.code"]);
                // Without records there is no code to tell but the supervisor's.
                let _told = code.text().and_then(|path| super::host::put(path, &[1]));
                let _asked = signal::send(self.leader, signal::TERM);
            }
        }
    }

    /// By way of the supervisor where it has a letter for it, so that it is no failure.
    fn restart(&self) {
        let name = self.service.name();
        let is_of_s6 = file::exists(c"notification-fd");
        if command(name, if is_of_s6 { b"r" } else { b"t" }).is_err() {
            self.stop();
        }
    }

    fn stop(&self) {
        let number = self.service.get(Field::StopSignal);
        let patience = u64::from(self.service.get(Field::StopTimeout));
        // It may have ended just now.
        let _asked = signal::send(self.pid, number);
        let _continued = signal::send_group(self.pid, signal::CONT);
        let ended = event::poll(&mut [Poll::readable(self.process)], Some(patience));
        if ended == Ok(0) {
            let _killed = signal::send_group(self.pid, signal::KILL);
        }
    }

    fn say(&self, what: &[u8]) {
        tell(&[b"init: ", self.service.name().to_bytes(), b" ", what]);
    }
}

/// Waits until the launcher has executed the program; false if it could not.
fn is_executed() -> Result<bool> {
    loop {
        event::poll(&mut [Poll::readable(inherited::STATUS)], None)?;
        match file::read(inherited::STATUS, &mut [0; 4]) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(0) => return Ok(true),
            Ok(_) | Err(_) => return Ok(false),
        }
    }
}

/// Starts the watcher of the process that we are about to become.
pub(super) fn start(
    service: Service<'static>,
    arguments: &Arguments,
    moves: &[(Fd, Fd)],
    keep: Fd,
    leader: i32,
) -> Result<()> {
    let (mut pid, mut outward, mut chief) = (Digits::new(), Digits::new(), Digits::new());
    let words = [
        c"init",
        c"watch",
        service.name(),
        digits(&mut pid, process::id()),
        if keep.is_some() { digits(&mut outward, keep.0) } else { c"" },
        digits(&mut chief, leader),
        c"detach",
    ];
    let mut argv = [Word::END; 8];
    for (place, word) in argv.iter_mut().zip(words) {
        *place = Word::from(word);
    }
    let kept = [keep];
    let child = spawn(&Spawn {
        program: Program::Path(c"/proc/self/exe"),
        argv: &argv,
        envp: arguments.environment(),
        moves,
        keep: if keep.is_some() { &kept } else { &[] },
        files: None,
        group: Group::Same,
    })?;
    process::wait_for(child).map(drop)
}

type Digits = crate::text::Buffer<16>;

fn digits(buffer: &mut Digits, number: i32) -> &CStr {
    buffer.number(u64::from(number.cast_unsigned())).put(b"\0");
    crate::sys::c_string(buffer.bytes()).unwrap_or(c"")
}
