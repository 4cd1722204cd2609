//! Images that somebody made, read back into the tree that a container would see.
//!
//! Nothing is unpacked: symbolic links lead nowhere but to other entries, and bytes of files are
//! only digested, but for the few that the caller wants to look into. Layers may come from anybody,
//! so each thing that can be large has a limit.
//!
//! Invariant: what is read has the digests that the image's documents say, of the blob and of the
//! archive in it.

pub mod archive;
mod document;
mod merge;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use frazil_tree::{Origin, Tree, TreePath};
use serde_json::Value;

use crate::oci::{Blob, Digesting};
pub use archive::ArchiveError;
pub use merge::MergeError;

/// What an image may ask of who reads it.
#[expect(clippy::struct_field_names, reason = "all are the most of something")]
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all archives together, uncompressed.
    pub bytes_max: u64,
    /// Entries of all archives together.
    pub entries_max: u64,
    /// Bytes of one file that is kept, and of one document.
    pub kept_bytes_max: u64,
    /// Bytes of all files that are kept.
    pub all_kept_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 30,
            entries_max: 5_000_000,
            kept_bytes_max: 32 << 20,
            all_kept_bytes_max: 256 << 20,
        }
    }
}

/// How compressed streams begin.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The machine whose image is taken if nobody says which.
pub const ARCHITECTURE: &str = "amd64";

/// How to read.
#[derive(Clone, Copy)]
pub struct ReadOptions<'o> {
    /// What is too much.
    pub limits: Limits,
    /// The machine that the image must be for, as Go names machines: `arm64`. Without one, of several
    /// images that for [`ARCHITECTURE`] is taken.
    pub architecture: Option<&'o str>,
    /// Which of several images to take.
    pub tag: Option<&'o str>,
    /// The files whose bytes are to be in the tree.
    pub keeps: &'o dyn Fn(&TreePath) -> bool,
}

/// The files that an image is made of: a directory, an archive, a registry.
pub trait Files {
    /// The file with this name, from its beginning; `None` if there is none.
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>>;
}

/// An image.
#[derive(Clone, Debug)]
pub struct Image {
    /// The name under which it was kept, if any.
    pub name: Option<String>,
    /// Its configuration, as it stands there.
    pub config: Value,
    /// Its layers, the lowest first.
    pub layers: Vec<ReadLayer>,
    /// What a container of it sees. The origin of entries is `layer-1`, `layer-2`, ...
    pub tree: Tree,
}

/// A layer that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadLayer {
    /// As it was stored.
    pub blob: Blob,
    /// The archive in it.
    pub archive: Blob,
    /// What the history of the image says about it.
    pub created_by: Option<String>,
}

/// Why something is no image that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Neither a layout nor what `docker save` writes.
    #[error("there is no image: it has neither `index.json` nor `manifest.json`")]
    NoImage,
    /// A file that another one names is not there.
    #[error("the image lacks the file `{}`", name.escape_default())]
    Missing {
        /// Its name.
        name: String,
    },
    /// A file could not be read.
    #[error("cannot read `{}`", name.escape_default())]
    Read {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A document is not what it should be.
    #[error("`{}` is no {what} of an image", name.escape_default())]
    Document {
        /// The file.
        name: String,
        /// What it should be.
        what: &'static str,
    },
    /// The bytes are others than those that were named.
    #[error(
        "`{}` is damaged: its {what} is {found} and should be {}",
        name.escape_default(),
        expected.escape_default()
    )]
    Mismatch {
        /// The file.
        name: String,
        /// `digest`, `size` or `diff_id`.
        what: &'static str,
        /// What the documents say.
        expected: String,
        /// What it is.
        found: String,
    },
    /// No image in an index is for the machine.
    #[error("there is no image for `{architecture}`, only for {}", listed(found))]
    NoPlatform {
        /// The machine.
        architecture: String,
        /// The machines that there are images for.
        found: Vec<String>,
    },
    /// There are several images, and nobody says which.
    #[error("there are several images: {}", listed(tags))]
    Several {
        /// Their names.
        tags: Vec<String>,
    },
    /// No image has the name.
    #[error("there is no image `{}`, only {}", tag.escape_default(), listed(tags))]
    NoTag {
        /// The name.
        tag: String,
        /// The names that there are.
        tags: Vec<String>,
    },
    /// A layer is no archive.
    #[error("the layer `{}` is no archive that can be read", name.escape_default())]
    Archive {
        /// Its file.
        name: String,
        /// Why.
        source: ArchiveError,
    },
    /// A layer does not fit on the ones below it.
    #[error("the layer `{}` cannot be applied", name.escape_default())]
    Merge {
        /// Its file.
        name: String,
        /// Why.
        source: MergeError,
    },
    /// It is larger than what is accepted.
    #[error("the image has more than {limit} {what}")]
    TooLarge {
        /// `bytes` or `entries`.
        what: &'static str,
        /// What is accepted.
        limit: u64,
    },
}

impl ReadError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoImage => Some("OCI layouts and what `docker save` writes can be read"),
            Self::Missing { .. } | Self::Mismatch { .. } => Some("copy the image again"),
            Self::TooLarge { .. } => Some("it may be made to fill memory; read it in a sandbox"),
            Self::Read { source, .. } if is_unknown_compression(source) => {
                Some("decompress it first, with `xz -d` or `bunzip2`")
            }
            Self::Archive { source, .. } => source.help(),
            Self::NoPlatform { .. } => Some("choose a machine with --architecture"),
            Self::Several { .. } | Self::NoTag { .. } => {
                Some("name one of them behind the file or directory: IMAGE:TAG")
            }
            Self::Read { .. } | Self::Document { .. } | Self::Merge { .. } => None,
        }
    }
}

