//! From a link to a finished system: what maintainer scripts and the first start would have done.
//!
//! Permissions and directories of the table of packages, accounts and files of `sysusers.d` and
//! `tmpfiles.d`, declared directories, the cache of the loader, the init. When all is in the tree,
//! the ledger is told of it.

use std::collections::{BTreeMap, BTreeSet};

use frazil_init::backend::{self, Backend};
use frazil_init::table::Table;
use frazil_link::generate::loader_cache::{Library, loader_cache};
use frazil_link::ledger::{Fate, KeptKind, Subject};
use frazil_link::{Ledger, Link};
use frazil_model::StorePath;
use frazil_tree::{Leaf, LeafKind, Metadata, Mode, Node, Tree, TreePath};
use serde_json::Value;

use super::{GENERATED, INIT, INIT_PROGRAM, NO_INIT, SystemError, mode, origin, tree_path};
use crate::system::accounts::Accounts;
use crate::system::declarations::{Problem, php, sysusers, tmpfiles};
use crate::system::generated::Generated;
use crate::system::packages::Adapter;
use crate::system::specification::Specification;

const LOADER_CACHE: &str = "etc/ld.so.cache";

/// What a system is finished from.
pub(super) struct Finish<'f> {
    pub(super) specification: &'f Specification,
    pub(super) adapters: &'f BTreeMap<StorePath, Adapter>,
    pub(super) made: [(&'f str, &'f Generated); 2],
    pub(super) services: &'f serde_json::Value,
    /// The files by which kept packages declare things: paths from the root, and texts.
    pub(super) declarations: &'f [(String, String)],
}

/// What lies where, why, and what was not done.
pub(super) struct Finished {
    pub(super) tree: Tree,
    pub(super) ledger: Ledger,
    pub(super) problems: Vec<Problem>,
}

impl Finish<'_> {
    pub(super) fn run(&self, link: Link) -> Result<Finished, SystemError> {
        let Link { mut ledger, libraries, .. } = link;
        let mut specification = self.specification.clone();
        let mut problems = add_accounts(&mut specification, self.declarations);
        let accounts = Accounts::number(&specification.users, &specification.groups)?;
        accounts.check_members(&specification.groups)?;
        apply_modes(&mut ledger, self.adapters, &accounts)?;
        let mut tree = assemble(&ledger, &specification, &accounts, self.made)?;
        add_directories(&mut tree, &ledger, self.adapters, &accounts)?;
        problems.extend(self.add_files(&mut tree, &accounts)?);
        add_places(&mut tree, &specification, &accounts)?;
        for (file, text) in self.declarations {
            php::enable(file, text, &mut tree, &origin(GENERATED));
        }
        add_loader_cache(&mut tree, &libraries)?;
        add_init(&mut tree, &specification, self.services)?;
        ledger.add_made(&tree);
        problems.sort();
        Ok(Finished { tree, ledger, problems })
    }

    /// What `tmpfiles.d` of kept packages wants, but where the system says something itself.
    fn add_files(&self, tree: &mut Tree, accounts: &Accounts) -> Result<Vec<Problem>, SystemError> {
        let mut declared = BTreeSet::new();
        let files = self.specification.files.iter().map(|file| &file.path);
        let directories = self.specification.directories.iter().map(|directory| &directory.path);
        for path in files.chain(directories) {
            declared.insert(tree_path(path)?);
        }
        let mut problems = Vec::new();
        for (file, text) in
            self.declarations.iter().filter(|(file, _)| file.contains("/tmpfiles.d/"))
        {
            let (rules, unclear) = tmpfiles::read(file, text);
            problems.extend(unclear);
            let origin = origin(GENERATED);
            problems.extend(tmpfiles::apply(&rules, tree, accounts, &declared, &origin));
        }
        Ok(problems)
    }
}

