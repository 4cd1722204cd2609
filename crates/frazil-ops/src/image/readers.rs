//! Where images are read from: directories and archives.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use frazil_image::oci::layout;
use frazil_image::read::archive::{Archive, ArchiveError, Kind};
use frazil_image::read::{self, Files, ReadError, decompress, is_compressed};
pub use frazil_image::read::{Limits, ReadOptions};
use frazil_store::fs::IoError;
use frazil_tree::Tree;

use super::registry::RegistryError;

/// Files in an archive of files; more are no image.
const FILES_MAX: usize = 100_000;
const LINKS_MAX: usize = 8;

/// Why an image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenImageError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// It begins like nothing that can be read.
    #[error("`{}` is neither an image nor an archive", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// It is not the archive that it should be.
    #[error("`{}` is no archive", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// A registry does not give it.
    #[error("cannot read the image `{reference}`")]
    Registry {
        /// Its name.
        reference: String,
        /// Why.
        source: Box<RegistryError>,
    },
    /// It is no image.
    #[error("cannot read the image `{}`", path.display())]
    Image {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
}

impl OpenImageError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Unknown { .. } => Some(
                "layouts and their archives, what `docker save` writes and archives of roots can be \
                 read, plain or compressed with gzip or zstd",
            ),
            Self::Archive { source, .. } => source.help(),
            Self::Image { source, .. } => source.help(),
            Self::Registry { source, .. } => source.help(),
        }
    }
}

/// What was read.
#[derive(Clone, Debug)]
pub enum Found {
    /// An image.
    Image(Box<read::Image>),
    /// An archive that holds a root itself.
    Root(Tree),
}

impl Found {
    /// What a container sees.
    pub fn tree(&self) -> &Tree {
        match self {
            Self::Image(image) => &image.tree,
            Self::Root(tree) => tree,
        }
    }

    /// As [`tree`](Self::tree).
    pub fn into_tree(self) -> Tree {
        match self {
            Self::Image(image) => image.tree,
            Self::Root(tree) => tree,
        }
    }
}

/// Makes sure that a directory is a layout.
pub fn expect_layout(path: &Path) -> Result<(), OpenImageError> {
    if path.join(layout::MARK).is_file() {
        return Ok(());
    }
    Err(OpenImageError::Image { path: path.to_owned(), source: ReadError::NoImage })
}

/// Reads a layout, an archive of one, what `docker save` wrote, or an archive of a root. Of several
/// images the one with the tag behind a colon, if there is one: `LAYOUT:TAG`.
pub fn read(path: &Path, options: &ReadOptions<'_>) -> Result<Found, OpenImageError> {
    let (path, tag) = with_tag(path);
    let failed = |source| OpenImageError::Image { path: path.clone(), source };
    let options = &ReadOptions { tag: tag.as_deref().or(options.tag), ..*options };
    if path.is_dir() {
        let image = read::image(&Directory(path.clone()), options).map_err(failed)?;
        return Ok(Found::Image(Box::new(image)));
    }
    let archive = ArchiveFiles::open(&path, options.limits.bytes_max)?;
    match read::image(&archive, options) {
        Ok(image) => Ok(Found::Image(Box::new(image))),
        Err(ReadError::NoImage) => {
            let mut file = open(&path)?;
            Ok(Found::Root(read::root(&mut file, options).map_err(failed)?))
        }
        Err(error) => Err(failed(error)),
    }
}

/// What is there, and what stands behind a colon.
fn with_tag(path: &Path) -> (PathBuf, Option<String>) {
    let text = path.to_str().filter(|_| path.symlink_metadata().is_err()).unwrap_or_default();
    let mut parts = text.match_indices(':').filter_map(|(at, _)| text.split_at_checked(at));
    match parts.find(|(place, _)| Path::new(place).exists()) {
        Some((place, tag)) => (place.into(), tag.get(1..).map(str::to_owned)),
        None => (path.to_owned(), None),
    }
}

