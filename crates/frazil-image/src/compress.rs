//! Compression of layers, pinned: the library and its level are part of what makes bytes equal.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use flate2::GzBuilder;
use flate2::write::GzEncoder;

/// The level of Zstandard: above it, time grows much faster than files shrink.
const ZSTD_LEVEL: i32 = 15;

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
            Self::Gzip => "gzip-zlib-rs-9".to_owned(),
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
    Gzip(Box<GzEncoder<W>>),
    /// RFC 8878.
    Zstd(Box<zstd::Encoder<'static, W>>),
}

impl<W: Write> Compressor<W> {
    /// Begins a stream. Its header has neither a time nor the name of a system.
    pub fn new(compression: Compression, out: W) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(out),
            Compression::Gzip => {
                // Once compressed, often loaded: the highest level pays.
                let level = flate2::Compression::best();
                let encoder = GzBuilder::new().mtime(0).operating_system(255).write(out, level);
                Self::Gzip(Box::new(encoder))
            }
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
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
