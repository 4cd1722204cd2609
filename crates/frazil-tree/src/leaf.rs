//! What an entry is: leaves, their metadata, and where their bytes are.
//!
//! A leaf knows nothing of its place; several entries with one leaf are hard links.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use frazil_model::Sha256;

use crate::path::TreePath;

/// The unit that an entry came from, such as a store path or `generated`.
///
/// Invariant: printable ASCII without blanks, and neither empty nor `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

/// The text cannot name a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be the name of a unit")]
pub struct OriginError {
    /// The text.
    pub name: String,
}

impl Origin {
    /// Checks the name of a unit.
    pub fn parse(name: &str) -> Result<Self, OriginError> {
        let is_legal =
            !matches!(name, "" | "-") && name.bytes().all(|byte| byte.is_ascii_graphic());
        if is_legal { Ok(Self(name.into())) } else { Err(OriginError { name: name.into() }) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Permissions with set-user, set-group and sticky bits, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(u16);

impl Mode {
    /// What directories have that nobody said anything about.
    pub const DIRECTORY: Self = Self(0o755);
    /// What symlinks have; the kernel does not look.
    pub const SYMLINK: Self = Self(0o777);

    /// The lower twelve bits of a `st_mode`.
    pub const fn of(st_mode: u32) -> Self {
        Self((st_mode & 0o7777) as u16)
    }

    /// The bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether it gives the rights of the owner or the group to who runs the file.
    pub const fn is_set_id(self) -> bool {
        self.0 & 0o6000 != 0
    }

    /// Without these rights.
    #[must_use]
    pub const fn without_set_id(self) -> Self {
        Self(self.0 & !0o6000)
    }
}

/// Who may do what with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Permissions.
    pub mode: Mode,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// `security.capability`, for one.
    pub xattrs: Xattrs,
}

/// Extended attributes by name.
pub type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

impl Metadata {
    /// Of the superuser, without extended attributes.
    pub const fn of_root(mode: Mode) -> Self {
        Self { mode, uid: 0, gid: 0, xattrs: BTreeMap::new() }
    }
}

/// Anything but a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Mode, owner, attributes.
    pub metadata: Metadata,
    /// Where it came from.
    pub origin: Origin,
    /// What it is.
    pub kind: LeafKind,
}

/// The kinds of leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// A regular file.
    File(File),
    /// A symlink with its target, as it stands in the link.
    Symlink(Box<[u8]>),
    /// A device.
    Device {
        /// Which kind.
        kind: DeviceKind,
        /// The driver.
        major: u32,
        /// What the driver makes of it.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// The kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Read and written as a stream.
    Character,
    /// Read and written in blocks.
    Block,
}

/// A regular file: how large, what digest, and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    size: u64,
    digest: Option<Sha256>,
    source: Source,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the unit of the leaf, at this path.
    Unit(TreePath),
    /// Here.
    Inline(Arc<[u8]>),
}

impl File {
    /// A file whose bytes are in its unit.
    pub const fn in_unit(path: TreePath, size: u64, digest: Option<Sha256>) -> Self {
        Self { size, digest, source: Source::Unit(path) }
    }

    /// A file whose bytes are at hand.
    pub fn inline(bytes: &[u8]) -> Self {
        let digest = Some(Sha256::of(bytes));
        Self { size: bytes.len() as u64, digest, source: Source::Inline(bytes.into()) }
    }

    /// The size, in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The digest of the bytes, if somebody has computed it.
    pub const fn digest(&self) -> Option<Sha256> {
        self.digest
    }

    /// Where the bytes are.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Whether both are known to hold the same bytes, whatever units they are in.
    pub fn has_bytes_of(&self, other: &Self) -> bool {
        self.size == other.size && self.digest.is_some() && self.digest == other.digest
    }
}
