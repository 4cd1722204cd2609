//! The files of a source: the lists as they were signed, and the way into the distribution.

use std::collections::BTreeMap;

use frazil_debian::Date;
use frazil_model::{Hash, HashFormat, Sha256};
use serde_json::{Value, json};

use super::lock::LockedLists;

/// What names the suite, its lists and how to take versions.
pub(super) const RELEASE: &str = "release.json";
/// The directory of the lists, each `ARCHIVE.SUITE.COMPONENT`.
pub(super) const LISTS: &str = "Packages";

/// The member of it that says which state of the archive was asked for.
pub(super) const SNAPSHOT: &str = "snapshot";

/// The source as a flake; its one input is the distribution in the program.
const FLAKE: &str = r#"# Debian's packages, as the lock pins them.
{
  inputs.frazil.url = "builtin:frazil";

  outputs =
    { self, frazil }:
    let
      pkgs = import ./. {
        inherit frazil;
        source = self.outPath;
      };
    in
    {
      lib = frazil.lib;
      legacyPackages.${pkgs.system} = pkgs;
    };
}
"#;

/// The source as nixpkgs is imported.
const DEFAULT: &str = r#"# Debian's packages: `import this { overlays = [ .. ]; }`.
{
  system ? null,
  config ? { },
  overlays ? [ ],
  frazil ? builtins.frazil.source,
  # Where this is, as a text that depends on it.
  source ? builtins.appendContext (toString ./.) { ${toString ./.}.path = true; },
}:
let
  lib = import "${frazil}/lib";
  index = (import "${frazil}/pkgs/index.nix").ofSource ./.;
in
import "${frazil}/pkgs" {
  inherit
    lib
    index
    config
    overlays
    source
    ;
  system = if system == null then builtins.head (builtins.attrNames index.systems) else system;
}
"#;

/// What does not follow from the lists.
pub(super) struct Description<'d> {
    pub(super) architecture: &'d str,
    /// `exact` or `nearest`.
    pub(super) versions: &'d str,
    /// The state of the archive that was asked for, if one was.
    pub(super) snapshot: Option<Date>,
    pub(super) lists: &'d LockedLists,
}

/// A list, with what it has uncompressed.
pub(super) struct List {
    pub(super) text: Vec<u8>,
    /// The size of the compressed list.
    pub(super) compressed_bytes: u64,
}

/// All files; `lists` are in the order of the lock.
pub(super) fn files(description: &Description<'_>, lists: Vec<List>) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut told: Vec<Value> = Vec::new();
    for (locked, list) in description.lists.0.iter().zip(lists) {
        let file = format!("{}.{}.{}", locked.archive(), locked.suite, locked.component);
        let file = file.replace('/', "_");
        told.push(json!({
            "archive": locked.archive().as_str(),
            "suite": locked.suite,
            "component": locked.component,
            "date": locked.date,
            "sha256": hex(locked.sha256),
            "size": list.compressed_bytes,
            "file": file,
        }));
        files.insert(format!("{LISTS}/{file}"), list.text);
    }
    let suite = description.lists.0.first().map_or("", |first| first.suite.as_str());
    let mut release = json!({
        "suite": suite,
        "architecture": description.architecture,
        "versions": description.versions,
        "lists": told,
    });
    if let (Some(at), Some(members)) = (description.snapshot, release.as_object_mut()) {
        members.insert(SNAPSHOT.to_owned(), at.stamp().into());
    }
    let mut text = serde_json::to_vec_pretty(&release).unwrap_or_default();
    text.push(b'\n');
    files.insert(RELEASE.to_owned(), text);
    files.insert("flake.nix".to_owned(), FLAKE.into());
    files.insert("default.nix".to_owned(), DEFAULT.into());
    files
}

fn hex(hash: Sha256) -> String {
    Hash::from(hash).format(HashFormat::Base16)
}
