//! A directory for what is gone at the end.
//!
//! Invariant: whoever uses one holds a lock on it, so what is not locked was left by a process that
//! was killed, and the next one removes it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use frazil_store::fs::IoError;

/// How the names of all of them begin.
const PREFIX: &str = "frazil-tmp-";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An empty directory of its own, which goes away with the value.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _lock: File,
}

impl Scratch {
    /// Makes one in `parent`.
    pub fn new(parent: &Path) -> Result<Self, IoError> {
        sweep(parent);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                // Of a process that was killed and had our number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made.map_err(IoError::on("create the directory", &path))?,
            }
            // Another process may have taken it for one that was left.
            if let Ok(lock) = File::open(&path)
                && lock.try_lock().is_ok()
                && path.exists()
            {
                return Ok(Self { path, _lock: lock });
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is for whoever cleans the directory.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Removes what killed processes left, as far as it is ours to remove.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_ours
            && let Ok(lock) = File::open(entry.path())
            && lock.try_lock().is_ok()
        {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PREFIX, Scratch};

    #[test]
    fn what_others_left_is_swept_and_what_they_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let used = Scratch::new(parent.path()).unwrap();
        fs::write(used.path().join("file"), "").unwrap();
        fs::create_dir(parent.path().join("other")).unwrap();
        for number in 0..100 {
            let left = format!("{PREFIX}0-{number}/root/etc");
            fs::create_dir_all(parent.path().join(left)).unwrap();
        }
        let scratch = Scratch::new(parent.path()).unwrap();
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(used.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 3);
        drop((used, scratch));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
