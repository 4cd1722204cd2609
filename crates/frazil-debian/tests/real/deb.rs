//! Real packages, compared with what dpkg makes of them.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use frazil_debian::deb::{DebError, DebReader, Entry, EntryKind, Limits};
use frazil_model::Sha256;

use super::machine::{debs, sample};
use super::read;

/// A tree as lines by path.
type Tree = BTreeMap<Vec<u8>, String>;

fn line(entry: &mut Entry<'_>) -> String {
    match entry.kind {
        EntryKind::File => {
            let mut bytes = Vec::new();
            entry.contents.read_to_end(&mut bytes).expect("contents");
            assert_eq!(bytes.len() as u64, entry.size);
            format!("{:o} file {:?} {}", entry.mode, Sha256::of(&bytes), entry.mtime)
        }
        EntryKind::Directory => format!("{:o} directory", entry.mode),
        EntryKind::Symlink(target) => format!("link {}", target.escape_ascii()),
        other @ (EntryKind::HardLink(_)
        | EntryKind::CharacterDevice(..)
        | EntryKind::BlockDevice(..)
        | EntryKind::Fifo) => format!("{other:?}"),
    }
}

fn ours(bytes: &[u8]) -> Result<Tree, DebError> {
    let mut tree = Tree::new();
    let mut input = bytes;
    let reader = DebReader::open(&mut input, Limits::default())?;
    reader.visit(&mut |mut entry| -> Result<(), DebError> {
        let line = if let EntryKind::HardLink(target) = entry.kind {
            tree.get(target.as_bytes()).expect("the target came before").clone()
        } else {
            line(&mut entry)
        };
        tree.insert(entry.path.as_bytes().into(), line);
        Ok(())
    })?;
    Ok(tree)
}

fn theirs(root: &Path, below: &Path, tree: &mut Tree) {
    for entry in std::fs::read_dir(below).expect("a directory") {
        let path = entry.expect("an entry").path();
        let metadata = path.symlink_metadata().expect("metadata");
        let mode = metadata.permissions().mode() & 0o7777;
        let line = if metadata.is_symlink() {
            let target = std::fs::read_link(&path).expect("a link");
            format!("link {}", target.as_os_str().as_bytes().escape_ascii())
        } else if metadata.is_dir() {
            theirs(root, &path, tree);
            format!("{mode:o} directory")
        } else {
            format!("{mode:o} file {:?} {}", Sha256::of(&read(&path)), metadata.mtime())
        };
        let name = path.strip_prefix(root).expect("below the root");
        tree.insert(name.as_os_str().as_bytes().into(), line);
    }
}

/// Mode, owner and path of each entry, as `dpkg-deb --contents` lists them.
fn owners(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut input = bytes;
    let reader = DebReader::open(&mut input, Limits::default()).expect("a package");
    let seen = reader.visit(&mut |entry| -> Result<(), DebError> {
        let path = String::from_utf8_lossy(entry.path.as_bytes()).into_owned();
        let owner = entry.owner;
        let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        lines.push(format!("{}/{} {path}", name(&owner.user), name(&owner.group)));
        Ok(())
    });
    seen.expect("a package");
    lines
}

fn owners_by_dpkg(path: &Path) -> Vec<String> {
    let output = Command::new("dpkg-deb").arg("--contents").arg(path).output().expect("dpkg-deb");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| {
            // Mode, owner, size, day and time, each with one blank but for the size, then the path.
            let (_, rest) = line.split_once(' ').expect("a mode");
            let (owner, rest) = rest.split_once(' ').expect("an owner");
            let path = rest.trim_start().splitn(4, ' ').last().expect("a path");
            let path = path.split(" -> ").next().unwrap_or(path);
            let path = path.split(" link to ").next().unwrap_or(path);
            format!("{owner} {}", path.trim_start_matches("./").trim_end_matches('/'))
        })
        .collect()
}

#[test]
fn same_as_dpkg() {
    let Some(paths) = debs() else { return };
    let mut entries = 0;
    for path in &paths {
        let bytes = read(path);
        let ours = ours(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let folder = tempfile::tempdir().expect("a folder");
        let unpacked =
            Command::new("dpkg").arg("-x").arg(path).arg(folder.path()).output().expect("dpkg");
        assert!(unpacked.status.success(), "{}", path.display());
        let mut expected = Tree::new();
        theirs(folder.path(), folder.path(), &mut expected);
        let mut ours = ours;
        ours.remove(b"".as_slice());
        assert_eq!(ours, expected, "{}", path.display());
        assert_eq!(owners(&bytes), owners_by_dpkg(path), "{}", path.display());
        entries += ours.len();
    }
    println!("{} packages with {entries} entries are the same", paths.len());
    assert!(paths.len() >= sample(), "only {} packages", paths.len());
}
