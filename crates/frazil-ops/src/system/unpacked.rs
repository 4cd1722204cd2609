//! Units that `builtin:unpack-deb` made, as the linker reads them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use frazil_link::analysis::Alternative;
use frazil_link::contents::ContentsError;
use frazil_tree::{Metadata, Mode, TreePath};

use super::accounts::{self, Kind};
use crate::builtins::debian_root::alternatives;

/// The directory of a unit that holds the package's files.
pub const DATA: &str = "data";
/// What the package says of itself.
const CONTROL: &str = "control";
const MANIFEST: &str = "manifest";
/// What installing would run.
const SCRIPTS: [&str; 2] = ["preinst", "postinst"];

/// What a store path cannot hold of a package's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Permissions and owners other than usual.
    pub metadata: BTreeMap<TreePath, Metadata>,
    /// Files that are one with others.
    pub hard_links: BTreeMap<TreePath, TreePath>,
}

/// Where the files of the unit at `place` are.
pub fn data(place: &Path) -> PathBuf {
    place.join(DATA)
}

/// A file that the package says of itself, if it has it.
pub fn control(place: &Path, name: &str) -> Option<Vec<u8>> {
    fs::read(place.join(CONTROL).join(name)).ok()
}

/// The maintainer scripts of the unit at `place` that installing would run.
pub fn scripts(place: &Path) -> Vec<&'static str> {
    let control = place.join(CONTROL);
    SCRIPTS.into_iter().filter(|name| control.join(name).exists()).collect()
}

/// The common names that installing the unit at `place` would register it for.
pub fn alternatives(place: &Path) -> Vec<Alternative> {
    let script = control(place, "postinst").unwrap_or_default();
    let mut found = Vec::new();
    alternatives::read(&String::from_utf8_lossy(&script), &mut found);
    let alternative = |found: alternatives::Alternative| {
        let link = found.link.as_os_str().as_bytes();
        let link = TreePath::parse(link.strip_prefix(b"/").unwrap_or(link)).ok()?;
        Some(Alternative::new(link, found.path.as_os_str().as_bytes(), found.priority))
    };
    found.into_iter().filter_map(alternative).collect()
}

/// The files in a directory of the package at `place`: paths from the root, and texts.
pub fn texts(place: &Path, directory: &str) -> Result<Vec<(String, String)>, (String, io::Error)> {
    let folder = data(place).join(directory);
    let failed = |source| (folder.display().to_string(), source);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut texts = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "conf" || end == "ini") {
            let name = entry.file_name().to_string_lossy().into_owned();
            let bytes = fs::read(&path).map_err(failed)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            texts.push((format!("{directory}/{name}"), text));
        }
    }
    Ok(texts)
}

/// The manifest of the unit at `place`.
pub fn manifest(place: &Path) -> Result<Manifest, ContentsError> {
    let file = place.join(MANIFEST);
    let what = || file.display().to_string();
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Manifest::default()),
        Err(source) => return Err(ContentsError { what: what(), source: source.into() }),
    };
    let mut manifest = Manifest::default();
    for line in text.lines() {
        if manifest.add(line).is_none() {
            let source = format!("`{line}` is no line of a manifest");
            return Err(ContentsError { what: what(), source: source.into() });
        }
    }
    Ok(manifest)
}

impl Manifest {
    /// `KIND MODE USER:GROUP PATH [MORE]`; `None` if it is not that.
    fn add(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split(' ');
        let (kind, mode) = (fields.next()?, fields.next()?);
        let (user, group) = fields.next()?.split_once(':')?;
        let path = path(fields.next()?)?;
        if kind == "hard" {
            self.hard_links.insert(path, self::path(fields.next()?)?);
            return Some(());
        }
        let mode = Mode::of(u32::from_str_radix(mode, 8).ok()?);
        let (uid, gid) = (number(Kind::User, user), number(Kind::Group, group));
        self.metadata.insert(path, Metadata { uid, gid, ..Metadata::of_root(mode) });
        Some(())
    }
}

/// The number of a name that every Debian has; packages are made where there are no others.
fn number(kind: Kind, name: &str) -> u32 {
    name.parse().ok().or_else(|| accounts::of_debian(kind, name)).unwrap_or_default()
}

fn path(escaped: &str) -> Option<TreePath> {
    if escaped == "." {
        return Some(TreePath::root());
    }
    let mut bytes = Vec::new();
    let mut rest = escaped;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend(before.bytes());
        bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend(rest.bytes());
    TreePath::parse(&bytes).ok()
}
