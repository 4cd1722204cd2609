//! `builtin:buildenv`: one tree of links to the trees of several packages, as Nix makes profiles.
//!
//! A file of a package becomes a link to it. A directory becomes a link, too, unless several
//! packages have it; then it is a directory, and the same holds for what is in it. The tree is
//! planned in memory and written when nothing can go wrong any more.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use frazil_build::builtin::{BuiltinError, BuiltinTask};

use super::{AttributeProblem, out, required};

/// Files that every package has, or that mean nothing outside of it. Nix leaves out the same.
const LEFT_OUT: &[&str] = &[
    "propagated-build-inputs",
    "nix-support",
    "perllocal.pod",
    "info/dir",
    "log",
    "manifest.nix",
    "manifest.json",
];
/// The file that names further packages for the environment.
const PROPAGATED: &str = "nix-support/propagated-user-env-packages";
/// Where their priorities begin, behind those that a user gives.
const PROPAGATED_PRIORITY: i64 = 1000;

#[derive(Debug, thiserror::Error)]
enum Collision {
    #[error(
        "Unable to build profile. There is a conflict for the following files:\n\n  {}\n  {}",
        first.display(),
        second.display()
    )]
    Files { first: PathBuf, second: PathBuf },
    #[error("collision between '{}' and non-directory '{}'", directory.display(), other.display())]
    Directory { directory: PathBuf, other: PathBuf },
    #[error("collision between non-directory '{}' and directory '{}'", file.display(), directory.display())]
    File { file: PathBuf, directory: PathBuf },
}

#[derive(Debug, thiserror::Error)]
#[error("'{}' is not an input of the environment, or cannot be read", path.display())]
struct Unreadable {
    path: PathBuf,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    priority: i64,
    path: PathBuf,
}

/// What will be at a place of the environment. Links lead to logical paths.
enum Node {
    Link { target: PathBuf, priority: i64 },
    Directory(BTreeMap<OsString, Node>),
}

pub(super) fn build(
    task: &BuiltinTask<'_>,
    _tools: &super::Tools,
    log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let mut packages = packages(required(task.derivation, "derivations")?)?;
    packages.sort();
    let manifest = required(task.derivation, "manifest")?;
    let out = out(task)?;
    let mut plan = Plan { task, log, done: BTreeSet::new(), postponed: BTreeSet::new() };
    let mut top = BTreeMap::new();
    for package in packages {
        plan.add(&mut top, package.path, package.priority)?;
    }
    let mut priority = PROPAGATED_PRIORITY;
    while !plan.postponed.is_empty() {
        for path in std::mem::take(&mut plan.postponed) {
            plan.add(&mut top, path, priority)?;
            priority += 1;
        }
    }
    top.insert("manifest.nix".into(), Node::Link { target: manifest.into(), priority: 0 });
    write(out, top)
}

/// `ACTIVE PRIORITY COUNT PATH...` for each package.
fn packages(text: &str) -> Result<Vec<Package>, AttributeProblem> {
    let wrong = || AttributeProblem::Wrong { name: "derivations", wanted: "a list of packages" };
    let mut words = text.split_ascii_whitespace();
    let mut packages = Vec::new();
    while let Some(active) = words.next() {
        let priority = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
        let count: usize = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
        for _ in 0..count {
            let path = words.next().ok_or_else(wrong)?.into();
            if active != "false" {
                packages.push(Package { priority, path });
            }
        }
    }
    Ok(packages)
}

struct Plan<'p> {
    task: &'p BuiltinTask<'p>,
    log: &'p mut dyn FnMut(&[u8]),
    done: BTreeSet<PathBuf>,
    postponed: BTreeSet<PathBuf>,
}

