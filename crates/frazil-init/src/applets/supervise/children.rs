//! Starting and reaping: the wires to each service, its launcher, and its helpers.

use core::ffi::CStr;

use super::{DEAD_MAX, Source, Supervisor};
use crate::applets::inherited;
use crate::machine::Role;
use crate::plan::{LogKind, ProbeKind, Service, flag};
use crate::sys::event::{self, Interest};
use crate::sys::process::{self, Child, Exit};
use crate::sys::spawn::{Group, Program, Spawn, spawn};
use crate::sys::{Errno, Fd, Word, file, signal, socket};

/// The descriptors of one service.
#[derive(Clone, Copy)]
pub(super) struct Wires {
    /// From the launcher: nothing if it has executed, an error number if it could not.
    status: Fd,
    /// From the service or its watcher: a newline is readiness, letters are health.
    notes: Fd,
    /// The other end, for watchers yet to be started.
    notes_sink: Fd,
    /// The socket that `NOTIFY_SOCKET` names.
    notify: Fd,
    /// The output of the service, from all its processes to all loggers.
    pub(super) log: Fd,
    pub(super) log_sink: Fd,
}

impl Wires {
    pub(super) const EMPTY: Self = Self {
        status: Fd::NONE,
        notes: Fd::NONE,
        notes_sink: Fd::NONE,
        notify: Fd::NONE,
        log: Fd::NONE,
        log_sink: Fd::NONE,
    };

    /// Tells epoll another number of the service that these belong to.
    pub(super) fn watch_as(&self, epoll: Fd, index: usize) {
        for (fd, source) in [(self.status, Source::Launcher), (self.notes, Source::Notes)] {
            if fd.is_some() {
                // It was watched before, so it can be watched.
                let _watched = event::watch_again(epoll, fd, Interest::READ, source.token(index));
            }
        }
    }

    /// Closes what belongs to one process of the service.
    fn hang_up(&mut self) {
        self.status.close();
        self.notes.close();
        self.notes_sink.close();
        self.notify.close();
    }
}

impl Supervisor {
    pub(super) fn start(&mut self, index: usize, now: u64) {
        match self.try_start(index) {
            Ok(pid) => self.machine.started(index, pid, now),
            Err(error) => {
                self.hang_up(index);
                self.machine.cannot_start(index, error, now);
            }
        }
    }

    fn hang_up(&mut self, index: usize) {
        if let Some(wires) = self.wires.get_mut(index) {
            wires.hang_up();
        }
    }

    fn try_start(&mut self, index: usize) -> Result<i32, Errno> {
        let service = self.machine.plan.service(index);
        self.hang_up(index);
        let wires = self.wires.get_mut(index).ok_or(Errno::INVAL)?;
        let (status, mut status_sink) = file::pipe(true)?;
        wires.status = status;
        let result =
            event::watch(self.epoll, status, Interest::READ, Source::Launcher.token(index))
                .and_then(|()| connect_notes(self.epoll, wires, service, index))
                .and_then(|()| self.launch(index, c"start", status_sink));
        status_sink.close();
        // A service that tells by itself holds the only other end.
        if let Some(wires) = self.wires.get_mut(index)
            && !service.is_probed()
        {
            wires.notes_sink.close();
        }
        result
    }

    /// Starts the launcher of a service, to start it or to run one of its commands.
    fn launch(&self, index: usize, purpose: &CStr, status: Fd) -> Result<i32, Errno> {
        let service = self.machine.plan.service(index);
        let wires = self.wires.get(index).ok_or(Errno::INVAL)?;
        let pid = self.machine.slots.get(index).map_or(0, |slot| slot.pid);
        let mut digits = crate::text::Buffer::<16>::new();
        digits.number(u64::from(pid.cast_unsigned())).put(b"\0");
        let pid = crate::sys::c_string(digits.bytes()).unwrap_or(c"0");
        let argv = [c"init", c"launch", c"--inherited", service.name(), purpose, pid];
        let mut moves = [(Fd::NONE, Fd::NONE); 8];
        let mut count = 0;
        let mut add = |from: Fd, to: Fd| {
            if let Some(place) = moves.get_mut(count).filter(|_| from.is_some()) {
                *place = (from, to);
                count += 1;
            }
        };
        add(self.plan, inherited::PLAN);
        add(status, inherited::STATUS);
        if purpose == c"start" {
            if service.ready().kind() == ProbeKind::Fd {
                add(wires.notes_sink, inherited::NOTES);
            }
            add(wires.notify, inherited::NOTIFY);
        }
        if !service.has(flag::STDIN) || purpose != c"start" {
            add(self.null, Fd::STDIN);
        }
        let output = match service.log() {
            LogKind::Inherit => Fd::NONE,
            LogKind::Null => self.null,
            LogKind::Prefix | LogKind::Json | LogKind::File | LogKind::Syslog => wires.log_sink,
        };
        add(output, Fd::STDOUT);
        add(output, Fd::STDERR);
        self.spawn_applet(&argv, moves.get(..count).unwrap_or_default(), &[])
    }

