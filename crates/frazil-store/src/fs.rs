//! The one door to the disk.
//!
//! Every call names its file in its error, and every call that changes something first asks the
//! [`Interceptor`], if there is one. It knows no store: paths come in, and what they mean is the
//! business of others.
//!
//! Invariant: a change that the interceptor refuses has not happened.

#![expect(clippy::disallowed_methods, reason = "this is the door that the others must use")]

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT};

/// The longest name by which a directory is removed: with that of a file in it, it is shorter than
/// what the system takes, 4096 bytes.
const REMOVED_NAME_BYTES_MAX: usize = 3 << 10;

/// An error of the operating system that says what was being done to which file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} '{}'", path.display())]
pub struct IoError {
    /// What was tried: `remove the file`.
    pub action: &'static str,
    /// To which file.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl IoError {
    /// The error of doing `action` to `path`, to be given the source.
    pub fn on(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.into(), source }
    }

    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        const HELP: [(io::ErrorKind, &str); 3] = [
            (io::ErrorKind::StorageFull, "free some space; collecting garbage may do"),
            (io::ErrorKind::ReadOnlyFilesystem, "the file system is mounted read-only"),
            (io::ErrorKind::PermissionDenied, "the file may belong to another user"),
        ];
        let help = HELP.iter().find(|(kind, _)| *kind == self.source.kind());
        help.map(|(_, help)| *help)
    }
}

