//! Headers of entries: the block of POSIX.1-1988 (ustar), and the records of POSIX.1-2001 (pax) for
//! what does not fit it.

use frazil_tree::Metadata;

use super::BLOCK_BYTES;
use crate::Timestamp;

/// The largest numbers that the octal digits of a field can hold.
const ID_MAX: u32 = 0o7_777_777;
const SIZE_MAX: u64 = 0o77_777_777_777;
const NAME_BYTES: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    HardLink,
    Symlink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
    /// Records about the entry that follows.
    Records,
}

impl Kind {
    /// The type flag of POSIX.
    fn flag(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::HardLink => b'1',
            Self::Symlink => b'2',
            Self::CharacterDevice => b'3',
            Self::BlockDevice => b'4',
            Self::Directory => b'5',
            Self::Fifo => b'6',
            Self::Records => b'x',
        }
    }
}

/// What an entry says before its bytes.
pub(super) struct Entry<'e> {
    pub name: &'e [u8],
    pub kind: Kind,
    pub metadata: &'e Metadata,
    pub size: u64,
    /// Of links.
    pub target: &'e [u8],
    /// Major and minor number.
    pub device: Option<(u32, u32)>,
}

impl<'e> Entry<'e> {
    pub(super) fn new(name: &'e [u8], kind: Kind, metadata: &'e Metadata) -> Self {
        Self { name, kind, metadata, size: 0, target: &[], device: None }
    }

    /// The header, with one of records before it if it needs that.
    pub(super) fn encode(&self, time: Timestamp) -> Vec<u8> {
        let mut blocks = Vec::with_capacity(BLOCK_BYTES);
        let records = self.records();
        if !records.is_empty() {
            let metadata = Metadata::of_root(frazil_tree::Mode::of(0o644));
            let name = b"PaxHeaders/record";
            let size = records.len() as u64;
            let entry = Entry { size, ..Entry::new(name, Kind::Records, &metadata) };
            blocks.extend(entry.block(time));
            blocks.extend(&records);
            blocks.resize(blocks.len().next_multiple_of(BLOCK_BYTES), 0);
        }
        blocks.extend(self.block(time));
        blocks
    }

    /// What the block cannot say, by keyword in the order of POSIX's table, attributes last.
    fn records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        let is_long = |name: &[u8]| name.len() > NAME_BYTES;
        if self.metadata.gid > ID_MAX {
            put_record(&mut records, b"gid", self.metadata.gid.to_string().as_bytes());
        }
        if is_long(self.target) {
            put_record(&mut records, b"linkpath", self.target);
        }
        if is_long(self.name) {
            put_record(&mut records, b"path", self.name);
        }
        if self.size > SIZE_MAX {
            put_record(&mut records, b"size", self.size.to_string().as_bytes());
        }
        if self.metadata.uid > ID_MAX {
            put_record(&mut records, b"uid", self.metadata.uid.to_string().as_bytes());
        }
        for (name, value) in &self.metadata.xattrs {
            put_record(&mut records, &[b"SCHILY.xattr.", &**name].concat(), value);
        }
        records
    }

    fn block(&self, time: Timestamp) -> Vec<u8> {
        let (major, minor) = self.device.unwrap_or((0, 0));
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        put_text(&mut block, self.name, NAME_BYTES);
        put_octal(&mut block, u64::from(self.metadata.mode.bits()), 8);
        put_octal(&mut block, u64::from(self.metadata.uid.min(ID_MAX)), 8);
        put_octal(&mut block, u64::from(self.metadata.gid.min(ID_MAX)), 8);
        put_octal(&mut block, self.size.min(SIZE_MAX), 12);
        put_octal(&mut block, time.0.min(SIZE_MAX), 12);
        // The checksum is taken over blanks in its own place.
        let checksum_at = block.len();
        block.extend(b"        ");
        block.push(self.kind.flag());
        put_text(&mut block, self.target, NAME_BYTES);
        block.extend(b"ustar\x0000");
        // The names of user and group.
        put_text(&mut block, b"", 32 + 32);
        put_octal(&mut block, u64::from(major), 8);
        put_octal(&mut block, u64::from(minor), 8);
        block.resize(BLOCK_BYTES, 0);

        let sum: u32 = block.iter().copied().map(u32::from).sum();
        let checksum = format!("{sum:06o}\0 ");
        block.splice(checksum_at..checksum_at + checksum.len(), checksum.bytes());
        block
    }
}

/// `LENGTH KEYWORD=VALUE\n`, where the length counts itself.
fn put_record(records: &mut Vec<u8>, keyword: &[u8], value: &[u8]) {
    let rest = keyword.len() + value.len() + " =\n".len();
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend(format!("{length} ").bytes());
    records.extend(keyword);
    records.push(b'=');
    records.extend(value);
    records.push(b'\n');
}

/// A text, cut off at the end of its field; the whole stands in a record then.
fn put_text(block: &mut Vec<u8>, text: &[u8], width: usize) {
    let end = block.len() + width;
    block.extend(text.iter().take(width));
    block.resize(end, 0);
}

/// Octal digits that fill the field but for the zero byte at its end.
fn put_octal(block: &mut Vec<u8>, number: u64, width: usize) {
    block.extend(format!("{number:0digits$o}\0", digits = width - 1).bytes());
}