    /// Starts this program again. `argv` is at most seven words.
    pub(super) fn spawn_applet(
        &self,
        argv: &[&CStr],
        moves: &[(Fd, Fd)],
        keep: &[Fd],
    ) -> Result<i32, Errno> {
        let mut words = [Word::END; 8];
        for (place, word) in words.iter_mut().take(7).zip(argv) {
            *place = Word::from(*word);
        }
        spawn(&Spawn {
            program: Program::File(self.program),
            argv: &words,
            envp: self.environment,
            moves,
            keep,
            files: self.files,
            group: Group::Session,
        })
    }

    pub(super) fn watch(&mut self, index: usize, now: u64) {
        let service = self.machine.plan.service(index);
        let wires = self.wires.get(index).copied().unwrap_or(Wires::EMPTY);
        let moves = [
            (self.plan, inherited::PLAN),
            (wires.notes_sink, inherited::NOTES),
            (wires.notify, inherited::NOTIFY),
        ];
        let count = if wires.notify.is_some() { 3 } else { 2 };
        let argv = [c"init", c"probe", service.name()];
        let pid = self.spawn_applet(&argv, moves.get(..count).unwrap_or_default(), &[]);
        self.machine.helper_started(index, pid.ok(), now);
    }

    /// Runs a command of a service that is not the service itself.
    pub(super) fn hook(&mut self, index: usize, purpose: &CStr) {
        let pid = self.launch(index, purpose, Fd::NONE);
        self.machine.hook_started(index, pid.ok());
    }

    pub(super) fn read_launcher(&mut self, index: usize, now: u64) {
        let Some(wires) = self.wires.get_mut(index).filter(|wires| wires.status.is_some()) else {
            return;
        };
        let mut message = [0_u8; 4];
        match file::read(wires.status, &mut message) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(4) => {
                wires.status.close();
                self.machine.not_executed(index, Errno(i32::from_le_bytes(message)));
            }
            // Closed by the successful execution, or by the launcher's sudden end.
            Ok(_) | Err(_) => {
                wires.status.close();
                self.machine.executed(index, now);
            }
        }
    }

    pub(super) fn read_notes(&mut self, index: usize, now: u64) {
        let is_told_once = !self.machine.plan.service(index).is_probed();
        let Some(wires) = self.wires.get_mut(index).filter(|wires| wires.notes.is_some()) else {
            return;
        };
        let mut notes = [0_u8; 64];
        let count = file::read(wires.notes, &mut notes);
        match count {
            Err(Errno::AGAIN | Errno::INTR) => return,
            Ok(0) | Err(_) => wires.notes.close(),
            Ok(_) => {}
        }
        for note in notes.get(..count.unwrap_or(0)).unwrap_or_default() {
            match note {
                b'\n' => {
                    // What is written after that is read by nobody.
                    if is_told_once && let Some(wires) = self.wires.get_mut(index) {
                        wires.notes.close();
                    }
                    self.machine.ready(index, now);
                }
                b'H' => self.machine.health(index, true, now),
                b'U' => self.machine.health(index, false, now),
                _ => {}
            }
        }
    }

    /// Reaps dead children; whether there may be more.
    pub(super) fn reap(&mut self, now: u64) -> bool {
        for _ in 0..DEAD_MAX {
            match process::next_dead() {
                Child::Dead(pid, exit) => self.bury(pid, exit, now),
                Child::None => return false,
                Child::NoChildren => {
                    let has_logs = self.logs.has_pipes();
                    self.machine.no_children(has_logs, now);
                    return false;
                }
            }
        }
        true
    }

    fn bury(&mut self, pid: i32, exit: Exit, now: u64) {
        if let Role::Main(index) = self.machine.role(pid) {
            // What it said last counts, and comes before its end.
            self.read_launcher(index, now);
            self.read_notes(index, now);
            self.hang_up(index);
            if self.machine.plan.service(index).has(flag::GROUP) {
                // Its number is its own until it is reaped, so this hits nobody else.
                let _killed = signal::send(-pid, signal::KILL);
            }
        }
        process::reap(pid);
        if self.machine.exited(pid, exit, now) == Role::Stranger {
            if self.logs.is_logger(pid) {
                self.logs.ended(exit, now);
            } else if self.setup == pid {
                self.setup_ended(exit);
            }
        }
    }
}

fn connect_notes(
    epoll: Fd,
    wires: &mut Wires,
    service: Service<'_>,
    index: usize,
) -> Result<(), Errno> {
    let kind = service.ready().kind();
    if kind == ProbeKind::Fd || service.is_probed() {
        (wires.notes, wires.notes_sink) = file::pipe(true)?;
        event::watch(epoll, wires.notes, Interest::READ, Source::Notes.token(index))?;
        if kind == ProbeKind::Fd {
            // The service may not expect that writing fails for the moment.
            file::set_flags(wires.notes_sink, 1)?;
        }
    }
    if kind == ProbeKind::Notify {
        wires.notify = socket::socket(socket::UNIX, socket::DATAGRAM)?;
        // Its name is known before anybody can send to it.
        socket::bind_anywhere(wires.notify)?;
    }
    Ok(())
}
