//! One check of a service: a connection, a file, a request, or a command.

use crate::applets::launch::{Arena, command};
use crate::plan::{Probe, ProbeKind};
use crate::sys::event::{self, Poll};
use crate::sys::process::{self, Child};
use crate::sys::socket::{self, Address};
use crate::sys::spawn::{Group, Program, Spawn, spawn};
use crate::sys::{Arguments, Errno, Fd, Result, Word, file, signal};
use crate::text::Buffer;

/// What checks need.
pub(super) struct Checker {
    arena: Arena,
    environment: &'static [Word<'static>],
    /// Tells the end of a command.
    signals: Fd,
    /// The words of the command, once they are known.
    argv: Option<&'static [Word<'static>]>,
}

impl Checker {
    pub(super) fn new(arena: Arena, arguments: &Arguments) -> Result<Self> {
        signal::block_all();
        let signals = signal::descriptor()?;
        Ok(Self { arena, environment: arguments.environment(), signals, argv: None })
    }

    /// Whether the service does its work now.
    pub(super) fn check(&mut self, probe: Probe<'static>) -> bool {
        let deadline = event::now().saturating_add(probe.timeout());
        match probe.kind() {
            ProbeKind::Tcp => {
                let address = Address::inet(probe.host(), probe.number() as u16);
                is_connected(socket::INET, &address, deadline)
            }
            ProbeKind::Unix => Address::local(probe.path().to_bytes())
                .is_ok_and(|address| is_connected(socket::UNIX, &address, deadline)),
            ProbeKind::File => file::open(probe.path(), file::Open::PATH, 0).is_ok_and(|fd| {
                file::close(fd);
                true
            }),
            ProbeKind::Http => answers(probe, deadline).unwrap_or(false),
            ProbeKind::Exec => self.succeeds(probe, deadline).unwrap_or(false),
            ProbeKind::None | ProbeKind::Fd | ProbeKind::Notify => true,
        }
    }

    fn succeeds(&mut self, probe: Probe<'static>, deadline: u64) -> Result<bool> {
        let argv = match self.argv {
            Some(argv) => argv,
            None => command(&mut self.arena, probe.command()).map_err(|_| Errno::INVAL)?,
        };
        self.argv = Some(argv);
        let pid = spawn(&Spawn {
            program: Program::Path(argv.first().map_or(c"", |word| word.text())),
            argv,
            envp: self.environment,
            moves: &[],
            keep: &[],
            files: None,
            group: Group::Own,
        })?;
        loop {
            if let Child::Dead(dead, exit) = process::next_dead() {
                process::reap(dead);
                if dead == pid {
                    return Ok(exit.code() == 0);
                }
                continue;
            }
            let left = deadline.saturating_sub(event::now());
            if left == 0 {
                signal::send_group(pid, signal::KILL)?;
                process::wait_for(pid)?;
                return Ok(false);
            }
            event::poll(&mut [Poll::readable(self.signals)], Some(left))?;
            while signal::next(self.signals).is_some() {}
        }
    }
}

fn is_connected(family: usize, address: &Address, deadline: u64) -> bool {
    connect(family, address, deadline).is_ok_and(|mut fd| {
        fd.close();
        true
    })
}

fn connect(family: usize, address: &Address, deadline: u64) -> Result<Fd> {
    match connect_as(socket::STREAM, family, address, deadline) {
        // A local socket for messages, as that of syslog.
        Err(Errno::PROTOTYPE) => connect_as(socket::DATAGRAM, family, address, deadline),
        result => result,
    }
}

fn connect_as(kind: usize, family: usize, address: &Address, deadline: u64) -> Result<Fd> {
    let mut fd = socket::socket(family, kind)?;
    let connected = match socket::connect(fd, address) {
        Err(Errno::INPROGRESS) => {
            let left = deadline.saturating_sub(event::now());
            match event::poll(&mut [Poll::writable(fd)], Some(left)) {
                Ok(1) => socket::pending_error(fd),
                _ => Err(Errno::AGAIN),
            }
        }
        result => result,
    };
    if let Err(error) = connected {
        fd.close();
        return Err(error);
    }
    Ok(fd)
}

/// Asks by HTTP; whether the answer's status is from 200 to 399.
fn answers(probe: Probe<'_>, deadline: u64) -> Result<bool> {
    let mut fd =
        connect(socket::INET, &Address::inet(probe.host(), probe.number() as u16), deadline)?;
    let mut request = Buffer::<1024>::new();
    request.put(b"GET ").put(probe.path().to_bytes()).put(b" HTTP/1.0\r\nHost: ");
    for (index, byte) in probe.host().into_iter().enumerate() {
        request.put(if index == 0 { b"" } else { b"." }).number(byte.into());
    }
    request.put(b":").number(probe.number().into()).put(b"\r\nConnection: close\r\n\r\n");
    let result = socket::send(fd, request.bytes()).and_then(|_| read_status(fd, deadline));
    fd.close();
    Ok(matches!(result?, 200..=399))
}

/// The status of an answer; 0 if it is none.
fn read_status(fd: Fd, deadline: u64) -> Result<u32> {
    let mut answer = [0_u8; 12];
    let mut count = 0;
    while let Some(rest) = answer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match socket::receive(fd, rest) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(Errno::AGAIN) => {
                let left = deadline.saturating_sub(event::now());
                if left == 0 || event::poll(&mut [Poll::readable(fd)], Some(left))? == 0 {
                    return Err(Errno::AGAIN);
                }
            }
            Err(error) => return Err(error),
        }
    }
    // `HTTP/1.1 200`
    let status = answer.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    Ok(status.and_then(crate::names::decimal).unwrap_or(0))
}