impl Plan<'_> {
    fn add(
        &mut self,
        top: &mut BTreeMap<OsString, Node>,
        path: PathBuf,
        priority: i64,
    ) -> Result<(), BuiltinError> {
        if !self.done.insert(path.clone()) {
            return Ok(());
        }
        self.merge(top, &path, Path::new(""), priority)?;
        if let Some(place) = self.follow(&path.join(PROPAGATED))
            && let Ok(text) = fs::read_to_string(place)
        {
            let named = text.split_ascii_whitespace().map(PathBuf::from);
            self.postponed.extend(named.filter(|path| !self.done.contains(path)));
        }
        Ok(())
    }

    /// Adds what is in the directory `source` to `entries`, which stand at `below`.
    fn merge(
        &mut self,
        entries: &mut BTreeMap<OsString, Node>,
        source: &Path,
        below: &Path,
        priority: i64,
    ) -> Result<(), BuiltinError> {
        let place = self.follow(source).ok_or_else(|| Unreadable { path: source.into() })?;
        if !place.is_dir() {
            let shown = source.display();
            let warning = format!(
                "warning: not including '{shown}' in the user environment because it's not a directory\n"
            );
            (self.log)(warning.as_bytes());
            return Ok(());
        }
        let listed = fs::read_dir(&place)?.map(|entry| Ok(entry?.file_name()));
        let names: BTreeSet<OsString> = listed.collect::<std::io::Result<_>>()?;
        for name in names {
            let file = source.join(&name);
            if name.as_bytes().starts_with(b".") || LEFT_OUT.iter().any(|end| file.ends_with(end)) {
                continue;
            }
            if let Some(place) = self.follow(&file) {
                self.link(entries, name, &file, below, priority, place.is_dir())?;
            } else {
                let shown = file.display();
                (self.log)(format!("warning: skipping dangling symlink '{shown}'\n").as_bytes());
            }
        }
        Ok(())
    }

    fn link(
        &mut self,
        entries: &mut BTreeMap<OsString, Node>,
        name: OsString,
        file: &Path,
        below: &Path,
        priority: i64,
        is_directory: bool,
    ) -> Result<(), BuiltinError> {
        let here = below.join(&name);
        match entries.get_mut(&name) {
            Some(Node::Directory(inside)) if is_directory => {
                return self.merge(inside, file, &here, priority);
            }
            Some(Node::Directory(_)) => {
                return Err(Collision::File { file: file.into(), directory: here }.into());
            }
            Some(Node::Link { target, priority: before }) if is_directory => {
                let (target, before) = (target.clone(), *before);
                if !self.follow(&target).is_some_and(|place| place.is_dir()) {
                    return Err(
                        Collision::Directory { directory: file.into(), other: target }.into()
                    );
                }
                let mut inside = BTreeMap::new();
                self.merge(&mut inside, &target, &here, before)?;
                self.merge(&mut inside, file, &here, priority)?;
                entries.insert(name, Node::Directory(inside));
                return Ok(());
            }
            Some(Node::Link { target, priority: before }) if *before == priority => {
                return Err(Collision::Files { first: target.clone(), second: file.into() }.into());
            }
            Some(Node::Link { priority: before, .. }) if *before < priority => return Ok(()),
            Some(Node::Link { .. }) | None => {}
        }
        entries.insert(name, Node::Link { target: file.into(), priority });
        Ok(())
    }

    fn follow(&self, path: &Path) -> Option<PathBuf> {
        super::follow(self.task, path)
    }
}

fn write(top: &Path, entries: BTreeMap<OsString, Node>) -> Result<(), BuiltinError> {
    fs::create_dir(top)?;
    let mut next = vec![(top.to_owned(), entries)];
    while let Some((dir, entries)) = next.pop() {
        for (name, node) in entries {
            let place = dir.join(name);
            match node {
                Node::Link { target, .. } => std::os::unix::fs::symlink(target, place)?,
                Node::Directory(inside) => {
                    fs::create_dir(&place)?;
                    next.push((place, inside));
                }
            }
        }
    }
    Ok(())
}
