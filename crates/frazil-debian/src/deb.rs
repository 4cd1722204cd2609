//! Reading a `.deb` (deb(5)): what is in the package, entry by entry, and what it says of itself.
//!
//! The input is read once, front to back, in constant memory but for the names of the entries.
//! Nothing is written: the caller does with each entry what it likes, and can rely on its path: it
//! is relative, without `..`, not there twice (but for directories), and its parents are directories
//! of this package or not mentioned, never links.
//!
//! A package is not believed: sizes, counts and the ratio of compression have limits, and its
//! files are compared with its own `md5sums`, which finds damage, not malice: the archive's SHA-256
//! of the whole is for the fetcher to check.

mod ar;
mod control;
#[cfg(test)]
mod fixture;
mod md5sums;
mod path;
mod tar;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

pub use ar::ArError;
pub use control::{Control, ControlError, ControlFile};
pub use md5sums::{Md5Sums, Md5SumsError};
pub use path::{FilePath, PathError};
pub use tar::{TarError, TarProblem};

use ar::{Ar, Member};
use tar::Tar;

use crate::compression::Compression;

/// What a package may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of the package.
    pub entries: usize,
    /// Bytes of its files, uncompressed and with the headers around them.
    pub unpacked_bytes: u64,
    /// How many times larger than compressed it may be, above the first [`RATIO_FREE_BYTES`].
    pub ratio: u64,
    /// Bytes of control files, uncompressed.
    pub control_bytes: u64,
}

/// Packages of this size are not suspicious, however well they are compressed.
pub const RATIO_FREE_BYTES: u64 = 64 << 20;

/// A package of which the control part has been read.
pub struct DebReader<'r> {
    ar: Ar<'r>,
    control: Control,
    data: Member,
    limits: Limits,
}

/// One entry of the package.
pub struct Entry<'e> {
    /// Where it is.
    pub path: &'e FilePath,
    /// What it is.
    pub kind: &'e EntryKind,
    /// Permissions with the bits for setuid, setgid and sticky.
    pub mode: u32,
    /// Who owns it.
    pub owner: &'e Owner,
    /// When it was changed, in seconds since 1970.
    pub mtime: u64,
    /// The bytes of a file; as many as [`Entry::size`] says. What is left of them is skipped.
    pub contents: &'e mut dyn Read,
    /// How many bytes a file has; zero for all else.
    pub size: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// Another name of a file that came before.
    HardLink(FilePath),
    /// A symbolic link; where it leads is not checked.
    Symlink(Vec<u8>),
    /// A directory.
    Directory,
    /// A device for characters, with its major and minor number.
    CharacterDevice(u32, u32),
    /// A device for blocks, likewise.
    BlockDevice(u32, u32),
    /// A named pipe.
    Fifo,
}

/// Who owns an entry: numbers, and names (which count, where there are any).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The user's name, perhaps empty.
    pub user: Vec<u8>,
    /// The group's name, perhaps empty.
    pub group: Vec<u8>,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many entries.
    pub entries: usize,
    /// Bytes of the data part, uncompressed.
    pub unpacked_bytes: u64,
}

