//! The tar archives inside a package: ustar, GNU's long names, the keys of PAX that matter.
//!
//! Strict where leniency would let two readers see different trees: checksums, numbers, one entry
//! per path, hard links to files that came before, no path through a link. Sparse files, archives in
//! several volumes and extended attributes are refused.

mod header;
mod names;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use super::path::{FilePath, PathError};
use super::{EntryKind, Owner};
use header::{BLOCK_BYTES, Block};
use names::Names;

/// Bytes of the longest name or PAX header.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;

/// Reads entry after entry.
pub(super) struct Tar<'r> {
    input: Box<dyn Read + 'r>,
    /// Bytes read so far, and the limit.
    taken: u64,
    max: u64,
    /// Bytes of the file that have not been read, and of the padding behind it.
    left: u64,
    padding: u64,
    names: Names,
}

/// An entry without its contents.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) path: FilePath,
    pub(super) kind: EntryKind,
    pub(super) mode: u32,
    pub(super) owner: Owner,
    pub(super) mtime: u64,
    pub(super) size: u64,
}

/// Bytes are not a tar archive, or not one to unpack.
#[derive(Debug, thiserror::Error)]
#[error("{problem}{}", if entry.is_empty() { String::new() } else { format!(": `{entry}`") })]
pub struct TarError {
    /// The entry, as far as it is known.
    pub entry: String,
    /// What is wrong with it.
    pub problem: TarProblem,
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum TarProblem {
    /// The input fails, or ends too early.
    #[error("cannot read the archive")]
    Read(#[from] io::Error),
    /// More bytes than the limit.
    #[error("more than {max} bytes")]
    Large {
        /// The limit.
        max: u64,
    },
    /// The header is damaged.
    #[error("a header of the archive is damaged")]
    Header,
    /// A kind of entry that is not unpacked.
    #[error("an entry of the kind `{}`, which packages do not have", char::from(*.0).escape_default())]
    Kind(u8),
    /// An extension that would be lost.
    #[error("an entry with `{0}`, which is not supported")]
    Extension(String),
    /// A path that leads out.
    #[error("{0}")]
    Path(#[from] PathError),
    /// There is such an entry already, and one of both is no directory.
    #[error("the path is there twice")]
    Twice,
    /// A parent is a link or a file.
    #[error("the path leads through something that is not a directory")]
    Through,
    /// A hard link to what is not a file that came before.
    #[error("a hard link to what is not a file before it")]
    HardLink,
    /// A symbolic link to nothing.
    #[error("a link without a target")]
    Target,
    /// Something behind the end.
    #[error("data behind the end of the archive")]
    Trailing,
}

impl<'r> Tar<'r> {
    pub(super) fn new(input: Box<dyn Read + 'r>, max: u64) -> Self {
        Self { input, taken: 0, max, left: 0, padding: 0, names: Names::default() }
    }

    /// Skips what is left of the last entry and reads up to the contents of the next.
    pub(super) fn next_header(&mut self) -> Result<Option<Header>, TarError> {
        let mut entry = String::new();
        self.entry(&mut entry).map_err(|problem| TarError { entry, problem })
    }

    /// The contents of the entry.
    pub(super) fn contents<'c>(&'c mut self) -> Contents<'c, 'r> {
        Contents(self)
    }

    /// Reads to the end, where nothing but zeros may be; the size of all.
    pub(super) fn finish(mut self) -> Result<u64, TarError> {
        let wrong = |problem| TarError { entry: String::new(), problem };
        let mut buffer = [0; BLOCK_BYTES];
        loop {
            let read = self.input.read(&mut buffer).map_err(|error| wrong(error.into()))?;
            if read == 0 {
                return Ok(self.taken);
            }
            self.count(read as u64).map_err(wrong)?;
            if buffer.iter().take(read).any(|byte| *byte != 0) {
                return Err(wrong(TarProblem::Trailing));
            }
        }
    }

    fn entry(&mut self, shown: &mut String) -> Result<Option<Header>, TarProblem> {
        self.skip()?;
        let mut extension = header::Extension::default();
        loop {
            let Some(block) = self.block()? else { return Ok(None) };
            let size = extension.size_of(&block)?;
            match block.kind() {
                b'L' => extension.path = Some(header::until_zero(&self.extension(size)?).into()),
                b'K' => extension.target = Some(header::until_zero(&self.extension(size)?).into()),
                b'x' => extension.read_pax(&self.extension(size)?)?,
                _ => {
                    let path = extension.path.take().unwrap_or_else(|| block.path());
                    *shown = String::from_utf8_lossy(&path).into_owned();
                    let header = block.header(FilePath::new(&path)?, extension, size)?;
                    self.names.admit(&header.path, &header.kind)?;
                    self.expect(header.size)?;
                    return Ok(Some(header));
                }
            }
        }
    }

    /// The next block; none at the end, which a block of zeros marks.
    fn block(&mut self) -> Result<Option<Block>, TarProblem> {
        let mut bytes = [0; BLOCK_BYTES];
        self.count(BLOCK_BYTES as u64)?;
        self.input.read_exact(&mut bytes)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        Block::check(&bytes).map(Some)
    }

    /// The contents of an entry that is about the next one.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TarProblem> {
        if size > EXTENSION_BYTES_MAX {
            return Err(TarProblem::Path(PathError::Long));
        }
        self.expect(size)?;
        let mut bytes = Vec::new();
        self.contents().read_to_end(&mut bytes)?;
        self.skip()?;
        Ok(bytes)
    }

    /// Contents of this size follow, which are checked against the limit before any is read.
    fn expect(&mut self, size: u64) -> Result<(), TarProblem> {
        if size > self.max.saturating_sub(self.taken) {
            return Err(TarProblem::Large { max: self.max });
        }
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK_BYTES as u64) - size;
        Ok(())
    }

    fn skip(&mut self) -> Result<(), TarProblem> {
        io::copy(&mut self.contents(), &mut io::sink())?;
        self.left = std::mem::take(&mut self.padding);
        io::copy(&mut self.contents(), &mut io::sink())?;
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), TarProblem> {
        self.taken = self.taken.saturating_add(bytes);
        if self.taken > self.max { Err(TarProblem::Large { max: self.max }) } else { Ok(()) }
    }
}

/// Reads the contents of an entry.
pub(super) struct Contents<'c, 'r>(&'c mut Tar<'r>);

impl Read for Contents<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.0.left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.0.input.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.left -= read as u64;
        self.0.taken += read as u64;
        Ok(read)
    }
}
