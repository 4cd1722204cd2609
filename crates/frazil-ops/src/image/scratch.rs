//! A directory for what is gone at the end.

use std::fs;
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
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("frazil-{}-{number}", std::process::id()));
        fs::create_dir(&path).map_err(IoError::on("create the directory", &path))?;
        Ok(Self(path))
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
