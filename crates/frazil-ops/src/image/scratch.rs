//! A directory for what is gone at the end.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use frazil_store::fs::IoError;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An empty directory of its own, which goes away with the value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in `parent`.
    pub fn new(parent: &Path) -> Result<Self, IoError> {
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("frazil-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                // Of a process that was killed and had our number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => {
                    made.map_err(IoError::on("create the directory", &path))?;
                    return Ok(Self(path));
                }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is for whoever cleans the directory.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    #[test]
    fn what_others_left_is_not_in_the_way() {
        let parent = tempfile::tempdir().unwrap();
        for number in 0..100 {
            let left = format!("frazil-{}-{number}", std::process::id());
            std::fs::create_dir(parent.path().join(left)).unwrap();
        }
        let scratch = Scratch::new(parent.path()).unwrap();
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 101);
    }
}
