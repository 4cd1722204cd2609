//! Taking over what a builder made: bringing it into the form that everything in a store has,
//! hashing it, and finding what it mentions.
//!
//! Invariant: what is adopted differs from an added tree of the same contents in nothing that a
//! program can see.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use frazil_model::StorePath;
use frazil_model::nar::Encoder;

use crate::add::AddError;
use crate::fs::{Disk, IoError, entries, metadata, xattrs};
use crate::path_info::PathInfo;
use crate::restore::{MTIME, copy_tree, seal};
use crate::scan::ReferenceScanner;
use crate::stage::NarSink;
use crate::store::Store;
use crate::tree::{TreeError, dump};

/// Attributes that the system keeps on every file and does not let go.
const KEPT_ATTRIBUTES: [&str; 3] = ["security.csm", "security.selinux", "system.nfs4_acl"];

impl Store {
    /// Makes `copy` what a builder left at `place`. Whoever has a file of that open still cannot
    /// change the copy, unless he can reach `copy`.
    pub fn copy_output(&self, place: &Path, copy: &Path) -> Result<(), AddError> {
        canonicalise(&self.disk, place)?;
        Ok(copy_tree(place, copy)?)
    }

    /// Makes canonical what lies at `place` and is to become `path`, and says what there is to
    /// register: hash, size, and which of `candidates` it mentions; `path` itself is one of them.
    ///
    /// Nothing is registered, and `place` is anywhere: [`install`](Self::install) moves it.
    pub fn adopt(
        &self,
        place: &Path,
        path: &StorePath,
        candidates: &BTreeSet<StorePath>,
    ) -> Result<PathInfo, AddError> {
        canonicalise(&self.disk, place)?;
        let wanted = candidates.iter().chain([path]).cloned();
        let mut scanner = ReferenceScanner::new(wanted);
        let mut sink = NarSink::new(None, Some(&mut scanner));
        let mut encoder = Encoder::new(&mut sink).map_err(TreeError::from)?;
        dump(place, &mut |event| Ok(encoder.put(event)?))?;
        encoder.finish().map_err(TreeError::from)?;
        let mut info = PathInfo::new(path.clone(), sink.finish());
        info.references = scanner.finish();
        Ok(info)
    }
}

/// Gives a tree the modes and times of a store, and takes away what a NAR does not know.
fn canonicalise(disk: &Disk, top: &Path) -> Result<(), TreeError> {
    // Directories are opened when first seen, to be listed, and closed when seen again.
    let mut open: Vec<(PathBuf, bool)> = vec![(top.into(), false)];
    while let Some((path, was_entered)) = open.pop() {
        if was_entered {
            seal(disk, &path)?;
            continue;
        }
        let Some(found) = metadata(&path)? else { return Err(TreeError::Missing { path }) };
        if !(found.is_dir() || found.is_file() || found.is_symlink()) {
            return Err(TreeError::FileType { path });
        }
        canonicalise_node(disk, &path, &found)?;
        if found.is_dir() {
            let names = entries(&path)?;
            open.push((path.clone(), true));
            open.extend(names.into_iter().map(|name| (path.join(name), false)));
        }
    }
    Ok(())
}

fn canonicalise_node(disk: &Disk, path: &Path, found: &Metadata) -> Result<(), IoError> {
    let mode = found.permissions().mode() & 0o7777;
    if found.uid() != rustix::process::geteuid().as_raw() {
        disk.take_over(path)?;
    }
    if found.is_dir() {
        disk.set_mode(path, 0o755)?;
    }
    for name in xattrs(path)? {
        if !KEPT_ATTRIBUTES.iter().any(|kept| name == *kept) {
            disk.remove_xattr(path, &name)?;
        }
    }
    if found.is_file() {
        let wanted = if mode & 0o100 == 0 { 0o444 } else { 0o555 };
        if mode != wanted {
            disk.set_mode(path, wanted)?;
        }
    }
    if !found.is_dir() && (found.mtime(), found.mtime_nsec()) != (MTIME, 0) {
        disk.set_mtime(path, MTIME)?;
    }
    Ok(())
}
