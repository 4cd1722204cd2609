//! The stream of `nix-store --export`: several paths, each with its NAR and what is known of it.
//!
//! Nothing in the stream is signed, so whoever imports it trusts who made it.
//!
//! Invariant: each path stands behind those that it refers to, so each can be registered as it is
//! read.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use frazil_model::closure::ClosureError;
use frazil_model::nar::{Encoder, NarDigest, NarHasher};
use frazil_model::store_path::{NAME_BYTES_MAX, StorePathError};
use frazil_model::{ClosureGraph, ContentAddressMethod, HashAlgorithm, StorePath};

use crate::add::AddError;
use crate::database::DatabaseError;
use crate::lock::PathLock;
use crate::path_info::PathInfo;
use crate::stage::Source;
use crate::store::Store;
use crate::tree::{Tee, TreeError, dump};
use crate::verify::VerifyDepth;

/// Stands between a NAR and what is known of its path.
const MAGIC: u64 = 0x4558_494e;
/// Before each path, and in place of another at the end.
const PATH: u64 = 1;
const END: u64 = 0;
/// Strings are filled up with zeros to a multiple of this.
const ALIGN: usize = 8;
/// The most references a path may have: more than there are paths in any store.
const REFERENCES_MAX: u64 = 1 << 20;

/// Why paths could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output failed.
    #[error("cannot write the exported paths")]
    Write(#[source] io::Error),
    /// A path could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The references make no order.
    #[error(transparent)]
    Cycle(ClosureError),
    /// The path is not any more what it was when it was registered.
    #[error("hash of path '{path}' has changed from '{:?}' to '{:?}'", specified.hash, found.hash)]
    Changed {
        /// The path.
        path: StorePath,
        /// What was registered.
        specified: NarDigest,
        /// What it is.
        found: NarDigest,
    },
}

/// Why paths could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input failed.
    #[error("cannot read the exported paths")]
    Read(#[source] io::Error),
    /// The input is something else.
    #[error("input doesn't look like something created by 'nix-store --export': {problem}")]
    Format {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// What should be a store path is not one.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// A path could not be added.
    #[error(transparent)]
    Add(#[from] AddError),
}

impl ExportError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Tree(source) => source.help(),
            Self::Database(source) => source.help(),
            Self::Changed { .. } => {
                Some("see what else was damaged: frazil store verify --check-contents")
            }
            Self::Write(_) | Self::Cycle(_) => None,
        }
    }
}

impl ImportError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Path(source) => source.help(),
            Self::Add(source) => source.help(),
            Self::Read(_) | Self::Format { .. } => None,
        }
    }
}

impl Store {
    /// Writes valid paths as a stream, those before that others refer to.
    pub fn export(
        &self,
        paths: &BTreeSet<StorePath>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let _kept = self.hold(paths).map_err(TreeError::from)?;
        let mut graph = ClosureGraph::default();
        for path in paths {
            let references = self.valid_path_info(path)?.references;
            graph
                .insert(path.clone(), references.into_iter().filter(|other| paths.contains(other)));
        }
        for path in graph.topological().map_err(ExportError::Cycle)? {
            self.export_path(path, out)?;
        }
        number(out, END).and_then(|()| out.flush()).map_err(ExportError::Write)
    }

    fn export_path(&self, path: &StorePath, out: &mut dyn Write) -> Result<(), ExportError> {
        let info = self.valid_path_info(path)?;
        number(out, PATH).map_err(ExportError::Write)?;
        let mut tee = Tee { out: &mut *out, hasher: NarHasher::default() };
        let mut encoder = Encoder::new(&mut tee).map_err(TreeError::from)?;
        dump(&self.layout.path(path), &mut |event| Ok(encoder.put(event)?))?;
        encoder.finish().map_err(TreeError::from)?;
        let found = tee.hasher.finish();
        if found.hash != info.nar.hash {
            return Err(ExportError::Changed { path: path.clone(), specified: info.nar, found });
        }
        let known = || -> io::Result<()> {
            number(out, MAGIC)?;
            string(out, &self.store_dir().join(path))?;
            number(out, info.references.len() as u64)?;
            for reference in &info.references {
                string(out, &self.store_dir().join(reference))?;
            }
            let deriver = info.deriver.map(|path| self.store_dir().join(&path));
            string(out, &deriver.unwrap_or_default())?;
            number(out, 0)
        };
        known().map_err(ExportError::Write)
    }

