//! A package as an index knows it.

use frazil_model::Sha256;

use super::layout::{FIELDS, Record};
use super::{IndexError, Origin, PackageId};
use crate::relation::{self, Group, RelationError};
use crate::version::DebVersion;

/// What the archive says of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// Its number in the index.
    pub id: PackageId,
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: DebVersion<'a>,
    /// `all`, or the architecture of the index.
    pub architecture: &'a str,
    /// How it serves packages of other architectures.
    pub multi_arch: MultiArch,
    /// What must be there when it runs; [`relation::parse`] reads it.
    pub depends: &'a str,
    /// What must be there when it is installed.
    pub pre_depends: &'a str,
    /// What is there usually.
    pub recommends: &'a str,
    /// What may be useful.
    pub suggests: &'a str,
    /// Other names under which it is found.
    pub provides: &'a str,
    /// What cannot be there.
    pub conflicts: &'a str,
    /// What cannot be there in these versions.
    pub breaks: &'a str,
    /// Whose files it may overwrite.
    pub replaces: &'a str,
    /// Whether every system has it.
    pub essential: bool,
    /// How important it is.
    pub priority: Priority,
    /// The section of the archive, as `net`.
    pub section: &'a str,
    /// The source package, with its version if that is another; empty if they are the same.
    pub source: &'a str,
    /// What it takes on the disk, in KiB, by the archive's estimate.
    pub installed_size_kib: u64,
    /// Where it is, relative to the archive.
    pub filename: &'a str,
    /// The size of the file in bytes.
    pub size: u64,
    /// The hash of the file.
    pub sha256: Sha256,
    /// The web site of the program.
    pub homepage: &'a str,
    /// What it is; the first line is a summary.
    pub description: &'a str,
    /// Where it comes from.
    pub origin: Origin<'a>,
}

/// How a package serves packages of other architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiArch {
    /// Not at all.
    No,
    /// It can be installed for several architectures at once.
    Same,
    /// It serves all architectures.
    Foreign,
    /// Those who depend on it choose, by `:any`.
    Allowed,
}

/// How important a package is, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Nothing works without it.
    Required,
    /// What one expects of a Unix.
    Important,
    /// A small system with a terminal.
    Standard,
    /// Everything else.
    Optional,
    /// Deprecated.
    Extra,
}

/// A field of a package does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` cannot be the field {field} of a package")]
pub struct PackageFieldError {
    /// The name of the field.
    pub field: &'static str,
    /// What is there.
    pub value: String,
}

impl<'a> Package<'a> {
    /// The name of the source package.
    pub fn source_name(&self) -> &'a str {
        self.source.split_ascii_whitespace().next().unwrap_or(self.name)
    }

    /// The version of the source package; that of a binary one may be a rebuild of it.
    pub fn source_version(&self) -> &'a str {
        let inside = self.source.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        inside.map_or(self.version.as_str(), |(version, _)| version.trim_ascii())
    }

    /// The first line of the description.
    pub fn summary(&self) -> &'a str {
        self.description.lines().next().unwrap_or_default()
    }

    /// Where the file can be fetched.
    pub fn url(&self) -> String {
        format!("{}/{}", self.origin.uri, self.filename)
    }

    /// The relations of `Depends`.
    pub fn parse_depends(&self) -> Result<Vec<Group<'a>>, RelationError> {
        relation::parse(self.depends)
    }

    pub(super) fn read(
        id: PackageId,
        record: Record<'a>,
        origin: impl FnOnce(u32) -> Result<Origin<'a>, IndexError>,
    ) -> Result<Self, IndexError> {
        let text = |number| record.text(number);
        let digest = record.field(FIELDS.sha256)?;
        let digest = <[u8; 32]>::try_from(digest)
            .map_err(|_| IndexError::Damaged("digests have another length"))?;
        Ok(Self {
            id,
            name: text(FIELDS.name)?,
            version: DebVersion::new(text(FIELDS.version)?)?,
            architecture: text(FIELDS.architecture)?,
            multi_arch: multi_arch(text(FIELDS.multi_arch)?)?,
            depends: text(FIELDS.depends)?,
            pre_depends: text(FIELDS.pre_depends)?,
            recommends: text(FIELDS.recommends)?,
            suggests: text(FIELDS.suggests)?,
            provides: text(FIELDS.provides)?,
            conflicts: text(FIELDS.conflicts)?,
            breaks: text(FIELDS.breaks)?,
            replaces: text(FIELDS.replaces)?,
            essential: text(FIELDS.essential)? == "yes",
            priority: priority(text(FIELDS.priority)?)?,
            section: text(FIELDS.section)?,
            source: text(FIELDS.source)?,
            installed_size_kib: number("Installed-Size", text(FIELDS.installed_size)?)?,
            filename: text(FIELDS.filename)?,
            size: number("Size", text(FIELDS.size)?)?,
            sha256: Sha256(digest),
            homepage: text(FIELDS.homepage)?,
            description: text(FIELDS.description)?,
            origin: origin(record.origin()?)?,
        })
    }
}

pub(super) fn multi_arch(text: &str) -> Result<MultiArch, PackageFieldError> {
    match text {
        "" | "no" => Ok(MultiArch::No),
        "same" => Ok(MultiArch::Same),
        "foreign" => Ok(MultiArch::Foreign),
        "allowed" => Ok(MultiArch::Allowed),
        other => Err(PackageFieldError { field: "Multi-Arch", value: other.into() }),
    }
}

pub(super) fn priority(text: &str) -> Result<Priority, PackageFieldError> {
    match text {
        "required" => Ok(Priority::Required),
        "important" => Ok(Priority::Important),
        "standard" => Ok(Priority::Standard),
        "" | "optional" => Ok(Priority::Optional),
        "extra" => Ok(Priority::Extra),
        other => Err(PackageFieldError { field: "Priority", value: other.into() }),
    }
}

/// A size; missing ones are zero.
pub(super) fn number(field: &'static str, text: &str) -> Result<u64, PackageFieldError> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| PackageFieldError { field, value: text.into() })
}
