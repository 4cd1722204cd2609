//! The link itself: opening units until nothing more is asked for, then writing down the result.
//!
//! Each round walks anew over all units opened so far. A walk takes milliseconds, so this is
//! simpler than a walk that goes on, and the last one alone decides. What is walked over grows.

mod assemble;
mod missed;
mod record;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use frazil_tree::{Origin, TreePath};

pub use assemble::tree;
pub use missed::{Missed, missed};

use crate::analysis::Analysis;
use crate::contents::ContentsError;
use crate::generate::loader_cache::Library;
use crate::glob;
use crate::ledger::Ledger;
use crate::policy::{Policy, Reach};
use crate::unit::{Role, Unit};
use crate::universe::{Opened, Universe};
use crate::walk::{Root, Suggestion, Walk, walk};

/// What a link came to.
#[derive(Clone, Debug)]
pub struct Link {
    /// All decisions.
    pub ledger: Ledger,
    /// The kept libraries that a program without directories of its own finds, for its loader's
    /// cache.
    pub libraries: Vec<Library>,
    /// Why the system will not work; none if it should.
    pub errors: Vec<LinkError>,
}

/// Why a system will not work as linked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LinkError {
    /// What a module names is nowhere.
    #[error("`{}` is in none of the packages; {named_by} names it", path.escape_ascii())]
    Root {
        /// The path.
        path: Vec<u8>,
        /// Who names it.
        named_by: String,
    },
    /// The policy asks for what is nowhere.
    #[error("nothing in the packages is what `{option}` asks for: `{}`", wish.escape_ascii())]
    Wish {
        /// Which part of the policy.
        option: &'static str,
        /// The pattern or name.
        wish: Vec<u8>,
    },
    /// A library that a program cannot be loaded without is nowhere.
    #[error("`{file}` needs the library `{}`, which is not in {}", soname.escape_ascii(), shown(searched))]
    Library {
        /// Who needs it.
        file: TreePath,
        /// Its name.
        soname: Vec<u8>,
        /// Where it was looked for.
        searched: Vec<TreePath>,
    },
    /// A library that a program cannot be loaded without is left out on purpose.
    #[error("`{file}` needs the library `{}`, which `without` leaves out", soname.escape_ascii())]
    LeftOut {
        /// Who needs it.
        file: TreePath,
        /// Its name.
        soname: Vec<u8>,
    },
    /// The loader of a program is nowhere.
    #[error("`{file}` is loaded by `{}`, which is in none of the packages", interpreter.escape_ascii())]
    Interpreter {
        /// The program.
        file: TreePath,
        /// The loader.
        interpreter: Vec<u8>,
    },
    /// A link that was made for the system leads to itself.
    #[error("`{path}` is a link that leads back to itself")]
    Loop {
        /// The link.
        path: TreePath,
    },
    /// Two units have different files at one place.
    #[error("`{path}` is in `{first}` and in `{second}`, with different contents or modes")]
    Conflict {
        /// The place.
        path: TreePath,
        /// The unit whose file would be kept.
        first: Origin,
        /// The other unit.
        second: Origin,
    },
}

impl LinkError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Root { .. } => "add the package that has it, or correct the path",
            Self::Wish { .. } => "correct it, or leave it out",
            Self::Library { .. } => {
                "add the package that has the library, or leave the file out with `without`"
            }
            Self::LeftOut { .. } => "leave the file out, too, or keep the library",
            Self::Interpreter { .. } => "add the package that has the loader, such as libc6",
            Self::Loop { .. } => "leave it out, or let it lead to something else",
            Self::Conflict { .. } => "leave one of the two out",
        }
    }
}

fn shown(paths: &[TreePath]) -> String {
    paths.iter().map(TreePath::to_string).collect::<Vec<_>>().join(", ")
}

/// Units were not opened as asked.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// One could not be read.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// Fewer came back than were asked for.
    #[error("asked for {asked} units, and got {got}")]
    Count {
        /// How many were asked for.
        asked: usize,
        /// How many came.
        got: usize,
    },
}

