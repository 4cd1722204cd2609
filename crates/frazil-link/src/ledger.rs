//! The list of all decisions of a link: what is kept and by what evidence, what is dropped and why.
//!
//! It is a graph: subjects (files, directories, capabilities, packages) and edges with their
//! evidence, from the roots on. Questions are answered from it alone: it ships beside the image.
//!
//! Invariant: every subject but the first, which stands for the roots, can be reached from it.

mod dominators;
mod encode;
mod json;
mod made;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use frazil_model::Sha256;
use frazil_tree::{Mode, Origin, TreePath};

pub use encode::fuzz;

/// All decisions of one link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The units of the universe, in the order in which they were given.
    pub units: Vec<UnitRecord>,
    /// What was reached; the first one is [`Subject::Roots`].
    pub subjects: Vec<Subject>,
    /// Why, sorted.
    pub edges: Vec<Edge>,
    /// Files of units that were opened that are not kept, sorted by path.
    pub dropped: Vec<Dropped>,
    /// What may be needed, but was not followed, sorted.
    pub hints: Vec<Hint>,
}

/// A unit, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRecord {
    /// The unit.
    pub name: Origin,
    /// Its package.
    pub package: Box<str>,
    /// What became of it.
    pub fate: Fate,
    /// The bytes of its files, as far as they are known.
    pub bytes: u64,
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing asked for its contents.
    NeverOpened,
    /// It was looked into, and nothing reaches it.
    Dropped,
    /// Some of it, or all, is in the system.
    Kept,
}

/// What can be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Where all evidence begins.
    Roots,
    /// A need that imported symbols show, by its name.
    Capability(Box<str>),
    /// The standard library of a language.
    Runtime(Box<str>),
    /// The data of a package, or all of it; by its index in [`Ledger::units`].
    Package(u32),
    /// Something that lies in the system.
    Entry(Kept),
}

/// Something that lies in the system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Where.
    pub path: TreePath,
    /// Its unit, by index in [`Ledger::units`].
    pub unit: u32,
    /// Where in the unit.
    pub inner: TreePath,
    /// What it is.
    pub kind: KeptKind,
    /// Permissions, as the system has them.
    pub mode: Mode,
    /// Whether set-user or set-group bits were taken away.
    pub was_set_id: bool,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// The kinds of entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptKind {
    /// A directory.
    Directory,
    /// A symlink with its target.
    Symlink(Box<[u8]>),
    /// A hard link to another place of the system.
    HardLink(TreePath),
    /// A file with its size in bytes and digest.
    File(u64, Sha256),
}

/// Why one subject needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who needs.
    pub from: u32,
    /// Who is needed.
    pub to: u32,
    /// How that is known.
    pub evidence: Evidence,
}

macro_rules! evidence {
    ($($name:ident $text:literal $hard:literal $doc:literal,)*) => {
        /// How it is known that one thing needs another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Evidence {
            $(#[doc = $doc] $name,)*
        }

        impl Evidence {
            /// All kinds, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// A short name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether the system cannot work without: what is not hard is a good guess.
            pub const fn is_hard(self) -> bool {
                match self { $(Self::$name => $hard,)* }
            }
        }
    };
}

evidence! {
    Root "root" true "A module names it.",
    Keep "keep" true "The policy names it.",
    Made "made" true "Every finished system has it, and it is made of all the rest.",
    Needed "needed" true "A program or library cannot be loaded without it.",
    Interpreter "interpreter" true "It is the loader of a program.",
    Shebang "shebang" true "It runs a script.",
    Symlink "symlink" true "A link leads to it.",
    HardLink "hard link" true "It is the same file.",
    Reference "reference" true "A file holds its place in the Nix store.",
    Note "dlopen note" false "A library says that it may load it.",
    Path "path" false "A string in a program is its path.",
    Embedded "embedded path" false "A string of the same source has its path inside.",
    ConfigPath "configured path" false "Configuration has its path.",
    ScriptPath "path in a script" false "A script has its path.",
    Command "command" false "A shell script has its name.",
    Soname "library name" false "A string is its name as a library.",
    Pattern "pattern" false "A string with parts left open fits it.",
    Directory "directory" false "It lies in a directory that something names.",
    Symbol "symbol" false "A program imports a symbol that needs it.",
    Capability "capability" false "A capability needs it.",
    Runtime "standard library" false "It belongs to the library of a language.",
    Private "private directory" false "It lies beside a program in a directory of its own.",
    PackageData "package data" false "It is data of a package that a module names.",
    WholePackage "whole package" false "Its package is not linked by files.",
    Parent "parent" true "It is a directory on the way to something, with a mode or owner of its own.",
    License "license" false "It is the license of something that is kept.",
    Locale "translation" false "It is a translation that the policy asks for.",
}

