//! The compressions that parts of packages have.

use std::io::{BufReader, Read};

use liblzma::stream::{CONCATENATED, Stream};

use super::{DECODER_BYTES_MAX, DebError, failure};

/// Bytes read at once from the package.
const BUFFER_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Xz,
    Zstd,
}

impl Compression {
    /// By the suffix of a part's name.
    pub(super) fn of(member: &str) -> Result<Self, DebError> {
        match member.split_once(".tar").map(|(_, suffix)| suffix) {
            Some("") => Ok(Self::None),
            Some(".gz") => Ok(Self::Gzip),
            Some(".xz") => Ok(Self::Xz),
            Some(".zst") => Ok(Self::Zstd),
            Some(_) | None => Err(DebError::Compression { member: member.into() }),
        }
    }

    pub(super) fn decoder<'c>(
        self,
        compressed: impl Read + 'c,
        member: &str,
    ) -> Result<Box<dyn Read + 'c>, DebError> {
        let buffered = BufReader::with_capacity(BUFFER_BYTES, compressed);
        Ok(match self {
            Self::None => Box::new(buffered),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(DECODER_BYTES_MAX, CONCATENATED)
                    .map_err(|error| failure(member, error.into()))?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(buffered, stream))
            }
            Self::Zstd => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(buffered)
                    .map_err(|error| failure(member, std::io::Error::other(error.to_string())))?;
                Box::new(decoder)
            }
        })
    }
}
