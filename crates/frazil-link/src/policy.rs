//! What the linker is told to do, and the tables of what it does when it is told nothing.

mod tables;

use std::collections::BTreeMap;

pub(crate) use tables::{Firmness, MODULES, NOISY_NAMES, RUNTIMES, is_generic, trim};

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
    /// Capabilities that are kept in full, or not at all.
    pub capabilities: BTreeMap<Box<str>, Extent>,
    /// Patterns of files that may keep their set-user and set-group bits.
    pub set_id: Vec<Box<[u8]>>,
    /// Which units may be opened.
    pub reach: Reach,
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
