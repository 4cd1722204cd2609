//! One header block, and the extensions before it.

use super::{Header, TarProblem};
use crate::deb::path::{FilePath, PathError};
use crate::deb::{EntryKind, Owner};

pub(super) const BLOCK_BYTES: usize = 512;
/// The permissions with setuid, setgid and sticky.
const MODE_MASK: u64 = 0o7777;
/// Files have at most as many bytes as offsets can say.
const SIZE_MAX: u64 = i64::MAX as u64 / 2;

/// A header whose checksum is right.
pub(super) struct Block([u8; BLOCK_BYTES]);

/// What PAX and GNU headers say of the next entry, instead of its own header.
#[derive(Default)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    user: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    mtime: Option<u64>,
}

impl Block {
    pub(super) fn check(bytes: &[u8; BLOCK_BYTES]) -> Result<Self, TarProblem> {
        let block = Self(*bytes);
        let sum = block.number(148, 8)?;
        // The checksum counts itself as blanks.
        let bytes = block.0.iter().enumerate();
        let expected: u64 = bytes
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
            .sum();
        if sum == expected { Ok(block) } else { Err(TarProblem::Header) }
    }

    pub(super) fn kind(&self) -> u8 {
        self.field(156, 1).first().copied().unwrap_or_default()
    }

    /// The name, with its first part if the format is ustar.
    pub(super) fn path(&self) -> Vec<u8> {
        let name = until_zero(self.field(0, 100));
        let prefix = until_zero(self.field(345, 155));
        let is_ustar = self.field(257, 6) == b"ustar\0";
        if is_ustar && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.into() }
    }

    pub(super) fn header(
        &self,
        path: FilePath,
        extension: Extension,
        size: u64,
    ) -> Result<Header, TarProblem> {
        let target = extension.target.unwrap_or_else(|| until_zero(self.field(157, 100)).into());
        let kind = match self.kind() {
            b'0' | b'7' | 0 => EntryKind::File,
            b'1' => EntryKind::HardLink(FilePath::new(&target)?),
            b'2' if target.is_empty() => return Err(TarProblem::Target),
            b'2' if target.contains(&0) => return Err(PathError::Zero.into()),
            b'2' => EntryKind::Symlink(target),
            b'3' => EntryKind::CharacterDevice(self.device(329)?, self.device(337)?),
            b'4' => EntryKind::BlockDevice(self.device(329)?, self.device(337)?),
            b'5' => EntryKind::Directory,
            b'6' => EntryKind::Fifo,
            other => return Err(TarProblem::Kind(other)),
        };
        if kind != EntryKind::File && size != 0 {
            return Err(TarProblem::Header);
        }
        let id = |given: Option<u64>, at| {
            let id = given.map_or_else(|| self.number(at, 8), Ok)?;
            u32::try_from(id).map_err(|_| TarProblem::Header)
        };
        let name = |given: Option<Vec<u8>>, at| {
            given.unwrap_or_else(|| until_zero(self.field(at, 32)).into())
        };
        Ok(Header {
            path,
            kind,
            mode: (self.number(100, 8)? & MODE_MASK) as u32,
            owner: Owner {
                uid: id(extension.uid, 108)?,
                gid: id(extension.gid, 116)?,
                user: name(extension.user, 265),
                group: name(extension.group, 297),
            },
            mtime: extension.mtime.map_or_else(|| self.number(136, 12), Ok)?,
            size,
        })
    }

    fn device(&self, at: usize) -> Result<u32, TarProblem> {
        u32::try_from(self.number(at, 8)?).map_err(|_| TarProblem::Header)
    }

    fn field(&self, at: usize, len: usize) -> &[u8] {
        self.0.get(at..at + len).unwrap_or_default()
    }

    /// Octal digits between blanks and zeros, or a positive binary number after a byte of 0x80.
    fn number(&self, at: usize, len: usize) -> Result<u64, TarProblem> {
        let field = self.field(at, len);
        if let Some((0x80, rest)) = field.split_first() {
            let mut bytes = rest.iter();
            return bytes
                .try_fold(0u64, |number, byte| {
                    number.checked_mul(256).map(|number| number | u64::from(*byte))
                })
                .ok_or(TarProblem::Header);
        }
        let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
        let start = field.iter().position(|byte| *byte != b' ').unwrap_or(field.len());
        let digits = field.get(start..).unwrap_or_default();
        let end = digits.iter().position(is_blank).unwrap_or(digits.len());
        let (digits, rest) = digits.split_at(end);
        let is_octal = digits.iter().all(|byte| (b'0'..=b'7').contains(byte));
        if !is_octal || !rest.iter().all(is_blank) {
            return Err(TarProblem::Header);
        }
        Ok(digits.iter().fold(0, |number, digit| number * 8 + u64::from(digit - b'0')))
    }
}

impl Extension {
    pub(super) fn size_of(&self, block: &Block) -> Result<u64, TarProblem> {
        // Links and directories of old archives have the size of what they were made from.
        let size = self.size.map_or_else(|| block.number(124, 12), Ok)?;
        if size > SIZE_MAX { Err(TarProblem::Header) } else { Ok(size) }
    }

    /// Reads lines of a length in decimal, a blank, `key=value` and a newline.
    pub(super) fn read_pax(&mut self, mut records: &[u8]) -> Result<(), TarProblem> {
        while !records.is_empty() {
            let blank = records.iter().position(|byte| *byte == b' ');
            let (digits, _) = records.split_at_checked(blank.unwrap_or(0)).unwrap_or_default();
            let len = decimal(digits).and_then(|len| usize::try_from(len).ok());
            let (record, rest) =
                len.and_then(|len| records.split_at_checked(len)).ok_or(TarProblem::Header)?;
            let record = record.get(digits.len() + 1..).and_then(|rest| rest.strip_suffix(b"\n"));
            let record = record.ok_or(TarProblem::Header)?;
            let at = record.iter().position(|byte| *byte == b'=').ok_or(TarProblem::Header)?;
            let (key, value) = record.split_at(at);
            self.pax(key, value.get(1..).unwrap_or_default())?;
            records = rest;
        }
        Ok(())
    }

    fn pax(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        let number = || decimal(value).map(Some).ok_or(TarProblem::Header);
        match key {
            b"path" => self.path = Some(value.into()),
            b"linkpath" => self.target = Some(value.into()),
            b"size" => self.size = number()?,
            b"uid" => self.uid = number()?,
            b"gid" => self.gid = number()?,
            b"uname" => self.user = Some(value.into()),
            b"gname" => self.group = Some(value.into()),
            b"mtime" => {
                let seconds = value.split(|byte| *byte == b'.').next().unwrap_or_default();
                self.mtime = Some(decimal(seconds).ok_or(TarProblem::Header)?);
            }
            b"atime" | b"ctime" | b"comment" => {}
            _ => return Err(TarProblem::Extension(key.escape_ascii().to_string())),
        }
        Ok(())
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

pub(super) fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}
