//! Tar archives as others write them: ustar, pax and GNU's long names.
//!
//! Invariant: no header makes the reader take more than a few kilobytes of memory; contents are
//! passed on as they come.

use std::collections::BTreeMap;
use std::io::{self, Read};

use frazil_tree::DeviceKind;

const BLOCK_BYTES: usize = 512;
/// Records of one entry: attributes are 64 KiB at most, and there are few of them.
const RECORDS_BYTES_MAX: u64 = 1 << 20;
/// A long name; the kernel takes 4 KiB.
const NAME_BYTES_MAX: u64 = 8 << 10;
/// Headers about one entry.
const HEADERS_MAX: usize = 16;

/// Why bytes are no archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It could not be read, or decompressed.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// It ends within an entry.
    #[error("it ends too early")]
    Truncated,
    /// A block that should be a header is none.
    #[error("there is no header at byte {offset}: {why}")]
    Header {
        /// Where.
        offset: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A file with holes, of which there are several dialects.
    #[error("`{}` is a sparse file", name.escape_ascii())]
    Sparse {
        /// Its name.
        name: Vec<u8>,
    },
}

impl ArchiveError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Sparse { .. } => Some("make the archive without `tar --sparse`"),
            Self::Read(_) | Self::Truncated | Self::Header { .. } => None,
        }
    }
}

/// An entry before its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it stands there.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// The lower twelve bits count.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Bytes that follow.
    pub size: u64,
    /// Extended attributes.
    pub xattrs: BTreeMap<Box<[u8]>, Box<[u8]>>,
}

/// The kinds of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// Another name of an entry before.
    HardLink(Vec<u8>),
    /// With its target.
    Symlink(Vec<u8>),
    /// With its numbers.
    Device(DeviceKind, u32, u32),
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
}

/// An archive that is being read.
pub struct Archive<'r> {
    stream: &'r mut dyn Read,
    offset: u64,
    /// Bytes of the entry's contents, and of the padding behind them, that are not read yet.
    left: u64,
    padding: u64,
}

/// What stands before an entry and is about it.
#[derive(Default)]
struct About {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

impl<'r> Archive<'r> {
    /// Begins to read.
    pub fn new(stream: &'r mut dyn Read) -> Self {
        Self { stream, offset: 0, left: 0, padding: 0 }
    }

    /// Where the next byte stands.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next entry; what is left of the one before is passed over.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let mut about = About::default();
        for _ in 0..HEADERS_MAX {
            self.skip()?;
            let start = self.offset;
            let Some(block) = self.block()? else { return Ok(None) };
            let header = Header { block: &block, offset: start };
            header.check()?;
            let size = header.number(124..136, "the size")?;
            match header.flag() {
                b'x' => about.records = parse_records(&self.meta(size, RECORDS_BYTES_MAX)?, start)?,
                // About all entries: engines do not look at them either.
                b'g' => drop(self.meta(size, RECORDS_BYTES_MAX)?),
                b'L' => about.name = Some(self.name(size)?),
                b'K' => about.target = Some(self.name(size)?),
                flag => return self.entry(&header, flag, size, about).map(Some),
            }
        }
        Err(ArchiveError::Header { offset: self.offset, why: "too many headers about one entry" })
    }

    /// Reads some of the entry's bytes; none at its end.
    pub fn read_contents(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let len = (buffer.len() as u64).min(self.left) as usize;
        if len == 0 {
            return Ok(0);
        }
        let read = read_some(self.stream, buffer.get_mut(..len).unwrap_or_default())?;
        if read == 0 {
            return Err(ArchiveError::Truncated);
        }
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }

    fn entry(
        &mut self,
        header: &Header<'_>,
        flag: u8,
        size: u64,
        about: About,
    ) -> Result<Entry, ArchiveError> {
        let About { mut records, name, target } = about;
        let name = records.remove(&b"path"[..]).or(name).unwrap_or_else(|| header.name());
        if flag == b'S' || records.keys().any(|key| key.starts_with(b"GNU.sparse.")) {
            return Err(ArchiveError::Sparse { name });
        }
        let target = records.remove(&b"linkpath"[..]).or(target);
        let target = || target.unwrap_or_else(|| header.text(157..257));
        let device = |kind| -> Result<Kind, ArchiveError> {
            let major = header.number(329..337, "the device")?;
            let minor = header.number(337..345, "the device")?;
            Ok(Kind::Device(kind, major as u32, minor as u32))
        };
        let kind = match flag {
            b'1' => Kind::HardLink(target()),
            b'2' => Kind::Symlink(target()),
            b'3' => device(DeviceKind::Character)?,
            b'4' => device(DeviceKind::Block)?,
            b'5' => Kind::Directory,
            b'6' => Kind::Fifo,
            // Before POSIX a directory was a file whose name ends with a slash.
            0 | b'0' | b'7' if name.ends_with(b"/") => Kind::Directory,
            0 | b'0' | b'7' => Kind::File,
            _ => return Err(header.wrong("it is of an unknown kind")),
        };
        let number = |key: &[u8], field: std::ops::Range<usize>, what| match records.get(key) {
            Some(text) => decimal(text).ok_or(header.wrong(what)),
            None => header.number(field, what),
        };
        let size = if kind == Kind::File {
            records
                .get(&b"size"[..])
                .map_or(Ok(size), |text| decimal(text).ok_or(header.wrong("the size")))?
        } else {
            // Whatever it says: there are none.
            0
        };
        let uid = number(b"uid", 108..116, "the owner")?;
        let gid = number(b"gid", 116..124, "the group")?;
        let mode = header.number(100..108, "the mode")?;
        self.left = size;
        self.padding =
            size.checked_next_multiple_of(BLOCK_BYTES as u64).ok_or(header.wrong("the size"))?
                - size;
        let xattrs = records.into_iter().filter_map(|(key, value)| {
            Some((key.strip_prefix(b"SCHILY.xattr.")?.into(), value.into()))
        });
        let xattrs = xattrs.collect();
        Ok(Entry { name, kind, mode: mode as u32, uid: uid as u32, gid: gid as u32, size, xattrs })
    }

