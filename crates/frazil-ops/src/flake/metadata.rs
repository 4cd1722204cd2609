//! What is known about a flake without evaluating its outputs: `frazil flake metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use frazil_eval::flake::lock_file::{Edge, LockFile, NodeId};
use frazil_eval::flake::{Flake, LockedFlake, day, print_path};
use frazil_eval::host::FetchAttribute;
use frazil_eval::input::{Attributes, FlakeRef, to_json};
use frazil_eval::json::Json;
use frazil_model::{Hash, HashFormat, Sha256, StoreDir};

use super::shown;

/// See the module.
#[derive(Clone, Debug)]
pub struct Metadata {
    flake: Flake,
    locks: LockFile,
    /// The full path of the tree in the store.
    path: String,
    fingerprint: Option<String>,
}

impl Metadata {
    pub(super) fn of(locked: &LockedFlake, store_dir: &StoreDir) -> Self {
        Self {
            flake: locked.flake.clone(),
            locks: locked.new.clone(),
            path: store_dir.join(&locked.flake.source.tree),
            fingerprint: fingerprint(locked),
        }
    }

    /// In the form of `nix flake metadata --json`.
    pub fn json(&self) -> Json {
        let flake = &self.flake;
        let attributes = flake.locked.to_attributes();
        let object = |reference: &FlakeRef| to_json(&reference.to_attributes());
        let mut members = BTreeMap::from([
            ("originalUrl", shown(&flake.original).into()),
            ("original", object(&flake.original)),
            ("resolvedUrl", shown(&flake.resolved).into()),
            ("resolved", object(&flake.resolved)),
            ("url", shown(&flake.locked).into()),
            ("locked", object(&flake.locked)),
            ("path", self.path.as_str().into()),
            ("locks", self.locks.to_json()),
        ]);
        members.extend(flake.description.as_deref().map(|text| ("description", text.into())));
        members.extend(self.fingerprint.as_deref().map(|text| ("fingerprint", text.into())));
        let renamed = [
            ("rev", "revision"),
            ("dirtyRev", "dirtyRevision"),
            ("revCount", "revCount"),
            ("lastModified", "lastModified"),
        ];
        for (name, shown) in renamed {
            if let Some(value) = to_json(&attributes).get(name) {
                members.insert(shown, value.clone());
            }
        }
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// For people.
    pub fn text(&self) -> String {
        let flake = &self.flake;
        let attributes = flake.locked.to_attributes();
        let mut out = String::new();
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ignored = writeln!(out, "{:<15}{value}", format!("{name}:"));
            }
        };
        line("Resolved URL", Some(shown(&flake.resolved)));
        line("Locked URL", flake.locked.input.is_locked().then(|| shown(&flake.locked)));
        line("Description", flake.description.clone());
        line("Path", Some(self.path.clone()));
        line("Revision", text(&attributes, "rev").or_else(|| text(&attributes, "dirtyRev")));
        line("Revisions", text(&attributes, "revCount"));
        line("Last modified", flake.locked.input.last_modified().map(day));
        line("Fingerprint", self.fingerprint.clone());
        for (name, value) in &flake.config {
            line("Setting", Some(format!("{name} = {} (not applied)", value.compact())));
        }
        if !self.locks.root().inputs.is_empty() {
            out.push_str("Inputs:\n");
            let mut visited = BTreeSet::new();
            self.write_inputs(NodeId::ROOT, "", &mut visited, &mut out);
        }
        out
    }

    fn write_inputs(
        &self,
        id: NodeId,
        indent: &str,
        visited: &mut BTreeSet<NodeId>,
        out: &mut String,
    ) {
        if !visited.insert(id) {
            return;
        }
        let inputs = &self.locks.node(id).inputs;
        for (index, (name, edge)) in inputs.iter().enumerate() {
            let is_last = index + 1 == inputs.len();
            out.push_str(indent);
            out.push_str(if is_last { "└───" } else { "├───" });
            out.push_str(name);
            match edge {
                Edge::Follows(path) => {
                    out.extend([" follows input '", &print_path(path), "'\n"]);
                }
                Edge::Node(id) => {
                    let lock = self.locks.node(*id).lock.as_ref();
                    let url = lock.map(|lock| shown(&lock.locked)).unwrap_or_default();
                    let date = lock.and_then(|lock| lock.locked.input.last_modified());
                    let date = date.map(|seconds| format!(" ({})", day(seconds)));
                    out.extend([": ", &url, &date.unwrap_or_default(), "\n"]);
                    let below = format!("{indent}{}", if is_last { "    " } else { "│   " });
                    self.write_inputs(*id, &below, visited, out);
                }
            }
        }
    }
}

fn text(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name).map(ToString::to_string)
}

/// A hash of all that decides what the outputs are, if all of it is pinned.
fn fingerprint(locked: &LockedFlake) -> Option<String> {
    if locked.new.unlocked().is_some() {
        return None;
    }
    let reference = &locked.flake.locked;
    let attributes = reference.to_attributes();
    let is_on = |name: &str| attributes.get(name) == Some(&FetchAttribute::Bool(true));
    let mut text = match reference.input.kind() {
        "git" => {
            let submodules = if is_on("submodules") { ";s" } else { "" };
            let export = if is_on("exportIgnore") { ";e" } else { "" };
            format!("{}{submodules}{export}", self::text(&attributes, "rev")?)
        }
        "github" | "gitlab" | "sourcehut" => self::text(&attributes, "rev")?,
        "tarball" | "builtin" | "debian" => reference.input.nar_hash()?.to_owned(),
        _ => return None,
    };
    text.extend([";", &reference.dir, ";", &locked.new.to_json().pretty()]);
    for name in ["revCount", "lastModified"] {
        if let Some(value) = attributes.get(name) {
            text.extend([";", name, "=", &value.to_string()]);
        }
    }
    Some(Hash::Sha256(Sha256::of(text.as_bytes()).0).format(HashFormat::Base16))
}
