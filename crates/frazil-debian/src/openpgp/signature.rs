//! Signatures of version 4 (RFC 9580, 5.2).

use super::key::{DigestKind, Key};
use super::packet::{PacketError, Reader};
use super::{CLOCK_SKEW_SECONDS, Fault, hexadecimal};
use crate::date::Date;

/// What a signature is for.
pub(super) mod kind {
    pub(in crate::openpgp) const BINARY: u8 = 0x00;
    pub(in crate::openpgp) const TEXT: u8 = 0x01;
    pub(in crate::openpgp) const CERTIFICATIONS: std::ops::RangeInclusive<u8> = 0x10..=0x13;
    pub(in crate::openpgp) const SUBKEY_BINDING: u8 = 0x18;
    pub(in crate::openpgp) const PRIMARY_BINDING: u8 = 0x19;
    pub(in crate::openpgp) const DIRECT_KEY: u8 = 0x1f;
    pub(in crate::openpgp) const KEY_REVOCATION: u8 = 0x20;
    pub(in crate::openpgp) const SUBKEY_REVOCATION: u8 = 0x28;
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    /// A file.
    Data(&'a [u8]),
    /// A text whose lines end with CR LF.
    Text(&'a [u8]),
    /// A key, by itself.
    Key(&'a Key),
    /// A key and its owner.
    UserId(&'a Key, &'a [u8]),
    /// A primary key and one of its subkeys.
    Subkey(&'a Key, &'a Key),
}

#[derive(Clone, Debug)]
pub(super) struct Signature<'a> {
    pub(super) kind: u8,
    /// In seconds since 1970.
    pub(super) created: u64,
    /// Seconds from `created` on.
    expires_after: Option<u64>,
    /// Seconds from the creation of the key on.
    pub(super) key_expires_after: Option<u64>,
    pub(super) key_flags: Option<u8>,
    /// A signature by the subkey, in one of the primary key about it.
    pub(super) embedded: Option<&'a [u8]>,
    issuer: Option<&'a [u8]>,
    issuer_fingerprint: Option<&'a [u8]>,
    algorithm: u8,
    digest: DigestKind,
    /// The part of the packet that is signed as well.
    hashed: &'a [u8],
    integers: &'a [u8],
}

impl<'a> Signature<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Fault> {
        Self::read(body).unwrap_or(Err(Fault::Unsupported("encoding")))
    }

