//! Units, as the linker is told of them before it looks inside.

use frazil_tree::{Origin, TreePath};

/// A store path that came from one package, or a tree of generated files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name in trees and ledgers.
    pub name: Origin,
    /// The package, as other units' `depends` call it.
    pub package: Box<str>,
    /// The source package; what one source built belongs together.
    pub source: Box<str>,
    /// Where its root lies in the system: the root of it for Debian's packages and generated files,
    /// `nix/store/<name>` for paths of a Nix closure and for adapters.
    pub mount: TreePath,
    /// The packages it declares to need.
    pub depends: Vec<Box<str>>,
    /// Why it may be used at all.
    pub role: Role,
    /// Whether it belongs to Debian's Essential set, which packages use without declaring it.
    pub is_essential: bool,
    /// How finely it is linked, if not as the policy says.
    pub level: Option<Level>,
}

/// Why a unit may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Made for this system, such as `/etc`: all of it is kept, and it wins over packages.
    Generated,
    /// Made for this system where something asks for it, such as the bundle of authorities.
    Offered,
    /// A package that a module names.
    Named,
    /// In the declared closure of those.
    Declared,
    /// In Debian's Essential set and not declared.
    Essential,
    /// A package of data that programs expect: authorities, time zones, services, media types.
    Data,
}

impl Role {
    /// Whether it was declared to be needed, directly or by another package.
    pub const fn is_declared(self) -> bool {
        matches!(self, Self::Named | Self::Declared)
    }

    /// Whether it was made for this system.
    pub const fn is_made(self) -> bool {
        matches!(self, Self::Generated | Self::Offered)
    }
}

/// How finely units are linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only files that something reaches.
    #[default]
    Files,
    /// All of a unit of which something is reached, but for what is trimmed everywhere.
    Packages,
    /// All of the declared closure, but for what is trimmed everywhere.
    Declared,
}