/// The files of a directory. Their names are made of digests and fixed words only.
pub struct Directory(pub PathBuf);

impl Files for Directory {
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        match File::open(self.0.join(name)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The files in an archive on disk, by name: where they begin and how long they are.
struct ArchiveFiles {
    path: PathBuf,
    /// Bytes of an archive that is compressed; more are not looked at.
    bytes_max: u64,
    files: BTreeMap<Vec<u8>, Placed>,
}

enum Placed {
    File {
        offset: u64,
        size: u64,
    },
    /// `docker save` writes a layer that stands twice as a link.
    Link(Vec<u8>),
}

impl ArchiveFiles {
    fn open(path: &Path, bytes_max: u64) -> Result<Self, OpenImageError> {
        let mut files = BTreeMap::new();
        let failed = |source| OpenImageError::Archive { path: path.to_owned(), source };
        let unread = |source| {
            let source = ReadError::Read { name: "archive".to_owned(), source };
            OpenImageError::Image { path: path.to_owned(), source }
        };
        let mut stream = decompress(open(path)?).map_err(unread)?.take(bytes_max);
        let mut archive = Archive::new(&mut stream);
        while files.len() < FILES_MAX {
            let entry = archive.next_entry();
            let is_start = archive.offset() == 0;
            let is_unknown = match &entry {
                Ok(None) | Err(ArchiveError::Truncated) => is_start,
                Err(ArchiveError::Header { offset, .. }) => *offset == 0,
                Ok(Some(_)) | Err(ArchiveError::Read(_) | ArchiveError::Sparse { .. }) => false,
            };
            if is_unknown {
                return Err(OpenImageError::Unknown { path: path.to_owned() });
            }
            let Some(entry) = entry.map_err(failed)? else { break };
            let placed = match entry.kind {
                Kind::File => Placed::File { offset: archive.offset(), size: entry.size },
                Kind::Symlink(target) => Placed::Link(resolved(&entry.name, &target)),
                Kind::HardLink(target) => Placed::Link(plain(&target)),
                Kind::Directory | Kind::Device(..) | Kind::Fifo => continue,
            };
            files.insert(plain(&entry.name), placed);
        }
        Ok(Self { path: path.to_owned(), bytes_max, files })
    }

    /// The archive from a byte on. A compressed one is read again up to there.
    fn from(&self, offset: u64) -> io::Result<Box<dyn Read>> {
        let mut file = File::open(&self.path)?;
        let mut start = [0; 4];
        let read = file.read(&mut start)?;
        if is_compressed(start.get(..read).unwrap_or_default()) {
            file.rewind()?;
            let mut stream = decompress(file)?.take(self.bytes_max);
            io::copy(&mut stream.by_ref().take(offset), &mut io::sink())?;
            return Ok(Box::new(stream));
        }
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

impl Files for ArchiveFiles {
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        let mut name = plain(name.as_bytes());
        for _ in 0..LINKS_MAX {
            match self.files.get(&name) {
                None => return Ok(None),
                Some(Placed::Link(target)) => name.clone_from(target),
                Some(Placed::File { offset, size }) => {
                    return Ok(Some(Box::new(self.from(*offset)?.take(*size))));
                }
            }
        }
        Ok(None)
    }
}

fn open(path: &Path) -> Result<BufReader<File>, IoError> {
    let file = File::open(path).map_err(IoError::on("open", path))?;
    Ok(BufReader::with_capacity(256 << 10, file))
}

fn plain(name: &[u8]) -> Vec<u8> {
    let names = name.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    names.collect::<Vec<_>>().join(&b'/')
}

/// The target of a link, from the directory that the link is in.
fn resolved(link: &[u8], target: &[u8]) -> Vec<u8> {
    let link = plain(link);
    let mut names: Vec<&[u8]> = link.split(|byte| *byte == b'/').collect();
    names.pop();
    for name in target.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join(&b'/')
}
