//! What is in an image or a system, by package, and what is different between two of them, whoever
//! made them.
//!
//! Invariant: each byte of each file is counted for one package; what no package owns is one, too.

mod owners;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::Sha256;
use frazil_tree::{Leaf, LeafKind, Node, Tree, TreePath};
use serde::Serialize;

pub use owners::is_list;

/// What no package owns.
pub const UNOWNED: &str = "(no package)";

/// A package in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
    /// Its versions; several if it is there several times.
    pub versions: BTreeSet<String>,
    /// Bytes in its files, hard links once.
    pub bytes: u64,
    /// Its files and links.
    pub files: u64,
    /// A digest of what its files and links are, and where.
    #[serde(skip)]
    pub contents: Option<Sha256>,
}

/// A package that two images do not have alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The package, or the path.
    pub name: String,
    /// In the first one; none if it is not there.
    pub before: Option<Weight>,
    /// In the second one.
    pub after: Option<Weight>,
}

impl Difference {
    /// How many bytes more the second one has.
    pub fn growth(&self) -> i64 {
        let bytes =
            |weight: &Option<Weight>| weight.as_ref().map_or(0, |weight| weight.bytes as i64);
        bytes(&self.after) - bytes(&self.before)
    }
}

/// What is in an image, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Total {
    /// Bytes in files, hard links once.
    pub bytes: u64,
    /// Files and links.
    pub files: u64,
    /// Packages, by name.
    pub packages: usize,
    /// Paths of a Nix store.
    pub store_paths: usize,
}

/// What is in a tree, in all.
pub fn total(tree: &Tree) -> Total {
    let packages = packages(tree);
    Total {
        bytes: packages.values().map(|weight| weight.bytes).sum(),
        files: packages.values().map(|weight| weight.files).sum(),
        packages: packages.keys().filter(|name| *name != UNOWNED).count(),
        store_paths: owners::store_paths(tree),
    }
}

/// The packages of a tree, by name.
pub fn packages(tree: &Tree) -> BTreeMap<String, Weight> {
    let owners = owners::Owners::of(tree);
    let mut packages: BTreeMap<String, Weight> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (path, node) in tree.walk() {
        let Node::Leaf(id, leaf) = node else { continue };
        let (name, version) = owners.owner(path);
        let weight = packages.entry(name).or_default();
        weight.versions.extend(version);
        weight.files += 1;
        weight.contents = Some(folded(weight.contents, path, leaf));
        if seen.insert(id)
            && let LeafKind::File(file) = &leaf.kind
        {
            weight.bytes += file.size();
        }
    }
    packages
}

/// The digest of a file or link and of those before it.
fn folded(before: Option<Sha256>, path: &TreePath, leaf: &Leaf) -> Sha256 {
    let before = before.map_or([0; 32], |digest| digest.0);
    let what = match &leaf.kind {
        LeafKind::File(file) => file
            .digest()
            .map_or_else(|| file.size().to_le_bytes().to_vec(), |digest| digest.0.to_vec()),
        LeafKind::Symlink(target) => target.to_vec(),
        LeafKind::Device { major, minor, .. } => {
            [major.to_le_bytes(), minor.to_le_bytes()].concat()
        }
        LeafKind::Fifo => Vec::new(),
    };
    Sha256::of(&[&before, path.as_bytes(), b"\0", &what].concat())
}

/// The packages that differ, those first that matter most. With `is_normalised` versions do not
/// count: only what was added, removed, or has another size.
pub fn package_differences(before: &Tree, after: &Tree, is_normalised: bool) -> Vec<Difference> {
    let is_same = |a: &Weight, b: &Weight| {
        a.bytes == b.bytes
            && (is_normalised || (a.versions == b.versions && a.contents == b.contents))
    };
    differences(&packages(before), &packages(after), &is_same)
}

/// The files that differ. With `is_normalised` names of store paths have neither digest nor version.
pub fn path_differences(before: &Tree, after: &Tree, is_normalised: bool) -> Vec<Difference> {
    let [before, after] = [before, after].map(|tree| paths(tree, is_normalised));
    differences(&before, &after, &|a, b| a == b)
}

fn differences(
    before: &BTreeMap<String, Weight>,
    after: &BTreeMap<String, Weight>,
    is_same: &dyn Fn(&Weight, &Weight) -> bool,
) -> Vec<Difference> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut differences: Vec<Difference> = names
        .into_iter()
        .map(|name| Difference {
            name: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .filter(|difference| match (&difference.before, &difference.after) {
            (Some(before), Some(after)) => !is_same(before, after),
            _ => true,
        })
        .collect();
    differences.sort_by_key(|difference| std::cmp::Reverse(difference.growth().unsigned_abs()));
    differences
}

/// All leaves; what they are stands where a package has its versions.
fn paths(tree: &Tree, is_normalised: bool) -> BTreeMap<String, Weight> {
    let mut paths: BTreeMap<String, Weight> = BTreeMap::new();
    for (path, node) in tree.walk() {
        let Node::Leaf(_, leaf) = node else { continue };
        let name = if is_normalised { owners::normalised(path) } else { path.to_string() };
        let weight = paths.entry(name).or_default();
        weight.files += 1;
        weight.versions.insert(match &leaf.kind {
            LeafKind::File(file) => {
                weight.bytes += file.size();
                let digest = file.digest().map(frazil_model::Hash::from);
                let text = digest.map(|hash| hash.format(frazil_model::HashFormat::Base16));
                text.unwrap_or_else(|| format!("{} bytes", file.size()))
            }
            LeafKind::Symlink(target) => {
                let target = TreePath::parse(target.strip_prefix(b"/").unwrap_or(target));
                match target {
                    Ok(target) if is_normalised => owners::normalised(&target),
                    Ok(target) => target.to_string(),
                    Err(_) => "a link upwards".to_owned(),
                }
            }
            LeafKind::Device { major, minor, .. } => format!("device {major}:{minor}"),
            LeafKind::Fifo => "pipe".to_owned(),
        });
    }
    paths
}
