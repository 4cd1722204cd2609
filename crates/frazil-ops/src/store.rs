//! What a user can ask of a store that needs more than one call to it.

mod contents;
mod place;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use frazil_model::derivation::aterm::AtermError;
use frazil_model::derivation::json;
use frazil_model::store_path::StorePathError;
use frazil_model::{Derivation, StoreDir, StorePath};

pub use contents::{Entry, EntryKind, dump, list, locate, restore};
pub use frazil_store::fs::IoError;
pub use frazil_store::{
    Access, AddError, AddOptions, CollectError, CollectOptions, Collected, DatabaseError,
    ExportError, HashMismatch, ImportError, OpenError, Optimised, PathInfo, Source, Store,
    StoreError, StoreOptions, TreeError, VerifyDepth, VerifyReport,
};

/// Where a store is, as the command line and the settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePlace {
    /// The directory below which it lies; absolute.
    pub root: PathBuf,
    /// Where what is known of it lies, if not at the usual place below the root.
    pub state: Option<PathBuf>,
    /// The directory that is hashed into its paths.
    pub store_dir: StoreDir,
}

/// Opens a store.
pub fn open(place: &StorePlace, access: Access) -> Result<Store, OpenError> {
    let (store_dir, state) = (place.store_dir.clone(), place.state.clone());
    Store::open(StoreOptions { store_dir, state, access, ..StoreOptions::new(&place.root) })
}

/// Why a thing in a store could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Path(#[from] StorePathError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("path '{path}' is not valid")]
    NotValid { path: String },
    #[error("path '{path}' does not exist")]
    Missing { path: String },
    #[error("too many links lead to '{path}'")]
    Links { path: String },
    #[error("'{path}' is {found}, not {wanted}")]
    Kind { path: String, found: &'static str, wanted: &'static str },
    #[error("cannot read the derivation '{path}'")]
    Derivation { path: StorePath, source: AtermError },
    #[error(transparent)]
    Json(#[from] json::JsonError),
    #[error("no derivation is known that made '{path}'")]
    NoDeriver { path: StorePath },
    #[error("there is no log of '{path}'")]
    NoLog { path: StorePath },
    #[error("the log of '{path}' is damaged")]
    Log { path: StorePath, source: std::io::Error },
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl ReadError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Path(source) => source.help(),
            Self::Store(source) => source.help(),
            Self::Tree(source) => source.help(),
            Self::NoLog { .. } => Some("only what was built here has a log"),
            Self::NotValid { .. }
            | Self::Missing { .. }
            | Self::Links { .. }
            | Self::Kind { .. }
            | Self::Derivation { .. }
            | Self::Json(_)
            | Self::NoDeriver { .. }
            | Self::Log { .. } => None,
        }
    }
}

impl From<IoError> for ReadError {
    fn from(source: IoError) -> Self {
        Self::Store(source.into())
    }
}

impl From<DatabaseError> for ReadError {
    fn from(source: DatabaseError) -> Self {
        Self::Store(source.into())
    }
}

/// The store path that a text of the user names: a path of the store or in it, by its logical name
/// or by where it lies, or the name alone; links to it are followed.
pub fn parse_path(
    store: &Store,
    text: &str,
    directory: &std::path::Path,
) -> Result<StorePath, ReadError> {
    Ok(place::find(store, text, directory)?.0)
}

/// Reads a derivation of the store.
pub fn derivation(store: &Store, path: &StorePath) -> Result<Derivation, ReadError> {
    let name = path.derivation_name()?;
    let file = store.layout().path(path);
    let text = match std::fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ReadError::NotValid { path: store.store_dir().join(path) });
        }
        text => text.map_err(IoError::on("read", &file))?,
    };
    Derivation::parse(store.store_dir(), &name, &text)
        .map_err(|source| ReadError::Derivation { path: path.clone(), source })
}

/// The derivations of these paths, as `nix derivation show` prints them: themselves, or those that
/// they were built from; with `recursive` all that those need, too.
pub fn show_derivations(
    store: &Store,
    paths: &BTreeSet<StorePath>,
    recursive: bool,
) -> Result<String, ReadError> {
    let mut found = BTreeMap::new();
    let mut next = Vec::new();
    for path in paths {
        next.push(deriver(store, path)?);
    }
    while let Some(path) = next.pop() {
        if found.contains_key(&path) {
            continue;
        }
        let shown = derivation(store, &path)?;
        if recursive {
            next.extend(shown.input_derivations.keys().cloned());
        }
        found.insert(path, shown);
    }
    Ok(json::show(store.store_dir(), &found)?)
}

/// The path itself if it is a derivation, or else the one that made it.
pub fn deriver(store: &Store, path: &StorePath) -> Result<StorePath, ReadError> {
    if path.is_derivation() {
        return Ok(path.clone());
    }
    let registered = store.path_info(path)?.and_then(|info| info.deriver);
    let known = store.valid_derivers(path)?.into_iter().next();
    registered.or(known).ok_or_else(|| ReadError::NoDeriver { path: path.clone() })
}

/// What was said while a path was built.
pub fn log(store: &Store, path: &StorePath) -> Result<Vec<u8>, ReadError> {
    use std::io::Read as _;
    let derivation = deriver(store, path)?;
    // That of a build which was killed may be empty.
    let compressed = store.read_log(&derivation)?.filter(|compressed| !compressed.is_empty());
    let Some(compressed) = compressed else {
        return Err(ReadError::NoLog { path: derivation });
    };
    let mut log = Vec::new();
    match bzip2::read::MultiBzDecoder::new(&*compressed).read_to_end(&mut log) {
        Ok(_) => Ok(log),
        // Of a build that was killed the beginning is there.
        Err(_) if !log.is_empty() => Ok(log),
        Err(source) => Err(ReadError::Log { path: derivation, source }),
    }
}

/// What is known of each path in the closures of `paths`, those that others refer to first.
pub fn closure(store: &Store, paths: &BTreeSet<StorePath>) -> Result<Vec<PathInfo>, ReadError> {
    let mut infos = Vec::new();
    for path in store.closure(paths)? {
        infos.push(store.valid_path_info(&path)?);
    }
    Ok(infos)
}
