//! Unpacking archives into trees: tar, bare or compressed with gzip, xz, zstd or bzip2.
//!
//! The tree grows in memory, where symbolic links lead nowhere: whatever an archive says, nothing
//! is read or written outside. A name that would leave the tree is refused, not bent.

mod compression;

#[cfg(test)]
mod tests;

use std::io::Read;

use frazil_eval::host::HostError;
use frazil_model::nar::FileName;
use tar::{Archive, Entry};

use super::super::path_of;
use super::super::tree::{EXECUTABLE_BIT, Entries, Node};
use super::{insert, place};

/// The most that an archive may unpack to; a small one can be made to unpack to anything.
const UNPACKED_BYTES_MAX: u64 = 4 << 30;
/// Directories deeper than this are refused.
const DEPTH_MAX: usize = 1024;

pub(super) struct Unpacked {
    pub(super) entries: Entries,
    /// The latest time of an entry, in seconds since 1970.
    pub(super) last_modified: i64,
    /// How many more bytes of contents are accepted; those of holes in sparse files count.
    room: u64,
}

/// Unpacks the archive that came from `url`. If all of it lies in one directory, that is the tree.
pub(super) fn unpack(bytes: &[u8], url: &str) -> Result<Unpacked, HostError> {
    let failed = |error: Failure| match error {
        Failure::Unreadable(error) => {
            HostError::Store(format!("cannot unpack the archive '{url}': {error}"))
        }
        Failure::Refused(reason) => {
            HostError::Store(format!("cannot unpack the archive '{url}': {reason}"))
        }
        Failure::Other(error) => error,
    };
    let reader = compression::decompress(bytes, url).map_err(failed)?.take(UNPACKED_BYTES_MAX);
    let mut archive = Archive::new(reader);
    let mut unpacked =
        Unpacked { entries: Entries::new(), last_modified: 0, room: UNPACKED_BYTES_MAX };
    for entry in archive.entries().map_err(|error| failed(error.into()))? {
        let entry = entry.map_err(|error| failed(error.into()))?;
        add(&mut unpacked, entry).map_err(failed)?;
    }
    // The end of the compressed data holds a checksum, which is only compared when it is read.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(|error| failed(error.into()))?;
    if rest.limit() == 0 {
        return Err(failed(too_large()));
    }
    unpacked.entries = without_single_top(unpacked.entries);
    Ok(unpacked)
}

/// Why an archive is not unpacked.
enum Failure {
    Unreadable(std::io::Error),
    Refused(String),
    Other(HostError),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error)
    }
}

fn too_large() -> Failure {
    Failure::Refused(format!("it unpacks to more than {UNPACKED_BYTES_MAX} bytes"))
}

fn without_single_top(mut entries: Entries) -> Entries {
    match entries.pop_first() {
        Some((_, Node::Directory(below))) if entries.is_empty() => below,
        Some((name, node)) => {
            entries.insert(name, node);
            entries
        }
        None => entries,
    }
}

fn add<R: Read>(unpacked: &mut Unpacked, mut entry: Entry<'_, R>) -> Result<(), Failure> {
    let kind = entry.header().entry_type();
    if kind.is_pax_global_extensions() {
        return Ok(());
    }
    let raw = entry.path_bytes().into_owned();
    let path = inside(&raw)?;
    unpacked.last_modified = unpacked.last_modified.max(modified(&mut entry)?);
    // Old archives mark a directory by its name alone.
    let is_directory = kind.is_dir() || (kind.is_file() && raw.ends_with(b"/"));
    if path.is_empty() {
        return if is_directory { Ok(()) } else { Err(refused("has no name", &raw)) };
    }
    let node = if is_directory {
        return add_directory(&mut unpacked.entries, &path);
    } else if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
        let executable = entry.header().mode()? & EXECUTABLE_BIT != 0;
        let mut bytes = Vec::new();
        entry.by_ref().take(unpacked.room).read_to_end(&mut bytes)?;
        unpacked.room -= bytes.len() as u64;
        if unpacked.room == 0 {
            return Err(too_large());
        }
        Node::contents(bytes, executable)
    } else if kind.is_symlink() {
        let target = entry.link_name_bytes().unwrap_or_default();
        Node::Symlink(path_of(&target).to_owned())
    } else if kind.is_hard_link() {
        let target = entry.link_name_bytes().unwrap_or_default();
        linked(&unpacked.entries, &target).ok_or_else(|| {
            let target = String::from_utf8_lossy(&target);
            refused(&format!("is a hard link to '{target}', which is no file before it"), &raw)
        })?
    } else {
        return Err(refused("has an unsupported type", &raw));
    };
    insert(&mut unpacked.entries, &path, node).map_err(Failure::Other)
}

/// Directories may come twice, and after what they hold.
fn add_directory(entries: &mut Entries, path: &[u8]) -> Result<(), Failure> {
    let node = place(entries, path).map_err(Failure::Other)?;
    if !matches!(node, Node::Directory(_)) {
        *node = Node::Directory(Entries::new());
    }
    Ok(())
}

/// The file that a hard link means.
fn linked(entries: &Entries, target: &[u8]) -> Option<Node> {
    let target = inside(target).ok()?;
    let mut names = target.split(|byte| *byte == b'/');
    let mut node = entries.get(&FileName::new(names.next()?).ok()?)?;
    for name in names {
        let Node::Directory(below) = node else { return None };
        node = below.get(&FileName::new(name).ok()?)?;
    }
    (!matches!(node, Node::Directory(_))).then(|| node.clone())
}

/// A name in an archive, without `.` and empty parts; it must stay in the tree.
fn inside(raw: &[u8]) -> Result<Vec<u8>, Failure> {
    if raw.starts_with(b"/") {
        return Err(refused("has an absolute name", raw));
    }
    let is_part = |part: &&[u8]| !matches!(*part, b"" | b".");
    let parts: Vec<_> = raw.split(|byte| *byte == b'/').filter(is_part).collect();
    if parts.contains(&b"..".as_slice()) {
        return Err(refused("leads out of the archive with `..`", raw));
    }
    if parts.len() > DEPTH_MAX {
        return Err(refused("lies too deep", raw));
    }
    Ok(parts.join(&b'/'))
}

fn refused(reason: &str, raw: &[u8]) -> Failure {
    Failure::Refused(format!("its entry '{}' {reason}", String::from_utf8_lossy(raw)))
}

/// The time of an entry; an extension knows it better than the header.
fn modified<R: Read>(entry: &mut Entry<'_, R>) -> Result<i64, Failure> {
    let mut seconds = i64::try_from(entry.header().mtime()?).unwrap_or(0);
    let raw = entry.path_bytes().into_owned();
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        let extension = extension?;
        let key = extension.key_bytes();
        if key.starts_with(b"GNU.sparse.") {
            return Err(refused("is a sparse file, which is not understood", &raw));
        }
        let text = extension.value().ok().filter(|_| key == b"mtime");
        let precise = text.and_then(|text| text.split('.').next()?.parse().ok());
        seconds = precise.unwrap_or(seconds);
    }
    Ok(seconds)
}
