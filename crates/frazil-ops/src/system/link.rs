//! The link of a declared system: its universe, its roots, and the tree that comes of them.
//!
//! Packages are fetched and unpacked when the linker asks for them, so what nothing reaches is
//! never fetched. What depends on the contents of a unit alone is kept under the unit's path.

mod commands;
mod finish;
mod laid_out;
mod pam;
mod roots;
mod universe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frazil_build::builtin::{BuiltinError, Demand};
use frazil_debian::index::Index;
use frazil_link::analysis::{self, Analysis};
use frazil_link::policy::Cut;
use frazil_link::{Ledger, Level, LinkError, Policy, Unit};
use frazil_model::{StoreDir, StorePath};
use frazil_tree::{Metadata, Mode, Origin, Tree, TreePath};
use serde::{Deserialize, Serialize};

use super::accounts::{Accounts, AccountsError};
use super::generated::{Generated, Made};
use super::packages::{self, Adapter};
use super::services;
use super::specification::{self, Specification};
use crate::inputs::{self, Lead};
use finish::{Finish, Finished};
use universe::Universe;

/// The unit of what is made for one system.
pub(crate) const GENERATED: &str = "generated";
/// The unit of the init, and its program.
pub(crate) const INIT: &str = "init";
pub(crate) const INIT_PROGRAM: &str = "usr/sbin/init";
/// The machines that it is for.
const INIT_SYSTEM: &str = "x86_64-linux";
/// What a system without one names as its init.
const NO_INIT: &str = "none";

/// What a link is given besides the specification.
pub struct Setting<'l> {
    /// The store, as paths name it.
    pub store: &'l StoreDir,
    /// The closure of what the specification names: each path and where it is.
    pub inputs: &'l BTreeMap<StorePath, PathBuf>,
    /// The packages of Debian, where the system has some.
    pub index: Option<Index<'l>>,
    /// For packages.
    pub demand: &'l Demand<'l>,
    /// Where analyses of units are kept.
    pub analyses: Option<&'l Path>,
}

