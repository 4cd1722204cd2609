//! Roots: what keeps store paths from being collected.
//!
//! A link below `gcroots` or `profiles` is a root; so is a link elsewhere that a link in
//! `gcroots/auto` points to, as long as it is there. A process's temporary roots stand in a file
//! that it keeps locked, and end with it.
//!
//! Invariant: once a root was added, no collection that begins later removes the path; whether one
//! has removed it before is for the caller to see.

mod runtime;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::PoisonError;

use frazil_model::{Hash, HashAlgorithm, HashFormat, StorePath};

use crate::fs::{Disk, IoError, entries, metadata, read_link, read_open};
use crate::layout::Layout;
use crate::lock::{self, LockKind};
use crate::store::{Store, StoreError};

/// The valid paths that are kept, each with the links or processes that keep it.
pub type Roots = BTreeMap<StorePath, BTreeSet<PathBuf>>;

/// The file of what this process needs.
pub(crate) struct TempRoots {
    file: File,
    path: PathBuf,
    disk: Disk,
    known: BTreeSet<StorePath>,
}

impl TempRoots {
    fn create(disk: &Disk, layout: &Layout) -> Result<Self, IoError> {
        // A collector reads the number and ignores the rest. The bare number may be taken: by
        // another open store of this process, or by the process of that number in a container.
        let dir = layout.temp_roots();
        let process = std::process::id();
        let mut count = 0;
        loop {
            let name = if count == 0 { process.to_string() } else { format!("{process}.{count}") };
            let path = dir.join(name);
            let file = disk.open_lock_file(&path)?;
            if !lock::try_exclusive(&file, &path)? {
                count += 1;
            } else if lock::is_stale(&file, &path)? {
                // A collector took it for one of those below.
            } else if !read_open(&file, &path)?.is_empty() {
                // Left by a process that ended.
                disk.remove_file(&path)?;
            } else {
                return Ok(Self { file, path, disk: disk.clone(), known: BTreeSet::new() });
            }
        }
    }
}

/// Keeps paths until it is dropped; see [`Store::hold`].
#[must_use = "paths are kept as long as this lives"]
pub struct Kept {
    _roots: Option<TempRoots>,
}

impl Drop for TempRoots {
    fn drop(&mut self) {
        // One that stays is seen to be unlocked, and removed, by the next collection.
        let _stays = self.disk.remove_file(&self.path).is_err();
    }
}

impl Store {
    /// Keeps a path, valid or not, until the store is closed.
    ///
    /// Waits for a collection that is under way, which may have removed the path: ask for its
    /// validity afterwards.
    pub fn add_temp_root(&self, path: &StorePath) -> Result<(), IoError> {
        let mut slot = self.temp_roots.lock().unwrap_or_else(PoisonError::into_inner);
        let roots = match &mut *slot {
            Some(roots) => roots,
            None => slot.insert(TempRoots::create(&self.disk, &self.layout)?),
        };
        self.put(roots, path)
    }

