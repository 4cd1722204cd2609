//! Undoing the compression of an archive, which is told by its first bytes, not by its name.

use std::io::Read;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use frazil_eval::host::HostError;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::Failure;

const GZIP: &[u8] = &[0x1f, 0x8b];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BZIP2: &[u8] = b"BZh";
/// The first byte of a zstd frame to be skipped is one of sixteen.
const ZSTD_SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];
/// What is known, but not unpacked.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"LZIP", "lzip"),
    (&[0x1f, 0x9d], "compress"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (&[0x5d, 0, 0], "lzma"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
];
/// The most memory that unpacking xz may take: its presets need less than 70 MiB.
const XZ_MEMORY_BYTES_MAX: u64 = 1 << 30;

/// A reader of what `bytes` are the compressed form of.
pub(super) fn decompress<'b>(bytes: &'b [u8], url: &str) -> Result<Box<dyn Read + 'b>, Failure> {
    if let Some((_, format)) = UNSUPPORTED.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(Failure::Other(HostError::Unsupported {
            what: format!("cannot unpack the {format} archive '{url}'"),
            help: "only tar archives, bare or compressed with gzip, xz, zstd or bzip2, can be unpacked",
        }));
    }
    Ok(if bytes.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(bytes))
    } else if bytes.starts_with(XZ) {
        let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, CONCATENATED);
        Box::new(XzDecoder::new_stream(bytes, stream.map_err(std::io::Error::from)?))
    } else if bytes.starts_with(BZIP2) {
        Box::new(MultiBzDecoder::new(bytes))
    } else if bytes.starts_with(&ZSTD) || begins_with_skipped_frame(bytes) {
        Box::new(zstd::stream::read::Decoder::with_buffer(bytes)?)
    } else {
        Box::new(bytes)
    })
}

/// Whether it begins with a frame of zstd that holds no data.
fn begins_with_skipped_frame(bytes: &[u8]) -> bool {
    matches!(bytes, [first, rest @ ..] if first >> 4 == 5 && rest.starts_with(&ZSTD_SKIPPED))
}
