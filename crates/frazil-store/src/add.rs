//! Making paths valid: adding contents whose path follows from them, and importing NARs whose path
//! is known.
//!
//! Contents are staged, moved to their place under the path's lock, and registered last. What is left
//! by a crash in between is garbage that nobody knows.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::BufRead;

use frazil_model::derivation::aterm::AtermError;
use frazil_model::store_path::{MakePathError, References, StorePathError};
use frazil_model::{
    ContentAddress, ContentAddressMethod, Derivation, Hash, HashAlgorithm, StoreName, StorePath,
};

use crate::database::{DatabaseError, Outputs};
use crate::fs::{IoError, read};
use crate::lock::PathLock;
use crate::path_info::PathInfo;
use crate::restore::seal;
use crate::stage::{Source, Staged};
use crate::store::{Store, StoreError};
use crate::tree::TreeError;

/// How the path follows from the contents.
#[derive(Clone, Debug)]
pub struct AddOptions {
    /// What is hashed.
    pub method: ContentAddressMethod,
    /// How it is hashed.
    pub algorithm: HashAlgorithm,
    /// What the contents are said to mention.
    pub references: BTreeSet<StorePath>,
}

impl Default for AddOptions {
    fn default() -> Self {
        Self {
            method: ContentAddressMethod::Nar,
            algorithm: HashAlgorithm::Sha256,
            references: BTreeSet::new(),
        }
    }
}

/// Why a path did not become valid.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The contents could not be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is no path for the contents.
    #[error(transparent)]
    Path(#[from] MakePathError),
    /// Only files can be hashed without their form.
    #[error("only a regular file can be added with the method '{}'", method.name())]
    NotAFile {
        /// The method.
        method: ContentAddressMethod,
    },
    /// Git's tree objects are not made here.
    #[error("adding with the method 'git' is not supported")]
    Git,
    /// The contents are not those that were announced.
    #[error("hash mismatch importing path '{path}': {mismatch}")]
    Hash {
        /// The path.
        path: StorePath,
        /// What was announced, and what came.
        mismatch: Box<HashMismatch>,
    },
    /// As many bytes were not announced.
    #[error("size mismatch importing path '{path}': specified {specified}, got {found}")]
    Size {
        /// The path.
        path: StorePath,
        /// What was announced.
        specified: u64,
        /// How many there are.
        found: u64,
    },
    /// Its address would have to leave out its own name.
    #[error("path '{path}' is content-addressed and refers to itself, which is not supported")]
    ContentAddressedSelf {
        /// The path.
        path: StorePath,
    },
    /// Another path follows from the contents.
    #[error("path '{path}' claims to be content-addressed but isn't")]
    NotContentAddressed {
        /// The path.
        path: StorePath,
    },
    /// A `.drv` file is not a derivation.
    #[error("cannot register the derivation '{path}'")]
    Derivation {
        /// The path.
        path: StorePath,
        /// What is wrong with it.
        source: DerivationProblem,
    },
}

/// Contents that hash to something else than they should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("specified {specified:?}, got {found:?}")]
pub struct HashMismatch {
    /// What they should hash to.
    pub specified: Hash,
    /// What they hash to.
    pub found: Hash,
}

/// Why a file is not a derivation.
#[derive(Debug, thiserror::Error)]
pub enum DerivationProblem {
    /// Its name is not that of one.
    #[error(transparent)]
    Name(#[from] StorePathError),
    /// Its text is not that of one.
    #[error(transparent)]
    Text(#[from] AtermError),
}

impl AddError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Tree(source) => source.help(),
            Self::Io(source) => source.help(),
            Self::Database(source) => source.help(),
            Self::Path(source) => source.help(),
            Self::NotAFile { .. } => Some("use the method 'nar' for directories and symlinks"),
            Self::Hash { .. } | Self::Size { .. } => {
                Some("what was fetched is damaged or was changed; fetch it again")
            }
            Self::Git
            | Self::ContentAddressedSelf { .. }
            | Self::NotContentAddressed { .. }
            | Self::Derivation { .. } => None,
        }
    }
}

impl From<StoreError> for AddError {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Io(source) => Self::Io(source),
            StoreError::Database(source) => Self::Database(source),
        }
    }
}

impl Store {
    /// Adds contents under the path that follows from them, and keeps it while the store is open.
    pub fn add(
        &self,
        name: &StoreName,
        source: Source<'_>,
        options: &AddOptions,
    ) -> Result<PathInfo, AddError> {
        let staged = self.stage(source, options.method, options.algorithm)?;
        let content_address = ContentAddress { method: options.method, hash: staged.content };
        let references = References { others: options.references.iter().collect(), itself: false };
        let path = self.store_dir().content_path(name, &content_address, &references)?;
        let mut info = PathInfo::new(path, staged.nar);
        info.references.clone_from(&options.references);
        info.content_address = Some(content_address);

        self.add_temp_root(&info.path)?;
        let lock = PathLock::acquire(&self.disk, self.layout.lock(&info.path))?;
        match self.path_info(&info.path)? {
            Some(valid) => Ok(valid),
            None => self.place(staged, info, &lock),
        }
    }

