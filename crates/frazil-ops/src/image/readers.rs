//! Where images are read from: directories and archives.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use frazil_image::oci::{docker, layout};
use frazil_image::read::archive::{Archive, ArchiveError, Kind};
use frazil_image::read::{self, Files, ReadError, decompress, is_compressed};
pub use frazil_image::read::{Limits, ReadOptions};
use frazil_store::fs::IoError;
use frazil_tree::Tree;
use serde_json::Value;

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

/// Reads a layout, an archive of one, what `docker save` wrote, or an archive of a root. Of several
/// images the one with the tag behind a colon, if there is one: `LAYOUT:TAG`.
pub fn read(path: &Path, options: &ReadOptions<'_>) -> Result<Found, OpenImageError> {
    let (path, tag) = with_tag(path);
    let failed = |source| OpenImageError::Image { path: path.clone(), source };
    let image = |files: &dyn Files| match tag.as_deref() {
        Some(tag) => read::image(&Tagged { files, tag }, options),
        None => read::image(files, options),
    };
    if path.is_dir() {
        let image = image(&Directory(path.clone())).map_err(failed)?;
        return Ok(Found::Image(Box::new(image)));
    }
    let archive = ArchiveFiles::open(&path, options.limits.bytes_max)?;
    match image(&archive) {
        Ok(image) => Ok(Found::Image(Box::new(image))),
        // Nothing at all is no root, either.
        Err(ReadError::NoImage) if !archive.is_empty => {
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

/// Files of which only the images with one tag are seen.
struct Tagged<'f> {
    files: &'f dyn Files,
    tag: &'f str,
}

impl Files for Tagged<'_> {
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        let file = self.files.open(name)?;
        if name != layout::INDEX && name != docker::LIST {
            return Ok(file);
        }
        let Some(file) = file else { return Ok(None) };
        let mut list = Vec::new();
        file.take(Limits::default().kept_bytes_max).read_to_end(&mut list)?;
        let mut list: Value = serde_json::from_slice(&list)?;
        // `docker save` writes the list alone.
        let images = if list.is_array() { Some(&mut list) } else { list.get_mut("manifests") };
        let images = images.and_then(Value::as_array_mut);
        let Some(images) = images else { return Ok(None) };
        let all: Vec<String> = images.iter().flat_map(tags).collect();
        images.retain(|image| {
            tags(image)
                .iter()
                .any(|tag| tag == self.tag || tag.ends_with(&format!(":{}", self.tag)))
        });
        if images.is_empty() {
            let message =
                format!("no image has the tag `{}`; there are {}", self.tag, all.join(", "));
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(Some(Box::new(io::Cursor::new(list.to_string()))))
    }
}

/// The names of an image, in the index of a layout or in what `docker save` writes.
fn tags(image: &Value) -> Vec<String> {
    let in_layout = image.get("annotations").and_then(|all| all.get(layout::TAG_ANNOTATION));
    let saved = image.get("RepoTags").and_then(Value::as_array).into_iter().flatten();
    in_layout.into_iter().chain(saved).filter_map(Value::as_str).map(str::to_owned).collect()
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
    /// Nothing is where an archive would be.
    is_empty: bool,
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
        let is_empty = open(path)?.fill_buf().map_err(IoError::on("read", path))?.is_empty();
        let stream = decompress(open(path)?).map_err(IoError::on("read", path))?;
        let mut stream = stream.take(bytes_max);
        let mut archive = Archive::new(&mut stream);
        while files.len() < FILES_MAX {
            // Whatever this is, it is no archive of files.
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
        Ok(Self { path: path.to_owned(), is_empty, bytes_max, files })
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
