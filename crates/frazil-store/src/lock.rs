//! Locks between processes, by `flock` as Nix takes them.
//!
//! A lock file may be removed while others wait for it: who then gets the lock sees that the file
//! has no name any more, and opens the one that is there now. Nix looks for a mark instead, so that
//! is left too.
//!
//! Invariant: a [`PathLock`] is held on the file that is at its path.

#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fs::{Disk, IoError};

/// How much a lock excludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// Only who wants it exclusively.
    Shared,
    /// Everybody else.
    Exclusive,
}

/// Between two tries to get a lock, for who may have to stop.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits for a lock on an open file; it lasts as long as the file is open.
pub(crate) fn wait(file: &File, path: &Path, kind: LockKind) -> Result<(), IoError> {
    loop {
        let result = match kind {
            LockKind::Shared => file.lock_shared(),
            LockKind::Exclusive => file.lock(),
        };
        match result {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(IoError::on("lock", path)),
        }
    }
}

/// Takes an exclusive lock, or says that it cannot be had now.
pub(crate) fn try_exclusive(file: &File, path: &Path) -> Result<bool, IoError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(err)) => Err(IoError::on("lock", path)(err)),
    }
}

/// An exclusive lock on a `.lock` file, which is removed when the lock is dropped.
pub(crate) struct PathLock {
    disk: Disk,
    file: File,
    path: PathBuf,
}

impl PathLock {
    /// Waits for the lock on `path`.
    pub(crate) fn acquire(disk: &Disk, path: PathBuf) -> Result<Self, IoError> {
        loop {
            let file = disk.open_lock_file(&path)?;
            wait(&file, &path, LockKind::Exclusive)?;
            if !is_stale(&file, &path)? {
                return Ok(Self { disk: disk.clone(), file, path });
            }
        }
    }

    /// As [`acquire`](Self::acquire), but for who may have to stop: others may hold the lock as long
    /// as a build takes.
    pub(crate) fn acquire_unless(
        disk: &Disk,
        path: PathBuf,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Self, IoError> {
        loop {
            let file = disk.open_lock_file(&path)?;
            if try_exclusive(&file, &path)? {
                if !is_stale(&file, &path)? {
                    return Ok(Self { disk: disk.clone(), file, path });
                }
            } else if is_stopped() {
                return Err(IoError::on("lock", &path)(io::ErrorKind::Interrupted.into()));
            } else {
                // A wait in the kernel would end only with the lock.
                std::thread::sleep(PAUSE);
            }
        }
    }
}

impl Drop for PathLock {
    fn drop(&mut self) {
        // An optimisation only: a lock file that stays is taken again, or collected as garbage.
        if self.disk.remove_file(&self.path).is_ok() {
            let _unmarked = self.disk.write(&self.file, &self.path, b"d").is_err();
        }
    }
}

/// Whether the file was removed before it could be locked, so that others lock another one.
pub(crate) fn is_stale(file: &File, path: &Path) -> Result<bool, IoError> {
    Ok(file.metadata().map_err(IoError::on("look at", path))?.nlink() == 0)
}
