//! The file `md5sums`: what the files of the package should be.
//!
//! MD5 protects against damage, not against malice; the hash of the whole package does that.

use std::collections::BTreeMap;
use std::io::{self, Read};

use frazil_model::{Hash, HashAlgorithm, Hasher};

use super::EntryKind;
use super::path::{FilePath, PathError};

/// The MD5 sums of the files of a package, and which of them have been seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Md5Sums {
    sums: BTreeMap<FilePath, Sum>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum {
    expected: Hash,
    is_seen: bool,
}

/// Files are not what the package says they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Md5SumsError {
    /// A line that is not a sum and a path.
    #[error("line {line} of `md5sums` is not a sum and a path")]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// A path that leads out of the package.
    #[error("line {line} of `md5sums`: {error}")]
    Path {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        error: PathError,
    },
    /// A file has other bytes.
    #[error("the file `{path}` is damaged: it does not have its MD5 sum")]
    Mismatch {
        /// The file.
        path: FilePath,
    },
    /// A file is not there.
    #[error("the file `{path}` has an MD5 sum, but is not in the package")]
    Missing {
        /// The file.
        path: FilePath,
    },
}

impl Md5Sums {
    /// Reads lines of a sum, blanks and a path.
    pub fn parse(text: &[u8]) -> Result<Self, Md5SumsError> {
        let mut sums = BTreeMap::new();
        for (line, bytes) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let fail = || Md5SumsError::Line { line };
            let (sum, rest) = bytes.split_at_checked(32).ok_or_else(fail)?;
            let path = rest.strip_prefix(b" ").ok_or_else(fail)?;
            // The second is a blank, or a star for files that are not text.
            let path = path.strip_prefix(b" ").or(path.strip_prefix(b"*")).unwrap_or(path);
            let expected = Hash::parse_unprefixed(sum, HashAlgorithm::Md5).map_err(|_| fail())?;
            let path = FilePath::new(path).map_err(|error| Md5SumsError::Path { line, error })?;
            sums.insert(path, Sum { expected, is_seen: false });
        }
        Ok(Self { sums })
    }

    /// The sum of a file.
    pub fn get(&self, path: &FilePath) -> Option<Hash> {
        self.sums.get(path).map(|sum| sum.expected)
    }

    /// All sums, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&FilePath, Hash)> {
        self.sums.iter().map(|(path, sum)| (path, sum.expected))
    }

    /// Reads a file and compares it with its sum, if it has one. Another name of a file has no
    /// contents, but must have the same sum.
    pub(super) fn reader<'c>(
        &mut self,
        path: &'c FilePath,
        kind: &EntryKind,
        contents: &'c mut dyn Read,
    ) -> Result<Checked<'c>, Md5SumsError> {
        let mut expected = None;
        if let Some(sum) = self.sums.get_mut(path) {
            sum.is_seen = true;
            expected = Some(sum.expected);
        }
        if let (EntryKind::HardLink(target), Some(sum)) = (kind, expected)
            && self.get(target).is_some_and(|of_target| of_target != sum)
        {
            return Err(Md5SumsError::Mismatch { path: path.clone() });
        }
        let expected = expected
            .filter(|_| *kind == EntryKind::File)
            .map(|sum| (sum, Hasher::new(HashAlgorithm::Md5)));
        Ok(Checked { path, contents, expected })
    }

    pub(super) fn check_complete(&self) -> Result<(), Md5SumsError> {
        match self.sums.iter().find(|(_, sum)| !sum.is_seen) {
            Some((path, _)) => Err(Md5SumsError::Missing { path: path.clone() }),
            None => Ok(()),
        }
    }
}

/// Contents of a file, hashed on the way.
pub(super) struct Checked<'c> {
    path: &'c FilePath,
    contents: &'c mut dyn Read,
    expected: Option<(Hash, Hasher)>,
}

impl Checked<'_> {
    /// Reads the rest and compares.
    pub(super) fn finish(mut self) -> io::Result<Result<(), Md5SumsError>> {
        if self.expected.is_some() {
            io::copy(&mut self, &mut io::sink())?;
        }
        let differs = self.expected.is_some_and(|(sum, hasher)| hasher.finish() != sum);
        Ok(if differs { Err(Md5SumsError::Mismatch { path: self.path.clone() }) } else { Ok(()) })
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.contents.read(buffer)?;
        if let Some((_, hasher)) = &mut self.expected {
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}
