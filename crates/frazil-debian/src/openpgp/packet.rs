//! Packets: a tag, a length, a body (RFC 9580, 4.2). Bodies in several parts are refused.

/// The tags that matter here.
pub(super) const SIGNATURE: u8 = 2;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;

/// Bytes are not a sequence of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// A packet does not begin like one.
    #[error("not an OpenPGP packet")]
    Tag,
    /// The data ends inside a packet.
    #[error("an OpenPGP packet is cut off")]
    Truncated,
    /// The length is not said at the start.
    #[error("an OpenPGP packet of unknown length")]
    Length,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

/// Whether the first byte begins a packet; text does not.
pub(super) fn looks_binary(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x80 != 0)
}

/// The packets of a file, up to the first error.
pub(super) fn packets(bytes: &[u8]) -> impl Iterator<Item = Result<Packet<'_>, PacketError>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut reader = Reader(rest);
        let packet = reader.packet();
        rest = if packet.is_ok() { reader.0 } else { &[] };
        Some(packet)
    })
}

/// Reads numbers and pieces from the front of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], PacketError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(PacketError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PacketError> {
        let (byte, rest) = self.0.split_first().ok_or(PacketError::Truncated)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// A number of `len` bytes, the most significant first.
    pub(super) fn number(&mut self, len: usize) -> Result<u64, PacketError> {
        Ok(self.take(len)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A number of any size, with its length in bits before it.
    pub(super) fn integer(&mut self) -> Result<&'a [u8], PacketError> {
        let bits = self.number(2)? as usize;
        self.take(bits.div_ceil(8))
    }

    fn packet(&mut self) -> Result<Packet<'a>, PacketError> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Err(PacketError::Tag);
        }
        let (tag, len) = if first & 0x40 == 0 {
            let len = match first & 3 {
                0 => self.number(1)?,
                1 => self.number(2)?,
                2 => self.number(4)?,
                _ => return Err(PacketError::Length),
            };
            (first >> 2 & 15, len)
        } else {
            (first & 63, self.length(224)?)
        };
        let len = usize::try_from(len).map_err(|_| PacketError::Truncated)?;
        Ok(Packet { tag, body: self.take(len)? })
    }

    /// The length of a packet, or of a subpacket. First bytes from 192 to `two_bytes_below` stand
    /// for lengths of two bytes; those up to 254 are parts of a packet.
    pub(super) fn length(&mut self, two_bytes_below: u8) -> Result<u64, PacketError> {
        match self.byte()? {
            first @ 0..192 => Ok(u64::from(first)),
            255 => self.number(4),
            first if first < two_bytes_below => {
                Ok((u64::from(first) - 192) * 256 + u64::from(self.byte()?) + 192)
            }
            _ => Err(PacketError::Length),
        }
    }
}
