//! The control socket: who may ask, what is asked, and who waits for an answer.

use super::{Source, Supervisor};
use crate::control::{ANSWER_MAX, Answer, REQUEST_MAX, Request, Status, Verb, abstract_name};
use crate::machine::{Command, EndingKind, Slot, State};
use crate::plan::{Health, Plan};
use crate::sys::event::{self, Interest};
use crate::sys::process::{self, Exit};
use crate::sys::socket::{self, Address};
use crate::sys::{Errno, Fd, file, signal};
use crate::text::Buffer;

/// How many clients are served at a time.
const CLIENTS_MAX: usize = 8;

/// The socket and its clients.
pub(super) struct Control {
    listener: Fd,
    clients: [Client; CLIENTS_MAX],
    /// Whose requests are heard, besides root's.
    user: u32,
    /// The socket has no path, so that no permissions of files protect it.
    is_abstract: bool,
}

#[derive(Clone, Copy)]
struct Client {
    fd: Fd,
    /// What it waits for, and which service that is about.
    waits: Option<(Verb, usize)>,
}

impl Client {
    const NONE: Self = Self { fd: Fd::NONE, waits: None };

    fn hang_up(&mut self) {
        self.fd.close();
        self.waits = None;
    }
}

impl Control {
    /// Opens the socket: at its path, or where nothing can be written, without one.
    pub(super) fn open(plan: Plan<'_>, epoll: Fd) -> Self {
        let (listener, is_abstract) = listen(plan).unwrap_or((Fd::NONE, false));
        if listener.is_some() {
            // Without it there is no control, but all else works.
            let _watched = event::watch(epoll, listener, Interest::READ, Source::Listener.token(0));
        }
        let user = process::effective_user();
        Self { listener, clients: [Client::NONE; CLIENTS_MAX], user, is_abstract }
    }
}

/// The listening socket, and whether its name is in no file system.
fn listen(plan: Plan<'_>) -> Result<(Fd, bool), Errno> {
    let mut fd = socket::socket(socket::UNIX, socket::SEQUENCED)?;
    let path = plan.control();
    if !path.is_empty() {
        // Left behind by an earlier life of this container.
        let _removed = file::remove(path);
    }
    let bound = if path.is_empty() { Err(Errno::NOENT) } else { bind_path(fd, path) };
    let is_abstract = bound.is_err();
    let result = bound.or_else(|_| {
        let mut link = [0; 40];
        let namespace = file::read_link(c"/proc/self/ns/pid", &mut link).unwrap_or_default();
        socket::bind(fd, &Address::local(abstract_name(namespace).bytes())?)
    });
    match result.and_then(|()| socket::listen(fd, CLIENTS_MAX)) {
        Ok(()) => Ok((fd, is_abstract)),
        Err(error) => {
            fd.close();
            Err(error)
        }
    }
}

fn bind_path(fd: Fd, path: &core::ffi::CStr) -> Result<(), Errno> {
    process::set_umask(0o177);
    let bound = Address::local(path.to_bytes()).and_then(|address| socket::bind(fd, &address));
    process::set_umask(0o022);
    bound
}

impl Supervisor {
    pub(super) fn accept(&mut self) {
        let Ok(mut fd) = socket::accept(self.control.listener) else { return };
        let Control { user, is_abstract, .. } = self.control;
        // A process number of 0 is one outside of our namespace; it needs the path.
        let is_inside = |pid: i32| pid != 0 || !is_abstract;
        let may_ask =
            socket::peer(fd).is_ok_and(|(pid, uid)| is_inside(pid) && (uid == 0 || uid == user));
        let free = self.control.clients.iter().position(|client| !client.fd.is_some());
        match free.filter(|_| may_ask) {
            Some(index) => {
                let token = Source::Client.token(index);
                if event::watch(self.epoll, fd, Interest::READ, token).is_err() {
                    fd.close();
                } else if let Some(client) = self.control.clients.get_mut(index) {
                    *client = Client { fd, waits: None };
                }
            }
            None => fd.close(),
        }
    }

    pub(super) fn read_client(&mut self, index: usize, now: u64) {
        let Some(client) = self.control.clients.get_mut(index).filter(|client| client.fd.is_some())
        else {
            return;
        };
        let fd = client.fd;
        let mut bytes = [0_u8; REQUEST_MAX];
        let count = match socket::receive(fd, &mut bytes) {
            Err(Errno::AGAIN | Errno::INTR) => return,
            Ok(0) | Err(_) => return client.hang_up(),
            Ok(count) => count,
        };
        let request = Request::read(bytes.get(..count).unwrap_or_default());
        let mut answer = Buffer::<ANSWER_MAX>::new();
        let result = match request {
            Some(request) => self.obey(request, index, now, &mut answer),
            None => Some(Answer::No),
        };
        if let Some(result) = result {
            self.answer(index, result, &answer);
        }
    }

