//! Looking into store paths: where things are, what a directory holds, and trees as archives.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use frazil_store::Store;
use frazil_store::fs::IoError;

use super::ReadError;

/// What stands in a store path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    /// By name; empty unless it is a directory that was looked into.
    pub entries: BTreeMap<Vec<u8>, Entry>,
}

/// What one node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    Directory,
    File { executable: bool, size: u64 },
    Symlink { target: Vec<u8> },
}

/// The file that a user names, in a store path, which must be valid.
pub fn locate(store: &Store, text: &str, directory: &Path) -> Result<PathBuf, ReadError> {
    let (path, below) = super::place::find(store, text, directory)?;
    if !store.is_valid(&path)? {
        return Err(ReadError::NotValid { path: store.store_dir().join(&path) });
    }
    let mut place = store.layout().path(&path);
    if !below.as_os_str().is_empty() {
        place.push(below);
    }
    match place.symlink_metadata() {
        Ok(_) => Ok(place),
        Err(_) => Err(ReadError::Missing { path: text.to_owned() }),
    }
}

/// What is at a place; of a directory what is in it, and with `recursive` what is in those, too.
pub fn list(place: &Path, recursive: bool) -> Result<Entry, IoError> {
    let mut top = node(place)?;
    // Not by recursion: a store may hold what is deeper than our stack.
    let mut next = vec![PathBuf::new()];
    while let Some(below) = next.pop() {
        let here = place.join(&below);
        let Some(entry) = find(&mut top, &below) else { continue };
        if entry.kind != EntryKind::Directory {
            continue;
        }
        entry.entries = entries(&here)?;
        if recursive {
            next.extend(entry.entries.keys().map(|name| below.join(OsStr::from_bytes(name))));
        }
    }
    Ok(top)
}

fn find<'e>(mut entry: &'e mut Entry, below: &Path) -> Option<&'e mut Entry> {
    for name in below {
        entry = entry.entries.get_mut(name.as_bytes())?;
    }
    Some(entry)
}

fn entries(place: &Path) -> Result<BTreeMap<Vec<u8>, Entry>, IoError> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(place).map_err(IoError::on("list", place))? {
        let entry = entry.map_err(IoError::on("list", place))?;
        found.insert(entry.file_name().as_bytes().to_vec(), node(&entry.path())?);
    }
    Ok(found)
}

fn node(place: &Path) -> Result<Entry, IoError> {
    let found = place.symlink_metadata().map_err(IoError::on("look at", place))?;
    let kind = if found.is_dir() {
        EntryKind::Directory
    } else if found.is_symlink() {
        let target = std::fs::read_link(place).map_err(IoError::on("read the link", place))?;
        EntryKind::Symlink { target: target.into_os_string().into_encoded_bytes() }
    } else {
        let executable = found.permissions().mode() & 0o100 != 0;
        EntryKind::File { executable, size: found.len() }
    };
    Ok(Entry { kind, entries: BTreeMap::new() })
}

/// Writes the NAR of the tree at `place`, which may be anywhere.
pub fn dump(place: &Path, out: &mut dyn Write) -> Result<(), ReadError> {
    Ok(frazil_store::write_nar(place, out)?)
}

/// Makes `place`, where nothing may be, the tree that a NAR holds. Everything can be written.
pub fn restore(nar: &mut dyn BufRead, place: &Path) -> Result<(), ReadError> {
    Ok(frazil_store::read_nar(nar, place)?)
}