/// Asked before each change, with the action and the file; its error is taken for that of the
/// operating system. It may also never return: that is a crash at this point.
pub type Interceptor = dyn Fn(&'static str, &Path) -> io::Result<()> + Send + Sync;

/// The disk, perhaps with an [`Interceptor`] before it.
#[derive(Clone, Default)]
pub struct Disk {
    interceptor: Option<Arc<Interceptor>>,
}

impl Disk {
    /// A disk that asks before each change.
    pub fn intercepted(interceptor: Arc<Interceptor>) -> Self {
        Self { interceptor: Some(interceptor) }
    }

    /// A disk that refuses every change.
    pub fn read_only() -> Self {
        Self::intercepted(Arc::new(|_, _| Err(io::ErrorKind::ReadOnlyFilesystem.into())))
    }

    /// Makes a change to `path`, if the interceptor lets it.
    pub fn change<T>(
        &self,
        action: &'static str,
        path: &Path,
        run: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, IoError> {
        self.interceptor
            .as_ref()
            .map_or(Ok(()), |ask| ask(action, path))
            .and_then(|()| run())
            .map_err(IoError::on(action, path))
    }

    /// Creates a directory that must not exist; its parent must.
    pub fn create_dir(&self, path: &Path) -> Result<(), IoError> {
        self.change("create the directory", path, || fs::create_dir(path))
    }

    /// Creates a directory and those above it, as far as they do not exist.
    pub fn create_dirs(&self, path: &Path) -> Result<(), IoError> {
        if path.is_dir() {
            return Ok(());
        }
        self.change("create the directory", path, || fs::create_dir_all(path))
    }

    /// Creates a file that must not exist, to be written. No symlink is followed.
    pub fn create_file(&self, path: &Path, mode: u32) -> Result<File, IoError> {
        self.change("create the file", path, || {
            OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
        })
    }

    /// Opens a file for locking, with mode 0600 if it does not exist.
    pub fn open_lock_file(&self, path: &Path) -> Result<File, IoError> {
        self.change("open the lock file", path, || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
        })
    }

    /// Writes to the end of an open file.
    pub fn write(&self, mut file: &File, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
        self.change("write to", path, || file.write_all(bytes))
    }

    /// Gives a file these contents in one step: it has the old ones, or all of the new.
    pub fn replace_file(&self, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
        let (temporary, file) = create_beside(path, |name| self.create_file(name, 0o644))?;
        self.write(&file, &temporary, bytes)?;
        self.change("write to", &temporary, || file.sync_all())?;
        self.rename(&temporary, path)
    }

    /// Makes `link` a symlink to `target` in one step, whatever it was before.
    pub fn replace_symlink(&self, target: &OsStr, link: &Path) -> Result<(), IoError> {
        let (temporary, ()) = create_beside(link, |name| self.symlink(target, name))?;
        self.rename(&temporary, link)
    }

    /// Creates a symlink that must not exist.
    pub fn symlink(&self, target: &OsStr, link: &Path) -> Result<(), IoError> {
        self.change("create the symlink", link, || std::os::unix::fs::symlink(target, link))
    }

    /// Gives the file `from` another name as well.
    pub fn hard_link(&self, from: &Path, to: &Path) -> Result<(), IoError> {
        self.change("create the hard link", to, || fs::hard_link(from, to))
    }

    /// Moves a file or directory, over the one that is there.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), IoError> {
        self.change("move a file to", to, || fs::rename(from, to))
    }

    /// Moves a file or directory to `to`, and what is there, if anything is, to `from`.
    pub fn exchange(&self, from: &Path, to: &Path) -> Result<(), IoError> {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;
        if metadata(to)?.is_none() {
            return self.rename(from, to);
        }
        let exchanged = self.change("move a file to", to, || {
            match renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE) {
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
                result => Ok(result.map(|()| true)?),
            }
        })?;
        if exchanged {
            return Ok(());
        }
        // A file system that cannot do it in one step, for a moment has nothing there.
        let aside = beside(from);
        self.rename(to, &aside)?;
        self.rename(from, to)?;
        self.rename(&aside, from)
    }

    /// Sets the permissions of what is not a symlink.
    pub fn set_mode(&self, path: &Path, mode: u32) -> Result<(), IoError> {
        self.change("change the permissions of", path, || {
            fs::set_permissions(path, Permissions::from_mode(mode))
        })
    }

    /// Sets the permissions of an open file.
    pub fn set_file_mode(&self, file: &File, path: &Path, mode: u32) -> Result<(), IoError> {
        self.change("change the permissions of", path, || {
            file.set_permissions(Permissions::from_mode(mode))
        })
    }

    /// Sets the time of the last change, in seconds since 1970; a symlink is not followed.
    pub fn set_mtime(&self, path: &Path, seconds: i64) -> Result<(), IoError> {
        self.change("change the time of", path, || {
            let times = modified_at(seconds);
            Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
        })
    }

    /// Sets the time of the last change of an open file, in seconds since 1970.
    pub fn set_file_mtime(&self, file: &File, path: &Path, seconds: i64) -> Result<(), IoError> {
        self.change("change the time of", path, || {
            Ok(rustix::fs::futimens(file, &modified_at(seconds))?)
        })
    }

    /// Makes this process's user and group the owner; a symlink is not followed.
    pub fn take_over(&self, path: &Path) -> Result<(), IoError> {
        self.change("change the owner of", path, || {
            let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
            Ok(rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
        })
    }

    /// Removes an extended attribute; a symlink is not followed.
    pub fn remove_xattr(&self, path: &Path, name: &OsStr) -> Result<(), IoError> {
        self.change("remove an extended attribute of", path, || {
            Ok(rustix::fs::lremovexattr(path, name)?)
        })
    }

    /// Removes a file or symlink, if it is there.
    pub fn remove_file(&self, path: &Path) -> Result<(), IoError> {
        self.change("remove the file", path, || match fs::remove_file(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        })
    }

    /// Removes whatever is at `path`, read-only directories too, however deep they are. Returns the
    /// bytes that this freed: files that have other names are not counted.
    pub fn remove_tree(&self, path: &Path) -> Result<u64, IoError> {
        let Some(root) = metadata(path)? else { return Ok(0) };
        if !root.is_dir() {
            self.remove_file(path)?;
            return Ok(freed_by(&root));
        }
        let mut freed = 0;
        // Directories are entered when first seen and removed when seen again, then empty.
        let mut open = vec![(path.to_path_buf(), false)];
        let mut raised = 0_u64;
        while let Some((dir, was_entered)) = open.pop() {
            if was_entered {
                self.change("remove the directory", &dir, || fs::remove_dir(&dir))?;
                continue;
            }
            self.set_mode(&dir, 0o700)?;
            let names = entries(&dir)?;
            open.push((dir.clone(), true));
            for name in names {
                let below = dir.join(name);
                match metadata(&below)? {
                    Some(found) if found.is_dir() => {
                        open.push((self.raise(path, below, &mut raised)?, false));
                    }
                    Some(found) => {
                        self.remove_file(&below)?;
                        freed += freed_by(&found);
                    }
                    None => {}
                }
            }
        }
        Ok(freed)
    }
}