    /// Adds a text under the path that follows from it, as a derivation is.
    pub fn add_text(
        &self,
        name: &StoreName,
        text: &[u8],
        references: BTreeSet<StorePath>,
    ) -> Result<PathInfo, AddError> {
        let method = ContentAddressMethod::Text;
        let digest = frazil_model::Sha256::of(text);
        let path = self.store_dir().text_path(name, digest, &references);
        self.add_temp_root(&path)?;
        if let Some(valid) = self.path_info(&path)? {
            return Ok(valid);
        }
        let options = AddOptions { method, algorithm: HashAlgorithm::Sha256, references };
        self.add(name, Source::Bytes(text), &options)
    }

    /// Makes the path of `info` valid with the contents of a NAR; it is not read if the path is valid.
    ///
    /// Signatures are not looked at: whether to trust `info` is for the caller to say.
    pub fn import_nar(&self, info: PathInfo, nar: &mut dyn BufRead) -> Result<PathInfo, AddError> {
        self.add_temp_root(&info.path)?;
        let lock = PathLock::acquire(&self.disk, self.layout.lock(&info.path))?;
        if let Some(valid) = self.path_info(&info.path)? {
            return Ok(valid);
        }
        let (method, algorithm) = match info.content_address {
            Some(_) if info.references.contains(&info.path) => {
                return Err(AddError::ContentAddressedSelf { path: info.path });
            }
            Some(content) => (content.method, content.hash.algorithm()),
            None => (ContentAddressMethod::Nar, HashAlgorithm::Sha256),
        };
        let staged = self.stage(Source::Nar(nar), method, algorithm)?;
        check_announced(&info, &staged)?;
        if info.content_path(self.store_dir())?.is_some_and(|path| path != info.path) {
            return Err(AddError::NotContentAddressed { path: info.path });
        }
        self.place(staged, info, &lock)
    }

    /// Registers paths that are in their places already, in one step.
    ///
    /// The caller must hold a temporary root for each, or its lock.
    pub(crate) fn register(&self, paths: Vec<PathInfo>) -> Result<(), AddError> {
        let paths = paths
            .into_iter()
            .map(|info| self.outputs_to_register(&info.path).map(|outputs| (info, outputs)))
            .collect::<Result<Vec<_>, AddError>>()?;
        Ok(self.database().register(&paths, self.now())?)
    }

    /// Moves contents to their place and makes them valid. Needs the lock of the path.
    pub(crate) fn place(
        &self,
        staged: Staged,
        mut info: PathInfo,
        _lock: &PathLock,
    ) -> Result<PathInfo, AddError> {
        let path = self.layout.path(&info.path);
        self.disk.remove_tree(&path)?;
        self.disk.rename(staged.path(), &path)?;
        seal(&self.disk, &path)?;
        if info.registration_time == 0 {
            info.registration_time = self.now();
        }
        if let Err(err) = self.register(vec![info.clone()]) {
            // Asked again, since a write that failed may have been made after all.
            if matches!(self.is_valid(&info.path), Ok(false)) {
                self.disk.remove_tree(&path)?;
            }
            return Err(err);
        }
        Ok(info)
    }

    fn outputs_to_register(&self, path: &StorePath) -> Result<Outputs, AddError> {
        if !path.is_derivation() {
            return Ok(Outputs::new());
        }
        let file = self.layout.path(path);
        let Some(text) = read(&file)? else { return Err(TreeError::Missing { path: file }.into()) };
        let failed = |source| AddError::Derivation { path: path.clone(), source };
        let name = path.derivation_name().map_err(|err| failed(err.into()))?;
        let derivation =
            Derivation::parse(self.store_dir(), &name, &text).map_err(|err| failed(err.into()))?;
        let outputs = derivation.outputs.iter();
        Ok(outputs
            .filter_map(|(name, output)| Some((name.clone(), output.path()?.clone())))
            .collect())
    }
}

fn check_announced(info: &PathInfo, staged: &Staged) -> Result<(), AddError> {
    let mismatch = |specified, found| AddError::Hash {
        path: info.path.clone(),
        mismatch: Box::new(HashMismatch { specified, found }),
    };
    if staged.nar.hash != info.nar.hash {
        return Err(mismatch(info.nar.hash.into(), staged.nar.hash.into()));
    }
    if staged.nar.size != info.nar.size {
        let (specified, found) = (info.nar.size, staged.nar.size);
        return Err(AddError::Size { path: info.path.clone(), specified, found });
    }
    match info.content_address {
        Some(content) if content.hash != staged.content => {
            Err(mismatch(content.hash, staged.content))
        }
        Some(_) | None => Ok(()),
    }
}
