//! The packages of a suite in one string of bytes that needs no parsing: a cache to be mapped.
//!
//! [`IndexBuilder`] makes it from `Packages` files, [`Index`] reads it. It is what it was made from
//! and nothing else, so equal inputs give equal bytes. The layout is described in `index/layout.rs`.
//!
//! Opening looks at the header only; every later access checks the offsets it follows, so that a
//! damaged file gives an [`IndexError`], or (where only text was damaged) wrong text, which
//! [`Index::verify`] finds. Nothing panics.
//!
//! Invariant: one package per name, the newest of those given; names and provides are sorted.

mod build;
mod layout;
mod package;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use frazil_model::Sha256;

pub use build::{BuildError, IndexBuilder};
pub use package::{MultiArch, Package, PackageFieldError, Priority};

use crate::relation::RelationProblem;
use crate::version::{DebVersion, VersionError};
use layout::{Bytes, FIELDS, Header, Section};

/// The packages of one architecture, as a view of bytes in the cache's format.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    bytes: Bytes<'a>,
    header: Header,
}

/// The number of a package in its index; packages are sorted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(u32);

/// Where packages come from: a component of a suite of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin<'a> {
    /// Where `pool/` is, without a slash at the end.
    pub uri: &'a str,
    /// The suite, as `trixie-security`.
    pub suite: &'a str,
    /// The component, as `main`.
    pub component: &'a str,
    /// The time at which an archive has all of it, as the name of a snapshot; or nothing, if nobody
    /// knows.
    pub snapshot: &'a str,
}

/// A package that provides a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider<'a> {
    /// The package.
    pub package: PackageId,
    /// As which version it provides the name; if none, only for relations without a version.
    pub version: Option<DebVersion<'a>>,
}