/// Bytes are not a package, or one that must not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// Not the archive around it.
    #[error(transparent)]
    Ar(#[from] ArError),
    /// A format that this program does not know.
    #[error("the package has format `{found}`, not 2")]
    Format {
        /// What it says.
        found: String,
    },
    /// Parts are in another order.
    #[error("the package has `{found}` where `{expected}` should be")]
    Part {
        /// The part that should be there.
        expected: &'static str,
        /// The part that is there.
        found: String,
    },
    /// It ends before a part.
    #[error("the package has no `{expected}`")]
    MissingPart {
        /// The part that should be there.
        expected: &'static str,
    },
    /// It goes on behind the last part.
    #[error("the package has `{found}` behind its last part")]
    TrailingPart {
        /// The part that is there.
        found: String,
    },
    /// A part is compressed in a way that this program does not know.
    #[error("the compression of `{member}` is not known")]
    Compression {
        /// The part.
        member: String,
    },
    /// A part cannot be read or unpacked.
    #[error("cannot read `{member}` of the package")]
    Read {
        /// The part.
        member: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A part is not a tar archive, or a hostile one.
    #[error("in `{member}`: {error}")]
    Tar {
        /// The part.
        member: String,
        /// What is wrong.
        error: TarError,
    },
    /// The package says nothing of itself.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Its files are not what it says they are.
    #[error(transparent)]
    Md5Sums(#[from] Md5SumsError),
    /// More entries than the limit.
    #[error("the package has more than {max} entries")]
    Entries {
        /// The limit.
        max: usize,
    },
    /// More bytes than the limit, in all or for how small it is compressed.
    #[error("`{member}` has more than {max} bytes uncompressed")]
    Large {
        /// The part.
        member: String,
        /// The limit.
        max: u64,
    },
}

impl DebError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Entries { .. } | Self::Large { .. } => {
                Some("if the package is meant to be as large as this, raise the limit")
            }
            Self::Ar(_)
            | Self::Format { .. }
            | Self::Part { .. }
            | Self::MissingPart { .. }
            | Self::TrailingPart { .. } => Some("is the file a Debian package, and whole?"),
            Self::Compression { .. }
            | Self::Read { .. }
            | Self::Tar { .. }
            | Self::Control(_)
            | Self::Md5Sums(_) => None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, unpacked_bytes: 16 << 30, ratio: 1000, control_bytes: 64 << 20 }
    }
}

impl<'r> DebReader<'r> {
    /// Reads up to the data part.
    pub fn open(input: &'r mut dyn Read, limits: Limits) -> Result<Self, DebError> {
        let mut ar = Ar::open(input)?;
        let version = part(&mut ar, "debian-binary")?;
        check_format(&mut ar, &version)?;
        let member = part(&mut ar, "control.tar")?;
        let mut control = Control::default();
        let bytes_max = limits.control_bytes;
        unpack(&mut ar, &member, bytes_max, limits, &mut |entry| control.add(&member, entry))?;
        control.check()?;
        let data = part(&mut ar, "data.tar")?;
        Ok(Self { ar, control, data, limits })
    }

    /// What the package says of itself.
    pub const fn control(&self) -> &Control {
        &self.control
    }

    /// Hands each entry to `each`, in the order of the package, and checks files that have an MD5
    /// sum in the package against it: an error may come after the file was handed out.
    pub fn visit<E: From<DebError>>(
        mut self,
        each: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
    ) -> Result<(Control, Summary), E> {
        let mut sums = self.control.md5sums().map_err(DebError::from)?;
        let bytes_max = self.limits.unpacked_bytes;
        let member = self.data.name.clone();
        let summary = unpack(
            &mut self.ar,
            &self.data,
            bytes_max,
            self.limits,
            &mut |entry| -> Result<(), E> {
                let hashed = sums.reader(entry.path, entry.kind, entry.contents);
                let mut hashed = hashed.map_err(DebError::from)?;
                each(Entry { contents: &mut hashed, ..entry })?;
                let finished = hashed.finish().map_err(|source| failure(&member, source))?;
                Ok(finished.map_err(DebError::from)?)
            },
        )?;
        sums.check_complete().map_err(DebError::from)?;
        if let Some(trailing) = next_part(&mut self.ar).map_err(DebError::from)? {
            return Err(DebError::TrailingPart { found: trailing.name }.into());
        }
        Ok((self.control, summary))
    }
}

/// The next part, which must have this name, or begin with it and go on with the name of a
/// compression.
fn part(ar: &mut Ar<'_>, expected: &'static str) -> Result<Member, DebError> {
    match next_part(ar)? {
        Some(member) if member.name.starts_with(expected) => Ok(member),
        Some(member) => Err(DebError::Part { expected, found: member.name }),
        None => Err(DebError::MissingPart { expected }),
    }
}

