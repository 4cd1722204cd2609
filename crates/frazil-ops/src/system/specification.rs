//! What the module system says about a system: the value that `builtin:link` is given.
//!
//! `nix/modules/system/toplevel.nix` makes it. Store paths in it are texts; they are the inputs of
//! the derivation.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The version of this shape, and of all that makes a tree of it.
///
/// It is in the derivation of each system, since the same specification must give the same tree
/// wherever it is linked: what was linked by other rules is at another store path. So it has to be
/// raised, here and in `nix/modules/system/linker-version.nix`, with each change after which any
/// system would be linked otherwise: of the analysis, of the walk and its tables, of the ledger, of
/// what is made in a link (accounts, caches, common files, the program of the init), and of this
/// shape. A link for another version is refused.
pub const VERSION: u32 = 3;

/// A value does not specify a system for this program.
#[derive(Debug, thiserror::Error)]
pub enum SpecificationError {
    /// It is for another version, whatever else it says.
    #[error(
        "the system is declared for version {found} of the linker, and this is version {VERSION}: \
         `builtin:frazil` is the library that belongs to this program"
    )]
    Version {
        /// The version that it is for.
        found: Value,
    },
    /// It is of another shape.
    #[error(transparent)]
    Shape(#[from] serde_json::Error),
}

/// Reads a specification of this version.
pub fn read(value: Value) -> Result<Specification, SpecificationError> {
    // First of all, since another version may have another shape.
    let version = value.get("version").unwrap_or(&Value::Null);
    if *version != VERSION {
        return Err(SpecificationError::Version { found: version.clone() });
    }
    Ok(serde_json::from_value(value)?)
}

/// A whole system as plain data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specification {
    /// [`VERSION`].
    pub version: u32,
    /// The name of the system.
    pub name: String,
    /// As Nix names machines: `x86_64-linux`.
    pub system: String,
    /// The store path of Debian's lists, where packages come from there.
    pub debian: Option<String>,
    /// Packages whose commands are in the system.
    pub packages: Vec<String>,
    /// Packages whose trees are laid out at the root, as links.
    #[serde(default)]
    pub root: Vec<String>,
    /// Generated files.
    pub files: Vec<File>,
    /// Directories.
    pub directories: Vec<Directory>,
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Whom TLS trusts besides, or instead of, the usual authorities.
    #[serde(default)]
    pub ca: Authorities,
    /// What runs.
    pub plan: Plan,
    /// What the linker keeps.
    pub link: Link,
    /// How images present themselves. Encoders read it.
    pub image: Value,
}

/// A generated file: with a text, a copy of something, or a symbolic link.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where, relative to the root.
    pub path: String,
    /// The contents.
    pub text: Option<String>,
    /// A file with the contents.
    pub source: Option<String>,
    /// The target.
    pub link: Option<String>,
    /// Octal digits.
    pub mode: String,
    /// The name of the owner.
    pub user: String,
    /// The name of the group.
    pub group: String,
}

/// A directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Where, relative to the root.
    pub path: String,
    /// Octal digits.
    pub mode: String,
    /// The name of the owner.
    pub user: String,
    /// The name of the group.
    pub group: String,
}

/// A user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct User {
    /// The number; chosen if absent.
    pub uid: Option<u32>,
    /// The user's own group.
    pub group: String,
    /// Others that the user is in.
    #[serde(default)]
    pub extra_groups: Vec<String>,
    /// The comment.
    #[serde(default)]
    pub description: String,
    /// The home directory.
    pub home: String,
    /// The login shell.
    pub shell: String,
    /// Whether somebody logs in as the user.
    #[serde(default)]
    pub logs_in: bool,
    /// As in /etc/shadow.
    pub hashed_password: Option<String>,
    /// Where the running system finds it.
    pub hashed_password_file: Option<String>,
}

/// A group.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The number; chosen if absent.
    pub gid: Option<u32>,
    /// Users in it besides those who say so themselves.
    #[serde(default)]
    pub members: Vec<String>,
}

/// How the bundle of authorities differs from that of the suite.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Authorities {
    /// Files with more certificates.
    pub certificate_files: Vec<String>,
    /// More certificates.
    pub certificates: Vec<String>,
    /// Names of authorities to leave out.
    pub certificate_blacklist: Vec<String>,
}

/// What runs, and who supervises it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The init, or `none`: then the image starts its program itself.
    #[serde(rename = "type")]
    pub init: String,
    /// The programs of the init that the system must have.
    pub programs: Vec<String>,
    /// The user whose shell runs instead of services.
    pub shell: Option<String>,
    /// The table besides its services.
    #[serde(default)]
    pub settings: serde_json::Map<String, Value>,
    /// Services, with names of users where the init wants numbers.
    pub services: BTreeMap<String, Value>,
}

/// What the linker keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Link {
    /// `files`, `packages` or `declared`.
    pub level: String,
    /// Packages with a level of their own.
    pub units: BTreeMap<String, UnitLink>,
    /// Patterns of files to keep.
    pub keep: Vec<String>,
    /// Patterns of files to leave out.
    pub without: Vec<String>,
    /// Commands to keep.
    pub bins: Vec<String>,
    /// Languages.
    pub locales: Vec<String>,
    /// What is trimmed everywhere, and is not here.
    #[serde(default)]
    pub untrimmed: Vec<String>,
    /// Decisions on capabilities.
    pub capabilities: BTreeMap<String, bool>,
    /// Packages to take files from although nothing refers to them.
    pub packages: Vec<String>,
    /// Which of several programs has a common name: `awk`, and an absolute path.
    #[serde(default)]
    pub alternatives: BTreeMap<String, String>,
    /// Files that may keep their set-user and set-group bits.
    #[serde(default)]
    pub set_id: Vec<String>,
    /// What may mention a path of a Nix store without needing it.
    #[serde(default)]
    pub cut: Vec<String>,
    /// Patterns of names in a Nix store that nothing is believed to need.
    #[serde(default)]
    pub cut_references: Vec<String>,
}

/// How one package is linked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLink {
    /// As [`Link::level`].
    pub level: String,
}
