//! What the linker is told to do, and the tables of what it does when it is told nothing.

mod tables;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use tables::{Firmness, MODULES, Modules, NOISY_NAMES, RUNTIMES, cut, is_generic, trim};

use crate::capability::Extent;
use crate::unit::Level;

/// What a system wants of its link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How finely units are linked that do not say it themselves.
    pub level: Level,
    /// Patterns of what is kept although nothing reaches it.
    pub keep: Vec<Box<[u8]>>,
    /// Patterns of what is dropped although something reaches it.
    pub without: Vec<Box<[u8]>>,
    /// Names of programs that are wanted beside those of the services.
    pub programs: Vec<Box<[u8]>>,
    /// Languages whose translations are kept, as their directories are called: `de`, `pt_BR`.
    pub locales: Vec<Box<str>>,
    /// What is trimmed everywhere, and is not here: `documentation`, `translations`, `development`. Of
    /// a package of which anything is kept, all of that is kept.
    pub untrimmed: BTreeSet<Box<str>>,
    /// Capabilities that are kept in full, or not at all.
    pub capabilities: BTreeMap<Box<str>, Extent>,
    /// Patterns of files that may keep their set-user and set-group bits.
    pub set_id: Vec<Box<[u8]>>,
    /// Which of several programs has a common name, where it is not the one that Debian prefers.
    pub alternatives: Alternatives,
    /// Where paths of a Nix store are mentioned that are not needed for it.
    pub cut: BTreeSet<Cut>,
    /// Patterns of names in a Nix store that nothing is believed to need.
    pub cut_references: Vec<Box<[u8]>>,
    /// Which units may be opened.
    pub reach: Reach,
}

/// From the last name of a common place, such as `awk`, to a path relative to the root.
pub type Alternatives = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// What may mention a path of a Nix store without needing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// Manuals, licenses, examples.
    Documentation,
    /// What only debuggers read, in files of its own or in programs.
    Debug,
    /// What building left: logs, and what other builds read.
    Build,
}

/// Which units of the universe the linker opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// All of them at once.
    #[default]
    Universe,
    /// Named units and data at first, then what kept units declare to need: nothing is fetched that
    /// nothing kept names. A file of a unit that no kept unit declares to need is not found.
    AsNeeded,
}
