//! Compression of layers, pinned: the library and its level are part of what makes bytes equal.

use std::io::{self, Write};

use flate2::GzBuilder;
use flate2::write::GzEncoder;

/// How the bytes of a layer are made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952, which every engine reads.
    Gzip,
}

impl Compression {
    /// What is appended to the media type of a tar archive.
    pub fn media_type_suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "+gzip",
        }
    }

    /// A stable name of all that decides the bytes: for keys of caches.
    pub fn fingerprint(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip-zlib-rs-9",
        }
    }
}

/// A stream that compresses what is written to it.
pub enum Compressor<W: Write> {
    /// Passes everything on.
    None(W),
    /// RFC 1952.
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Compressor<W> {
    /// Begins a stream. Its header has neither a time nor the name of a system.
    pub fn new(compression: Compression, out: W) -> Self {
        match compression {
            Compression::None => Self::None(out),
            Compression::Gzip => {
                // Once compressed, often loaded: the highest level pays.
                let level = flate2::Compression::best();
                let encoder = GzBuilder::new().mtime(0).operating_system(255).write(out, level);
                Self::Gzip(Box::new(encoder))
            }
        }
    }

    /// Ends the stream.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::None(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
        }
    }
}
