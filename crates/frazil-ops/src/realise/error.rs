//! Why something was not realised.

use std::path::PathBuf;

use frazil_build::checks::CheckError;
use frazil_build::environment::EnvironmentError;
use frazil_build::sandbox::RunError;
use frazil_model::derivation::KindError;
use frazil_model::{HashFormat, OutputName, StorePath};
use frazil_store::cache::CacheError;
use frazil_store::fs::IoError;
use frazil_store::{AddError, DatabaseError, HashMismatch, StoreError};

use super::Difference;
use crate::store::ReadError;

/// Why a goal was not achieved.
#[derive(Debug, thiserror::Error)]
pub enum RealiseError {
    /// Nobody has the path, and nobody knows how it is made.
    #[error(
        "path '{path}' is not valid, no cache has it, and no derivation that makes it is known"
    )]
    NoWay { path: StorePath },
    /// A cache has the path, but it did not come.
    #[error("cannot fetch '{path}'")]
    Fetch { path: StorePath, source: Box<CacheError> },
    /// What a cache gave could not take the place of what is damaged.
    #[error("cannot repair '{path}'")]
    Repair { path: StorePath, source: Box<AddError> },
    /// Its output paths are known only after the build.
    #[error(
        "cannot build '{path}': derivations whose output paths are not known before are not supported"
    )]
    Unsupported { path: StorePath },
    #[error("derivation '{path}' has no output '{output}'")]
    NoOutput { path: StorePath, output: OutputName },
    #[error("some outputs of '{path}' are not valid, so checking is not possible")]
    NothingToCheck { path: StorePath },
    /// The derivation cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was built, or that was tried, and it did not work.
    #[error("cannot build '{derivation}'")]
    Build {
        derivation: StorePath,
        source: Box<BuildProblem>,
        /// The last lines of the log.
        last_lines: Vec<Vec<u8>>,
        /// Where the directory of the build was left.
        kept: Option<PathBuf>,
    },
}

impl RealiseError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoWay { .. } => Some("name caches that may have it with --substituters"),
            Self::NothingToCheck { .. } => Some("build it first, without --check"),
            Self::Read(source) => source.help(),
            Self::Store(source) => source.help(),
            Self::Build { source, .. } => source.help(),
            Self::Fetch { source, .. } => source.help(),
            Self::Repair { source, .. } => source.help(),
            Self::Unsupported { .. } | Self::NoOutput { .. } => None,
        }
    }
}

impl From<IoError> for RealiseError {
    fn from(source: IoError) -> Self {
        Self::Store(source.into())
    }
}

impl From<DatabaseError> for RealiseError {
    fn from(source: DatabaseError) -> Self {
        Self::Store(source.into())
    }
}

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildProblem {
    #[error(transparent)]
    Run(#[from] RunError),
    /// A builder of this program failed.
    #[error("{builder} failed")]
    Builtin { builder: String, source: frazil_build::builtin::BuiltinError },
    #[error("there is no builder '{builder}'")]
    NoBuiltin { builder: String },
    #[error("a '{wanted}' is required to build it, but I am a '{found}'")]
    System { wanted: String, found: String },
    #[error(transparent)]
    Kind(#[from] KindError),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error("the builder failed to produce the output '{output}' at '{path}'")]
    NoOutput { output: OutputName, path: String },
    /// With line breaks as Nix has them, since programs look for the hashes.
    #[error(
        "hash mismatch in fixed-output derivation:\n         specified: {}\n            got:    {}",
        .0.specified.format(HashFormat::Sri),
        .0.found.format(HashFormat::Sri)
    )]
    Hash(Box<HashMismatch>),
    #[error(
        "output path '{path}' should be a non-executable regular file since its hash is that of a file"
    )]
    NotAFile { path: StorePath },
    #[error(
        "fixed-output derivations must not reference store paths: '{path}' references {count} distinct paths, e.g. '{example}'"
    )]
    FixedReferences { path: StorePath, count: usize, example: StorePath },
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error("derivation may not be deterministic: {difference}")]
    Different { difference: Box<Difference> },
    #[error(transparent)]
    Add(#[from] AddError),
    #[error("cannot write the log")]
    Log(#[source] std::io::Error),
}

impl BuildProblem {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Run(RunError::Sandbox(source)) => source.help(),
            Self::Hash(_) => Some(
                "if the new contents are right, write the hash that was got into the expression",
            ),
            Self::Add(source) => source.help(),
            Self::System { .. } => Some("extra-platforms in the settings names more platforms"),
            Self::Different { .. } => Some("--keep-failed keeps what was built this time"),
            Self::Run(_)
            | Self::Builtin { .. }
            | Self::NoBuiltin { .. }
            | Self::Kind(_)
            | Self::Environment(_)
            | Self::NoOutput { .. }
            | Self::NotAFile { .. }
            | Self::FixedReferences { .. }
            | Self::Check(_)
            | Self::Log(_) => None,
        }
    }
}

impl From<IoError> for BuildProblem {
    fn from(source: IoError) -> Self {
        Self::Add(source.into())
    }
}

impl From<DatabaseError> for BuildProblem {
    fn from(source: DatabaseError) -> Self {
        Self::Add(source.into())
    }
}

impl From<StoreError> for BuildProblem {
    fn from(source: StoreError) -> Self {
        Self::Add(source.into())
    }
}
