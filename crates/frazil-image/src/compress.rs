//! Compression of layers, pinned: the library and its level are part of what makes bytes equal.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use libdeflater::CompressionLvl;

/// The level of Zstandard: above it, time grows much faster than files shrink.
const ZSTD_LEVEL: i32 = 15;
/// The level of Deflate, of twelve: files are about 5 % smaller than zlib's smallest, in a third more
/// time. The two above it take three times as long for 0.3 %.
const GZIP_LEVEL: i32 = 10;
/// A gzip stream is made of parts that are compressed each for itself; RFC 1952 calls them members.
/// They bound the memory that a large file takes.
const GZIP_MEMBER_BYTES: usize = 32 << 20;

/// How the bytes of a layer are made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952, which every engine reads.
    Gzip,
    /// RFC 8878: smaller and faster, but refused by old engines.
    Zstd,
}

/// A text names no compression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no compression of layers")]
pub struct UnknownCompression {
    /// The text.
    pub name: String,
}

impl UnknownCompression {
    /// What the user can do about it.
    #[expect(clippy::unused_self, reason = "as all errors are asked")]
    pub fn help(&self) -> &'static str {
        "there are `gzip`, `zstd` and `none`"
    }
}

impl Compression {
    /// What is appended to the media type of a tar archive.
    pub fn media_type_suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "+gzip",
            Self::Zstd => "+zstd",
        }
    }

    /// A stable name of all that decides the bytes: for keys of caches.
    pub fn fingerprint(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Gzip => format!("gzip-libdeflate-1.26.1-{GZIP_LEVEL}-{GZIP_MEMBER_BYTES}"),
            Self::Zstd => {
                format!("zstd-{}-{ZSTD_LEVEL}", zstd::zstd_safe::version_number())
            }
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl FromStr for Compression {
    type Err = UnknownCompression;

    fn from_str(name: &str) -> Result<Self, UnknownCompression> {
        match name {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(UnknownCompression { name: name.to_owned() }),
        }
    }
}

/// A stream that compresses what is written to it.
pub enum Compressor<W: Write> {
    /// Passes everything on.
    None(W),
    /// RFC 1952.
    Gzip(Box<Members<W>>),
    /// RFC 8878.
    Zstd(Box<zstd::Encoder<'static, W>>),
}

impl<W: Write> Compressor<W> {
    /// Begins a stream. Its header has neither a time nor the name of a system.
    pub fn new(compression: Compression, out: W) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(out),
            Compression::Gzip => Self::Gzip(Box::new(Members::new(out))),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(Box::new(encoder))
            }
        })
    }

    /// Ends the stream.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::None(out) => Ok(out),
            Self::Gzip(members) => members.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(members) => members.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(members) => members.out.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// A gzip stream that is being made, member by member.
pub struct Members<W: Write> {
    out: W,
    memory: Memory,
    is_begun: bool,
}

/// What a stream is made with.
struct Memory {
    compressor: libdeflater::Compressor,
    /// What the next member will hold.
    pending: Vec<u8>,
    /// Room for a member.
    member: Vec<u8>,
}

thread_local! {
    /// That of the thread's last stream: streams are many, and fresh memory costs as much as a
    /// twentieth of the compression.
    static SPARE: Cell<Option<Memory>> = const { Cell::new(None) };
}

impl Memory {
    fn new() -> Self {
        let level = CompressionLvl::new(GZIP_LEVEL).unwrap_or_default();
        let compressor = libdeflater::Compressor::new(level);
        Self { compressor, pending: Vec::new(), member: Vec::new() }
    }

    /// Makes a member of what is pending.
    fn compress(&mut self) -> io::Result<&[u8]> {
        let bytes_max = self.compressor.gzip_compress_bound(self.pending.len());
        if self.member.len() < bytes_max {
            self.member = vec![0; bytes_max];
        }
        let len = self.compressor.gzip_compress(&self.pending, &mut self.member);
        let len = len.map_err(io::Error::other)?;
        self.pending.clear();
        Ok(self.member.get(..len).unwrap_or_default())
    }
}

impl<W: Write> Members<W> {
    fn new(out: W) -> Self {
        Self { out, memory: SPARE.take().unwrap_or_else(Memory::new), is_begun: false }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let pending = &mut self.memory.pending;
        let room = GZIP_MEMBER_BYTES - pending.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        pending.extend_from_slice(taken);
        if pending.len() == GZIP_MEMBER_BYTES {
            self.end_member()?;
        }
        Ok(taken.len())
    }

    fn end_member(&mut self) -> io::Result<()> {
        self.is_begun = true;
        self.out.write_all(self.memory.compress()?)
    }

    fn finish(mut self) -> io::Result<W> {
        if !self.memory.pending.is_empty() || !self.is_begun {
            self.end_member()?;
        }
        SPARE.set(Some(self.memory));
        Ok(self.out)
    }
}