    /// Makes the paths of a stream valid, and returns them in its order.
    ///
    /// When it fails, the paths before the one that is wrong are valid.
    pub fn import(&self, input: &mut dyn BufRead) -> Result<Vec<StorePath>, ImportError> {
        let mut paths = Vec::new();
        loop {
            match read_number(input)? {
                END => return Ok(paths),
                PATH => paths.push(self.import_path(input)?),
                _ => {
                    return Err(ImportError::Format { problem: "no path begins where one should" });
                }
            }
        }
    }

    fn import_path(&self, input: &mut dyn BufRead) -> Result<StorePath, ImportError> {
        let (method, algorithm) = (ContentAddressMethod::Nar, HashAlgorithm::Sha256);
        let staged = self.stage(Source::Nar(input), method, algorithm)?;
        if read_number(input)? != MAGIC {
            return Err(ImportError::Format { problem: "nothing is said of the archive" });
        }
        let path = self.store_dir().parse(&self.read_string(input)?)?;
        let mut info = PathInfo::new(path, staged.nar);
        let count = read_number(input)?;
        if count > REFERENCES_MAX {
            return Err(ImportError::Format { problem: "too many references" });
        }
        for _ in 0..count {
            info.references.insert(self.store_dir().parse(&self.read_string(input)?)?);
        }
        let deriver = self.read_string(input)?;
        if !deriver.is_empty() {
            info.deriver = Some(self.store_dir().parse(&deriver)?);
        }
        if read_number(input)? != 0 {
            return Err(ImportError::Format { problem: "signatures of old are not read" });
        }

        self.add_temp_root(&info.path).map_err(AddError::from)?;
        let lock =
            PathLock::acquire(&self.disk, self.layout.lock(&info.path)).map_err(AddError::from)?;
        match self.path_info(&info.path).map_err(AddError::from)? {
            Some(valid) => Ok(valid.path),
            None => Ok(self.place(staged, info, &lock)?.path),
        }
    }

    /// Reads the full path of something in this store, or nothing.
    fn read_string(&self, input: &mut dyn BufRead) -> Result<Vec<u8>, ImportError> {
        let len = read_number(input)?;
        let max = self.store_dir().as_str().len() + NAME_BYTES_MAX + 64;
        if len > max as u64 {
            return Err(ImportError::Format { problem: "a path is too long" });
        }
        let mut bytes = vec![0; (len as usize).next_multiple_of(ALIGN)];
        input.read_exact(&mut bytes).map_err(ImportError::Read)?;
        if bytes.split_off(len as usize).iter().any(|byte| *byte != 0) {
            return Err(ImportError::Format { problem: "non-zero padding" });
        }
        Ok(bytes)
    }
}

/// For fuzzing: whatever is imported, `store` is sound afterwards.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(store: &Store, data: &[u8]) {
    let mut input = data;
    // Most inputs are refused, and some of them late.
    drop(store.import(&mut input));
    let report = store.verify(VerifyDepth::Contents);
    assert!(report.is_ok_and(|report| report.is_clean()));
}

fn number(out: &mut dyn Write, number: u64) -> io::Result<()> {
    out.write_all(&number.to_le_bytes())
}

fn string(out: &mut dyn Write, text: &str) -> io::Result<()> {
    number(out, text.len() as u64)?;
    out.write_all(text.as_bytes())?;
    let zeros = [0; ALIGN];
    out.write_all(zeros.split_at(text.len().next_multiple_of(ALIGN) - text.len()).0)
}

fn read_number(input: &mut dyn BufRead) -> Result<u64, ImportError> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes).map_err(ImportError::Read)?;
    Ok(u64::from_le_bytes(bytes))
}