impl Disk {
    /// Where a directory below `top` is that is to be removed: there, or moved up if its name has
    /// become so long that the system would not take those of what is below it.
    fn raise(&self, top: &Path, dir: PathBuf, raised: &mut u64) -> Result<PathBuf, IoError> {
        if dir.as_os_str().len() <= REMOVED_NAME_BYTES_MAX {
            return Ok(dir);
        }
        // A directory that cannot be written to cannot be moved to another one.
        self.set_mode(&dir, 0o700)?;
        loop {
            let up = top.join(format!(".raised-{raised}"));
            *raised += 1;
            if metadata(&up)?.is_none() {
                self.rename(&dir, &up)?;
                return Ok(up);
            }
        }
    }
}

/// Opens a file for reading. A symlink is not followed.
pub(crate) fn open(path: &Path) -> Result<File, IoError> {
    OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .map_err(IoError::on("open", path))
}

/// Reads a small file as a whole; `None` if it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, IoError> {
    found(fs::read(path)).map_err(IoError::on("read", path))
}

/// Reads an open file from its start.
pub(crate) fn read_open(mut file: &File, path: &Path) -> Result<Vec<u8>, IoError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(IoError::on("read", path))?;
    Ok(bytes)
}

/// What is at `path`, itself if it is a symlink; `None` if nothing is.
pub(crate) fn metadata(path: &Path) -> Result<Option<Metadata>, IoError> {
    found(fs::symlink_metadata(path)).map_err(IoError::on("look at", path))
}

/// The target of a symlink.
pub(crate) fn read_link(path: &Path) -> Result<PathBuf, IoError> {
    fs::read_link(path).map_err(IoError::on("read the symlink", path))
}

/// The names in a directory, in the order of bytes.
pub(crate) fn entries(path: &Path) -> Result<Vec<OsString>, IoError> {
    let list = || -> io::Result<Vec<OsString>> {
        let mut names = fs::read_dir(path)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(names)
    };
    list().map_err(IoError::on("list the directory", path))
}

/// The names of the extended attributes of a file; a symlink is not followed.
pub(crate) fn xattrs(path: &Path) -> Result<Vec<OsString>, IoError> {
    use rustix::io::Errno;
    use std::os::unix::ffi::OsStringExt as _;
    let mut list = Vec::new();
    loop {
        // The list may grow between asking for its length and taking it.
        let taken = match rustix::fs::llistxattr(path, &mut [0_u8; 0]) {
            Ok(0) | Err(Errno::NOTSUP | Errno::NODATA) => return Ok(Vec::new()),
            Ok(len) => {
                list.resize(len, 0);
                rustix::fs::llistxattr(path, &mut list)
            }
            Err(err) => Err(err),
        };
        match taken {
            Err(Errno::RANGE) => {}
            Err(err) => return Err(IoError::on("list the attributes of", path)(err.into())),
            Ok(len) => {
                list.truncate(len);
                let names = list.split(|byte| *byte == 0).filter(|name| !name.is_empty());
                return Ok(names.map(|name| OsString::from_vec(name.into())).collect());
            }
        }
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(err),
    }
}

fn freed_by(file: &Metadata) -> u64 {
    if file.nlink() == 1 { file.len() } else { 0 }
}

fn modified_at(seconds: i64) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: 0 },
    }
}

/// Creates something in the directory of `path`, and says under which name.
pub(crate) fn create_beside<T>(
    path: &Path,
    create: impl Fn(&Path) -> Result<T, IoError>,
) -> Result<(PathBuf, T), IoError> {
    loop {
        let name = beside(path);
        match create(&name) {
            // Left by a process that had our number, or used by one of another container.
            Err(err) if err.source.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((name, created?)),
        }
    }
}

/// A name in the same directory that no other thread of this process uses.
fn beside(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".tmp-");
    name.push(path.file_name().unwrap_or_default());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    name.push(format!("-{}-{count}", std::process::id()));
    path.with_file_name(name)
}