/// Names that come from anybody, to be shown.
fn listed(names: &[String]) -> String {
    let names = names.iter().map(|name| format!("`{}`", name.escape_default()));
    names.collect::<Vec<_>>().join(", ")
}

/// Reads the image that these files hold.
pub fn image(files: &dyn Files, options: &ReadOptions<'_>) -> Result<Image, ReadError> {
    let described = document::describe(files, options)?;
    let mut merge = merge::Merge::new(options);
    let mut layers = Vec::new();
    for (index, stored) in described.layers.iter().enumerate() {
        let name = &stored.name;
        let origin = origin(&format!("layer-{}", index + 1));
        let file = open(files, name)?;
        let failed = |source| ReadError::Read { name: name.clone(), source };
        let mut blob = DigestingReader::new(file);
        let plain = decompress(&mut blob).map_err(failed)?;
        let mut archive = DigestingReader::new(plain);
        merge.layer(&mut archive, &origin, name)?;
        archive.drain(merge.bytes_left()).map_err(failed)?;
        let archive = archive.finish();
        blob.drain(u64::MAX).map_err(failed)?;
        let blob = blob.finish();
        stored.check(&blob, &archive)?;
        layers.push(ReadLayer { blob, archive, created_by: stored.created_by.clone() });
    }
    let tree = merge.into_tree().map_err(|source| ReadError::Merge {
        name: described.layers.last().map(|layer| layer.name.clone()).unwrap_or_default(),
        source,
    })?;
    Ok(Image { name: described.name, config: described.config, layers, tree })
}

/// A plain archive of a root as a tree.
pub fn root(archive: &mut dyn Read, options: &ReadOptions<'_>) -> Result<Tree, ReadError> {
    let name = "archive";
    let failed = |source| ReadError::Read { name: name.to_owned(), source };
    let mut merge = merge::Merge::new(options);
    let origin = origin(name);
    let mut plain = decompress(archive).map_err(failed)?;
    merge.layer(&mut plain, &origin, name)?;
    merge.into_tree().map_err(|source| ReadError::Merge { name: name.to_owned(), source })
}

/// A stream is compressed in a way that is not read.
#[derive(Debug, thiserror::Error)]
#[error("it is compressed with {0}")]
struct UnknownCompression(&'static str);

fn is_unknown_compression(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<UnknownCompression>)
}

/// The contents of a stream that may be compressed: that is seen from its first bytes.
pub fn decompress<'r>(stream: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    const XZ: &[u8] = b"\xfd7zXZ\0";
    const BZIP2: &[u8] = b"BZh";
    let unknown = |name| Err(io::Error::new(io::ErrorKind::Unsupported, UnknownCompression(name)));
    let mut buffered = BufReader::with_capacity(128 << 10, stream);
    let start = buffered.fill_buf()?;
    if start.starts_with(GZIP) {
        Ok(Box::new(MultiGzDecoder::new(buffered)))
    } else if start.starts_with(ZSTD) {
        Ok(Box::new(zstd::Decoder::with_buffer(buffered)?))
    } else if start.starts_with(XZ) {
        unknown("xz")
    } else if start.starts_with(BZIP2) {
        unknown("bzip2")
    } else {
        Ok(Box::new(buffered))
    }
}

/// Whether [`decompress`] has something to do, as the first bytes say.
pub fn is_compressed(start: &[u8]) -> bool {
    start.starts_with(GZIP) || start.starts_with(ZSTD)
}

fn origin(word: &str) -> Origin {
    Origin::parse(word).expect("a word is the name of a unit")
}

fn open<'f>(files: &'f dyn Files, name: &str) -> Result<Box<dyn Read + 'f>, ReadError> {
    match files.open(name) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(ReadError::Missing { name: name.to_owned() }),
        Err(source) => Err(ReadError::Read { name: name.to_owned(), source }),
    }
}

/// A stream that knows the digest of what was read of it.
struct DigestingReader<R> {
    stream: R,
    digest: Digesting<io::Sink>,
}

impl<R: Read> DigestingReader<R> {
    fn new(stream: R) -> Self {
        Self { stream, digest: Digesting::new(io::sink()) }
    }

    /// Reads what is left, which may be padding, but not without end.
    fn drain(&mut self, bytes_max: u64) -> io::Result<()> {
        let mut rest = self.take(bytes_max);
        io::copy(&mut rest, &mut io::sink())?;
        let is_more = rest.limit() == 0;
        if is_more { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    }

    fn finish(self) -> Blob {
        self.digest.finish().1
    }
}

impl<R: Read> Read for DigestingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::io::Write as _;
        let read = self.stream.read(buffer)?;
        self.digest.write_all(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}

/// An image of which each file is the same.
struct Same<'d>(&'d [u8]);

impl Files for Same<'_> {
    fn open(&self, _: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        Ok(Some(Box::new(self.0)))
    }
}

/// Reads a root, however broken. No bytes make the reader panic or take much memory, and only
/// files have contents.
///
/// # Panics
///
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let limits = Limits { bytes_max: 1 << 20, entries_max: 1000, ..Limits::default() };
    let options = ReadOptions { limits, architecture: None, tag: None, keeps: &|_| true };
    let mut stream = data;
    if let Ok(tree) = root(&mut stream, &options) {
        let dump = frazil_tree::dump::dump(&tree);
        assert!(
            frazil_tree::dump::parse(&dump)
                .is_ok_and(|again| { frazil_tree::dump::dump(&again) == dump })
        );
    }
    // As any document of an image, and as any layer.
    drop(image(&Same(data), &options));
    let mut stream = data;
    let mut archive = archive::Archive::new(&mut stream);
    while let Ok(Some(entry)) = archive.next_entry() {
        assert!(entry.kind == archive::Kind::File || entry.size == 0);
    }
}
