//! The work tree of a repository: the files that git tracks, as they are on the disk.
//!
//! A file is tracked if it stands in the index; what it holds, and whether it has changed, is read
//! from the disk. Filters (`autocrlf`, `clean`) are not applied: a file whose bytes differ from the
//! index has changed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use frazil_eval::host::HostError;
use gix_hash::{Kind, ObjectId};
use gix_index::entry::{Flags, Mode, Stat, stat};
use gix_object::bstr::{BStr, BString, ByteSlice};
use gix_object::tree::EntryKind;

use super::super::super::tree::{EXECUTABLE_BIT, Entries, Node};
use super::super::super::{failed, path_of, read_disk};
use super::super::insert;
use super::DEPTH_MAX;
use super::ignore::ATTRIBUTES_FILE;
use super::repository::Repository;

pub(super) struct Worktree {
    pub(super) head: Option<ObjectId>,
    /// The tracked files that are there.
    pub(super) entries: Entries,
    /// Whether anything differs from the commit that is checked out.
    pub(super) is_dirty: bool,
    index: gix_index::File,
}

impl Worktree {
    /// Looks at the tracked files below `path`.
    pub(super) fn read(repository: &Repository, path: &Path) -> Result<Self, HostError> {
        let index_path = repository.git_dir.join("index");
        let options = gix_index::decode::Options::default();
        let index = gix_index::File::at_or_default(&index_path, Kind::Sha1, false, options);
        let index = index.map_err(|error| {
            HostError::Store(format!("cannot read '{}': {error}", index_path.display()))
        })?;
        let head = repository.head()?;
        let mut disk = Disk::new(repository, path, &index)?;
        let mut entries = Entries::new();
        let mut is_dirty = differs_from_head(repository, &index, head)?;
        for entry in index.entries() {
            let name = entry.path(&index);
            if entry.mode == Mode::COMMIT || entry.mode.is_sparse() {
                continue;
            }
            let found = disk.look(name, entry)?;
            is_dirty |= found.is_changed;
            if let Some(node) = found.node {
                insert(&mut entries, name, node)?;
            }
        }
        Ok(Self { head, entries, is_dirty, index })
    }

    /// The `.gitattributes` file of a directory, as the index has it.
    pub(super) fn attributes(
        &self,
        repository: &Repository,
        directory: &BStr,
    ) -> Result<Option<Vec<u8>>, HostError> {
        let mut path = BString::from(directory);
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(ATTRIBUTES_FILE);
        match self.index.entry_by_path(path.as_bstr()) {
            Some(entry) if entry.mode == Mode::FILE => Ok(Some(repository.blob(entry.id)?)),
            _ => Ok(None),
        }
    }
}

/// Files of a work tree, compared with what the index knows about them.
struct Disk<'p> {
    top: &'p Path,
    /// Directories below `top` that were seen to be such, and not links.
    directories: BTreeSet<PathBuf>,
    /// Without it, the file system cannot hold which files are executable.
    has_modes: bool,
    index_time: gix_index::entry::stat::Time,
}

struct Found {
    node: Option<Node>,
    is_changed: bool,
}

const STAT: stat::Options =
    stat::Options { trust_ctime: true, check_stat: true, use_nsec: false, use_stdev: false };

impl<'p> Disk<'p> {
    fn new(
        repository: &Repository,
        top: &'p Path,
        index: &gix_index::File,
    ) -> Result<Self, HostError> {
        let config = super::modules::config(&repository.common_dir.join("config"))?;
        let has_modes = config.boolean("core.filemode").ok().flatten().unwrap_or(true);
        let index_time = index.timestamp().into();
        Ok(Self { top, directories: BTreeSet::new(), has_modes, index_time })
    }

