//! The compressions of lists and of the parts of packages.

use std::io::{self, BufReader, Read};

use liblzma::stream::{CONCATENATED, IGNORE_CHECK, Stream};

/// Bytes read at once from what is compressed.
const BUFFER_BYTES: usize = 64 << 10;
/// Memory for the decompressor; `xz -9` needs 65 MiB.
const DECODER_BYTES_MAX: u64 = 512 << 20;

/// How a file is compressed, the best to fetch first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// `.xz`
    Xz,
    /// `.zst`
    Zstd,
    /// `.gz`
    Gzip,
    /// Not at all.
    None,
}

impl Compression {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Xz, Self::Zstd, Self::Gzip, Self::None];

    /// What it adds to the name of a file.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
            Self::None => "",
        }
    }

    /// By what it adds to the name of a file.
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.suffix() == suffix)
    }

    /// Reads what was compressed: all of it, if it is several streams one behind the other.
    pub(crate) fn decoder<'c>(self, compressed: impl Read + 'c) -> io::Result<Box<dyn Read + 'c>> {
        let buffered = BufReader::with_capacity(BUFFER_BYTES, compressed);
        Ok(match self {
            Self::None => Box::new(buffered),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
            Self::Xz => {
                // Its own check sums, a tenth of the work, find nothing that the signed SHA-256 of
                // the file and the sums of what is in it do not.
                let flags = CONCATENATED | IGNORE_CHECK;
                let stream = Stream::new_stream_decoder(DECODER_BYTES_MAX, flags)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(buffered, stream))
            }
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?),
        })
    }
}
