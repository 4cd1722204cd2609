//! Undoing the compression of an archive, which is told by its first bytes, not by its name.

use std::io::{self, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use frazil_eval::host::HostError;
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

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
/// The most memory that unpacking xz may take, in KiB: its presets need less than 70 MiB.
const XZ_MEMORY_KIB_MAX: u32 = 1 << 20;

/// A reader of what `bytes` are the compressed form of.
pub(super) fn decompress<'b>(bytes: &'b [u8], url: &str) -> Result<Box<dyn Read + 'b>, HostError> {
    if let Some((_, format)) = UNSUPPORTED.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(HostError::Unsupported {
            what: format!("cannot unpack the {format} archive '{url}'"),
            help: "only tar archives, bare or compressed with gzip, xz, zstd or bzip2, can be unpacked",
        });
    }
    Ok(if bytes.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(bytes))
    } else if bytes.starts_with(XZ) {
        Box::new(XzReader::new_mem_limit(bytes, true, XZ_MEMORY_KIB_MAX))
    } else if bytes.starts_with(BZIP2) {
        Box::new(MultiBzDecoder::new(bytes))
    } else if bytes.starts_with(&ZSTD) || skipped_frame(bytes).is_some() {
        Box::new(ZstdFrames { rest: bytes, frame: None })
    } else {
        Box::new(bytes)
    })
}

/// All frames of a zstd file, one after the other.
struct ZstdFrames<'b> {
    /// What comes behind `frame`, unless that is being read.
    rest: &'b [u8],
    frame: Option<StreamingDecoder<&'b [u8], FrameDecoder>>,
}

impl Read for ZstdFrames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(mut frame) = self.frame.take() {
                let read = frame.read(out)?;
                if read > 0 || out.is_empty() {
                    self.frame = Some(frame);
                    return Ok(read);
                }
                self.rest = frame.into_inner();
            }
            if self.rest.is_empty() {
                return Ok(0);
            }
            if let Some(rest) = skipped_frame(self.rest) {
                self.rest = rest;
                continue;
            }
            let frame = StreamingDecoder::new(self.rest);
            self.frame = Some(frame.map_err(|error| io::Error::other(error.to_string()))?);
        }
    }
}

/// What comes behind a frame without data, if one stands here.
fn skipped_frame(bytes: &[u8]) -> Option<&[u8]> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let is_skipped = magic[0] >> 4 == 5 && magic[1..] == ZSTD_SKIPPED;
    let (length, rest) = rest.split_first_chunk::<4>().filter(|_| is_skipped)?;
    rest.get(usize::try_from(u32::from_le_bytes(*length)).ok()?..)
}
