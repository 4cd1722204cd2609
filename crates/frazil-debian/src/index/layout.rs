//! The layout of an index, and reading from it without trusting it.
//!
//! Numbers are 32 bits, little endian; offsets count from the start of the file; a text is an offset
//! and a length.
//!
//! ```text
//! header    0  magic "frazilDI"
//!           8  the format
//!          12  the length of the file
//!          16  packages: offset of the table, number of packages
//!          24  provides: offset of the table, number of entries
//!          32  origins: offset of the table, number of origins
//!          40  essential packages: offset of the table, number of packages
//!          48  the architecture: text
//!          56  SHA-256 of all that follows the header
//!          88  SHA-256 of the header before this
//! records 120  for each package: number of its origin, the end of each field in the text, the text
//!              texts of origins and the architecture
//! tables       packages: offset of the record, in the order of names
//!              provides: name (text), version (text, empty if none), number of the package, 0;
//!                  in the order of names, then of packages
//!              origins: URI, suite, component, snapshot (texts)
//!              essential: number of the package, in the order of names
//! ```
//!
//! Fields have the order of [`FIELDS`], and stand in the text one right behind the other. A change
//! of any of this is a new [`FORMAT`].

use frazil_model::Sha256;

use super::IndexError;

pub(super) const MAGIC: &[u8; 8] = b"frazilDI";
/// To be increased with each change of the layout or of what the fields hold.
pub(super) const FORMAT: u32 = 3;
pub(super) const HEADER_BYTES: usize = 120;

/// An offset and how many bytes or entries are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) start: u32,
    pub(super) count: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) packages: Section,
    pub(super) provides: Section,
    pub(super) origins: Section,
    pub(super) essential: Section,
    pub(super) architecture: Section,
    pub(super) contents: [u8; 32],
}

/// An entry of the table of provides.
pub(super) struct Provides {
    pub(super) name: Section,
    pub(super) version: Section,
    pub(super) package: u32,
}

/// The number of each field in a record.
pub(super) struct Fields {
    pub(super) name: usize,
    pub(super) version: usize,
    pub(super) architecture: usize,
    pub(super) multi_arch: usize,
    pub(super) depends: usize,
    pub(super) pre_depends: usize,
    pub(super) recommends: usize,
    pub(super) suggests: usize,
    pub(super) provides: usize,
    pub(super) conflicts: usize,
    pub(super) breaks: usize,
    pub(super) replaces: usize,
    pub(super) essential: usize,
    pub(super) priority: usize,
    pub(super) section: usize,
    pub(super) source: usize,
    pub(super) installed_size: usize,
    pub(super) filename: usize,
    pub(super) size: usize,
    pub(super) sha256: usize,
    pub(super) homepage: usize,
    pub(super) description: usize,
}

pub(super) const FIELDS: Fields = Fields {
    name: 0,
    version: 1,
    architecture: 2,
    multi_arch: 3,
    depends: 4,
    pre_depends: 5,
    recommends: 6,
    suggests: 7,
    provides: 8,
    conflicts: 9,
    breaks: 10,
    replaces: 11,
    essential: 12,
    priority: 13,
    section: 14,
    source: 15,
    installed_size: 16,
    filename: 17,
    size: 18,
    sha256: 19,
    homepage: 20,
    description: 21,
};

/// What the fields are called in `Packages`, in the order of their numbers.
pub(super) const FIELD_NAMES: [&str; 22] = [
    "Package",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Depends",
    "Pre-Depends",
    "Recommends",
    "Suggests",
    "Provides",
    "Conflicts",
    "Breaks",
    "Replaces",
    "Essential",
    "Priority",
    "Section",
    "Source",
    "Installed-Size",
    "Filename",
    "Size",
    "SHA256",
    "Homepage",
    "Description",
];

impl Header {
    pub(super) fn read(bytes: Bytes<'_>) -> Result<Self, IndexError> {
        let Some(header) = bytes.0.get(..HEADER_BYTES) else { return Err(IndexError::Magic) };
        if !header.starts_with(MAGIC) {
            return Err(IndexError::Magic);
        }
        let found = bytes.number(8)?;
        if found != FORMAT {
            return Err(IndexError::Format { found });
        }
        let (summed, sum) = header.split_at(HEADER_BYTES - 32);
        if Sha256::of(summed).0 != *sum {
            return Err(IndexError::Header);
        }
        let expected = u64::from(bytes.number(12)?);
        let found = bytes.0.len() as u64;
        if found != expected {
            return Err(IndexError::Length { expected, found });
        }
        let contents = summed.last_chunk().copied().unwrap_or_default();
        let header = Self {
            packages: bytes.section(16)?,
            provides: bytes.section(24)?,
            origins: bytes.section(32)?,
            essential: bytes.section(40)?,
            architecture: bytes.section(48)?,
            contents,
        };
        bytes.table(header.packages, NUMBER_BYTES)?;
        bytes.table(header.provides, PROVIDES_PAIRS * PAIR_BYTES)?;
        bytes.table(header.origins, ORIGIN_PAIRS * PAIR_BYTES)?;
        bytes.table(header.essential, NUMBER_BYTES)?;
        Ok(header)
    }
}