    /// Carries out a request. No answer means: later.
    fn obey(
        &mut self,
        request: Request<'_>,
        client: usize,
        now: u64,
        out: &mut Buffer<ANSWER_MAX>,
    ) -> Option<Answer> {
        let found = self.machine.plan.find(request.name);
        let service = || found.ok_or(Answer::Unknown);
        let done = |is_done: bool| if is_done { Answer::Done } else { Answer::Ending };
        let result = match request.verb {
            Verb::Status => self.list(request, found, now, out),
            Verb::Start => {
                service().map(|index| done(self.machine.command(Command::Start, index, now)))
            }
            Verb::Stop => {
                service().map(|index| done(self.machine.command(Command::Stop, index, now)))
            }
            Verb::Restart => {
                service().map(|index| done(self.machine.command(Command::Restart, index, now)))
            }
            Verb::Signal => service().map(|index| self.signal_service(index, request.number)),
            Verb::WaitReady | Verb::WaitStopped | Verb::WaitBoot => {
                let index = if request.verb == Verb::WaitBoot { Ok(0) } else { service() };
                match (index, self.control.clients.get_mut(client)) {
                    (Ok(index), Some(client)) => {
                        client.waits = Some((request.verb, index));
                        return None;
                    }
                    (Err(answer), _) => Err(answer),
                    (Ok(_), None) => Err(Answer::No),
                }
            }
            Verb::Healthy => Ok(if self.is_healthy() { Answer::Done } else { Answer::No }),
            Verb::Exit => {
                self.machine.end_with(request.number as u8, now);
                Ok(Answer::Done)
            }
            Verb::PowerOff => Ok(self.end(EndingKind::PowerOff, now)),
            Verb::Reboot => Ok(self.end(EndingKind::Reboot, now)),
            Verb::Halt => Ok(self.end(EndingKind::Halt, now)),
            Verb::Reload => Ok(if self.begin_reload() { Answer::Done } else { Answer::No }),
        };
        Some(result.unwrap_or_else(|answer| answer))
    }

    fn end(&mut self, kind: EndingKind, now: u64) -> Answer {
        self.machine.end(kind, now);
        Answer::Done
    }

    fn list(
        &self,
        request: Request<'_>,
        found: Option<usize>,
        now: u64,
        out: &mut Buffer<ANSWER_MAX>,
    ) -> Result<Answer, Answer> {
        let first = request.number as usize;
        let range = if request.name.is_empty() {
            first..self.machine.slots.len()
        } else {
            let index = found.ok_or(Answer::Unknown)?;
            index..index + 1
        };
        for index in range {
            let Some(slot) = self.machine.slots.get(index) else { break };
            if !status(slot, self.machine.plan.service(index).name().to_bytes(), now).write(out) {
                break;
            }
        }
        Ok(Answer::Done)
    }

    fn signal_service(&self, index: usize, number: u32) -> Answer {
        let pid = self.machine.slots.get(index).map_or(0, |slot| slot.pid);
        if pid > 0 && signal::send(pid, number).is_ok() { Answer::Done } else { Answer::No }
    }

    fn is_healthy(&self) -> bool {
        let is_well = |slot: &Slot| match slot.state {
            State::Up | State::Done => slot.health != Health::Bad,
            State::Down => !slot.wanted,
            State::Waiting
            | State::Starting
            | State::Backoff
            | State::Stopping
            | State::Cleaning
            | State::Failed => false,
        };
        self.machine.slots.iter().all(is_well)
    }

    fn answer(&mut self, client: usize, answer: Answer, records: &Buffer<ANSWER_MAX>) {
        let Some(client) = self.control.clients.get_mut(client) else { return };
        let mut packet = Buffer::<{ ANSWER_MAX + 1 }>::new();
        packet.put(&[answer as u8]).put(records.bytes());
        client.waits = None;
        // Who does not read its answers is not waited for.
        if socket::send(client.fd, packet.bytes()).is_err() {
            client.hang_up();
        }
    }

    /// Answers the clients whose wait is over.
    pub(super) fn answer_waiting(&mut self) {
        for index in 0..CLIENTS_MAX {
            let waits = self.control.clients.get(index).and_then(|client| client.waits);
            let Some((verb, service)) = waits else { continue };
            let slot = self.machine.slots.get(service).copied().unwrap_or(Slot::EMPTY);
            let is_ending = self.machine.is_ending();
            let answer = match (verb, slot.state) {
                (Verb::WaitBoot, _) if self.is_booted => Some(Answer::Done),
                (Verb::WaitReady, State::Up | State::Done) => Some(Answer::Done),
                (Verb::WaitReady, State::Failed | State::Down) => Some(Answer::Vain),
                (Verb::WaitStopped, State::Down | State::Done | State::Failed) => {
                    Some(Answer::Done)
                }
                (Verb::WaitReady | Verb::WaitBoot, _) if is_ending => Some(Answer::Ending),
                _ => None,
            };
            if let Some(answer) = answer {
                self.answer(index, answer, &Buffer::new());
            }
        }
    }
}

fn status<'a>(slot: &Slot, name: &'a [u8], now: u64) -> Status<'a> {
    let exit = match slot.exit {
        None => Status::NO_EXIT,
        Some(Exit::Code(code)) => code.into(),
        Some(Exit::Signal(number)) => 256 + u16::from(number),
    };
    let health = match slot.health {
        Health::Unknown => 0,
        Health::Good => 1,
        Health::Bad => 2,
    };
    Status {
        state: slot.state,
        is_wanted: slot.wanted,
        health,
        exit,
        pid: slot.pid.max(0).cast_unsigned(),
        restarts: slot.restarts,
        age: now.saturating_sub(slot.since),
        name,
    }
}