    fn read(body: &'a [u8]) -> Result<Result<Self, Fault>, PacketError> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return Ok(Err(Fault::Unsupported("version")));
        }
        let kind = reader.byte()?;
        let algorithm = reader.byte()?;
        let Some(digest) = DigestKind::of_id(reader.byte()?) else {
            return Ok(Err(Fault::Unsupported("hash algorithm")));
        };
        let hashed_len = reader.number(2)? as usize;
        let hashed = reader.take(hashed_len)?;
        let unhashed_len = reader.number(2)? as usize;
        let unhashed = reader.take(unhashed_len)?;
        reader.take(2)?; // The first bytes of the digest: a hint.
        let mut signature = Self {
            kind,
            created: 0,
            expires_after: None,
            key_expires_after: None,
            key_flags: None,
            embedded: None,
            issuer: None,
            issuer_fingerprint: None,
            algorithm,
            digest,
            hashed: body.get(..6 + hashed_len).unwrap_or_default(),
            integers: reader.0,
        };
        let mut has_time = false;
        for (area, is_signed) in [(hashed, true), (unhashed, false)] {
            let mut reader = Reader(area);
            while !reader.0.is_empty() {
                let len = reader.length(255)?;
                let mut subpacket = Reader(reader.take(len as usize)?);
                let id = subpacket.byte()?;
                has_time |= is_signed && id & 0x7f == 2;
                if !signature.subpacket(id, subpacket, is_signed)? {
                    return Ok(Err(Fault::Unsupported("critical subpacket")));
                }
            }
        }
        Ok(if has_time { Ok(signature) } else { Err(Fault::Unsupported("missing time")) })
    }

    /// Notes what a subpacket says; `false` if it says what must not be ignored. Only hints are
    /// taken from the part that is not signed.
    fn subpacket(
        &mut self,
        id: u8,
        mut content: Reader<'a>,
        is_signed: bool,
    ) -> Result<bool, PacketError> {
        match (id & 0x7f, is_signed) {
            (2, true) => self.created = content.number(4)?,
            (3, true) => self.expires_after = Some(content.number(4)?).filter(|after| *after != 0),
            (9, true) => {
                self.key_expires_after = Some(content.number(4)?).filter(|after| *after != 0);
            }
            (27, true) => self.key_flags = Some(content.byte().unwrap_or(0)),
            (16, _) => self.issuer = Some(content.take(8)?),
            (33, _) => self.issuer_fingerprint = content.0.split_first().map(|(_, rest)| rest),
            (32, _) => self.embedded = Some(content.0),
            // Preferences and remarks, which change nothing for verifying.
            (4 | 7 | 11 | 21..=26 | 28..=30 | 34, _) => {}
            (_, is_signed) => return Ok(!(is_signed && id & 0x80 != 0)),
        }
        Ok(true)
    }

    pub(super) fn is_for_document(&self) -> bool {
        matches!(self.kind, kind::BINARY | kind::TEXT)
    }

    /// Whether the hints in it allow that this key made it.
    pub(super) fn may_be_by(&self, key: &Key) -> bool {
        match (self.issuer_fingerprint, self.issuer) {
            (Some(fingerprint), _) => fingerprint == key.fingerprint.0,
            (None, Some(id)) => id == key.id(),
            (None, None) => true,
        }
    }

    pub(super) fn issuer_shown(&self) -> String {
        let name = self.issuer_fingerprint.or(self.issuer);
        name.map_or_else(|| "an unnamed key".into(), |bytes| hexadecimal(bytes).to_string())
    }

    /// Whether it is this key's signature of the subject, and in force.
    pub(super) fn check(&self, key: &Key, subject: Subject<'_>, now: u64) -> Result<(), Fault> {
        let trailer_len = (self.hashed.len() as u32).to_be_bytes();
        let trailer: [&[u8]; 3] = [self.hashed, &[4, 0xff], &trailer_len];
        let digest = match self.subject(subject)? {
            Hashed::One(bytes) => self.digest.digest(&[&[bytes], &trailer[..]].concat()),
            Hashed::Made(bytes) => {
                self.digest.digest(&[&[bytes.as_slice()], &trailer[..]].concat())
            }
        };
        key.check(self.digest, &digest, self.algorithm, self.integers)?;
        if self.created < key.created || self.created > now.saturating_add(CLOCK_SKEW_SECONDS) {
            return Err(Fault::Time(Date(self.created)));
        }
        match self.expires_after.map(|after| self.created + after) {
            Some(at) if at <= now => Err(Fault::Expired(Date(at))),
            Some(_) | None => Ok(()),
        }
    }

    /// The bytes that stand for the subject.
    fn subject<'s>(&self, subject: Subject<'s>) -> Result<Hashed<'s>, Fault> {
        Ok(match subject {
            Subject::Data(data) if self.kind == kind::TEXT => Hashed::Made(with_crlf(data)),
            Subject::Data(data) => Hashed::One(data),
            Subject::Text(text) if self.kind == kind::TEXT => Hashed::One(text),
            Subject::Text(_) => return Err(Fault::Unsupported("kind")),
            Subject::Key(key) => Hashed::Made(key.hashed()),
            Subject::UserId(key, id) => {
                let len = (id.len() as u32).to_be_bytes();
                Hashed::Made([key.hashed().as_slice(), &[0xb4], &len, id].concat())
            }
            Subject::Subkey(primary, subkey) => {
                Hashed::Made([primary.hashed(), subkey.hashed()].concat())
            }
        })
    }
}

enum Hashed<'s> {
    One(&'s [u8]),
    Made(Vec<u8>),
}

/// The text with all its lines ended by CR LF.
fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len() + text.len() / 32);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                made.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                made.extend_from_slice(b"\r\n");
            }
            None => made.extend_from_slice(line),
        }
    }
    made
}
