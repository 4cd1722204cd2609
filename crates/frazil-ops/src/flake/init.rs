//! A new flake in a directory: `frazil init`.

use std::path::{Path, PathBuf};

use super::write::{self, FileError};

const TEMPLATE: &str = include_str!("template.nix");

/// Why no flake was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("'{}' exists already", .0.display())]
    Exists(PathBuf),
    #[error("{0}")]
    File(#[from] FileError),
}

/// Writes a `flake.nix` that describes a small system; returns where it is.
pub fn init(directory: &Path) -> Result<PathBuf, InitError> {
    let file = directory.join(frazil_eval::flake::FLAKE_FILE);
    if file.symlink_metadata().is_ok() {
        return Err(InitError::Exists(file));
    }
    write::make_parent(&file)?;
    write::write(&file, TEMPLATE.as_bytes())?;
    Ok(file)
}
