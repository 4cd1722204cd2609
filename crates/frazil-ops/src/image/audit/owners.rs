//! Which package a file is of: as the lists in the image say, or its place in a Nix store.

use std::collections::{BTreeMap, BTreeSet};

use frazil_tree::{LeafKind, Node, Source, Tree, TreePath};

use super::UNOWNED;

const APK: &[u8] = b"lib/apk/db/installed";
const DPKG_STATUS: &[u8] = b"var/lib/dpkg/status";
const DPKG_STATUS_D: &[u8] = b"var/lib/dpkg/status.d/";
const DPKG_INFO: &[u8] = b"var/lib/dpkg/info/";
/// Length of the digest in front of a store path's name.
const DIGEST_CHARS: usize = 32;

/// Whether a file lists packages, so that its bytes are needed.
pub fn is_list(path: &TreePath) -> bool {
    let path = path.as_bytes();
    let is_info = path.starts_with(DPKG_INFO) && path.ends_with(b".list");
    path == APK || path.ends_with(DPKG_STATUS) || path.starts_with(DPKG_STATUS_D) || is_info
}

/// The owners of a tree's files.
#[derive(Default)]
pub(super) struct Owners {
    by_path: BTreeMap<Vec<u8>, String>,
    versions: BTreeMap<String, String>,
}

impl Owners {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut owners = Self::default();
        for (path, node) in tree.walk() {
            let Node::Leaf(_, leaf) = node else { continue };
            let LeafKind::File(file) = &leaf.kind else { continue };
            let Source::Inline(bytes) = file.source() else { continue };
            let path = path.as_bytes();
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let package = |suffix: &[u8]| {
                let name = name.strip_suffix(suffix)?;
                let name = word(name);
                Some(name.split(':').next().unwrap_or_default().to_owned())
            };
            if path == APK {
                owners.read_apk(bytes);
            } else if path == DPKG_STATUS {
                owners.read_stanzas(bytes);
            } else if path.starts_with(DPKG_STATUS_D) {
                match package(b".md5sums") {
                    Some(package) => owners.read_sums(&package, bytes),
                    None => owners.read_stanzas(bytes),
                }
                let own = package(b".md5sums").or_else(|| package(b""));
                owners.by_path.extend(own.map(|own| (path.to_vec(), own)));
            } else if path.starts_with(DPKG_INFO)
                && let Some(package) = package(b".list")
            {
                owners.read_list(&package, bytes);
            }
        }
        owners
    }

    /// The package of a file, and its version if that is known.
    pub(super) fn owner(&self, path: &TreePath) -> (String, Option<String>) {
        if let Some((name, version)) = in_store(path) {
            return (name, version);
        }
        let merged = path.as_bytes().strip_prefix(b"usr/").unwrap_or_default();
        let owner = self.by_path.get(path.as_bytes()).or_else(|| self.by_path.get(merged));
        match owner {
            Some(name) => (name.clone(), self.versions.get(name).cloned()),
            None => (UNOWNED.to_owned(), None),
        }
    }

    fn read_stanzas(&mut self, text: &[u8]) {
        let mut package = None;
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(name) = line.strip_prefix(b"Package: ") {
                package = Some(word(name));
            } else if let (Some(version), Some(package)) =
                (line.strip_prefix(b"Version: "), &package)
            {
                self.versions.insert(package.clone(), word(version));
            }
        }
    }

    fn read_sums(&mut self, package: &str, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(path) = line.get(34..) {
                self.by_path.insert(path.to_vec(), package.to_owned());
            }
        }
    }

    fn read_list(&mut self, package: &str, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(path) = line.strip_prefix(b"/").filter(|path| !path.is_empty()) {
                self.by_path.entry(path.to_vec()).or_insert_with(|| package.to_owned());
            }
        }
    }

    /// Alpine's list: `P:` a package, `V:` its version, `F:` a directory, `R:` a file in it.
    fn read_apk(&mut self, text: &[u8]) {
        let (mut package, mut directory) = (String::new(), Vec::new());
        for line in text.split(|byte| *byte == b'\n') {
            let Some((key, value)) = line.split_at_checked(2) else { continue };
            match key {
                b"P:" => package = word(value),
                b"V:" => {
                    self.versions.insert(package.clone(), word(value));
                }
                b"F:" => directory = value.to_vec(),
                b"R:" => {
                    let path = [&directory[..], b"/", value].concat();
                    let path = path.strip_prefix(b"/").unwrap_or(&path).to_vec();
                    self.by_path.insert(path, package.clone());
                }
                _ => {}
            }
        }
    }
}

/// A name or a version. Images come from anybody, and this goes to terminals.
fn word(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The name and version of the store path that a file is in.
fn in_store(path: &TreePath) -> Option<(String, Option<String>)> {
    let rest = path.as_bytes().strip_prefix(b"nix/store/")?;
    let name = rest.split(|byte| *byte == b'/').next()?;
    let (digest, name) = name.split_at_checked(DIGEST_CHARS)?;
    let is_digest = digest.iter().all(u8::is_ascii_alphanumeric);
    let name = name.strip_prefix(b"-").filter(|_| is_digest)?;
    Some(named(&word(name)))
}

/// The store paths that a tree has files of.
pub(super) fn store_paths(tree: &Tree) -> usize {
    let first_names = |path: &TreePath| {
        let mut names = path.names().skip(2).map(<[u8]>::to_vec);
        in_store(path).and_then(|_| names.next())
    };
    let leaves = tree.walk().filter(|(_, node)| matches!(node, Node::Leaf(..)));
    leaves.filter_map(|(path, _)| first_names(path)).collect::<BTreeSet<_>>().len()
}

/// `hello-2.12` is `hello` of version 2.12: the version begins behind a dash with a digit. A date is
/// one, too, and the word that nixpkgs puts before it is part of it.
fn named(name: &str) -> (String, Option<String>) {
    let cut = name.match_indices('-').map(|(at, _)| at).find(|at| {
        name.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    match cut.and_then(|at| name.split_at_checked(at)) {
        Some((name, version)) => {
            // An output stands behind the version: `hello-2.12-man`.
            let version = version.trim_start_matches('-');
            let output = version.rsplit_once('-').map(|(_, output)| output).filter(|output| {
                ["bin", "dev", "doc", "lib", "man", "info", "data", "static"].contains(output)
            });
            let version = output.map_or(version, |output| {
                version.strip_suffix(output).unwrap_or(version).trim_end_matches('-')
            });
            let name = name.strip_suffix("-unstable").unwrap_or(name);
            let name = output.map_or(name.to_owned(), |output| format!("{name}-{output}"));
            (name, Some(version.to_owned()))
        }
        None => (name.to_owned(), None),
    }
}

/// A path without the digest and version of the store path that it is in.
pub(super) fn normalised(path: &TreePath) -> String {
    let Some((name, _)) = in_store(path) else { return path.to_string() };
    let inner: Vec<&[u8]> = path.names().skip(3).collect();
    format!("/nix/store/{name}/{}", inner.join(&b'/').escape_ascii())
}
