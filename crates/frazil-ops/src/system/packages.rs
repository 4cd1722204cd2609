//! The Debian packages of a system: those that its adapters stand for, and what these need.
//!
//! Adapters say which packages they stand for and refer to none, so all of a system are solved
//! together, and two parts of it cannot bring two versions of one package.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use frazil_debian::index::{Index, IndexError, Package};
use frazil_debian::relation;
use frazil_debian::solve::{Solution, SolveError, SolveOptions, solve};
use frazil_link::{Level, Role, Unit};
use frazil_model::StorePath;
use frazil_tree::{Origin, TreePath};
use serde::Deserialize;

use super::specification::{Group, User};

/// The file by which a store path says that it is an adapter.
const DESCRIPTION: &str = "nix-support/debian/package";

/// Packages with data that programs expect without naming them.
const DATA_PACKAGES: &[&str] =
    &["ca-certificates", "tzdata", "netbase", "media-types", "openssl", "libc-bin", "base-files"];

/// What an adapter says about itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Adapter {
    /// The name that the package set has for it.
    pub attribute: String,
    /// The packages it stands for.
    pub packages: Vec<String>,
    /// Users that their maintainer scripts would have made.
    #[serde(default)]
    pub users: BTreeMap<String, AdapterUser>,
    /// Groups that they would have made.
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
    /// Permissions and owners that they would have set.
    #[serde(default)]
    pub modes: Vec<Place>,
    /// Directories that they would have made.
    #[serde(default)]
    pub directories: Vec<Place>,
    /// `covered` if all that they do is said here.
    #[serde(default)]
    pub scripts: String,
}

/// A user of an adapter.
#[derive(Clone, Debug, Deserialize)]
pub struct AdapterUser {
    uid: Option<u32>,
    group: String,
    #[serde(default)]
    home: String,
    #[serde(default)]
    shell: String,
    #[serde(default)]
    description: String,
}

impl AdapterUser {
    /// The user as a system declares one.
    pub fn declared(&self) -> User {
        User {
            uid: self.uid,
            group: self.group.clone(),
            description: self.description.clone(),
            home: self.home.clone(),
            shell: self.shell.clone(),
            ..User::default()
        }
    }
}

/// A place with permissions and an owner.
#[derive(Clone, Debug, Deserialize)]
pub struct Place {
    /// An absolute path.
    pub path: String,
    /// Octal digits.
    pub mode: Option<String>,
    /// The owner's name.
    pub user: Option<String>,
    /// The group's name.
    pub group: Option<String>,
}

/// An adapter cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// Not at all.
    #[error("cannot read `{}`", place.display())]
    Read {
        /// The file.
        place: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not JSON, or not of this shape.
    #[error("`{}` does not describe a package", place.display())]
    Shape {
        /// The file.
        place: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// The adapters among store paths, by path.
pub fn adapters(
    inputs: &BTreeMap<StorePath, PathBuf>,
) -> Result<BTreeMap<StorePath, Adapter>, AdapterError> {
    let mut adapters = BTreeMap::new();
    for (path, place) in inputs {
        let place = place.join(DESCRIPTION);
        let text = match std::fs::read(&place) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                continue;
            }
            Err(source) => return Err(AdapterError::Read { place, source }),
        };
        match serde_json::from_slice(&text) {
            Ok(adapter) => drop(adapters.insert(path.clone(), adapter)),
            Err(source) => return Err(AdapterError::Shape { place, source }),
        }
    }
    Ok(adapters)
}

/// There is no universe.
#[derive(Debug, thiserror::Error)]
pub enum UniverseError {
    /// A package is named that is not in the index.
    #[error("the suite has no package `{name}`")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// The index is damaged.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The packages cannot all be there.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

/// A package of the universe.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// As the archive lists it.
    pub package: Package<'a>,
    /// As the linker is told of it.
    pub unit: Unit,
}

/// All packages that the linker may take files from: what is named, what that needs, what every
/// Debian has, and data. `levels` are those of packages that have their own.
pub fn universe<'a>(
    index: &Index<'a>,
    named: &BTreeSet<String>,
    levels: &BTreeMap<String, Level>,
) -> Result<Vec<Candidate<'a>>, UniverseError> {
    let groups = |names: &[&'a str]| -> Vec<relation::Group<'a>> {
        names.iter().filter_map(|name| relation::parse(name).ok()).flatten().collect()
    };
    let mut seeds = Vec::new();
    for name in named {
        let unknown = || UniverseError::Unknown { name: name.clone() };
        seeds.push(index.package(name)?.ok_or_else(unknown)?.name);
    }
    let declared = solve(index, &groups(&seeds), &SolveOptions::default())?;
    let mut all = seeds.clone();
    for name in DATA_PACKAGES {
        all.extend(index.package(name)?.map(|package| package.name));
    }
    let options = SolveOptions { essential: true, ..SolveOptions::default() };
    let whole = solve(index, &groups(&all), &options)?;

    let mut seen = BTreeSet::new();
    let mut candidates = Vec::new();
    for solution in [&declared, &whole] {
        for chosen in solution.packages() {
            let package = &chosen.package;
            if seen.insert(package.name) {
                let role = role(package.name, named, &declared);
                let unit = unit(package, role, levels.get(package.name).copied(), &whole);
                candidates.push(Candidate { package: package.clone(), unit });
            }
        }
    }
    Ok(candidates)
}

fn role(name: &str, named: &BTreeSet<String>, declared: &Solution<'_>) -> Role {
    if named.contains(name) {
        Role::Named
    } else if declared.get(name).is_some() {
        Role::Declared
    } else if DATA_PACKAGES.contains(&name) {
        Role::Data
    } else {
        Role::Essential
    }
}

fn unit(package: &Package<'_>, role: Role, level: Option<Level>, whole: &Solution<'_>) -> Unit {
    let name = format!("{}_{}", package.name, package.version);
    Unit {
        name: Origin::parse(&name).expect("names and versions of packages are graphic"),
        package: package.name.into(),
        source: package.source_name().into(),
        mount: TreePath::root(),
        depends: depends(package, whole),
        role,
        is_essential: package.essential,
        level,
    }
}

/// The packages of the solution by which a package's relations hold.
fn depends(package: &Package<'_>, whole: &Solution<'_>) -> Vec<Box<str>> {
    let relations = [package.depends, package.pre_depends].map(relation::parse);
    let groups = relations.into_iter().flatten().flatten();
    let names = groups.flatten().map(|relation| relation.name);
    let mut needed = BTreeSet::new();
    for name in names {
        if whole.get(name).is_some() {
            needed.insert(name);
            continue;
        }
        let has_name = |other: &Package<'_>| {
            let names = relation::parse(other.provides).unwrap_or_default();
            names.iter().flatten().any(|relation| relation.name == name)
        };
        let others = whole.packages().iter().filter(|chosen| has_name(&chosen.package));
        needed.extend(others.map(|chosen| chosen.package.name));
    }
    needed.into_iter().map(Into::into).collect()
}