/// Parts whose names begin with `_` are for programs that know them.
fn next_part(ar: &mut Ar<'_>) -> Result<Option<Member>, ArError> {
    loop {
        match ar.next_member()? {
            Some(member) if member.name.starts_with('_') => {}
            other => return Ok(other),
        }
    }
}

fn check_format(ar: &mut Ar<'_>, member: &Member) -> Result<(), DebError> {
    let mut version = Vec::new();
    let read = ar.contents().take(64).read_to_end(&mut version);
    read.map_err(|source| failure(&member.name, source))?;
    let line = version.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if member.name == "debian-binary" && line.starts_with(b"2.") {
        Ok(())
    } else {
        Err(DebError::Format { found: line.escape_ascii().to_string() })
    }
}

/// Unpacks a part and hands out its entries.
fn unpack<E: From<DebError>>(
    ar: &mut Ar<'_>,
    member: &Member,
    bytes_max: u64,
    limits: Limits,
    each: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let name = member.name.as_str();
    let by_ratio = member.size.saturating_mul(limits.ratio).max(RATIO_FREE_BYTES);
    let bytes_max = bytes_max.min(by_ratio);
    let compression = name.split_once(".tar").and_then(|(_, end)| Compression::of_suffix(end));
    let compression = compression.ok_or_else(|| DebError::Compression { member: name.into() })?;
    let decoder = compression.decoder(ar.contents()).map_err(|source| failure(name, source))?;
    let mut tar = Tar::new(decoder, bytes_max);
    let wrong = |error| tar_failure(name, error);
    let mut entries = 0;
    while let Some(header) = tar.next_header().map_err(wrong)? {
        entries += 1;
        if entries > limits.entries {
            return Err(DebError::Entries { max: limits.entries }.into());
        }
        each(Entry {
            path: &header.path,
            kind: &header.kind,
            mode: header.mode,
            owner: &header.owner,
            mtime: header.mtime,
            contents: &mut tar.contents(),
            size: header.size,
        })?;
    }
    let unpacked_bytes = tar.finish().map_err(wrong)?;
    // A decoder that did not take all of its input leaves something behind the compressed data.
    let mut behind = [0];
    match ar.contents().read(&mut behind) {
        Ok(0) => Ok(Summary { entries, unpacked_bytes }),
        Ok(_) => {
            Err(wrong(TarError { entry: String::new(), problem: TarProblem::Trailing }).into())
        }
        Err(source) => Err(failure(name, source).into()),
    }
}

fn tar_failure(member: &str, error: TarError) -> DebError {
    match error.problem {
        TarProblem::Read(source) => failure(member, source),
        TarProblem::Large { max } => DebError::Large { member: member.into(), max },
        TarProblem::Header
        | TarProblem::Kind(_)
        | TarProblem::Extension(_)
        | TarProblem::Path(_)
        | TarProblem::Twice
        | TarProblem::Through
        | TarProblem::HardLink
        | TarProblem::Target
        | TarProblem::Trailing => DebError::Tar { member: member.into(), error },
    }
}

fn failure(member: &str, source: io::Error) -> DebError {
    DebError::Read { member: member.into(), source }
}

/// For fuzzing: no bytes make the reader panic, and every path that is handed out is one below the
/// root.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let limits =
        Limits { entries: 1000, unpacked_bytes: 1 << 20, ratio: 1, control_bytes: 1 << 20 };
    let mut input = data;
    let Ok(reader) = DebReader::open(&mut input, limits) else { return };
    // Damage is the usual result.
    drop(reader.visit(&mut |entry| -> Result<(), DebError> {
        let path = entry.path.as_bytes();
        assert!(!path.starts_with(b"/") && !path.windows(2).any(|pair| pair == b".."));
        Ok(())
    }));
}