/// The accounts that `sysusers.d` of kept packages wants and nobody has declared.
fn add_accounts(specification: &mut Specification, files: &[(String, String)]) -> Vec<Problem> {
    let mut wanted = sysusers::Wanted::default();
    for (file, text) in files.iter().filter(|(file, _)| file.contains("/sysusers.d/")) {
        wanted.read(file, text);
    }
    for (name, user) in wanted.users {
        specification.groups.entry(user.group.clone()).or_default();
        specification.users.entry(name).or_insert(user);
    }
    for (name, group) in wanted.groups {
        let known = specification.groups.entry(name).or_insert(group.clone());
        for member in group.members {
            if !known.members.contains(&member) {
                known.members.push(member);
            }
        }
    }
    wanted.problems
}

/// Where the loader finds libraries at once; without it, it looks into every directory.
fn add_loader_cache(tree: &mut Tree, libraries: &[Library]) -> Result<(), SystemError> {
    let path = tree_path(LOADER_CACHE)?;
    if libraries.is_empty() || tree.get(&path).is_some() {
        return Ok(());
    }
    let kind = LeafKind::File(frazil_tree::File::inline(&loader_cache(libraries)));
    let metadata = Metadata::of_root(Mode::of(0o644));
    tree.insert(path, Leaf { metadata, origin: origin(GENERATED), kind })?;
    Ok(())
}

/// What maintainer scripts would have done to files that are kept.
fn apply_modes(
    ledger: &mut Ledger,
    adapters: &BTreeMap<StorePath, Adapter>,
    accounts: &Accounts,
) -> Result<(), SystemError> {
    let mut changes = BTreeMap::new();
    for adapter in adapters.values() {
        for place in &adapter.modes {
            changes.insert(tree_path(&place.path)?, (place, &adapter.attribute));
        }
    }
    for subject in &mut ledger.subjects {
        let Subject::Entry(kept) = subject else { continue };
        let Some((place, attribute)) = changes.get(&kept.path) else { continue };
        if let Some(text) = &place.mode
            && !matches!(kept.kind, KeptKind::Symlink(_))
        {
            kept.mode = mode(text)?;
        }
        if let Some(user) = &place.user {
            kept.uid = accounts.package_uid(user, attribute)?;
        }
        if let Some(group) = &place.group {
            kept.gid = accounts.package_gid(group, attribute)?;
        }
    }
    Ok(())
}

/// The tree of all that is kept, made and declared.
fn assemble(
    ledger: &Ledger,
    specification: &Specification,
    accounts: &Accounts,
    made: [(&str, &Generated); 2],
) -> Result<Tree, SystemError> {
    let origin = origin(GENERATED);
    let (mut tree, conflicts) = frazil_link::link::tree(ledger, &origin);
    if let Some(conflict) = conflicts.into_iter().next() {
        return Err(conflict.into());
    }
    // The linker knows what is made as units; the bytes are here.
    for (unit, made) in made {
        for (path, leaf) in made.leaves(&super::origin(unit)) {
            if tree.remove(path) {
                tree.insert(path.clone(), leaf)?;
            }
        }
    }
    for directory in &specification.directories {
        let whose = || format!("the directory `/{}`", directory.path);
        let metadata = Metadata {
            mode: mode(&directory.mode)?,
            uid: accounts.uid(&directory.user, whose)?,
            gid: accounts.gid(&directory.group, whose)?,
            ..Metadata::of_root(Mode::of(0))
        };
        tree.set_directory(tree_path(&directory.path)?, metadata, origin.clone())?;
    }
    let files = accounts.files(&specification.users, &specification.groups)?;
    for (path, mode, text) in [
        ("etc/passwd", 0o644, files.passwd),
        ("etc/group", 0o644, files.group),
        ("etc/shadow", 0o600, files.shadow),
    ] {
        let kind = LeafKind::File(frazil_tree::File::inline(text.as_bytes()));
        let metadata = Metadata::of_root(Mode::of(mode));
        let leaf = Leaf { metadata, origin: origin.clone(), kind };
        tree.insert(tree_path(path)?, leaf)?;
    }
    Ok(tree)
}

