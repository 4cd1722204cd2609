//! How the files of a cache are compressed when one is written.

use std::io::{self, Write};
use std::str::FromStr;

use frazil_model::narinfo::Compression;

/// How a cache is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompressionMethod {
    /// Not at all.
    None,
    /// The default: it unpacks about ten times as fast as xz, and packs much faster, for a few per
    /// cent of size. Every Nix since 2.4 reads it.
    #[default]
    Zstd,
    /// The default of Nix; the smallest.
    Xz,
    /// For those that know nothing else.
    Gzip,
}

/// The name of no method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown compression '{0}': use none, zstd, xz or gzip")]
pub struct UnknownCompression(String);

impl FromStr for CompressionMethod {
    type Err = UnknownCompression;

    fn from_str(name: &str) -> Result<Self, UnknownCompression> {
        match name {
            "none" => Ok(Self::None),
            "zstd" => Ok(Self::Zstd),
            "xz" => Ok(Self::Xz),
            "gzip" => Ok(Self::Gzip),
            _ => Err(UnknownCompression(name.into())),
        }
    }
}

impl CompressionMethod {
    /// The method in a narinfo.
    pub fn in_narinfo(self) -> Compression {
        match self {
            Self::None => Compression::None,
            Self::Zstd => Compression::Zstd,
            Self::Xz => Compression::Xz,
            Self::Gzip => Compression::Gzip,
        }
    }

    /// What the name of a file ends with, as in Nix.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Zstd => ".zst",
            Self::Xz => ".xz",
            Self::Gzip => ".gz",
        }
    }

    /// The level where none is asked for.
    fn level_default(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Zstd => 9,
            Self::Xz | Self::Gzip => 6,
        }
    }

    /// The highest level.
    pub fn level_max(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Zstd => 19,
            Self::Xz | Self::Gzip => 9,
        }
    }
}

/// How to compress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncoderOptions {
    /// The method.
    pub method: CompressionMethod,
    /// The level: more is smaller and slower, up to [`CompressionMethod::level_max`].
    pub level: Option<u32>,
}

/// Compresses what is written to it.
pub struct Encoder<W: Write> {
    method: Method<W>,
}

enum Method<W: Write> {
    None(W),
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Xz(liblzma::write::XzEncoder<W>),
    Gzip(flate2::write::GzEncoder<W>),
}

impl<W: Write> Encoder<W> {
    /// Begins to compress into `out`.
    pub fn new(out: W, options: EncoderOptions) -> io::Result<Self> {
        let method = options.method;
        let level = options.level.unwrap_or(method.level_default()).min(method.level_max());
        let method = match method {
            CompressionMethod::None => Method::None(out),
            CompressionMethod::Zstd => {
                Method::Zstd(zstd::stream::write::Encoder::new(out, level.cast_signed())?)
            }
            CompressionMethod::Xz => Method::Xz(liblzma::write::XzEncoder::new(out, level)),
            CompressionMethod::Gzip => {
                let level = flate2::Compression::new(level);
                Method::Gzip(flate2::write::GzEncoder::new(out, level))
            }
        };
        Ok(Self { method })
    }

    /// Writes what is left.
    pub fn finish(self) -> io::Result<W> {
        match self.method {
            Method::None(out) => Ok(out),
            Method::Zstd(encoder) => encoder.finish(),
            Method::Xz(encoder) => encoder.finish(),
            Method::Gzip(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.method {
            Method::None(out) => out.write(bytes),
            Method::Zstd(encoder) => encoder.write(bytes),
            Method::Xz(encoder) => encoder.write(bytes),
            Method::Gzip(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.method {
            Method::None(out) => out.flush(),
            Method::Zstd(encoder) => encoder.flush(),
            Method::Xz(encoder) => encoder.flush(),
            Method::Gzip(encoder) => encoder.flush(),
        }
    }
}
