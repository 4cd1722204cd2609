//! Letting equal files share their bytes, by hard links.
//!
//! Each file has a twin in `.links`, named after the hash of its NAR, so that files which differ
//! only in their executable mark are not one. Nix keeps the same links.
//!
//! Invariant: a file's name leads to its contents at every moment, since a link is made beside it
//! and then moved over it.

#[cfg(test)]
mod tests;

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use frazil_model::{Hash, HashFormat, StorePath};

use crate::add::AddError;
use crate::fs::{IoError, entries, metadata};
use crate::restore::seal;
use crate::store::Store;
use crate::tree::digest;

/// What sharing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Optimised {
    /// Files that were replaced by a link.
    pub files: u64,
    /// Bytes that this freed.
    pub bytes: u64,
}

impl Store {
    /// Lets the files of all valid paths share their bytes.
    pub fn optimise(&self) -> Result<Optimised, AddError> {
        let mut total = Optimised::default();
        for path in self.valid_paths()? {
            let shared = self.optimise_path(&path)?;
            total.files += shared.files;
            total.bytes += shared.bytes;
        }
        Ok(total)
    }

    /// Lets the files of a path share their bytes with those of others, if it is valid.
    pub fn optimise_path(&self, path: &StorePath) -> Result<Optimised, AddError> {
        let mut optimised = Optimised::default();
        self.add_temp_root(path)?;
        if !self.is_valid(path)? {
            return Ok(optimised);
        }
        let mut next = vec![self.layout.path(path)];
        while let Some(file) = next.pop() {
            let Some(found) = metadata(&file)? else { continue };
            if found.is_dir() {
                next.extend(entries(&file)?.into_iter().map(|name| file.join(name)));
            } else if found.is_file() && found.permissions().mode() & 0o222 == 0 {
                // One that can be written is not as the store made it: it may not be the contents
                // that others want.
                self.share(&file, &found, &mut optimised)?;
            }
        }
        Ok(optimised)
    }

    fn share(
        &self,
        file: &Path,
        found: &Metadata,
        optimised: &mut Optimised,
    ) -> Result<(), AddError> {
        let hash = digest(file)?.hash;
        let link = self.layout.links().join(Hash::from(hash).format(HashFormat::Nix32));
        if let Some(shared) = metadata(&link)? {
            if (shared.ino(), shared.dev()) == (found.ino(), found.dev()) {
                return Ok(());
            }
            if digest(&link).is_ok_and(|shared| shared.hash == hash) {
                if self.replace(file, &link)? {
                    optimised.files += 1;
                    optimised.bytes += if found.nlink() == 1 { found.len() } else { 0 };
                }
                return Ok(());
            }
            // Whoever shares it is damaged, and nobody else shall be.
            self.disk.remove_file(&link)?;
        }
        ignore_if_full(self.disk.hard_link(file, &link))?;
        Ok(())
    }

    /// Puts a link to `link` in the place of `file`, unless there are too many already.
    fn replace(&self, file: &Path, link: &Path) -> Result<bool, IoError> {
        let temporary = self.temporary_link();
        self.disk.remove_file(&temporary)?;
        if !ignore_if_full(self.disk.hard_link(link, &temporary))? {
            return Ok(false);
        }
        // The store itself can be written anyway, and its time means nothing.
        let parent = file.parent().filter(|parent| *parent != self.layout.store());
        if let Some(parent) = parent {
            self.disk.set_mode(parent, 0o755)?;
        }
        let moved = self.disk.rename(&temporary, file);
        if moved.is_err() {
            self.disk.remove_file(&temporary)?;
        }
        if let Some(parent) = parent {
            seal(&self.disk, parent)?;
        }
        moved.map(|()| true)
    }

    /// In the store, since a link cannot be moved between file systems.
    fn temporary_link(&self) -> PathBuf {
        let thread = std::thread::current().id();
        let name = format!(".tmp-link-{}-{thread:?}", std::process::id());
        self.layout.store().join(name)
    }
}

/// Whether the link was made. A file system limits the names of a file and the files of a
/// directory; what is beyond is not shared.
fn ignore_if_full(result: Result<(), IoError>) -> Result<bool, IoError> {
    match result {
        Ok(()) => Ok(true),
        Err(err) if err.source.kind() == io::ErrorKind::TooManyLinks => Ok(false),
        // Somebody else was faster.
        Err(err) if err.source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(err) => Err(err),
    }
}