    /// The contents of a header about an entry.
    fn meta(&mut self, size: u64, bytes_max: u64) -> Result<Vec<u8>, ArchiveError> {
        if size > bytes_max {
            return Err(ArchiveError::Header { offset: self.offset, why: "it is too long" });
        }
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK_BYTES as u64) - size;
        let mut bytes = vec![0; size as usize];
        let mut filled = 0;
        while filled < bytes.len() {
            filled += self.read_contents(bytes.get_mut(filled..).unwrap_or_default())?;
        }
        Ok(bytes)
    }

    fn name(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        let mut name = self.meta(size, NAME_BYTES_MAX)?;
        name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
        Ok(name)
    }

    fn skip(&mut self) -> Result<(), ArchiveError> {
        let mut buffer = [0; 16 << 10];
        while self.read_contents(&mut buffer)? > 0 {}
        // Some writers end behind the last byte of the last file.
        let mut padding = (&mut *self.stream).take(std::mem::take(&mut self.padding));
        self.offset += io::copy(&mut padding, &mut io::sink())?;
        Ok(())
    }

    /// The next block; `None` at the end: a block of zeros, or no block any more.
    fn block(&mut self) -> Result<Option<[u8; BLOCK_BYTES]>, ArchiveError> {
        let mut block = [0; BLOCK_BYTES];
        let mut filled = 0;
        while filled < BLOCK_BYTES {
            match read_some(self.stream, block.get_mut(filled..).unwrap_or_default())? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(ArchiveError::Truncated),
                read => filled += read,
            }
        }
        self.offset += BLOCK_BYTES as u64;
        Ok(Some(block).filter(|block| block.iter().any(|byte| *byte != 0)))
    }
}

fn read_some(stream: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

struct Header<'b> {
    block: &'b [u8; BLOCK_BYTES],
    offset: u64,
}

impl Header<'_> {
    fn wrong(&self, why: &'static str) -> ArchiveError {
        ArchiveError::Header { offset: self.offset, why }
    }

    fn field(&self, range: std::ops::Range<usize>) -> &[u8] {
        self.block.get(range).unwrap_or_default()
    }

    /// The checksum is the sum of all bytes, its own field taken as blanks.
    fn check(&self) -> Result<(), ArchiveError> {
        const FIELD: std::ops::Range<usize> = 148..156;
        let bytes = self.block.iter().enumerate();
        let sum: u64 =
            bytes.map(|(at, byte)| if FIELD.contains(&at) { 32 } else { u64::from(*byte) }).sum();
        let says = self.number(FIELD, "the checksum is no number")?;
        if says == sum { Ok(()) } else { Err(self.wrong("the checksum does not fit")) }
    }

    fn flag(&self) -> u8 {
        self.block.get(156).copied().unwrap_or_default()
    }

    fn text(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        let field = self.field(range);
        field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
    }

    /// POSIX has a field for what stands before the name; GNU has other things there.
    fn name(&self) -> Vec<u8> {
        let name = self.text(0..100);
        let prefix = self.text(345..500);
        let is_posix = self.field(257..263) == b"ustar\0";
        if is_posix && !prefix.is_empty() { [&prefix[..], b"/", &name].concat() } else { name }
    }

    /// Octal digits, or binary where the highest bit is set.
    fn number(
        &self,
        range: std::ops::Range<usize>,
        what: &'static str,
    ) -> Result<u64, ArchiveError> {
        let field = self.field(range);
        let Some((first, rest)) = field.split_first() else { return Ok(0) };
        if *first & 0x80 != 0 {
            let high = u64::from(first & 0x7f);
            let fold = |number: u64, byte: &u8| {
                number.checked_mul(256).map(|number| number + u64::from(*byte))
            };
            return rest.iter().try_fold(high, fold).ok_or(self.wrong(what));
        }
        let digits = field.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii();
        let fold = |number: u64, digit: &u8| match digit {
            b'0'..=b'7' => number.checked_mul(8).map(|number| number + u64::from(digit - b'0')),
            _ => None,
        };
        digits.iter().try_fold(0, fold).ok_or(self.wrong(what))
    }
}

/// `LENGTH KEYWORD=VALUE\n`, again and again; of several with the same keyword the last counts.
fn parse_records(
    mut bytes: &[u8],
    offset: u64,
) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, ArchiveError> {
    let mut records = BTreeMap::new();
    while !bytes.is_empty() {
        let record = take_record(&mut bytes);
        let (key, value) =
            record.ok_or(ArchiveError::Header { offset, why: "its pax records are malformed" })?;
        records.insert(key.to_vec(), value.to_vec());
    }
    Ok(records)
}

fn take_record<'b>(bytes: &mut &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let length = decimal(bytes.get(..blank)?)?;
    let (record, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    let text = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = text.iter().position(|byte| *byte == b'=')?;
    *bytes = rest;
    Some((text.get(..equals)?, text.get(equals + 1..)?))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?.parse().ok()
}