/// Bytes are not an index, or a damaged one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Something else, or cut off inside the header.
    #[error("the package index does not begin like one")]
    Magic,
    /// Made by another version of this program.
    #[error("the package index has format {found}, not {expected}", expected = layout::FORMAT)]
    Format {
        /// The format that it says it has.
        found: u32,
    },
    /// The header does not hash to what it says.
    #[error("the header of the package index is damaged")]
    Header,
    /// It has more or fewer bytes than it says.
    #[error("the package index has {found} bytes instead of {expected}")]
    Length {
        /// What the header says.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The contents do not hash to what the header says.
    #[error("the contents of the package index are damaged")]
    Contents,
    /// Something points out of the file, or text is none.
    #[error("the package index is damaged: its {0}")]
    Damaged(&'static str),
    /// A field of a package is not what it should be.
    #[error("the package index is damaged: {0}")]
    Field(#[from] PackageFieldError),
    /// A version is none.
    #[error("the package index is damaged: {0}")]
    Version(#[from] VersionError),
    /// A name is none.
    #[error("the package index is damaged: {0}")]
    Name(#[from] RelationProblem),
}

impl IndexError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            // That of a newer or older program, which is nothing to repair.
            Self::Format { .. } => None,
            Self::Magic
            | Self::Header
            | Self::Length { .. }
            | Self::Contents
            | Self::Damaged(_)
            | Self::Field(_)
            | Self::Version(_)
            | Self::Name(_) => Some("delete the file: it is made again from the archive's lists"),
        }
    }
}

impl<'a> Index<'a> {
    /// Checks the header and the length, however many packages there are.
    pub fn open(bytes: &'a [u8]) -> Result<Self, IndexError> {
        let bytes = Bytes(bytes);
        let header = Header::read(bytes)?;
        Ok(Self { bytes, header })
    }

    /// Checks all bytes against the checksum.
    pub fn verify(&self) -> Result<(), IndexError> {
        let contents = self.bytes.0.get(layout::HEADER_BYTES..).unwrap_or_default();
        if Sha256::of(contents).0 == self.header.contents {
            Ok(())
        } else {
            Err(IndexError::Contents)
        }
    }

    /// How many packages there are.
    pub const fn len(&self) -> usize {
        self.header.packages.count as usize
    }

    /// Whether there is no package.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The architecture of the packages that are not for all.
    pub fn architecture(&self) -> Result<&'a str, IndexError> {
        let Section { start, count } = self.header.architecture;
        self.bytes.text(start, count)
    }

    /// The numbers of all packages, in the order of their names.
    pub fn ids(&self) -> impl Iterator<Item = PackageId> + use<> {
        (0..self.header.packages.count).map(PackageId)
    }

    /// All packages in the order of their names.
    pub fn packages(self) -> impl Iterator<Item = Result<Package<'a>, IndexError>> {
        self.ids().map(move |id| self.get(id))
    }

    /// The package of this name.
    pub fn package(&self, name: &str) -> Result<Option<Package<'a>>, IndexError> {
        self.find(name)?.map(|id| self.get(id)).transpose()
    }

    /// The number of the package of this name.
    pub fn find(&self, name: &str) -> Result<Option<PackageId>, IndexError> {
        let count = self.header.packages.count;
        let at = partition(count, |at| Ok(self.name_bytes(PackageId(at))? < name.as_bytes()))?;
        let found = at < count && self.name_bytes(PackageId(at))? == name.as_bytes();
        Ok(found.then_some(PackageId(at)))
    }

    /// The package of this number. Numbers of another index lead to another package or an error.
    pub fn get(&self, id: PackageId) -> Result<Package<'a>, IndexError> {
        let record = self.record(id)?;
        Package::read(id, record, |origin| self.origin(origin))
    }

    /// The name of a package, faster than [`Index::get`].
    pub fn name(&self, id: PackageId) -> Result<&'a str, IndexError> {
        let text = std::str::from_utf8(self.name_bytes(id)?);
        text.map_err(|_| IndexError::Damaged("text is not UTF-8"))
    }

    /// Who provides `name`, in the order of the names of the packages. The package of that name is
    /// not among them.
    pub fn providers(&self, name: &str) -> Result<Vec<Provider<'a>>, IndexError> {
        let Section { count, .. } = self.header.provides;
        let compare = |at| -> Result<Ordering, IndexError> {
            let entry = self.provides(at)?;
            Ok(self.bytes.slice(entry.name.start, entry.name.count)?.cmp(name.as_bytes()))
        };
        let first = partition(count, |at| Ok(compare(at)?.is_lt()))?;
        let mut providers = Vec::new();
        for at in first..count {
            if compare(at)?.is_ne() {
                break;
            }
            let entry = self.provides(at)?;
            let version = self.bytes.text(entry.version.start, entry.version.count)?;
            let version = (!version.is_empty()).then(|| DebVersion::new(version)).transpose()?;
            providers.push(Provider { package: PackageId(entry.package), version });
        }
        Ok(providers)
    }

    /// The packages that every system has, in the order of their names.
    pub fn essential(&self) -> Result<Vec<PackageId>, IndexError> {
        let table = self.header.essential;
        (0..table.count).map(|at| self.bytes.number_in(table, at).map(PackageId)).collect()
    }

    /// Where packages come from, in the order in which the builder got to know them.
    pub fn origins(&self) -> Result<Vec<Origin<'a>>, IndexError> {
        (0..self.header.origins.count).map(|number| self.origin(number)).collect()
    }

    fn origin(&self, number: u32) -> Result<Origin<'a>, IndexError> {
        let [uri, suite, component, snapshot] = self.bytes.entry(self.header.origins, number)?;
        let text = |section: Section| self.bytes.text(section.start, section.count);
        let (uri, suite) = (text(uri)?, text(suite)?);
        Ok(Origin { uri, suite, component: text(component)?, snapshot: text(snapshot)? })
    }

    fn provides(&self, number: u32) -> Result<layout::Provides, IndexError> {
        let [name, version, package] = self.bytes.entry(self.header.provides, number)?;
        Ok(layout::Provides { name, version, package: package.start })
    }

    fn record(&self, id: PackageId) -> Result<layout::Record<'a>, IndexError> {
        let start = self.bytes.number_in(self.header.packages, id.0)?;
        Ok(layout::Record { bytes: self.bytes, start })
    }

    fn name_bytes(&self, id: PackageId) -> Result<&'a [u8], IndexError> {
        self.record(id)?.field(FIELDS.name)
    }
}

/// The first number below `count` for which `is_before` does not hold.
fn partition(
    count: u32,
    is_before: impl Fn(u32) -> Result<bool, IndexError>,
) -> Result<u32, IndexError> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// For fuzzing: no bytes make the reader panic or read more packages than they can hold.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(index) = Index::open(data) else { return };
    assert!(index.len() <= data.len());
    assert!(index.essential().is_ok_and(|found| found.len() <= data.len()));
    for package in index.packages().flatten() {
        if let Ok(found) = index.providers(package.name) {
            assert!(found.len() <= data.len());
        }
        if let Ok(Some(found)) = index.find(package.name) {
            assert_eq!(index.name(found).ok(), Some(package.name));
        }
    }
}
