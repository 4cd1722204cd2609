//! Links, addresses and routes, by rtnetlink.

use crate::sys::event::{self, Poll};
use crate::sys::socket::{self, Address};
use crate::sys::system::interface;
use crate::sys::{Errno, Fd, Result};
use crate::text::Buffer;

/// Types of messages.
const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;
/// A request that wants an answer.
const CHANGE: u16 = 1 | 4;
/// The same, which may make or replace something.
const MAKE: u16 = CHANGE | 0x400 | 0x100;
/// Milliseconds that the kernel has for its answer.
const PATIENCE: u64 = 5000;

/// A message: its body and its attributes.
type Message = Buffer<128>;

/// Brings an interface up.
pub(crate) fn up(name: &[u8]) -> Result<()> {
    with_interface(name, |socket, index| {
        let mut message = Message::new();
        // Family and type; the interface; the flag "up", and which flags change.
        message.put(&[0; 4]).put(&index.to_ne_bytes()).put(&1_u32.to_ne_bytes());
        message.put(&1_u32.to_ne_bytes());
        ask(socket, NEW_LINK, CHANGE, &message)
    })
}

/// Gives an interface an address.
pub(crate) fn add_address(name: &[u8], host: [u8; 4], prefix: u8) -> Result<()> {
    with_interface(name, |socket, index| {
        let mut message = Message::new();
        message.put(&[socket::INET as u8, prefix, 0, 0]).put(&index.to_ne_bytes());
        // The local address, and the address.
        put_attribute(&mut message, 2, host);
        put_attribute(&mut message, 1, host);
        ask(socket, NEW_ADDRESS, MAKE, &message)
    })
}

/// Sends everything else to a gateway.
pub(crate) fn add_default_route(name: &[u8], gateway: [u8; 4]) -> Result<()> {
    with_interface(name, |socket, index| {
        let mut message = Message::new();
        // To everywhere, from everywhere; the main table, static, the whole world, unicast.
        message.put(&[socket::INET as u8, 0, 0, 0, 254, 4, 0, 1]).put(&[0; 4]);
        put_attribute(&mut message, 5, gateway);
        put_attribute(&mut message, 4, index.to_ne_bytes());
        ask(socket, NEW_ROUTE, MAKE, &message)
    })
}

fn put_attribute(message: &mut Message, kind: u16, value: [u8; 4]) {
    message.put(&8_u16.to_ne_bytes()).put(&kind.to_ne_bytes()).put(&value);
}

fn with_interface(name: &[u8], call: impl FnOnce(Fd, u32) -> Result<()>) -> Result<()> {
    let mut inet = socket::socket(socket::INET, socket::DATAGRAM)?;
    let index = interface(inet, name);
    inet.close();
    let index = index?;
    let mut netlink = socket::socket(socket::NETLINK, socket::RAW)?;
    let result = call(netlink, index);
    netlink.close();
    result
}

/// Sends a message and waits for the kernel's answer.
fn ask(socket: Fd, kind: u16, flags: u16, body: &Message) -> Result<()> {
    let mut packet = Buffer::<256>::new();
    packet.put(&(16 + body.len() as u32).to_ne_bytes());
    packet.put(&kind.to_ne_bytes()).put(&flags.to_ne_bytes()).put(&[0; 8]).put(body.bytes());
    socket::send_to(socket, packet.bytes(), &Address::kernel())?;
    event::poll(&mut [Poll::readable(socket)], Some(PATIENCE))?;
    let mut answer = [0; 1024];
    let count = socket::receive(socket, &mut answer)?;
    // The header, then the error number, negated; 0 is success.
    let error =
        answer.get(16..20).filter(|_| count >= 20).and_then(|bytes| bytes.first_chunk::<4>());
    match error.map_or(-22, |bytes| i32::from_ne_bytes(*bytes)) {
        0 => Ok(()),
        error if error == -Errno::EXIST.0 => Ok(()),
        error => Err(Errno(-error)),
    }
}