    /// Keeps paths, valid or not, while they are read: until what is returned is dropped. In a store
    /// to which nothing may be written nothing can be kept.
    ///
    /// As for [`add_temp_root`](Self::add_temp_root), ask for their validity afterwards.
    pub fn hold<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p StorePath>,
    ) -> Result<Kept, IoError> {
        if !self.may_write() {
            return Ok(Kept { _roots: None });
        }
        let mut roots = TempRoots::create(&self.disk, &self.layout)?;
        for path in paths {
            self.put(&mut roots, path)?;
        }
        Ok(Kept { _roots: Some(roots) })
    }

    fn put(&self, roots: &mut TempRoots, path: &StorePath) -> Result<(), IoError> {
        if roots.known.contains(path) {
            return Ok(());
        }
        let gc_path = self.layout.gc_lock();
        let gc_lock = self.disk.open_lock_file(&gc_path)?;
        lock::wait(&gc_lock, &gc_path, LockKind::Shared)?;
        let mut line = self.store_dir().join(path).into_bytes();
        line.push(0);
        self.disk.write(&roots.file, &roots.path, &line)?;
        roots.known.insert(path.clone());
        Ok(())
    }

    /// Makes `link`, an absolute path, a link to a store path that keeps it as long as it is there.
    pub fn add_root(&self, link: &Path, path: &StorePath) -> Result<(), IoError> {
        self.add_temp_root(path)?;
        self.disk.replace_symlink(OsStr::new(&self.store_dir().join(path)), link)?;
        if link.starts_with(self.layout.gc_roots()) || link.starts_with(self.layout.profiles()) {
            return Ok(());
        }
        self.add_indirect_root(link)
    }

    /// As [`add_root`](Self::add_root), but the link leads to where the path really is, so that it can
    /// be followed.
    ///
    /// Nix knows only links to logical names. So it is given another link, which keeps the path until
    /// our collector finds that the first one is gone.
    pub fn add_out_link(&self, link: &Path, path: &StorePath) -> Result<(), IoError> {
        self.add_temp_root(path)?;
        let target = self.layout.path(path);
        let logical = PathBuf::from(self.store_dir().join(path));
        if target != logical {
            self.disk.create_dirs(&self.layout.out_link_roots())?;
            self.link_to(&logical, &self.layout.out_link_roots().join(root_name(link)))?;
        }
        self.link_to(&target, link)?;
        self.add_indirect_root(link)
    }

    /// Makes what `link`, an absolute path, will point to a root.
    pub fn add_indirect_root(&self, link: &Path) -> Result<(), IoError> {
        self.link_to(link, &self.layout.auto_roots().join(root_name(link)))
    }

    /// Makes a link; most times nothing has changed.
    fn link_to(&self, target: &Path, link: &Path) -> Result<(), IoError> {
        if read_link(link).is_ok_and(|before| before == target) {
            return Ok(());
        }
        self.disk.replace_symlink(target.as_os_str(), link)
    }

    /// All links that keep valid paths. Links in `gcroots/auto` to what is gone are removed.
    pub fn roots(&self) -> Result<Roots, StoreError> {
        let mut roots = Roots::new();
        let mut next = vec![self.layout.gc_roots(), self.layout.profiles()];
        while let Some(path) = next.pop() {
            let Some(found) = metadata(&path)? else { continue };
            if path == self.layout.out_link_roots() {
                self.remove_stale_out_links()?;
            } else if found.is_dir() {
                next.extend(entries(&path)?.into_iter().map(|name| path.join(name)));
            } else if found.is_symlink() {
                self.roots_of_link(&path, &mut roots)?;
            } else if let Some(kept) =
                path.file_name().and_then(|name| StorePath::parse(name.as_bytes()).ok())
            {
                self.keep(kept, path, &mut roots)?;
            }
        }
        Ok(roots)
    }

    /// What was told to Nix follows what the links themselves say, which are roots of their own.
    fn remove_stale_out_links(&self) -> Result<(), StoreError> {
        for name in entries(&self.layout.out_link_roots())? {
            let link = read_link(&self.layout.auto_roots().join(&name));
            let is_there =
                link.is_ok_and(|link| metadata(&link).is_ok_and(|found| found.is_some()));
            if !is_there && self.may_write() {
                self.disk.remove_file(&self.layout.out_link_roots().join(name))?;
            }
        }
        Ok(())
    }

    fn roots_of_link(&self, link: &Path, roots: &mut Roots) -> Result<(), StoreError> {
        let target = read_link(link)?;
        if let Some(kept) = self.path_of_target(&target) {
            return self.keep(kept, link.into(), roots);
        }
        let target = absolute(link, &target);
        match metadata(&target)? {
            None if self.may_write() && link.starts_with(self.layout.auto_roots()) => {
                Ok(self.disk.remove_file(link)?)
            }
            Some(found) if found.is_symlink() => match self.path_of_target(&read_link(&target)?) {
                Some(kept) => self.keep(kept, target, roots),
                None => Ok(()),
            },
            Some(_) | None => Ok(()),
        }
    }

    /// The store path that a link to it, or to something below it, means: by its logical name, or
    /// by where it really lies.
    fn path_of_target(&self, target: &Path) -> Option<StorePath> {
        let full = target.as_os_str().as_bytes();
        if let Ok((path, _)) = self.store_dir().split(full) {
            return Some(path);
        }
        let below = target.strip_prefix(self.layout.store()).ok()?;
        match below.components().next()? {
            Component::Normal(name) => StorePath::parse(name.as_bytes()).ok(),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => None,
        }
    }

    fn keep(&self, path: StorePath, by: PathBuf, roots: &mut Roots) -> Result<(), StoreError> {
        if self.is_valid(&path)? {
            roots.entry(path).or_default().insert(by);
        }
        Ok(())
    }

    /// The temporary roots of all processes, with the files that they stand in. Files of processes
    /// that ended are removed.
    pub(crate) fn all_temp_roots(&self) -> Result<Roots, StoreError> {
        let mut roots = Roots::new();
        let dir = self.layout.temp_roots();
        for name in entries(&dir)? {
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            let path = dir.join(name);
            if metadata(&path)?.is_none() {
                continue;
            }
            let file = self.disk.open_lock_file(&path)?;
            if lock::try_exclusive(&file, &path)? {
                // Its owner is gone. If it took the file along, what has that name now is another's.
                if !lock::is_stale(&file, &path)? {
                    // One that has just opened it sees that it must open another.
                    self.disk.remove_file(&path)?;
                    self.disk.write(&file, &path, b"d")?;
                }
                continue;
            }
            for full in read_open(&file, &path)?.split(|byte| *byte == 0) {
                if let Ok(kept) = self.store_dir().parse(full) {
                    roots.entry(kept).or_default().insert(path.clone());
                }
            }
        }
        Ok(roots)
    }
}

/// What the link to a link elsewhere is called.
fn root_name(link: &Path) -> String {
    let hash = Hash::of(HashAlgorithm::Sha1, link.as_os_str().as_bytes());
    hash.format(HashFormat::Nix32)
}

/// The target of a link as an absolute path. Only its own `..` are resolved, by their text.
fn absolute(link: &Path, target: &Path) -> PathBuf {
    let mut path = link.parent().unwrap_or(link).to_path_buf();
    for component in target.components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            Component::RootDir | Component::Normal(_) | Component::Prefix(_) => {
                path.push(component);
            }
        }
    }
    path
}
