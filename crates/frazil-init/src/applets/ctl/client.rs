//! The client's end of the control socket.

use core::ffi::CStr;

use crate::control::{ANSWER_MAX, Answer, REQUEST_MAX, Request, abstract_name};
use crate::sys::event::{self, Poll};
use crate::sys::socket::{self, Address};
use crate::sys::{Errno, Fd, Result, file};
use crate::text::Buffer;

/// Where PID 1 listens unless its plan says otherwise.
const SOCKET: &CStr = c"/run/init.sock";

/// A connection to PID 1.
pub(super) struct Client {
    fd: Fd,
    packet: [u8; ANSWER_MAX + 1],
    len: usize,
}

impl Client {
    pub(super) fn connect(path: Option<&CStr>) -> Option<Self> {
        let by_path = connect(path.unwrap_or(SOCKET).to_bytes());
        let fd = by_path.or_else(|error| {
            if path.is_some() {
                return Err(error);
            }
            let mut link = [0; 40];
            let namespace = file::read_link(c"/proc/self/ns/pid", &mut link)?;
            connect(abstract_name(namespace).bytes())
        });
        fd.ok().map(|fd| Self { fd, packet: [0; ANSWER_MAX + 1], len: 0 })
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&mut self, request: Request<'_>, deadline: Option<u64>) -> Option<Answer> {
        let mut packet = Buffer::<REQUEST_MAX>::new();
        request.write(&mut packet);
        socket::send(self.fd, packet.bytes()).ok()?;
        loop {
            let left = deadline.map(|deadline| deadline.saturating_sub(event::now()));
            if event::poll(&mut [Poll::readable(self.fd)], left).ok()? == 0 && left == Some(0) {
                return None;
            }
            match socket::receive(self.fd, &mut self.packet) {
                Err(Errno::AGAIN) => {}
                Ok(0) | Err(_) => return None,
                Ok(count) => {
                    self.len = count;
                    return Answer::read(self.packet.get(..count)?).map(|(answer, _)| answer);
                }
            }
        }
    }

    /// What followed the last answer.
    pub(super) fn records(&self) -> &[u8] {
        self.packet.get(1..self.len).unwrap_or_default()
    }
}

fn connect(name: &[u8]) -> Result<Fd> {
    let mut fd = socket::socket(socket::UNIX, socket::SEQUENCED)?;
    let connected = Address::local(name).and_then(|address| socket::connect(fd, &address));
    if let Err(error) = connected {
        fd.close();
        return Err(error);
    }
    Ok(fd)
}
