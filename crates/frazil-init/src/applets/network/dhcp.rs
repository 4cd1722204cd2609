//! `dhcp INTERFACE [RESOLV]`: a client for RFC 2131, as a service of a machine.
//!
//! It asks for an address, uses it, tells its readiness on descriptor 3, and asks again before the
//! lease ends. It asks by broadcast each time, which every server answers; a lease that is lost
//! is asked for anew. Name servers are written to the file RESOLV, if one is given.

mod message;

use core::ffi::CStr;

use super::link;
use crate::applets::status;
use crate::errno;
use crate::sys::event::{self, Poll};
use crate::sys::socket::{self, Address};
use crate::sys::system;
use crate::sys::{Arguments, Errno, Fd, Result, file};
use crate::text::{Buffer, tell};
use message::{Kind, Lease, Offer};

const CLIENT_PORT: u16 = 68;
const SERVER_PORT: u16 = 67;
/// Milliseconds until a question is asked again, at first and at most.
const FIRST_PATIENCE: u64 = 2_000;
const LAST_PATIENCE: u64 = 64_000;
/// Where readiness is told.
const READY: Fd = Fd(3);

pub(crate) fn run(arguments: &Arguments) -> u8 {
    let Some(name) = arguments.get(2) else {
        tell(&[b"usage: init dhcp INTERFACE [RESOLV]"]);
        return status::USAGE;
    };
    match serve(name.to_bytes(), arguments.get(3)) {
        Ok(()) => 0,
        Err(error) => {
            tell(&[b"dhcp: ", name.to_bytes(), b": ", errno::name(error)]);
            1
        }
    }
}

/// The client's place in the network.
struct Client<'a> {
    name: &'a [u8],
    hardware: [u8; 6],
    transaction: u32,
}

fn serve(name: &[u8], resolv: Option<&CStr>) -> Result<()> {
    link::up(name)?;
    let probe = socket::socket(socket::INET, socket::DATAGRAM)?;
    let hardware = system::hardware_address(probe, name)?;
    file::close(probe);
    // Answers must be told apart from those to others, not be unpredictable.
    let [.., c, d, e, f] = hardware;
    let transaction = u32::from_ne_bytes([c, d, e, f]) ^ event::now() as u32;
    let mut client = Client { name, hardware, transaction };
    loop {
        let lease = client.negotiate()?;
        link::add_address(name, lease.address, lease.prefix)?;
        if let Some(router) = lease.router {
            link::add_default_route(name, router)?;
        }
        if let Some(path) = resolv {
            write_servers(path, &lease)?;
        }
        if file::flags(READY).is_ok() {
            // Only the first time has a meaning; PID 1 has hung up since.
            let _told = file::write(READY, b"\n");
        }
        // Half of its time: then there is enough left to ask often.
        event::sleep(u64::from(lease.seconds.max(60)) * 500);
    }
}

impl Client<'_> {
    /// Asks until there is a lease.
    fn negotiate(&mut self) -> Result<Lease> {
        let mut socket = socket::socket(socket::INET, socket::DATAGRAM)?;
        socket::allow_broadcast(socket)?;
        socket::bind_to_device(socket, self.name)?;
        socket::bind(socket, &Address::inet([0; 4], CLIENT_PORT))?;
        let mut patience = FIRST_PATIENCE;
        loop {
            self.transaction = self.transaction.wrapping_add(1);
            if let Some(offer) = self.ask(socket, Kind::Discover, None, patience)?
                && let Some(granted) = self.ask(socket, Kind::Request, Some(&offer), patience)?
            {
                socket.close();
                return Ok(granted.lease);
            }
            patience = (patience * 2).min(LAST_PATIENCE);
        }
    }

    fn ask(
        &self,
        socket: Fd,
        kind: Kind,
        offer: Option<&Offer>,
        patience: u64,
    ) -> Result<Option<Offer>> {
        let mut packet = Buffer::<{ message::REQUEST_BYTES }>::new();
        message::write(&mut packet, kind, self.transaction, self.hardware, offer);
        let everybody = Address::inet([255; 4], SERVER_PORT);
        match socket::send_to(socket, packet.bytes(), &everybody) {
            // The link may not be ready yet.
            Err(Errno(100 | 101)) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        let wanted = if kind == Kind::Discover { Kind::Offer } else { Kind::Acknowledge };
        let end = event::now().saturating_add(patience);
        loop {
            let left = end.saturating_sub(event::now());
            if left == 0 {
                return Ok(None);
            }
            event::poll(&mut [Poll::readable(socket)], Some(left))?;
            let mut answer = [0; 1500];
            let Ok(count) = socket::receive(socket, &mut answer) else { continue };
            let bytes = answer.get(..count).unwrap_or_default();
            if let Some(found) = message::read(bytes, self.transaction, self.hardware)
                && found.kind == wanted
            {
                return Ok(Some(found));
            }
        }
    }
}

fn write_servers(path: &CStr, lease: &Lease) -> Result<()> {
    let mut text = Buffer::<256>::new();
    for server in lease.servers.iter().flatten() {
        text.put(b"nameserver ");
        for (index, byte) in server.iter().enumerate() {
            text.put(if index == 0 { b"" } else { b"." }).number((*byte).into());
        }
        text.put(b"\n");
    }
    let mut fd = file::open(path, file::Open::REPLACE, 0o644)?;
    let written = file::write_all(fd, text.bytes());
    fd.close();
    written
}