/// Pairs of numbers in an entry of the tables of provides and origins.
const PROVIDES_PAIRS: u64 = 3;
const ORIGIN_PAIRS: u64 = 4;
const PAIR_BYTES: u64 = 8;
/// In an entry of the tables of packages.
const NUMBER_BYTES: u64 = 4;

/// The whole file; nothing in it is believed.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl std::fmt::Debug for Bytes<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} bytes", self.0.len())
    }
}

impl<'a> Bytes<'a> {
    pub(super) fn number(self, at: u64) -> Result<u32, IndexError> {
        let from = usize::try_from(at).ok().and_then(|at| self.0.get(at..));
        let found = from.and_then(|bytes| bytes.first_chunk::<4>());
        found.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(IndexError::Damaged("offsets lead out"))
    }

    /// An entry of a table of numbers.
    pub(super) fn number_in(self, table: Section, at: u32) -> Result<u32, IndexError> {
        if at >= table.count {
            return Err(IndexError::Damaged("tables are shorter than a number in them"));
        }
        self.number(u64::from(table.start) + u64::from(at) * NUMBER_BYTES)
    }

    pub(super) fn section(self, at: u64) -> Result<Section, IndexError> {
        Ok(Section { start: self.number(at)?, count: self.number(at + 4)? })
    }

    pub(super) fn slice(self, start: u32, len: u32) -> Result<&'a [u8], IndexError> {
        let from = self.0.get(start as usize..);
        from.and_then(|bytes| bytes.get(..len as usize))
            .ok_or(IndexError::Damaged("offsets lead out"))
    }

    pub(super) fn text(self, start: u32, len: u32) -> Result<&'a str, IndexError> {
        let text = std::str::from_utf8(self.slice(start, len)?);
        text.map_err(|_| IndexError::Damaged("text is not UTF-8"))
    }

    /// An entry of a table whose entries are so many pairs.
    pub(super) fn entry<const PAIRS: usize>(
        self,
        table: Section,
        number: u32,
    ) -> Result<[Section; PAIRS], IndexError> {
        if number >= table.count {
            return Err(IndexError::Damaged("tables are shorter than a number in them"));
        }
        let mut at = u64::from(table.start) + u64::from(number) * PAIRS as u64 * PAIR_BYTES;
        let mut pairs = [Section::default(); PAIRS];
        for pair in &mut pairs {
            *pair = self.section(at)?;
            at += PAIR_BYTES;
        }
        Ok(pairs)
    }

    /// Checks that a table is inside the file.
    fn table(self, table: Section, entry_bytes: u64) -> Result<(), IndexError> {
        let end = u64::from(table.start) + u64::from(table.count) * entry_bytes;
        if end <= self.0.len() as u64 {
            Ok(())
        } else {
            Err(IndexError::Damaged("tables lead out"))
        }
    }
}

/// A package as it is stored.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) bytes: Bytes<'a>,
    pub(super) start: u32,
}

impl<'a> Record<'a> {
    pub(super) fn origin(self) -> Result<u32, IndexError> {
        self.bytes.number(u64::from(self.start))
    }

    /// The bytes of a field, none if the package does not have it.
    pub(super) fn field(self, number: usize) -> Result<&'a [u8], IndexError> {
        let ends = u64::from(self.start) + 4;
        let end_at = |number: usize| self.bytes.number(ends + number as u64 * 4);
        let from = if number == 0 { 0 } else { end_at(number - 1)? };
        let to = end_at(number)?;
        let text = ends + FIELD_NAMES.len() as u64 * 4;
        let (Ok(start), Some(len)) = (u32::try_from(text + u64::from(from)), to.checked_sub(from))
        else {
            return Err(IndexError::Damaged("fields lead out"));
        };
        self.bytes.slice(start, len)
    }

    pub(super) fn text(self, number: usize) -> Result<&'a str, IndexError> {
        let text = std::str::from_utf8(self.field(number)?);
        text.map_err(|_| IndexError::Damaged("text is not UTF-8"))
    }
}
