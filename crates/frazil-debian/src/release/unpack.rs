//! Fetched lists: only what was signed is unpacked, and only what was signed comes out.

use std::io::{self, Read as _};

use frazil_model::Sha256;

use super::{List, Listed};

/// What a list may have unpacked, if the release does not say.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// A fetched list is not the one that was signed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It has another size.
    #[error("the list `{path}` has {found} bytes, not {expected}")]
    Size {
        /// Its path below the release file.
        path: String,
        /// What was signed.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// It has another digest.
    #[error("the list `{path}` is not the one that was signed: its SHA-256 is another")]
    Digest {
        /// Its path below the release file.
        path: String,
    },
    /// It cannot be decompressed.
    #[error("cannot decompress the list `{path}`")]
    Read {
        /// Its path below the release file.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl ListError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Size { .. } | Self::Digest { .. } => {
                Some("the mirror may be in the middle of an update: try again, or another mirror")
            }
            Self::Read { .. } => None,
        }
    }
}

impl List<'_> {
    /// The text of a fetched list, if that and what was fetched are as the release says.
    pub fn unpack(&self, fetched: &[u8]) -> Result<Vec<u8>, ListError> {
        check(self.path, self.file, fetched)?;
        let name = self.path.strip_suffix(self.compression.suffix()).unwrap_or(self.path);
        let fail = |source| ListError::Read { path: self.path.into(), source };
        let max = self.unpacked.map_or(UNPACKED_BYTES_MAX, |unpacked| unpacked.size);
        let decoder = self.compression.decoder(fetched).map_err(fail)?;
        let mut text = Vec::new();
        // One byte more than there may be shows that there are more.
        decoder.take(max.saturating_add(1)).read_to_end(&mut text).map_err(fail)?;
        let found = text.len() as u64;
        match self.unpacked {
            Some(unpacked) => check(name, unpacked, &text)?,
            None if found > max => {
                return Err(ListError::Size { path: name.into(), expected: max, found });
            }
            None => {}
        }
        Ok(text)
    }
}

fn check(path: &str, expected: Listed, bytes: &[u8]) -> Result<(), ListError> {
    let found = bytes.len() as u64;
    if found != expected.size {
        return Err(ListError::Size { path: path.into(), expected: expected.size, found });
    }
    if Sha256::of(bytes) != expected.sha256 {
        return Err(ListError::Digest { path: path.into() });
    }
    Ok(())
}
