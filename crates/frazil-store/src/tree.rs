//! Trees on the disk as the events of a NAR.
//!
//! Owners, times and permissions are not read, only what a NAR knows. What cannot stand in a store
//! (sockets, devices, pipes) is refused.

#[cfg(test)]
mod tests;

use std::fs::Metadata;
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use frazil_model::nar::{
    DecodeError, EncodeError, Encoder, Event, FileName, FileNameError, NarDigest, NarHasher,
};

use crate::fs::{IoError, entries, metadata, open, read_link};

/// Bytes that are read from a file at once.
const READ_BYTES: usize = 128 << 10;

/// Why a tree could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The archive that it comes from is not one.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It cannot be made into an archive.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A name that no file can have.
    #[error(transparent)]
    Name(#[from] FileNameError),
    /// Nothing is there.
    #[error("path '{}' does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Neither file, directory nor symlink.
    #[error("file '{}' has an unsupported type", path.display())]
    FileType {
        /// The file.
        path: PathBuf,
    },
    /// It became shorter while it was read.
    #[error("file '{}' changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl TreeError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::FileType { .. } => Some("a store holds files, directories and symlinks"),
            Self::Decode(_)
            | Self::Encode(_)
            | Self::Name(_)
            | Self::Missing { .. }
            | Self::Changed { .. } => None,
        }
    }
}

/// Takes the events of a tree.
pub type Put<'a> = dyn FnMut(Event<'_>) -> Result<(), TreeError> + 'a;

/// Reads the tree at `path` as events.
pub(crate) fn dump(path: &Path, put: &mut Put<'_>) -> Result<(), TreeError> {
    let mut path = path.to_path_buf();
    let mut buffer = vec![0; READ_BYTES];
    // The directories that are open, each with the entries left to be read.
    let mut open: Vec<std::vec::IntoIter<FileName>> = Vec::new();
    open.extend(dump_node(&path, &mut buffer, put)?);
    while let Some(entries) = open.last_mut() {
        if let Some(name) = entries.next() {
            put(Event::Entry { name: &name })?;
            path.push(std::ffi::OsStr::from_bytes(name.as_bytes()));
            match dump_node(&path, &mut buffer, put)? {
                Some(below) => open.push(below),
                None => drop(path.pop()),
            }
        } else {
            put(Event::EndDirectory)?;
            open.pop();
            if !open.is_empty() {
                path.pop();
            }
        }
    }
    Ok(())
}

/// Writes the NAR of the tree at `path`, which may be anywhere.
pub fn write_nar(path: &Path, out: &mut dyn Write) -> Result<(), TreeError> {
    let mut encoder = Encoder::new(out)?;
    dump(path, &mut |event| Ok(encoder.put(event)?))?;
    Ok(encoder.finish()?)
}

/// Hash and size of the NAR of the tree at `path`.
pub(crate) fn digest(path: &Path) -> Result<NarDigest, TreeError> {
    let mut hasher = NarHasher::default();
    let mut encoder = Encoder::new(&mut hasher)?;
    dump(path, &mut |event| Ok(encoder.put(event)?))?;
    encoder.finish()?;
    Ok(hasher.finish())
}

/// The events of one node; of a directory only the first, and its entries.
fn dump_node(
    path: &Path,
    buffer: &mut [u8],
    put: &mut Put<'_>,
) -> Result<Option<std::vec::IntoIter<FileName>>, TreeError> {
    let Some(found) = metadata(path)? else {
        return Err(TreeError::Missing { path: path.into() });
    };
    if found.is_dir() {
        put(Event::Directory)?;
        let names = entries(path)?.into_iter().map(|name| FileName::new(name.into_vec()));
        return Ok(Some(names.collect::<Result<Vec<_>, _>>()?.into_iter()));
    }
    if found.is_symlink() {
        put(Event::Symlink { target: read_link(path)?.as_os_str().as_bytes() })?;
    } else if found.is_file() {
        dump_file(path, &found, buffer, put)?;
    } else {
        return Err(TreeError::FileType { path: path.into() });
    }
    Ok(None)
}

fn dump_file(
    path: &Path,
    found: &Metadata,
    buffer: &mut [u8],
    put: &mut Put<'_>,
) -> Result<(), TreeError> {
    let size = found.len();
    put(Event::File { executable: found.permissions().mode() & 0o100 != 0, size })?;
    let mut file = open(path)?.take(size);
    let mut left = size;
    while left > 0 {
        let len = file.read(buffer).map_err(IoError::on("read", path))?;
        if len == 0 {
            return Err(TreeError::Changed { path: path.into() });
        }
        left -= len as u64;
        put(Event::Contents { bytes: buffer.split_at(len).0 })?;
    }
    Ok(())
}

/// Passes an archive on, and hashes it.
pub(crate) struct Tee<W> {
    pub(crate) out: W,
    pub(crate) hasher: NarHasher,
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hasher.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
