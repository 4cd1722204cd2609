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
use frazil_store::fs::IoError;
use frazil_store::{Put, TreeError};

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
        self.produce(&mut |event| Ok(encoder.put(event)?)).map_err(not_read)?;
        encoder.finish().map_err(not_encoded)?;
        buffered.into_inner().map_err(|error| HostError::Store(error.to_string()))?;
        Ok(hasher.finish())
    }

    /// Puts what the tree is made of, in the order of an archive.
    pub(super) fn produce(&self, put: &mut Put<'_>) -> Result<(), TreeError> {
        match self {
            Self::File { source, executable } => produce_file(source, *executable, put),
            Self::Contents { bytes, executable } => {
                put(Event::File { executable: *executable, size: bytes.len() as u64 })?;
                if bytes.is_empty() { Ok(()) } else { put(Event::Contents { bytes }) }
            }
            Self::Symlink(target) => put(Event::Symlink { target: target.as_os_str().as_bytes() }),
            Self::Directory(entries) => {
                put(Event::Directory)?;
                for (name, node) in entries {
                    put(Event::Entry { name })?;
                    node.produce(put)?;
                }
                put(Event::EndDirectory)
            }
        }
    }
}

fn produce_file(source: &Path, executable: bool, put: &mut Put<'_>) -> Result<(), TreeError> {
    let mut file = fs::File::open(source).map_err(IoError::on("read", source))?;
    let size = file.metadata().map_err(IoError::on("read", source))?.len();
    put(Event::File { executable, size })?;
    let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(size).unwrap_or(PIECE_BYTES))];
    let mut left = size;
    while left > 0 {
        let read = file.read(&mut piece).map_err(IoError::on("read", source))?;
        let bytes = piece.get(..read).unwrap_or_default();
        if bytes.is_empty() || read as u64 > left {
            return Err(TreeError::Changed { path: source.into() });
        }
        put(Event::Contents { bytes })?;
        left -= read as u64;
    }
    Ok(())
}

fn not_encoded(error: EncodeError) -> HostError {
    HostError::Store(error.to_string())
}

/// What a store says when it reads files, as a host says it.
pub(super) fn not_read(error: TreeError) -> HostError {
    match error {
        TreeError::Io(IoError { action, path, source }) => failed(action, &path)(source),
        TreeError::Decode(_)
        | TreeError::Encode(_)
        | TreeError::Name(_)
        | TreeError::Missing { .. }
        | TreeError::FileType { .. }
        | TreeError::Changed { .. } => HostError::Store(error.to_string()),
    }
}