/// A linked system.
pub struct Linked {
    /// What lies where.
    pub tree: Tree,
    /// The units that the tree takes files from.
    pub units: BTreeMap<Origin, UnitPlace>,
    /// Why everything is there.
    pub ledger: Ledger,
    /// What the init is told.
    pub services: serde_json::Value,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Where the files of a unit are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPlace {
    /// The store path.
    pub path: String,
    /// The directory that places in the unit are relative to.
    pub root: String,
}

/// Why a system cannot be linked.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// It is for machines that the init is not for.
    #[error(
        "there is no init for {system} here, only one for {INIT_SYSTEM}; with `init.type = \"none\"` the program of `image.entrypoint` runs alone"
    )]
    Machine {
        /// The machines.
        system: String,
    },
    /// A text of it is not what it should be.
    #[error("`{value}` cannot be {what}")]
    Value {
        /// What it should be.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// A unit has a level, and is none.
    #[error(
        "`system.link.units.{name}` is about no package that the system may use; packages have the names that Debian gives them"
    )]
    UnknownUnit {
        /// Its name.
        name: String,
    },
    /// Packages of Debian are used, but no suite is named.
    #[error("`{adapter}` is a package of Debian, and the system names no suite")]
    NoSuite {
        /// The package.
        adapter: String,
    },
    /// The system will not work as linked.
    #[error("the system `{name}` will not work:\n{}", shown(errors))]
    Broken {
        /// The system.
        name: String,
        /// Why not.
        errors: Vec<LinkError>,
    },
    /// A declared file stands where another one needs a directory.
    #[error("`{outer}` is no directory, so there cannot be `{inner}`; leave one of the two out")]
    Nested {
        /// The one that is in the way.
        outer: TreePath,
        /// The one below it.
        inner: TreePath,
    },
    /// Generated files and packages want the same place.
    #[error(transparent)]
    Conflict(#[from] frazil_tree::tree::Conflict),
    /// Accounts have no numbers.
    #[error("{problem}; {}", problem.help())]
    Accounts {
        /// Why not, which says what can be done about it.
        problem: AccountsError,
    },
    /// A field of an account would break its line.
    #[error(transparent)]
    Account(#[from] frazil_link::generate::accounts::AccountError),
    /// Services cannot be told to the init.
    #[error(transparent)]
    Services(#[from] services::ServicesError),
    /// The table of services is none.
    #[error(transparent)]
    Table(#[from] frazil_init::table::TableError),
    /// The services do not fit together.
    #[error(transparent)]
    Plan(#[from] frazil_init::plan::CompileError),
    /// An adapter cannot be read.
    #[error(transparent)]
    Adapter(#[from] packages::AdapterError),
    /// There is no universe.
    #[error(transparent)]
    Universe(#[from] packages::UniverseError),
    /// A package is no derivation.
    #[error(transparent)]
    Unit(#[from] super::units::UnitError),
    /// Units could not be read.
    #[error(transparent)]
    Open(#[from] frazil_link::link::OpenError),
    /// A file of the store could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Packages could not be had.
    #[error(transparent)]
    Demand(#[from] BuiltinError),
}

impl From<AccountsError> for SystemError {
    fn from(problem: AccountsError) -> Self {
        Self::Accounts { problem }
    }
}

fn shown(errors: &[LinkError]) -> String {
    let lines: Vec<String> =
        errors.iter().map(|error| format!("- {error}\n  {}", error.help())).collect();
    lines.join("\n")
}

/// Links a system.
pub fn link(specification: &Specification, setting: &Setting<'_>) -> Result<Linked, SystemError> {
    if specification.plan.init != NO_INIT && specification.system != INIT_SYSTEM {
        return Err(SystemError::Machine { system: specification.system.clone() });
    }
    let adapters = packages::adapters(setting.inputs)?;
    let specification = &with_accounts(specification, &adapters);
    let accounts = Accounts::number(&specification.users, &specification.groups)?;
    let (services, not_done) =
        services::table(&specification.plan, &specification.users, &accounts, &|path| {
            String::from_utf8(read(setting, path)?).map_err(std::io::Error::other)
        })?;
    let mut generated = generated(specification, &accounts, setting)?;
    commands::offer(specification, setting, &mut generated)?;
    let universe = Universe::new(specification, setting, &adapters, &generated)?;
    let roots = roots::roots(specification, setting, &services)?;
    let policy = policy(specification, &adapters)?;
    let link = frazil_link::link(universe.units(), &roots, &policy, &mut |asked: &[&Unit]| {
        universe.open(asked)
    })?;
    if !link.errors.is_empty() {
        let name = specification.name.clone();
        return Err(SystemError::Broken { name, errors: link.errors });
    }
    let unused = universe.unused(&specification.packages, &adapters, &link.ledger);
    let declarations = universe.declarations(&link.ledger)?;
    let made = [(GENERATED, &generated), (universe::OFFERED, universe.offered())];
    let (services, declarations) = (&services, declarations.as_slice());
    let finish = Finish { specification, adapters: &adapters, made, services, declarations };
    let Finished { mut tree, ledger, problems } = finish.run(link)?;
    universe.attribute_authorities(&mut tree)?;
    let units = universe.places(&tree);
    let mut warnings = universe.warnings(&adapters);
    warnings.extend(unused);
    warnings.extend(problems.iter().map(ToString::to_string));
    warnings.extend(not_done);
    Ok(Linked { tree, units, ledger, services: services.clone(), warnings })
}

/// Where a path of the store, or something in it, physically is.
fn physical(setting: &Setting<'_>, path: &str) -> PathBuf {
    let split = setting.store.split(path.as_bytes()).ok();
    let place = split.and_then(|(store_path, rest)| {
        let rest = String::from_utf8_lossy(rest).into_owned();
        let (place, rest) = (setting.inputs.get(&store_path)?, rest.trim_start_matches('/'));
        // Joined with nothing the path of a file would be that of a directory.
        Some(if rest.is_empty() { place.clone() } else { place.join(rest) })
    });
    place.unwrap_or_else(|| PathBuf::from(path))
}

/// The bytes of a file in the store. What is read now must be there now: a path of the machine that
/// links is none of the system's.
fn read(setting: &Setting<'_>, path: &str) -> std::io::Result<Vec<u8>> {
    let problem = match inputs::follow(setting.store, setting.inputs, Path::new(path)) {
        Lead::Input(place) => return std::fs::read(place),
        Lead::Outside(place) if place == Path::new(path) => "it is not in the store".to_owned(),
        Lead::Outside(place) => {
            format!("it leads to `{}`, which is only in the system; link to it", place.display())
        }
        Lead::Nowhere => "it is in none of the inputs".to_owned(),
    };
    Err(std::io::Error::other(problem))
}

/// Whether a declared link leads to where it stands, through an adapter: then the file there is meant.
fn is_in_place(file: &specification::File, setting: &Setting<'_>) -> Result<bool, SystemError> {
    let Some(link) = &file.link else { return Ok(false) };
    Ok(match inputs::follow(setting.store, setting.inputs, Path::new(link)) {
        Lead::Outside(place) if place != Path::new(link) => {
            tree_path(&place.to_string_lossy())?.usr_merged() == tree_path(&file.path)?.usr_merged()
        }
        Lead::Outside(_) | Lead::Input(_) | Lead::Nowhere => false,
    })
}

/// The accounts that packages would have made are there unless the system says otherwise.
fn with_accounts(
    specification: &Specification,
    adapters: &BTreeMap<StorePath, Adapter>,
) -> Specification {
    let mut whole = specification.clone();
    for adapter in adapters.values() {
        for (name, user) in &adapter.users {
            whole.users.entry(name.clone()).or_insert_with(|| user.declared());
            let group = user.declared().group;
            whole.groups.entry(group).or_default();
        }
        for (name, group) in &adapter.groups {
            whole.groups.entry(name.clone()).or_insert_with(|| group.clone());
        }
    }
    whole
}

/// The files that the specification names; those about accounts are added when all is linked,
/// since shells that nobody asked for are no evidence.
fn generated(
    specification: &Specification,
    accounts: &Accounts,
    setting: &Setting<'_>,
) -> Result<Generated, SystemError> {
    let mut generated = Generated::default();
    for package in &specification.root {
        let files = laid_out::files(package, setting)?.into_iter();
        for file in files.filter(|file| !file.is_in_place()) {
            let metadata = Metadata::of_root(Mode::SYMLINK);
            generated.insert(file.path, metadata, Made::Link(file.target.into_bytes()));
        }
    }
    for file in &specification.files {
        if is_in_place(file, setting)? {
            continue;
        }
        let path = tree_path(&file.path)?;
        let whose = || format!("the file `/{}`", file.path);
        let metadata = Metadata {
            mode: mode(&file.mode)?,
            uid: accounts.uid(&file.user, whose)?,
            gid: accounts.gid(&file.group, whose)?,
            ..Metadata::of_root(Mode::of(0))
        };
        let made = match (&file.text, &file.source, &file.link) {
            (Some(text), _, _) => Made::File(text.clone().into_bytes()),
            (None, Some(source), _) => {
                let failed = |error| SystemError::Read { path: source.clone(), source: error };
                Made::File(read(setting, source).map_err(failed)?)
            }
            (None, None, Some(target)) => Made::Link(target.clone().into_bytes()),
            (None, None, None) => Made::File(Vec::new()),
        };
        generated.insert(path, metadata, made);
    }
    match generated.nested() {
        Some((outer, inner)) => {
            Err(SystemError::Nested { outer: outer.clone(), inner: inner.clone() })
        }
        None => Ok(generated),
    }
}

fn policy(
    specification: &Specification,
    adapters: &BTreeMap<StorePath, Adapter>,
) -> Result<Policy, SystemError> {
    use frazil_link::capability::Extent;
    let link = &specification.link;
    let bytes = |texts: &[String]| -> Vec<Box<[u8]>> {
        texts.iter().map(|text| text.trim_start_matches('/').as_bytes().into()).collect()
    };
    let extent = |wanted: bool| if wanted { Extent::Full } else { Extent::Nothing };
    let has_set_id = |text: &str| mode(text).is_ok_and(Mode::is_set_id);
    let places = adapters.values().flat_map(|adapter| &adapter.modes);
    let set_id = places.filter(|place| place.mode.as_deref().is_some_and(has_set_id));
    let set_id: Vec<String> =
        set_id.map(|place| place.path.clone()).chain(link.set_id.iter().cloned()).collect();
    let alternatives = link.alternatives.iter().map(|(name, path)| {
        (name.as_bytes().into(), path.trim_start_matches('/').as_bytes().into())
    });
    Ok(Policy {
        level: level(&link.level)?,
        keep: bytes(&link.keep),
        without: bytes(&link.without),
        programs: bytes(&link.bins),
        locales: link.locales.iter().map(|name| name.as_str().into()).collect(),
        untrimmed: link.untrimmed.iter().map(|name| name.as_str().into()).collect(),
        capabilities: link
            .capabilities
            .iter()
            .map(|(name, wanted)| (name.as_str().into(), extent(*wanted)))
            .collect(),
        set_id: bytes(&set_id),
        alternatives: alternatives.collect(),
        cut: link.cut.iter().map(|what| cut(what)).collect::<Result<_, _>>()?,
        cut_references: bytes(&link.cut_references),
        reach: frazil_link::policy::Reach::AsNeeded,
    })
}

fn origin(name: &str) -> Origin {
    Origin::parse(name).expect("the name of a store path or package is the name of a unit")
}

fn tree_path(path: &str) -> Result<TreePath, SystemError> {
    let relative = path.trim_start_matches('/').as_bytes();
    let value = |_| SystemError::Value { what: "a path", value: path.to_owned() };
    TreePath::parse(relative).map_err(value)
}

fn mode(text: &str) -> Result<Mode, SystemError> {
    let value = |_| SystemError::Value { what: "permissions", value: text.to_owned() };
    u32::from_str_radix(text, 8).map(Mode::of).map_err(value)
}

fn cut(text: &str) -> Result<Cut, SystemError> {
    match text {
        "documentation" => Ok(Cut::Documentation),
        "debug" => Ok(Cut::Debug),
        "build" => Ok(Cut::Build),
        _ => Err(SystemError::Value { what: "what references are cut in", value: text.to_owned() }),
    }
}

fn level(text: &str) -> Result<Level, SystemError> {
    match text {
        "files" => Ok(Level::Files),
        "packages" => Ok(Level::Packages),
        "declared" => Ok(Level::Declared),
        _ => Err(SystemError::Value { what: "a level of linking", value: text.to_owned() }),
    }
}

/// The analysis of a unit: the kept one, or a new one, which is kept.
fn analysed(
    kept_in: Option<&Path>,
    name: &str,
    analyse: impl FnOnce() -> Result<Analysis, frazil_link::contents::ContentsError>,
) -> Result<Arc<Analysis>, frazil_link::contents::ContentsError> {
    let Some(folder) = kept_in else { return Ok(Arc::new(analyse()?)) };
    let file = folder.join(format!("{name}.{}", analysis::VERSION));
    let known = std::fs::read(&file).ok().and_then(|bytes| Analysis::decode(&bytes).ok());
    if let Some(known) = known {
        return Ok(Arc::new(known));
    }
    let analysis = analyse()?;
    // It only saves time, so it is no failure if it cannot be kept.
    let temporary = folder.join(format!("{name}.{}.new", std::process::id()));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&temporary, analysis.encode()))
        .and_then(|()| std::fs::rename(&temporary, &file));
    drop(written);
    Ok(Arc::new(analysis))
}
