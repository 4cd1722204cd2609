//! The logs of builds, where Nix keeps them. Compressing them is the business of others.

use std::fs::File;

use frazil_model::StorePath;

use crate::fs::{IoError, read};
use crate::store::Store;

impl Store {
    /// Makes an empty file for the log of a build, in place of an older one.
    pub fn create_log(&self, derivation: &StorePath) -> Result<File, IoError> {
        let path = self.layout.log(derivation);
        if let Some(dir) = path.parent() {
            self.disk.create_dirs(dir)?;
        }
        self.disk.remove_file(&path)?;
        self.disk.create_file(&path, 0o644)
    }

    /// The log of the last build, compressed by bzip2; `None` if there is none.
    pub fn read_log(&self, derivation: &StorePath) -> Result<Option<Vec<u8>>, IoError> {
        read(&self.layout.log(derivation))
    }
}
