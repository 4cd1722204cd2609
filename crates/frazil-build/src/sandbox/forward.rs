//! Connections from outside to the ports of a container that has a network of its own.
//!
//! A process that has entered the network of the container, and does nothing else, makes connections
//! there and hands them over; what comes through them is copied here. So neither root nor a device of
//! the kernel is needed. Invariant: when [`run`] returns, no connection is open and nobody copies.

#![expect(unsafe_code, reason = "makes a process; see architecture.md section 7")]

use std::convert::Infallible;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use rustix::process::Signal;
use rustix::thread::ThreadNameSpaceType;

use super::child::{self, Process};
use super::error::SandboxError;
use super::supervise::Cancel;

/// More at once are refused.
const CONNECTIONS_MAX: usize = 1024;
/// A request is a port, an answer the number of an error or 0.
const PORT_BYTES: usize = 2;
const ANSWER_BYTES: usize = 4;

/// A port of the machine that leads to one of the container.
#[derive(Debug)]
pub struct Forward {
    /// Where connections come in.
    pub listener: TcpListener,
    /// Where they go, in the container.
    pub port: u16,
}

/// The process that makes connections in the network of a container.
pub(super) struct Connector {
    /// One request and its answer at a time.
    socket: Mutex<OwnedFd>,
    _process: Process,
}

impl Connector {
    /// Starts it for the container that this descriptor of a process names.
    pub(super) fn start(container: &OwnedFd) -> Result<Self, SandboxError> {
        let failed = |source: Errno| SandboxError::System {
            action: "enter the network of the container",
            source: source.into(),
        };
        let kind = SocketType::SEQPACKET;
        let flags = SocketFlags::CLOEXEC;
        let pair = rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None);
        let (ours, theirs) = pair.map_err(failed)?;
        // SAFETY: `serve` makes system calls only, with memory of its own stack.
        let process = unsafe { child::fork(0, || serve(&ours, &theirs, container)) };
        let (_, process) = process.map_err(failed)?;
        drop(theirs);
        let connector = Self { socket: Mutex::new(ours), _process: Process::new(process) };
        // Nobody listens at port 0, so this asks whether it has come so far.
        match connector.connect(0) {
            Ok(_) => {}
            Err(error) if error.raw_os_error() == Some(Errno::CONNREFUSED.raw_os_error()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::ADDRNOTAVAIL.raw_os_error()) => {}
            Err(source) => {
                let action = "enter the network of the container";
                return Err(SandboxError::System { action, source });
            }
        }
        Ok(connector)
    }

    /// A connection to a port of the container.
    fn connect(&self, port: u16) -> io::Result<TcpStream> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        rustix::net::send(&*socket, &port.to_ne_bytes(), SendFlags::NOSIGNAL)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut answer = [0; ANSWER_BYTES];
        let mut parts = [IoSliceMut::new(&mut answer)];
        let got =
            rustix::net::recvmsg(&*socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        if got.bytes != ANSWER_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let descriptor = control.drain().find_map(|message| {
            let RecvAncillaryMessage::ScmRights(mut descriptors) = message else { return None };
            descriptors.next()
        });
        let error = i32::from_ne_bytes(answer);
        descriptor.map(TcpStream::from).ok_or_else(|| io::Error::from_raw_os_error(error))
    }
}

/// The process: enters the network, and answers until nobody can ask any more. It is a copy of a
/// program with many threads, so it neither allocates nor locks.
fn serve(unused: &OwnedFd, socket: &OwnedFd, container: &OwnedFd) -> Infallible {
    let entered = enter(unused, container);
    let mut request = [0; PORT_BYTES];
    loop {
        match rustix::net::recv(socket, &mut request, RecvFlags::empty()) {
            Err(Errno::INTR) => continue,
            Ok((PORT_BYTES, _)) => {}
            Ok(_) | Err(_) => child::exit_now(0),
        }
        let made = entered.and_then(|()| connection(u16::from_ne_bytes(request)));
        if answer(socket, made).is_err() {
            child::exit_now(1);
        }
    }
}

fn enter(unused: &OwnedFd, container: &OwnedFd) -> Result<(), Errno> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    child::close_copy(unused);
    let spaces = ThreadNameSpaceType::USER | ThreadNameSpaceType::NETWORK;
    rustix::thread::move_into_thread_name_spaces(container.as_fd(), spaces)
}

fn connection(port: u16) -> Result<OwnedFd, Errno> {
    let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(socket)
}

fn answer(socket: &OwnedFd, made: Result<OwnedFd, Errno>) -> Result<usize, Errno> {
    let error = made.as_ref().err().map_or(0, |error| error.raw_os_error()).to_ne_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = made.as_ref().map(|made| [made.as_fd()]);
    if let Ok(descriptors) = &descriptors {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(&error)], &mut control, SendFlags::NOSIGNAL)
}

/// Takes connections and copies what comes through them until `over` is raised and the container
/// has closed its ends.
pub(super) fn run(forwards: &[Forward], connector: &Connector, over: &Cancel) {
    let open = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        while let Some(ready) = wait(forwards, over) {
            for forward in ready {
                // A client may have gone again.
                let Ok((client, _)) = forward.listener.accept() else { continue };
                if open.load(Ordering::Relaxed) >= CONNECTIONS_MAX {
                    continue;
                }
                // Who finds nobody there is told by the end of the connection.
                let Ok(inside) = connector.connect(forward.port) else { continue };
                open.fetch_add(1, Ordering::Relaxed);
                let open = &open;
                scope.spawn(move || {
                    relay(&client, &inside);
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
    });
}

/// Waits for connections; `None` when it is over.
fn wait<'f>(forwards: &'f [Forward], over: &Cancel) -> Option<Vec<&'f Forward>> {
    let mut files = vec![PollFd::new(over.wake(), PollFlags::IN)];
    files.extend(forwards.iter().map(|forward| PollFd::new(&forward.listener, PollFlags::IN)));
    match rustix::event::poll(&mut files, None) {
        Err(Errno::INTR) => return Some(Vec::new()),
        Err(_) => return None,
        Ok(_) if over.is_cancelled() => return None,
        Ok(_) => {}
    }
    let listeners = files.iter().skip(1).zip(forwards);
    let ready = listeners.filter(|(file, _)| !file.revents().is_empty());
    Some(ready.map(|(_, forward)| forward).collect())
}

/// Copies in both directions. The container's end decides: when it is closed, so is the other one.
fn relay(client: &TcpStream, inside: &TcpStream) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut from, mut to) = (client, inside);
            // A broken connection ends like one that was closed.
            drop(io::copy(&mut from, &mut to));
            drop(inside.shutdown(Shutdown::Write));
        });
        let (mut from, mut to) = (inside, client);
        drop(io::copy(&mut from, &mut to));
        drop(client.shutdown(Shutdown::Both));
        drop(inside.shutdown(Shutdown::Both));
    });
}
