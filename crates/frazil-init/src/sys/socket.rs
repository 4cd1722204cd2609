//! Sockets: local ones for control and notification, and what probes and set-up need.

use super::{Errno, Fd, Result, arch, plain, syscall};

pub(crate) const UNIX: usize = 1;
pub(crate) const INET: usize = 2;
pub(crate) const NETLINK: usize = 16;

pub(crate) const STREAM: usize = 1;
pub(crate) const DATAGRAM: usize = 2;
pub(crate) const RAW: usize = 3;
pub(crate) const SEQUENCED: usize = 5;

/// A socket, not blocking and close-on-exec.
pub(crate) fn socket(family: usize, kind: usize) -> Result<Fd> {
    plain(arch::SOCKET, [family, kind | 0o2_004_000, 0]).map(|fd| Fd(fd as i32))
}

/// The longest address here: a local one.
const ADDRESS_MAX: usize = 110;

/// An address of any family.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    bytes: [u8; ADDRESS_MAX],
    len: usize,
}

impl Address {
    /// A local socket's name; one that starts with 0 is not in the file system.
    pub(crate) fn local(name: &[u8]) -> Result<Self> {
        let mut address = Self { bytes: [0; ADDRESS_MAX], len: 2 + name.len() };
        address.bytes.get_mut(..2).ok_or(Errno::INVAL)?.copy_from_slice(&1_u16.to_ne_bytes());
        // A path ends with 0.
        if name.len() >= ADDRESS_MAX - 2 {
            return Err(Errno::INVAL);
        }
        let place = address.bytes.get_mut(2..2 + name.len()).ok_or(Errno::INVAL)?;
        place.copy_from_slice(name);
        if name.first().is_some_and(|byte| *byte != 0) {
            address.len += 1;
        }
        Ok(address)
    }

    /// A host of version 4 and a port.
    pub(crate) fn inet(host: [u8; 4], port: u16) -> Self {
        let mut address = Self { bytes: [0; ADDRESS_MAX], len: 16 };
        let head = (INET as u16).to_ne_bytes().into_iter().chain(port.to_be_bytes()).chain(host);
        for (place, byte) in address.bytes.iter_mut().zip(head) {
            *place = byte;
        }
        address
    }

    /// The kernel, as netlink's peer.
    pub(crate) fn kernel() -> Self {
        let mut address = Self { bytes: [0; ADDRESS_MAX], len: 12 };
        for (place, byte) in address.bytes.iter_mut().zip((NETLINK as u16).to_ne_bytes()) {
            *place = byte;
        }
        address
    }

    /// The name behind the family of a local address.
    pub(crate) fn name(&self) -> &[u8] {
        self.bytes.get(2..self.len).unwrap_or_default()
    }
}

pub(crate) fn bind(fd: Fd, address: &Address) -> Result<()> {
    // SAFETY: the kernel reads `len` bytes, which `Address` keeps within its array.
    unsafe { syscall(arch::BIND, [fd.raw(), address.bytes.as_ptr() as usize, address.len]) }
        .map(drop)
}

/// Binds to a name in no file system that the kernel chooses.
pub(crate) fn bind_anywhere(fd: Fd) -> Result<()> {
    let family = (UNIX as u16).to_ne_bytes();
    // SAFETY: the kernel reads the family.
    unsafe { syscall(arch::BIND, [fd.raw(), family.as_ptr() as usize, 2]) }.map(drop)
}

pub(crate) fn connect(fd: Fd, address: &Address) -> Result<()> {
    // SAFETY: as `bind`.
    unsafe { syscall(arch::CONNECT, [fd.raw(), address.bytes.as_ptr() as usize, address.len]) }
        .map(drop)
}

pub(crate) fn listen(fd: Fd, backlog: usize) -> Result<()> {
    plain(arch::LISTEN, [fd.raw(), backlog]).map(drop)
}

pub(crate) fn accept(fd: Fd) -> Result<Fd> {
    plain(arch::ACCEPT4, [fd.raw(), 0, 0, 0o2_004_000]).map(|fd| Fd(fd as i32))
}

/// The address a socket is bound to.
pub(crate) fn own_address(fd: Fd) -> Result<Address> {
    let mut address = Address { bytes: [0; ADDRESS_MAX], len: 0 };
    let mut len = ADDRESS_MAX as u32;
    let arguments = [fd.raw(), address.bytes.as_mut_ptr() as usize, &raw mut len as usize];
    // SAFETY: the kernel writes at most `len` bytes, and the length.
    unsafe { syscall(arch::GETSOCKNAME, arguments) }?;
    address.len = (len as usize).min(ADDRESS_MAX);
    Ok(address)
}

/// Who is at the other end of a local connection: process, user.
pub(crate) fn peer(fd: Fd) -> Result<(i32, u32)> {
    let credentials: [i32; 3] = option(fd, 17)?;
    let [pid, uid, _] = credentials;
    Ok((pid, uid.cast_unsigned()))
}

/// The pending error of a socket: how a connection attempt ended.
pub(crate) fn pending_error(fd: Fd) -> Result<()> {
    match option::<1>(fd, 4)? {
        [0] => Ok(()),
        [number] => Err(Errno(number)),
    }
}

fn option<const N: usize>(fd: Fd, name: usize) -> Result<[i32; N]> {
    let mut value = [0_i32; N];
    let mut len = size_of::<[i32; N]>() as u32;
    let place = [value.as_mut_ptr() as usize, &raw mut len as usize];
    // SAFETY: the kernel writes at most `len` bytes, and the length.
    unsafe { syscall(arch::GETSOCKOPT, [fd.raw(), 1, name, place[0], place[1]]) }?;
    Ok(value)
}

/// Allows broadcasts.
pub(crate) fn allow_broadcast(fd: Fd) -> Result<()> {
    set_option(fd, 6, &1_i32.to_ne_bytes())
}

/// Uses one network interface only.
pub(crate) fn bind_to_device(fd: Fd, name: &[u8]) -> Result<()> {
    set_option(fd, 25, name)
}

fn set_option(fd: Fd, name: usize, value: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads `len` bytes.
    unsafe { syscall(arch::SETSOCKOPT, [fd.raw(), 1, name, value.as_ptr() as usize, value.len()]) }
        .map(drop)
}

/// Sends without waiting; no signal if the peer is gone.
pub(crate) fn send(fd: Fd, bytes: &[u8]) -> Result<usize> {
    let arguments = [fd.raw(), bytes.as_ptr() as usize, bytes.len(), 0x4040, 0, 0];
    // SAFETY: the kernel reads `len` bytes.
    unsafe { syscall(arch::SENDTO, arguments) }
}

pub(crate) fn send_to(fd: Fd, bytes: &[u8], address: &Address) -> Result<usize> {
    let target = [address.bytes.as_ptr() as usize, address.len];
    let arguments = [fd.raw(), bytes.as_ptr() as usize, bytes.len(), 0x4040, target[0], target[1]];
    // SAFETY: the kernel reads the bytes and the address.
    unsafe { syscall(arch::SENDTO, arguments) }
}

/// Receives what is there.
pub(crate) fn receive(fd: Fd, buffer: &mut [u8]) -> Result<usize> {
    let arguments = [fd.raw(), buffer.as_mut_ptr() as usize, buffer.len(), 0x40, 0, 0];
    // SAFETY: the kernel writes at most `len` bytes.
    unsafe { syscall(arch::RECVFROM, arguments) }
}
