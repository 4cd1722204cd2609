//! Messages of DHCP (RFC 2131, options of RFC 2132).

use crate::text::Buffer;

/// The size of a request.
pub(super) const REQUEST_BYTES: usize = 300;
/// What options begin with.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Where they begin.
const OPTIONS: usize = 240;

/// Kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Discover = 1,
    Offer = 2,
    Request = 3,
    Acknowledge = 5,
}

/// What a server grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) address: [u8; 4],
    pub(super) prefix: u8,
    pub(super) router: Option<[u8; 4]>,
    pub(super) servers: [Option<[u8; 4]>; 3],
    pub(super) seconds: u32,
}

/// An answer of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) kind: Kind,
    pub(super) lease: Lease,
    server: [u8; 4],
}

/// Writes a question; the one for a lease names what was offered.
pub(super) fn write(
    out: &mut Buffer<REQUEST_BYTES>,
    kind: Kind,
    transaction: u32,
    hardware: [u8; 6],
    offer: Option<&Offer>,
) {
    // A request over Ethernet; the answer is to be broadcast, since we have no address.
    out.put(&[1, 1, 6, 0]).put(&transaction.to_be_bytes()).put(&[0, 0, 0x80, 0]);
    out.put(&[0; 16]).put(&hardware).put(&[0; 10 + 192]).put(&COOKIE);
    out.put(&[53, 1, kind as u8]);
    if let Some(offer) = offer {
        out.put(&[50, 4]).put(&offer.lease.address).put(&[54, 4]).put(&offer.server);
    }
    // The mask, routers, and name servers are asked for.
    out.put(&[55, 3, 1, 3, 6, 255]);
    while !out.is_full() {
        out.put(&[0]);
    }
}

/// Reads an answer to a question of ours.
pub(super) fn read(bytes: &[u8], transaction: u32, hardware: [u8; 6]) -> Option<Offer> {
    let is_ours = bytes.first() == Some(&2)
        && bytes.get(4..8) == Some(&transaction.to_be_bytes())
        && bytes.get(28..34) == Some(&hardware)
        && bytes.get(OPTIONS - 4..OPTIONS) == Some(&COOKIE);
    let address = address(bytes.get(16..20)?).filter(|_| is_ours)?;
    let mut kind = None;
    let mut server = [0; 4];
    let mut lease = Lease { address, prefix: 24, router: None, servers: [None; 3], seconds: 3600 };
    let mut rest = bytes.get(OPTIONS..)?;
    while let Some((code, after)) = rest.split_first() {
        match code {
            0 => rest = after,
            255 => break,
            _ => {
                let (len, after) = after.split_first()?;
                let (value, after) = after.split_at_checked(*len as usize)?;
                rest = after;
                take(*code, value, &mut kind, &mut server, &mut lease);
            }
        }
    }
    Some(Offer { kind: kind?, lease, server })
}

fn take(code: u8, value: &[u8], kind: &mut Option<Kind>, server: &mut [u8; 4], lease: &mut Lease) {
    let first = address(value);
    match (code, first) {
        (53, _) => {
            *kind = match value {
                [2] => Some(Kind::Offer),
                [5] => Some(Kind::Acknowledge),
                _ => None,
            };
        }
        (1, Some(mask)) => lease.prefix = u32::from_be_bytes(mask).leading_ones() as u8,
        (3, Some(_)) => lease.router = first,
        (6, Some(_)) => {
            for (place, value) in lease.servers.iter_mut().zip(value.chunks_exact(4)) {
                *place = address(value);
            }
        }
        (51, Some(seconds)) => lease.seconds = u32::from_be_bytes(seconds),
        (54, Some(found)) => *server = found,
        _ => {}
    }
}

fn address(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes.first_chunk::<4>().copied()
}
