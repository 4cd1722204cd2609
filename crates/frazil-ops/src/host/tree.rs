//! Trees as they are added to the store: structure in memory, contents of files left on the disk.
//!
//! A filter has decided what belongs to the tree before it becomes a [`Node`], so hashing, reading
//! back and writing all see the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frazil_eval::host::{FileKind, HostError, PathFilter};
use frazil_model::nar::{EncodeError, Encoder, Event, FileName, NarDigest, NarHasher};

use super::memory::{Follow, Located, MemoryStore};
use super::{failed, kind_of, list_disk, path_of, read_disk};

/// Files are read in pieces of this size.
const PIECE_BYTES: usize = 64 << 10;
/// Permission of the owner to execute, the one that counts in a NAR.
pub(super) const EXECUTABLE_BIT: u32 = 0o100;

/// A file, directory or symlink that was added to the store.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A file on the disk.
    File {
        source: PathBuf,
        executable: bool,
    },
    /// A file that was made by the evaluation, or unpacked.
    Contents {
        bytes: Arc<[u8]>,
        executable: bool,
    },
    Symlink(PathBuf),
    Directory(Entries),
}

pub(super) type Entries = BTreeMap<FileName, Node>;

/// Takes the tree at `path`, without what `filter` refuses.
pub(super) fn scan(
    memory: &MemoryStore,
    path: &Path,
    filter: &mut Option<&mut PathFilter<'_>>,
) -> Result<Node, HostError> {
    let (kind, disk) = match memory.locate(path, Follow::Ancestors)? {
        Located::Node(node @ (Node::File { .. } | Node::Contents { .. } | Node::Symlink(_))) => {
            return Ok(node.clone());
        }
        Located::Node(node) => (node.kind(), None),
        Located::Disk(disk) => {
            let metadata = fs::symlink_metadata(&disk).map_err(failed("look at", &disk))?;
            let kind = kind_of(metadata.file_type());
            if kind == FileKind::Regular {
                let executable = metadata.permissions().mode() & EXECUTABLE_BIT != 0;
                return Ok(Node::File { source: disk, executable });
            }
            (kind, Some(disk))
        }
    };
    match (kind, disk) {
        (FileKind::Symlink, Some(disk)) => {
            Ok(Node::Symlink(fs::read_link(&disk).map_err(failed("read the link", &disk))?))
        }
        (FileKind::Directory, disk) => {
            let listed = match disk {
                Some(disk) => list_disk(&disk)?,
                None => memory.list(path)?,
            };
            scan_entries(memory, path, listed, filter)
        }
        (FileKind::Regular | FileKind::Symlink | FileKind::Unknown, _) => {
            Err(HostError::Store(format!("file '{}' has an unsupported type", path.display())))
        }
    }
}

fn scan_entries(
    memory: &MemoryStore,
    path: &Path,
    listed: Vec<(Vec<u8>, FileKind)>,
    filter: &mut Option<&mut PathFilter<'_>>,
) -> Result<Node, HostError> {
    let mut entries = BTreeMap::new();
    for (name, kind) in listed {
        let below = path.join(path_of(&name));
        let wanted = match filter {
            Some(filter) => filter(&below, kind)?,
            None => true,
        };
        if wanted {
            let name = FileName::new(name).map_err(|error| HostError::Store(error.to_string()))?;
            entries.insert(name, scan(memory, &below, filter)?);
        }
    }
    Ok(Node::Directory(entries))
}

impl Node {
    pub(super) fn contents(bytes: impl Into<Arc<[u8]>>, executable: bool) -> Self {
        Self::Contents { bytes: bytes.into(), executable }
    }

    pub(super) fn kind(&self) -> FileKind {
        match self {
            Self::File { .. } | Self::Contents { .. } => FileKind::Regular,
            Self::Symlink(_) => FileKind::Symlink,
            Self::Directory(_) => FileKind::Directory,
        }
    }

    /// The contents of the file, which is known as `path`.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, HostError> {
        match self {
            Self::File { source, .. } => read_disk(source),
            Self::Contents { bytes, .. } => Ok(bytes.to_vec()),
            Self::Directory(_) | Self::Symlink(_) => {
                let source = std::io::ErrorKind::IsADirectory.into();
                Err(HostError::Io { action: "read", path: path.to_owned(), source })
            }
        }
    }

    /// The entries of the directory, which is known as `path`.
    pub(super) fn list(&self, path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError> {
        match self {
            Self::Directory(entries) => Ok(entries
                .iter()
                .map(|(name, node)| (name.as_bytes().to_vec(), node.kind()))
                .collect()),
            Self::File { .. } | Self::Contents { .. } | Self::Symlink(_) => {
                let source = std::io::ErrorKind::NotADirectory.into();
                Err(HostError::Io { action: "list", path: path.to_owned(), source })
            }
        }
    }

    pub(super) fn nar_digest(&self) -> Result<NarDigest, HostError> {
        let mut hasher = NarHasher::default();
        let mut buffered = std::io::BufWriter::with_capacity(PIECE_BYTES, &mut hasher);
        let mut encoder = Encoder::new(&mut buffered).map_err(not_encoded)?;
        self.encode(&mut encoder)?;
        encoder.finish().map_err(not_encoded)?;
        buffered.into_inner().map_err(|error| HostError::Store(error.to_string()))?;
        Ok(hasher.finish())
    }

    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), HostError> {
        match self {
            Self::File { source, executable } => encode_file(source, *executable, encoder),
            Self::Contents { bytes, executable } => {
                let (size, executable) = (bytes.len() as u64, *executable);
                encoder.put(Event::File { executable, size }).map_err(not_encoded)?;
                if bytes.is_empty() {
                    return Ok(());
                }
                encoder.put(Event::Contents { bytes }).map_err(not_encoded)
            }
            Self::Symlink(target) => {
                let target = target.as_os_str().as_bytes();
                encoder.put(Event::Symlink { target }).map_err(not_encoded)
            }
            Self::Directory(entries) => {
                encoder.put(Event::Directory).map_err(not_encoded)?;
                for (name, node) in entries {
                    encoder.put(Event::Entry { name }).map_err(not_encoded)?;
                    node.encode(encoder)?;
                }
                encoder.put(Event::EndDirectory).map_err(not_encoded)
            }
        }
    }
}

fn encode_file(
    source: &Path,
    executable: bool,
    encoder: &mut Encoder<'_>,
) -> Result<(), HostError> {
    let mut file = fs::File::open(source).map_err(failed("read", source))?;
    let size = file.metadata().map_err(failed("read", source))?.len();
    encoder.put(Event::File { executable, size }).map_err(not_encoded)?;
    let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(size).unwrap_or(PIECE_BYTES))];
    let mut left = size;
    while left > 0 {
        let read = file.read(&mut piece).map_err(failed("read", source))?;
        let bytes = piece.get(..read).unwrap_or_default();
        if bytes.is_empty() || read as u64 > left {
            return Err(HostError::Store(format!(
                "'{}' changed while it was read",
                source.display()
            )));
        }
        encoder.put(Event::Contents { bytes }).map_err(not_encoded)?;
        left -= read as u64;
    }
    Ok(())
}

fn not_encoded(error: EncodeError) -> HostError {
    HostError::Store(error.to_string())
}
