//! The ledger that a linked system carries.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::GzBuilder;
use flate2::read::GzDecoder;
use frazil_link::{Damaged, Ledger};

/// The file in a linked system.
const FILE: &str = "ledger";
/// No ledger of a system is larger, uncompressed.
const BYTES_MAX: u64 = 1 << 30;

/// A ledger cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Not at all.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is none, or one of another version of this program.
    #[error("`{}` is no ledger", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Damaged,
    },
}

impl LedgerError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Read { source, .. } if source.kind() != io::ErrorKind::NotFound => None,
            Self::Read { .. } => {
                Some("a linked system is what `config.system.build.toplevel` builds")
            }
            Self::Damaged { .. } => Some("build the system again with this version"),
        }
    }
}

/// Writes a ledger into a linked system: the same bytes for the same ledger.
pub fn write(directory: &Path, ledger: &Ledger) -> io::Result<()> {
    let file = File::create_new(directory.join(FILE))?;
    let level = flate2::Compression::fast();
    let mut writer = GzBuilder::new().mtime(0).operating_system(255).write(file, level);
    writer.write_all(&ledger.encode())?;
    writer.finish().map(drop)
}

/// The ledger of a linked system.
pub fn read(directory: &Path) -> Result<Ledger, LedgerError> {
    let path = directory.join(FILE);
    let mut bytes = Vec::new();
    let done = File::open(&path)
        .and_then(|file| GzDecoder::new(file).take(BYTES_MAX).read_to_end(&mut bytes));
    match done {
        Ok(_) => Ledger::decode(&bytes).map_err(|source| LedgerError::Damaged { path, source }),
        Err(source) => Err(LedgerError::Read { path, source }),
    }
}

/// As text, a line for each decision.
pub fn text(directory: &Path) -> Result<String, LedgerError> {
    Ok(read(directory)?.to_text())
}

/// As JSON.
pub fn json(directory: &Path) -> Result<String, LedgerError> {
    Ok(format!("{}\n", read(directory)?.to_json()))
}
