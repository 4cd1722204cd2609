//! Where images are read from: directories and archives.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use frazil_image::oci::layout;
use frazil_image::read::archive::{Archive, ArchiveError, Kind};
use frazil_image::read::{self, Files, ReadError};
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
            Self::Archive { .. } => None,
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

/// Reads a layout, an archive of one, what `docker save` wrote, or an archive of a root.
pub fn read(path: &Path, options: &ReadOptions<'_>) -> Result<Found, OpenImageError> {
    let failed = |source| OpenImageError::Image { path: path.to_owned(), source };
    if path.is_dir() {
        let directory = Directory(path.to_owned());
        let image = read::image(&directory, options).map_err(failed)?;
        return Ok(Found::Image(Box::new(image)));
    }
    let archive = ArchiveFiles::open(path)?;
    match read::image(&archive, options) {
        Ok(image) => Ok(Found::Image(Box::new(image))),
        Err(ReadError::NoImage) => {
            let mut file = open(path)?;
            Ok(Found::Root(read::root(&mut file, options).map_err(failed)?))
        }
        Err(error) => Err(failed(error)),
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
    fn open(path: &Path) -> Result<Self, OpenImageError> {
        let mut files = BTreeMap::new();
        let mut stream = open(path)?;
        let mut archive = Archive::new(&mut stream);
        let failed = |source| OpenImageError::Archive { path: path.to_owned(), source };
        while files.len() < FILES_MAX {
            // A compressed archive is none of files; it may be one of a root.
            let entry = match archive.next_entry() {
                Err(ArchiveError::Header { offset: 0, .. } | ArchiveError::Truncated)
                    if files.is_empty() =>
                {
                    break;
                }
                entry => entry.map_err(failed)?,
            };
            let Some(entry) = entry else { break };
            let placed = match entry.kind {
                Kind::File => Placed::File { offset: archive.offset(), size: entry.size },
                Kind::Symlink(target) => Placed::Link(resolved(&entry.name, &target)),
                Kind::HardLink(target) => Placed::Link(plain(&target)),
                Kind::Directory | Kind::Device(..) | Kind::Fifo => continue,
            };
            files.insert(plain(&entry.name), placed);
        }
        Ok(Self { path: path.to_owned(), files })
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
                    let mut file = File::open(&self.path)?;
                    file.seek(SeekFrom::Start(*offset))?;
                    return Ok(Some(Box::new(file.take(*size))));
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
