//! A tree as files on the disk.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};

use frazil_build::sandbox::container::{Owned, Users};
use frazil_store::fs::IoError;
use frazil_tree::{File, Leaf, LeafId, LeafKind, Metadata, Node, Origin, Source, Tree};

use crate::image::System;

/// Copies a tree to `root`, which must not be there. Devices and pipes are left out.
pub(super) fn copy(system: &System, users: &Users, root: &Path) -> Result<(), IoError> {
    let mut written: BTreeMap<LeafId, PathBuf> = BTreeMap::new();
    let mut directories = Vec::new();
    for (path, node) in system.tree.walk() {
        let place = root.join(OsStr::from_bytes(path.as_bytes()));
        match node {
            Node::Directory(directory) => {
                make_directory(&place)?;
                directories.push((place, &directory.metadata));
            }
            Node::Leaf(id, _) if written.contains_key(&id) => {
                if let Some(first) = written.get(&id) {
                    fs::hard_link(first, &place).map_err(IoError::on("make the link", &place))?;
                }
            }
            Node::Leaf(id, leaf) => {
                if write_leaf(system, leaf, users, &place)? {
                    written.insert(id, place);
                }
            }
        }
    }
    // Last, since who may not write to a directory cannot fill it.
    for (place, metadata) in directories.into_iter().rev() {
        give(&place, metadata, users)?;
        set_mode(&place, metadata)?;
    }
    Ok(())
}

/// What in a tree does not belong to root.
pub(super) fn owned(tree: &Tree) -> Vec<Owned> {
    let others = tree.walk().filter_map(|(path, node)| {
        let (metadata, is_link) = match node {
            Node::Directory(directory) => (&directory.metadata, false),
            Node::Leaf(_, leaf) => match leaf.kind {
                LeafKind::File(_) => (&leaf.metadata, false),
                LeafKind::Symlink(_) => (&leaf.metadata, true),
                LeafKind::Device { .. } | LeafKind::Fifo => return None,
            },
        };
        let Metadata { uid, gid, mode, .. } = *metadata;
        let path = Path::new("/").join(OsStr::from_bytes(path.as_bytes()));
        let mode = (!is_link).then(|| u32::from(mode.bits()));
        ((uid, gid) != (0, 0)).then_some(Owned { path, uid, gid, mode })
    });
    others.collect()
}

/// Makes a directory with those above it, unless it is there.
pub(super) fn make_directory(place: &Path) -> Result<(), IoError> {
    fs::create_dir_all(place).map_err(IoError::on("create the directory", place))
}

/// Writes a file of the container's root.
pub(super) fn write_file(
    place: &Path,
    bytes: &[u8],
    mode: u32,
    users: &Users,
) -> Result<(), IoError> {
    fs::write(place, bytes).map_err(IoError::on("write", place))?;
    let metadata = Metadata::of_root(frazil_tree::Mode::of(mode));
    give(place, &metadata, users)?;
    set_mode(place, &metadata)
}

fn write_leaf(system: &System, leaf: &Leaf, users: &Users, place: &Path) -> Result<bool, IoError> {
    match &leaf.kind {
        LeafKind::File(file) => {
            write_contents(system, file, &leaf.origin, place)?;
            give(place, &leaf.metadata, users)?;
            set_mode(place, &leaf.metadata)?;
        }
        LeafKind::Symlink(target) => {
            symlink(OsStr::from_bytes(target), place)
                .map_err(IoError::on("create the symlink", place))?;
            give(place, &leaf.metadata, users)?;
        }
        LeafKind::Device { .. } | LeafKind::Fifo => return Ok(false),
    }
    Ok(true)
}

fn write_contents(
    system: &System,
    file: &File,
    unit: &Origin,
    place: &Path,
) -> Result<(), IoError> {
    match file.source() {
        Source::Inline(bytes) => fs::write(place, bytes).map_err(IoError::on("write", place)),
        Source::Unit(path) => {
            let source = system.units.place(unit, path).unwrap_or_default();
            // Blocks are shared where the file system can do that.
            fs::copy(&source, place).map_err(IoError::on("copy", &source))?;
            Ok(())
        }
    }
}

fn give(place: &Path, metadata: &Metadata, users: &Users) -> Result<(), IoError> {
    let Some((uid, gid)) = users.outside(metadata.uid).zip(users.outside(metadata.gid)) else {
        return Ok(());
    };
    lchown(place, Some(uid), Some(gid)).map_err(IoError::on("give away", place))
}

fn set_mode(place: &Path, metadata: &Metadata) -> Result<(), IoError> {
    let mode = Permissions::from_mode(u32::from(metadata.mode.bits()));
    fs::set_permissions(place, mode).map_err(IoError::on("set the permissions of", place))
}