/// A file that is not in the system, though its unit was looked into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// Where it would lie.
    pub path: TreePath,
    /// Its unit.
    pub unit: u32,
    /// In bytes.
    pub bytes: u64,
    /// Why.
    pub reason: Box<str>,
}

/// What may be needed, but was not followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    /// What was not followed.
    pub target: TreePath,
    /// What mentions it.
    pub from: TreePath,
    /// How: a word that may be a command, a path inside a text, ...
    pub mention: Box<str>,
}

/// What would vanish from the system with one soft decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// The subject that would be left out.
    pub subject: u32,
    /// The bytes of the files that nothing else reaches.
    pub bytes: u64,
    /// How many files these are.
    pub files: u64,
}

impl Dropped {
    /// Why something is dropped that the policy leaves out.
    pub const UNWANTED: &str = "excluded by the policy";
    /// Why something is dropped that could have been kept.
    pub const UNREACHED: &str = "not reached";

    /// Whether the policy says that it be left out.
    pub fn is_unwanted(&self) -> bool {
        *self.reason == *Self::UNWANTED
    }

    /// Whether it would be there if anything had reached it.
    pub fn is_unreached(&self) -> bool {
        *self.reason == *Self::UNREACHED
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Ledger {
    /// What lies in the system, sorted by path.
    pub fn kept(&self) -> impl Iterator<Item = &Kept> {
        let sorted: BTreeMap<&TreePath, &Kept> = self
            .subjects
            .iter()
            .filter_map(|subject| match subject {
                Subject::Entry(kept) => Some((&kept.path, kept)),
                Subject::Roots
                | Subject::Capability(_)
                | Subject::Runtime(_)
                | Subject::Package(_) => None,
            })
            .collect();
        sorted.into_values()
    }

    /// The bytes of all kept files.
    pub fn bytes(&self) -> u64 {
        self.subjects.iter().map(Subject::bytes).fold(0, u64::saturating_add)
    }

    /// The shortest chain of evidence from the roots to a path; empty if the path is not kept.
    pub fn why(&self, path: &TreePath) -> Vec<Edge> {
        let is_it =
            |subject: &Subject| matches!(subject, Subject::Entry(kept) if kept.path == *path);
        let Some(goal) = self.subjects.iter().position(is_it) else { return Vec::new() };
        let from = self.steps();
        let mut chain = Vec::new();
        let mut at = goal as u32;
        while let Some(edge) = from.get(&at) {
            chain.push(*edge);
            at = edge.from;
        }
        chain.reverse();
        chain
    }

    /// The last step of the shortest chain to each subject that is reached.
    fn steps(&self) -> BTreeMap<u32, Edge> {
        let mut from: BTreeMap<u32, Edge> = BTreeMap::new();
        let mut next = VecDeque::from([0_u32]);
        while let Some(subject) = next.pop_front() {
            for edge in self.edges_of(subject) {
                if edge.to != 0 && !from.contains_key(&edge.to) {
                    from.insert(edge.to, *edge);
                    next.push_back(edge.to);
                }
            }
        }
        from
    }

    /// What each soft decision keeps alive, the largest first: what is reached by hard evidence is
    /// no decision.
    pub fn retained(&self) -> Vec<Retained> {
        let hard: BTreeSet<u32> =
            self.edges.iter().filter(|edge| edge.evidence.is_hard()).map(|edge| edge.to).collect();
        let below = dominators::sums(self);
        let mut retained: Vec<Retained> = (0..)
            .zip(below)
            .filter(|(subject, sum)| *subject != 0 && sum.files > 0 && !hard.contains(subject))
            .map(|(subject, sum)| Retained { subject, bytes: sum.bytes, files: sum.files })
            .collect();
        retained.sort_by_key(|retained| (std::cmp::Reverse(retained.bytes), retained.subject));
        retained
    }

    /// How a subject is shown.
    pub fn title(&self, subject: u32) -> String {
        match self.subjects.get(subject as usize) {
            Some(Subject::Entry(kept)) => kept.path.to_string(),
            Some(Subject::Capability(name)) => format!("capability {name}"),
            Some(Subject::Runtime(name)) => format!("library of {name}"),
            Some(Subject::Package(unit)) => {
                let unit = self.units.get(*unit as usize);
                format!("package {}", unit.map_or("?", |unit| &unit.package))
            }
            Some(Subject::Roots) | None => "roots".into(),
        }
    }

    fn edges_of(&self, subject: u32) -> &[Edge] {
        let start = self.edges.partition_point(|edge| edge.from < subject);
        let rest = self.edges.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|edge| edge.from == subject)).unwrap_or_default()
    }
}

impl Subject {
    /// The bytes of the file, if it is one.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Entry(Kept { kind: KeptKind::File(bytes, _), .. }) => *bytes,
            Self::Entry(_)
            | Self::Roots
            | Self::Capability(_)
            | Self::Runtime(_)
            | Self::Package(_) => 0,
        }
    }
}
