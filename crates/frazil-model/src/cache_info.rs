//! `nix-cache-info`: what a binary cache says about itself.
//!
//! Invariant: what is printed parses back to an equal value.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::fields::{FieldError, field};
use crate::store_path::{StoreDir, StoreDirError};

/// What a binary cache says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheInfo {
    /// The store directory of the paths in it; a store with another cannot use them.
    pub store_dir: StoreDir,
    /// Whether it may be asked for paths that nobody needs yet.
    pub want_mass_query: bool,
    /// Lower is asked first.
    pub priority: Option<u32>,
}

/// Why a text is not a `nix-cache-info`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheInfoError {
    /// A line is not a field.
    #[error("nix-cache-info is corrupt: {source} at line {line}")]
    Field {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: FieldError,
    },
    /// The store directory is not one.
    #[error("nix-cache-info is corrupt: {0}")]
    StoreDir(#[from] StoreDirError),
    /// The priority is not a number.
    #[error("nix-cache-info is corrupt: invalid Priority '{0}'")]
    Priority(String),
}

impl FromStr for CacheInfo {
    type Err = CacheInfoError;

    fn from_str(text: &str) -> Result<Self, CacheInfoError> {
        let mut info = Self::default();
        // Caches kept by hand often have blank lines or lack the end of the last one.
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let (key, value) =
                field(line).map_err(|source| CacheInfoError::Field { line: number, source })?;
            let value = value.trim();
            match key {
                "StoreDir" => info.store_dir = value.parse()?,
                "WantMassQuery" => info.want_mass_query = value == "1",
                "Priority" => {
                    let priority =
                        value.parse().map_err(|_| CacheInfoError::Priority(value.into()))?;
                    info.priority = Some(priority);
                }
                _ => {}
            }
        }
        Ok(info)
    }
}

impl fmt::Display for CacheInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "StoreDir: {}", self.store_dir)?;
        writeln!(f, "WantMassQuery: {}", u8::from(self.want_mass_query))?;
        match self.priority {
            Some(priority) => writeln!(f, "Priority: {priority}"),
            None => Ok(()),
        }
    }
}

/// For fuzzing: no input panics, and what is taken prints as a text that is taken for the same.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    if let Ok(info) = String::from_utf8_lossy(data).parse::<CacheInfo>() {
        assert_eq!(info.to_string().parse(), Ok(info));
    }
}