    fn look(&mut self, name: &BStr, entry: &gix_index::Entry) -> Result<Found, HostError> {
        let is_trusted = entry.flags.intersects(Flags::ASSUME_VALID | Flags::SKIP_WORKTREE);
        let relative = path_of(name);
        let is_missed = !entry.flags.contains(Flags::ASSUME_VALID);
        let absent = Found { node: None, is_changed: is_missed };
        if !self.has_parents(relative) {
            return Ok(absent);
        }
        let path = self.top.join(relative);
        let metadata = match fs::symlink_metadata(&path).map_err(failed("look at", &path)) {
            Ok(metadata) => metadata,
            Err(HostError::NotFound(_)) => return Ok(absent),
            Err(error) => return Err(error),
        };
        let (node, mode) = if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(failed("read the link", &path))?;
            (Node::Symlink(target), Mode::SYMLINK)
        } else if metadata.is_file() {
            let executable = metadata.permissions().mode() & EXECUTABLE_BIT != 0;
            let is_marked = executable && self.has_modes;
            let mode = if is_marked { Mode::FILE_EXECUTABLE } else { Mode::FILE };
            (Node::File { source: path.clone(), executable }, mode)
        } else {
            return Ok(absent);
        };
        let is_changed = !is_trusted
            && (self.known(entry.mode) != mode || !self.is_same(&path, &node, entry)?);
        Ok(Found { node: Some(node), is_changed })
    }

    /// The mode of an entry, as far as the file system can hold it.
    fn known(&self, mode: Mode) -> Mode {
        if mode == Mode::FILE_EXECUTABLE && !self.has_modes { Mode::FILE } else { mode }
    }

    /// Whether all directories above a file are directories of this work tree.
    fn has_parents(&mut self, relative: &Path) -> bool {
        let Some(parent) = relative.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
            return true;
        };
        if self.directories.contains(parent) {
            return true;
        }
        let is_directory = self.has_parents(parent)
            && fs::symlink_metadata(self.top.join(parent)).is_ok_and(|found| found.is_dir());
        if is_directory {
            self.directories.insert(parent.to_owned());
        }
        is_directory
    }

    /// Whether a file holds what the index says; it is read only if its times do not tell.
    fn is_same(
        &self,
        path: &Path,
        node: &Node,
        entry: &gix_index::Entry,
    ) -> Result<bool, HostError> {
        let metadata = gix_index::fs::Metadata::from_path_no_follow(path);
        let metadata = metadata.map_err(failed("look at", path))?;
        let is_racy = entry.stat.mtime.secs >= self.index_time.secs;
        let is_untouched =
            !is_racy && Stat::from_fs(&metadata).is_ok_and(|stat| entry.stat.matches(&stat, STAT));
        if is_untouched {
            return Ok(true);
        }
        let contents = match node {
            Node::Symlink(target) => target.as_os_str().as_bytes().to_vec(),
            Node::File { .. } | Node::Contents { .. } | Node::Directory(_) => read_disk(path)?,
        };
        let id = gix_object::compute_hash(Kind::Sha1, gix_object::Kind::Blob, &contents);
        let id = id.map_err(|error| HostError::Store(error.to_string()))?;
        Ok(id == entry.id)
    }
}

/// Whether the index differs from the commit that is checked out, submodules aside.
fn differs_from_head(
    repository: &Repository,
    index: &gix_index::File,
    head: Option<ObjectId>,
) -> Result<bool, HostError> {
    let is_file = |entry: &&gix_index::Entry| entry.mode != Mode::COMMIT;
    let file_count = index.entries().iter().filter(is_file).count();
    let Some(head) = head else { return Ok(file_count > 0) };
    let tree = repository.commit(head)?.tree;
    let cached = index.tree().filter(|cached| cached.num_entries.is_some());
    if cached.is_some_and(|cached| cached.id == tree) {
        return Ok(false);
    }
    let mut comparison = Comparison { repository, index, seen: 0, path: BString::default() };
    Ok(!comparison.holds(tree, 0)? || comparison.seen != file_count)
}

struct Comparison<'r> {
    repository: &'r Repository,
    index: &'r gix_index::File,
    /// Files of the commit that the index has, too.
    seen: usize,
    path: BString,
}

impl Comparison<'_> {
    /// Whether the index has all files of `tree`.
    fn holds(&mut self, tree: ObjectId, depth: usize) -> Result<bool, HostError> {
        if depth > DEPTH_MAX {
            return Err(HostError::Store(format!("the Git tree '{tree}' lies too deep")));
        }
        let length = self.path.len();
        for entry in self.repository.listed(tree)? {
            if length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&entry.name);
            let mode = match entry.kind {
                EntryKind::Commit => None,
                EntryKind::Tree => {
                    if !self.holds(entry.id, depth + 1)? {
                        return Ok(false);
                    }
                    None
                }
                EntryKind::Blob => Some(Mode::FILE),
                EntryKind::BlobExecutable => Some(Mode::FILE_EXECUTABLE),
                EntryKind::Link => Some(Mode::SYMLINK),
            };
            if let Some(mode) = mode {
                let known = self.index.entry_by_path(self.path.as_bstr());
                if !known.is_some_and(|known| known.id == entry.id && known.mode == mode) {
                    return Ok(false);
                }
                self.seen += 1;
            }
            self.path.truncate(length);
        }
        Ok(true)
    }
}
