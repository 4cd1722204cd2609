//! The file of a cache with a NAR in it, read through its compression and its checks.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use frazil_model::narinfo::Compression;
use frazil_model::{Hash, Hasher, NarInfo};
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::error::{CacheError, CacheProblem};
use super::{BinaryCache, file_url};
use crate::add::HashMismatch;

/// Memory that unpacking xz may take: that of its highest level, and some more.
const XZ_MEMORY_BYTES_MAX: u64 = 72 << 20;
/// The largest window of zstd, as a power of two of bytes: that of its highest level.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
const BUFFER_BYTES: usize = 64 << 10;

/// The NAR of a path, as it comes.
///
/// Its last bytes are given out only after the file was read to its end, had the hash and size that
/// were announced, and held nothing more. So who takes a whole NAR from here knows all that; the
/// hash of the NAR itself is for the store to check.
pub struct NarFile<'a> {
    nar: BufReader<Box<dyn Read + Send + 'a>>,
    file: SharedFile<'a>,
    /// Bytes of the NAR that were not given out yet.
    left: u64,
    is_checked: bool,
    expected: Expected,
}

struct Expected {
    hash: Option<Hash>,
    size: Option<u64>,
}

/// What a file is found to be, other than it should.
#[derive(Debug, thiserror::Error)]
enum FileProblem {
    #[error("hash mismatch of the file: {0}")]
    Hash(HashMismatch),
    #[error("the file has {found} bytes instead of {specified}")]
    Size { specified: u64, found: u64 },
    #[error("the NAR does not end after the {0} bytes that were announced")]
    TooLong(u64),
}

impl BinaryCache {
    /// Opens the NAR of a path. `moved` is told how many bytes came over the wire.
    pub fn nar<'a>(
        &self,
        info: &NarInfo,
        moved: impl Fn(u64) + Send + 'a,
    ) -> Result<NarFile<'a>, CacheError> {
        let url = file_url(&self.url, &info.url)?;
        let unsupported =
            |name: &str| CacheError::new(&url, CacheProblem::Compression { name: name.to_owned() });
        // Bad narinfos must not cost a download.
        if let Compression::Brotli | Compression::Other(_) = info.compression {
            return Err(unsupported(info.compression.name()));
        }
        let body = self.client.open(&url, info.file_size.unwrap_or(u64::MAX))?;
        let hasher = info.file_hash.map(|hash| Hasher::new(hash.algorithm()));
        let open = OpenFile { body: Box::new(body), hasher, size: 0, moved: Box::new(moved) };
        let file = SharedFile(Arc::new(Mutex::new(open)));
        let nar = unpacked(&info.compression, file.clone())
            .ok_or_else(|| unsupported(info.compression.name()))?
            .map_err(|source| unreadable(&url, info, source))?;
        Ok(NarFile {
            nar: BufReader::with_capacity(BUFFER_BYTES, nar),
            file,
            left: info.nar.size,
            is_checked: false,
            expected: Expected { hash: info.file_hash, size: info.file_size },
        })
    }
}

fn unreadable(url: &crate::fetch::Url, info: &NarInfo, source: io::Error) -> CacheError {
    CacheError::new(url, CacheProblem::Unreadable { path: info.path.clone(), source })
}

/// Takes the compression off; `None` for a method that is not known.
fn unpacked<'a>(
    compression: &Compression,
    file: SharedFile<'a>,
) -> Option<io::Result<Box<dyn Read + Send + 'a>>> {
    let file = BufReader::with_capacity(BUFFER_BYTES, file);
    Some(Ok(match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        Compression::Xz => match Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, CONCATENATED) {
            Ok(stream) => Box::new(XzDecoder::new_stream(file, stream)),
            Err(err) => return Some(Err(err.into())),
        },
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(file).and_then(|mut decoder| {
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Ok(decoder)
            });
            match decoder {
                Ok(decoder) => Box::new(decoder),
                Err(err) => return Some(Err(err)),
            }
        }
        Compression::Brotli | Compression::Other(_) => return None,
    }))
}

impl NarFile<'_> {
    /// Reads the rest of the file, of which nothing may belong to a NAR, and checks all of it.
    fn check_end(&mut self, buffered: usize) -> io::Result<()> {
        let is_longer = self.nar.buffer().len() > buffered || {
            // The buffer holds all that is left of the NAR; what is behind it must be nothing.
            let mut next = [0];
            self.nar.get_mut().read(&mut next)? > 0
        };
        if is_longer {
            return Err(invalid(FileProblem::TooLong(self.left)));
        }
        io::copy(&mut self.file, &mut io::sink())?;
        let (found, size) = self.file.finish();
        match (self.expected.hash, found) {
            (Some(specified), Some(found)) if specified != found => {
                Err(invalid(FileProblem::Hash(HashMismatch { specified, found })))
            }
            _ => match self.expected.size {
                Some(specified) if specified != size => {
                    Err(invalid(FileProblem::Size { specified, found: size }))
                }
                Some(_) | None => Ok(()),
            },
        }
    }
}

fn invalid(problem: FileProblem) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

impl BufRead for NarFile<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let len = self.nar.fill_buf()?.len();
        if !self.is_checked && len as u64 >= self.left {
            self.check_end(usize::try_from(self.left).unwrap_or(usize::MAX))?;
            self.is_checked = true;
        }
        Ok(self.nar.buffer())
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.nar.consume(amount);
    }
}

impl Read for NarFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}

/// The file, which the unpacking reads, and whose rest is read when that has enough.
#[derive(Clone)]
struct SharedFile<'a>(Arc<Mutex<OpenFile<'a>>>);

struct OpenFile<'a> {
    body: Box<dyn Read + Send + 'a>,
    hasher: Option<Hasher>,
    size: u64,
    moved: Box<dyn Fn(u64) + Send + 'a>,
}

impl SharedFile<'_> {
    fn finish(&self) -> (Option<Hash>, u64) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (file.hasher.take().map(Hasher::finish), file.size)
    }
}

impl Read for SharedFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let len = file.body.read(buffer)?;
        if let (Some(hasher), Some(bytes)) = (&mut file.hasher, buffer.get(..len)) {
            hasher.update(bytes);
        }
        file.size += len as u64;
        (file.moved)(len as u64);
        Ok(len)
    }
}
