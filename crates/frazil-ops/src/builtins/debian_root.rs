//! `builtin:debian-root`: the file system that real builds see, merged of unpacked packages.
//!
//! Files are hard links to those of the units wherever the file system allows it, so a root costs
//! directory entries. What maintainer scripts would have done is left undone but for alternatives
//! (`awk`, `cc`): of each, the one with the highest priority gets its link.
//!
//! Invariant: two packages that have different files at one path are an error that names both.

pub(crate) mod alternatives;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use frazil_build::attributes::Attributes;
use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_build::sandbox::Bind;
use frazil_model::{Derivation, StoreDir, StorePath};
use serde_json::Value;

use super::{AttributeProblem, Tools, out, structured};
use alternatives::Alternative;

/// The attribute of a derivation that names the root its builder sees.
const ATTRIBUTE: &str = "debianRoot";
/// Directories of the root that are links into `usr` on a merged system.
const MERGED: &[&str] = &["bin", "lib", "lib32", "lib64", "libx32", "sbin"];
/// What builders see of the root, as paths in it; the sandbox makes the rest of the system.
const SHOWN: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Why there is no root.
#[derive(Debug, thiserror::Error)]
pub(super) enum RootError {
    #[error("the packages {first} and {second} both have {}, and not the same", path.display())]
    Conflict { first: String, second: String, path: PathBuf },
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

pub(super) fn build(
    task: &BuiltinTask<'_>,
    _tools: &Tools,
    _log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let attributes = structured(task)?;
    let wrong = || AttributeProblem::Wrong { name: "units", wanted: "a list of unpacked packages" };
    let list = attributes.get("units").and_then(Value::as_array).ok_or_else(wrong)?;
    let mut units = Vec::new();
    for path in list {
        let path = path.as_str().ok_or_else(wrong)?;
        let store_path = task.store.parse(path.as_bytes()).map_err(|_| wrong())?;
        let place = task.inputs.get(&store_path).ok_or_else(wrong)?;
        units.push((store_path.name().to_owned(), place.clone()));
    }
    Ok(merge(&units, out(task)?)?)
}

/// The directories of its root that the builder of a derivation is to see, at their places.
pub(crate) fn binds(
    derivation: &Derivation,
    store: &StoreDir,
    inputs: &BTreeMap<StorePath, PathBuf>,
) -> Vec<Bind> {
    let named = named(derivation).and_then(|path| store.parse(&path).ok());
    let Some(root) = named.and_then(|path| inputs.get(&path)) else { return Vec::new() };
    SHOWN
        .iter()
        .filter_map(|name| {
            let place = root.join(name);
            let source = fs::canonicalize(place).ok()?;
            Some(Bind { source, target: Path::new("/").join(name) })
        })
        .collect()
}

/// The path of the root, wherever the derivation has its attributes.
fn named(derivation: &Derivation) -> Option<Vec<u8>> {
    let attributes = Attributes::of(derivation).ok()?;
    match attributes.structured() {
        Some(object) => Some(object.get(ATTRIBUTE)?.as_str()?.as_bytes().to_vec()),
        None => derivation.env.get(ATTRIBUTE.as_bytes()).cloned(),
    }
}

/// Merges units, which are given with their names, into one tree.
fn merge(units: &[(String, PathBuf)], out: &Path) -> Result<(), RootError> {
    fs::create_dir(out).map_err(failed("make the directory", out))?;
    let mut root = Root { out, owners: BTreeMap::new() };
    for (name, place) in units {
        root.add(name, &place.join("data"))?;
    }
    let mut alternatives = Vec::new();
    for (_, place) in units {
        let script = place.join("control/postinst");
        if let Ok(text) = fs::read(&script) {
            alternatives::read(&String::from_utf8_lossy(&text), &mut alternatives);
        }
    }
    root.link_alternatives(alternatives)
}

struct Root<'r> {
    out: &'r Path,
    /// Which package has brought what is no directory.
    owners: BTreeMap<PathBuf, String>,
}

impl Root<'_> {
    fn add(&mut self, unit: &str, data: &Path) -> Result<(), RootError> {
        let mut waiting = vec![PathBuf::new()];
        while let Some(below) = waiting.pop() {
            let directory = data.join(&below);
            let entries = fs::read_dir(&directory).map_err(failed("list", &directory))?;
            for entry in entries {
                let entry = entry.map_err(failed("list", &directory))?;
                let kind = entry.file_type().map_err(failed("look at", &directory))?;
                let below = below.join(entry.file_name());
                if kind.is_dir() {
                    let place = self.out.join(self.merged(&below, true));
                    fs::create_dir_all(&place).map_err(failed("make the directory", &place))?;
                    waiting.push(below);
                } else {
                    self.add_leaf(unit, &entry.path(), &below, kind.is_symlink())?;
                }
            }
        }
        Ok(())
    }

    /// Where something really is: `bin/x` is `usr/bin/x` where `bin` is a link.
    fn merged(&self, path: &Path, is_directory: bool) -> PathBuf {
        let mut names = path.iter();
        let is_merged = names
            .next()
            .is_some_and(|first| MERGED.iter().any(|merged| first == *merged) && self.is_merged());
        // The links themselves stay at the top.
        if is_merged && (is_directory || names.next().is_some()) {
            Path::new("usr").join(path)
        } else {
            path.to_owned()
        }
    }

    fn is_merged(&self) -> bool {
        self.out.join("bin").is_symlink()
    }

    fn add_leaf(
        &mut self,
        unit: &str,
        source: &Path,
        path: &Path,
        is_link: bool,
    ) -> Result<(), RootError> {
        let path = self.merged(path, false);
        let place = self.out.join(&path);
        if let Some(owner) = self.owners.get(&path) {
            let is_same = if is_link {
                fs::read_link(source).ok() == fs::read_link(&place).ok()
            } else {
                !place.is_symlink() && fs::read(source).ok() == fs::read(&place).ok()
            };
            let (first, second) = (owner.clone(), unit.to_owned());
            return if is_same { Ok(()) } else { Err(RootError::Conflict { first, second, path }) };
        }
        if is_link {
            let target = fs::read_link(source).map_err(failed("read the link", source))?;
            symlink(target, &place).map_err(failed("make the link", &place))?;
        } else if fs::hard_link(source, &place).is_err() {
            // Another file system, or one without hard links.
            fs::copy(source, &place).map_err(failed("copy", source))?;
        }
        self.owners.insert(path, unit.to_owned());
        Ok(())
    }

    fn link_alternatives(&self, mut alternatives: Vec<Alternative>) -> Result<(), RootError> {
        alternatives.sort_by(|one, other| {
            (&one.link, other.priority, &one.path).cmp(&(&other.link, one.priority, &other.path))
        });
        for Alternative { link, path, .. } in alternatives {
            let inside = |path: &Path| path.strip_prefix("/").map(|path| self.merged(path, false));
            let (Ok(link), Ok(target)) = (inside(&link), inside(&path)) else { continue };
            let place = self.out.join(link);
            let is_free = fs::symlink_metadata(&place).is_err();
            if is_free && self.owners.contains_key(&target) {
                if let Some(parent) = place.parent() {
                    fs::create_dir_all(parent).map_err(failed("make the directory", parent))?;
                }
                symlink(&path, &place).map_err(failed("make the link", &place))?;
            }
        }
        Ok(())
    }
}

fn failed<'p>(action: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> RootError + 'p {
    move |source| RootError::Io { action, path: path.to_owned(), source }
}