/// Directories that maintainer scripts of packages that are kept would have made.
fn add_directories(
    tree: &mut Tree,
    ledger: &Ledger,
    adapters: &BTreeMap<StorePath, Adapter>,
    accounts: &Accounts,
) -> Result<(), SystemError> {
    let kept = ledger.units.iter().filter(|unit| unit.fate == Fate::Kept);
    let kept: BTreeSet<&str> = kept.map(|unit| &*unit.package).collect();
    let is_kept = |adapter: &&Adapter| adapter.packages.iter().any(|name| kept.contains(&**name));
    for adapter in adapters.values().filter(is_kept) {
        for place in &adapter.directories {
            let (user, group) = (place.user.as_deref(), place.group.as_deref());
            let metadata = Metadata {
                mode: place.mode.as_deref().map_or(Ok(Mode::DIRECTORY), mode)?,
                uid: accounts.package_uid(user.unwrap_or("root"), &adapter.attribute)?,
                gid: accounts.package_gid(group.unwrap_or("root"), &adapter.attribute)?,
                ..Metadata::of_root(Mode::DIRECTORY)
            };
            let path = tree_path(&place.path)?;
            if tree.get(&path).is_none() {
                tree.insert_directory(path, metadata, origin(GENERATED))?;
            }
        }
    }
    Ok(())
}

/// The directories that the image names: the one where it starts, and those of its state, which a
/// volume takes over with owner and permissions. What is there already stays as it is.
fn add_places(
    tree: &mut Tree,
    specification: &Specification,
    accounts: &Accounts,
) -> Result<(), SystemError> {
    let image = &specification.image;
    let whose = || "`image.user`".to_owned();
    let name = image.get("user").and_then(Value::as_str).unwrap_or("0");
    let (user, group) = name.split_once(':').unwrap_or((name, ""));
    let uid = accounts.uid(user, whose)?;
    let own = specification.users.iter().find(|(name, _)| accounts.uids.get(*name) == Some(&uid));
    let gid = match own {
        _ if !group.is_empty() => accounts.gid(group, whose)?,
        Some((_, user)) => accounts.gid(&user.group, whose)?,
        None => 0,
    };
    let metadata = Metadata { uid, gid, ..Metadata::of_root(Mode::DIRECTORY) };
    let volumes = image.get("volumes").and_then(Value::as_array).into_iter().flatten();
    for place in image.get("workingDir").into_iter().chain(volumes).filter_map(Value::as_str) {
        let path = tree_path(place.trim_end_matches('/'))?;
        let mut above = std::iter::successors(path.parent(), TreePath::parent);
        // Below a link it is the business of whoever made that.
        let is_below_link = above.any(|path| matches!(tree.get(&path), Some(Node::Leaf(..))));
        if !is_below_link && tree.get(&path).is_none() {
            tree.insert_directory(path, metadata.clone(), origin(GENERATED))?;
        }
    }
    Ok(())
}

/// The init of this program, what it is told, and what another init is told. Below another, the
/// program starts the services.
fn add_init(
    tree: &mut Tree,
    specification: &Specification,
    services: &serde_json::Value,
) -> Result<(), SystemError> {
    if specification.plan.init == NO_INIT {
        return Ok(());
    }
    let table = Table::from_json(services.to_string().as_bytes())?;
    let plan = frazil_init::plan::compile(&table)?;
    let file = |bytes: &[u8]| LeafKind::File(frazil_tree::File::inline(bytes));
    let mut add = |unit: &str, path: &str, mode: u32, kind: LeafKind| {
        let leaf = Leaf { metadata: Metadata::of_root(Mode::of(mode)), origin: origin(unit), kind };
        tree.insert(tree_path(path)?, leaf).map(drop).map_err(SystemError::from)
    };
    add(INIT, INIT_PROGRAM, 0o755, file(frazil_init::PROGRAM))?;
    add(GENERATED, "etc/init.plan", 0o644, file(&plan))?;
    let program = format!("/{INIT_PROGRAM}");
    let backend = Backend::named(&specification.plan.init);
    // It was compiled just now, so it can be read.
    let plan = frazil_init::plan::read(&plan).ok().zip(backend);
    for entry in plan.into_iter().flat_map(|(plan, backend)| backend.files(plan, &program)) {
        match entry.made {
            backend::Made::Text(text) => add(GENERATED, &entry.path, 0o644, file(text.as_bytes()))?,
            backend::Made::Program => {
                add(GENERATED, &entry.path, 0o777, LeafKind::Symlink(program.as_bytes().into()))?;
            }
        }
    }
    Ok(())
}
