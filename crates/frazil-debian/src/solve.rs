//! Which packages a set of packages needs, in a suite that was released as a whole.
//!
//! The index has one version of each package, so there is little to search: relations with one way
//! to satisfy them are followed first, then the open choices one by one, in the order in which they
//! came up, preferring what is chosen already, then what the preferences say, then the first
//! alternative. Only when that ends in a conflict or a gap is the choice that led there taken back
//! and everything done anew, at most [`RESTARTS_MAX`] times. A relation that can be satisfied only
//! by a combination that this does not try is reported as unsatisfiable.
//!
//! Invariant: every relation of every package of a [`Solution`] holds in it, and equal questions
//! have equal answers.

mod explain;
mod search;
mod similar;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use explain::{Cause, Explanation, Step};
pub use similar::similar_names;

use crate::index::{Index, IndexError, Package, PackageId};
use crate::relation::{Group, RelationError};

/// How often a choice is taken back.
pub const RESTARTS_MAX: usize = 64;

/// What to follow and what to prefer.
#[derive(Clone, Debug)]
pub struct SolveOptions {
    /// Whether `Recommends` counts as far as it can be satisfied.
    pub recommends: bool,
    /// Whether to add the essential packages, which others need without saying so.
    pub essential: bool,
    /// Which of several packages to take.
    pub preferences: Vec<Preference>,
    /// Packages that must not be there.
    pub exclude: Vec<String>,
}

/// Of two packages that both satisfy a relation, takes the one rather than the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// The name of the better one; a `*` at the end stands for anything.
    pub prefer: String,
    /// The name of the other one, likewise.
    pub over: String,
}

/// The pairs of [`Preference`] for systems without systemd.
const STANDALONE: [(&str, &str); 1] = [("systemd-standalone-*", "systemd")];

/// Which field of a package asks for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `Pre-Depends`
    PreDepends,
    /// `Depends`
    Depends,
    /// `Recommends`
    Recommends,
}

/// Why a package was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason<'a> {
    /// The caller asked for it, by this relation.
    Asked(Group<'a>),
    /// It is essential.
    Essential,
    /// Another package needs it.
    Needed {
        /// Which one.
        by: PackageId,
        /// How much.
        need: Need,
        /// By which relation.
        relation: Group<'a>,
    },
}

/// A package of a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// The package.
    pub package: Package<'a>,
    /// Why it is there; there may be more reasons, this was the first.
    pub reason: Reason<'a>,
}

/// Packages that need nothing but each other.
#[derive(Clone, Debug, Default)]
pub struct Solution<'a> {
    chosen: Vec<Chosen<'a>>,
    places: BTreeMap<PackageId, usize>,
}

/// Why there is no solution.
#[derive(Debug, thiserror::Error)]
pub enum SolveError {
    /// The index is damaged.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A package's relations cannot be read.
    #[error("the field {field} of `{package}`: {source}")]
    Relation {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// What is wrong.
        source: RelationError,
    },
    /// A relation cannot hold.
    #[error("{0}")]
    Unsatisfiable(Box<Explanation>),
}

impl SolveError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Index(error) => error.help(),
            Self::Relation { .. } => None,
            Self::Unsatisfiable(explanation) => explanation.help(),
        }
    }
}

/// Finds what `roots` need: each is a relation of which one alternative must be there.
pub fn solve<'a>(
    index: &Index<'a>,
    roots: &[Group<'a>],
    options: &SolveOptions,
) -> Result<Solution<'a>, SolveError> {
    search::solve(index, roots, options)
}

impl Default for SolveOptions {
    fn default() -> Self {
        let preference =
            |(prefer, over): (&str, &str)| Preference { prefer: prefer.into(), over: over.into() };
        Self {
            recommends: false,
            essential: false,
            preferences: STANDALONE.into_iter().map(preference).collect(),
            exclude: Vec::new(),
        }
    }
}

impl Preference {
    fn applies(&self, better: &str, worse: &str) -> bool {
        matches_pattern(&self.prefer, better) && matches_pattern(&self.over, worse)
    }
}

fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

impl Need {
    /// What a person would say.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::PreDepends | Self::Depends => "depends on",
            Self::Recommends => "recommends",
        }
    }
}

impl<'a> Solution<'a> {
    /// The packages in the order in which they were chosen: what was asked for comes first.
    pub fn packages(&self) -> &[Chosen<'a>] {
        &self.chosen
    }

    /// A package by its name.
    pub fn get(&self, name: &str) -> Option<&Chosen<'a>> {
        self.chosen.iter().find(|chosen| chosen.package.name == name)
    }

    /// Whether it is there.
    pub fn contains(&self, id: PackageId) -> bool {
        self.places.contains_key(&id)
    }

    /// How a package came in: from one that was asked for, or is essential, down to the package
    /// itself. Empty if it is not there.
    pub fn why(&self, name: &str) -> Vec<&Chosen<'a>> {
        let mut path: Vec<&Chosen<'a>> = Vec::new();
        let mut next = self.get(name);
        while let Some(chosen) = next {
            path.push(chosen);
            next = match &chosen.reason {
                Reason::Asked(_) | Reason::Essential => None,
                Reason::Needed { by, .. } => self.at(*by),
            };
        }
        path.reverse();
        path
    }

    fn at(&self, id: PackageId) -> Option<&Chosen<'a>> {
        self.places.get(&id).and_then(|place| self.chosen.get(*place))
    }

    fn push(&mut self, chosen: Chosen<'a>) {
        self.places.insert(chosen.package.id, self.chosen.len());
        self.chosen.push(chosen);
    }
}