/// Opens units: gives the analysis of each, in their order.
pub type Open<'o> = dyn FnMut(&[&Unit]) -> Result<Vec<Arc<Analysis>>, ContentsError> + 'o;

/// Links a system. `open` is asked for the analyses of units, several at once so that they can be
/// fetched and read at the same time, each unit once.
pub fn link(
    units: &[Unit],
    roots: &[Root],
    policy: &Policy,
    open: &mut Open<'_>,
) -> Result<Link, OpenError> {
    let opened: Vec<OnceCell<Arc<Analysis>>> = units.iter().map(|_| OnceCell::new()).collect();
    let mut universe = Universe::new(units);
    let mut wanted: BTreeSet<usize> = (0..units.len())
        .filter(|index| units.get(*index).is_some_and(|unit| is_opened_first(unit, policy)))
        .collect();
    loop {
        let asked: Vec<&Unit> = wanted.iter().filter_map(|index| units.get(*index)).collect();
        let analyses = if asked.is_empty() { Vec::new() } else { open(&asked)? };
        if analyses.len() != asked.len() {
            return Err(OpenError::Count { asked: asked.len(), got: analyses.len() });
        }
        for (index, analysis) in wanted.iter().zip(analyses) {
            if let Some(cell) = opened.get(*index) {
                cell.get_or_init(|| analysis);
            }
        }
        universe.add(wanted, &opened, &policy.alternatives);
        let walk = walk(&universe, roots, policy);
        wanted = wanted_units(&walk, &opened);
        if wanted.is_empty() {
            return Ok(record::record(walk, &opened));
        }
    }
}

fn is_opened_first(unit: &Unit, policy: &Policy) -> bool {
    let is_universe = policy.reach == Reach::Universe;
    match unit.role {
        Role::Generated | Role::Offered | Role::Named | Role::Data => true,
        Role::Declared => is_universe || policy.level == crate::unit::Level::Declared,
        Role::Essential => is_universe,
    }
}

/// What kept units declare to need, and what was looked for where it was not.
fn wanted_units(walk: &Walk<'_, '_>, opened: &Opened) -> BTreeSet<usize> {
    let units = walk.universe.units;
    let closed = |index: &usize| opened.get(*index).is_some_and(|cell| cell.get().is_none());
    let mut by_package: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        by_package.entry(&unit.package).or_default().push(index);
        by_package.entry(unit.name.as_str()).or_default().push(index);
    }
    let mut wanted = BTreeSet::new();
    let mut want = |package: &str| {
        let found = by_package.get(package).into_iter().flatten().copied();
        wanted.extend(found.filter(closed));
    };
    let named = units.iter().filter(|unit| unit.role == Role::Named);
    let kept = walk.kept_units();
    let kept = kept.iter().filter_map(|unit| units.get(*unit));
    named.chain(kept).flat_map(|unit| &unit.depends).for_each(|package| want(package));
    for suggestion in &walk.suggested {
        match suggestion {
            Suggestion::Package(package) => want(package),
            Suggestion::Essential => {
                let essential = units.iter().filter(|unit| unit.is_essential);
                essential.for_each(|unit| want(&unit.package));
            }
            Suggestion::Like(patterns) => {
                let is_like = |unit: &&Unit| glob::is_match_any(patterns, unit.package.as_bytes());
                units.iter().filter(is_like).for_each(|unit| want(&unit.package));
            }
            Suggestion::Library(soname) => {
                for package in library_packages(soname) {
                    want(&package);
                }
            }
        }
    }
    wanted
}

/// What Debian calls the package of a library (policy, 8.1): `libz.so.1` is in `libz1`, and
/// `liblz4.so.1` in `liblz4-1`.
fn library_packages(soname: &[u8]) -> Vec<String> {
    let soname = String::from_utf8_lossy(soname).to_lowercase().replace('_', "-");
    let Some((name, version)) = soname.split_once(".so.") else { return Vec::new() };
    let dash = if name.ends_with(|last: char| last.is_ascii_digit()) { "-" } else { "" };
    let package = format!("{name}{dash}{version}");
    vec![format!("{package}t64"), package]
}
