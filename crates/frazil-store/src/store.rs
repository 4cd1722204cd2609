//! An open store: how it is opened, and what can be asked of it.
//!
//! What changes it stands in the modules beside this one, one for each operation.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use frazil_model::signature::Signature;
use frazil_model::{StoreDir, StorePath};

use crate::database::{Database, DatabaseError, OpenMode, Outputs, schema};
use crate::fs::{Disk, IoError, read};
use crate::layout::Layout;
use crate::lock::{self, LockKind, PathLock};
use crate::path_info::PathInfo;
use crate::roots::TempRoots;
use crate::stage::Scratch;

/// Says the time, in seconds since 1970.
pub type Clock = dyn Fn() -> i64 + Send + Sync;

/// What may be done to a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everything. A store that is not there is made.
    #[default]
    Write,
    /// Everything, but a store that is not there is not made.
    Change,
    /// Nothing is changed, not even a lock file made, so the right to read is enough.
    Read,
}

/// How to open a store.
#[derive(Clone)]
pub struct StoreOptions {
    /// The directory below which the store really lies; absolute.
    pub root: PathBuf,
    /// Where its database, roots and logs are; `nix/var/nix` below the root unless it is said.
    pub state: Option<PathBuf>,
    /// The directory that is hashed into its paths.
    pub store_dir: StoreDir,
    /// What may be done to it.
    pub access: Access,
    /// How the disk is reached.
    pub disk: Disk,
    /// Where the times of registration come from.
    pub clock: Arc<Clock>,
}

impl StoreOptions {
    /// The store of `/nix/store` below `root`, with the machine's disk and clock.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            state: None,
            store_dir: StoreDir::default(),
            access: Access::default(),
            disk: Disk::default(),
            clock: Arc::new(|| {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                since.map_or(0, |since| since.as_secs().cast_signed())
            }),
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The store directory cannot be told from a name relative to it.
    #[error("the root of a store, '{}', is not an absolute path", root.display())]
    Relative {
        /// The root.
        root: PathBuf,
    },
    /// There is no store, and none may be made.
    #[error("there is no store in '{}'", root.display())]
    Absent {
        /// The root.
        root: PathBuf,
    },
    /// The file that says the version does not.
    #[error("'{}' is corrupt: it is not a number", file.display())]
    CorruptSchema {
        /// The file.
        file: PathBuf,
    },
    /// Another version of the database.
    #[error(
        "the database of the store has schema {found}, but only {} is supported",
        schema::VERSION
    )]
    OtherSchema {
        /// The version found.
        found: u32,
    },
}

impl OpenError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Database(source) => source.help(),
            Self::OtherSchema { found } if *found > schema::VERSION => {
                Some("a newer program has changed the store: use that, or a newer frazil")
            }
            Self::OtherSchema { .. } => Some("open it once with Nix, which brings it up to date"),
            Self::Absent { .. } => Some("the first path that is added or built makes one"),
            Self::Relative { .. } | Self::CorruptSchema { .. } => None,
        }
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl StoreError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Database(source) => source.help(),
        }
    }
}

/// An open store. Several threads and several processes may use one at once.
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) disk: Disk,
    pub(crate) temp_roots: Mutex<Option<TempRoots>>,
    /// Where contents are before their path is known, once there were some.
    pub(crate) scratch: Mutex<Option<Arc<Scratch>>>,
    clock: Arc<Clock>,
    database: Mutex<Database>,
    /// Held shared, so that nobody changes the schema meanwhile; absent where nothing is written.
    big_lock: Option<File>,
}

impl Store {
    /// Opens a store, and makes an empty one where there is none and that is allowed.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let StoreOptions { root, state, store_dir, access, disk, clock } = options;
        if !root.is_absolute() {
            return Err(OpenError::Relative { root });
        }
        let layout = Layout::new(&root, state, store_dir);
        if access != Access::Write && schema_version(&layout.schema())?.is_none() {
            return Err(OpenError::Absent { root });
        }
        let (disk, big_lock, mode) = match access {
            Access::Read => (Disk::read_only(), None, OpenMode::Read),
            Access::Write | Access::Change => {
                create_directories(&disk, &layout)?;
                let path = layout.big_lock();
                let big_lock = disk.open_lock_file(&path)?;
                lock::wait(&big_lock, &path, LockKind::Shared)?;
                (disk, Some(big_lock), OpenMode::Write)
            }
        };
        let database = match schema_version(&layout.schema())? {
            Some(schema::VERSION) => Self::open_database(&disk, &layout, mode)?,
            Some(found) => return Err(OpenError::OtherSchema { found }),
            None => Self::create_database(&disk, &layout)?,
        };
        Ok(Self {
            layout,
            disk,
            temp_roots: Mutex::new(None),
            scratch: Mutex::new(None),
            clock,
            database: Mutex::new(database),
            big_lock,
        })
    }

    fn open_database(
        disk: &Disk,
        layout: &Layout,
        mode: OpenMode,
    ) -> Result<Database, DatabaseError> {
        let store_dir = layout.store_dir().clone();
        Database::open(disk.clone(), layout.database(), store_dir, mode)
    }

    /// Makes the database, one process at a time: the switch to a write-ahead log waits for nobody.
    fn create_database(disk: &Disk, layout: &Layout) -> Result<Database, OpenError> {
        let _lock = PathLock::acquire(disk, layout.database().with_extension("lock"))?;
        let database = Self::open_database(disk, layout, OpenMode::Create)?;
        // Last, so that tables that are not complete are completed next time.
        disk.replace_file(&layout.schema(), schema::VERSION.to_string().as_bytes())?;
        Ok(database)
    }

    /// Where the parts of the store lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The logical directory of the store.
    pub fn store_dir(&self) -> &StoreDir {
        self.layout.store_dir()
    }

    /// Whether a path is valid: registered, and so there.
    pub fn is_valid(&self, path: &StorePath) -> Result<bool, DatabaseError> {
        self.database().is_valid(path)
    }

    /// What is known of a path; `None` if it is not valid.
    pub fn path_info(&self, path: &StorePath) -> Result<Option<PathInfo>, DatabaseError> {
        self.database().path_info(path)
    }

    /// What is known of a path, which must be valid.
    pub fn valid_path_info(&self, path: &StorePath) -> Result<PathInfo, DatabaseError> {
        self.path_info(path)?.ok_or_else(|| DatabaseError::NotValid { path: path.clone() })
    }

    /// All valid paths.
    pub fn valid_paths(&self) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.database().valid_paths()
    }

    /// How many paths are valid, and how large their NARs are together.
    pub fn totals(&self) -> Result<(u64, u64), DatabaseError> {
        self.database().totals()
    }

    /// The valid path with this digest, which is 32 base-32 characters.
    pub fn path_of_digest(&self, digest: &str) -> Result<Option<StorePath>, DatabaseError> {
        self.database().path_of_digest(digest)
    }

    /// The valid paths that refer to `path`.
    pub fn referrers(&self, path: &StorePath) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.database().referrers(path)
    }

    /// The valid derivations that have `path` as an output.
    pub fn valid_derivers(&self, path: &StorePath) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.database().valid_derivers(path)
    }

    /// The outputs of a valid derivation, as far as their paths are known.
    pub fn derivation_outputs(&self, derivation: &StorePath) -> Result<Outputs, DatabaseError> {
        self.database().outputs(derivation)
    }

    /// All that can be reached from `roots` by references, the roots included; they must be valid.
    pub fn closure(
        &self,
        roots: &BTreeSet<StorePath>,
    ) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.database().closure(roots)
    }

    /// Adds signatures to those of valid paths, in one step. Returns the paths that lacked one.
    ///
    /// Nobody has looked at the signatures: one that is wrong vouches for nothing.
    pub fn add_signatures(
        &self,
        new: &[(StorePath, BTreeSet<Signature>)],
    ) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.database().add_signatures(new)
    }

    pub(crate) fn may_write(&self) -> bool {
        self.big_lock.is_some()
    }

    pub(crate) fn database(&self) -> MutexGuard<'_, Database> {
        // A transaction that a panic ended was rolled back, so the database is sound.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }
}

fn create_directories(disk: &Disk, layout: &Layout) -> Result<(), IoError> {
    let profiles = layout.profiles();
    for dir in [
        layout.store(),
        &layout.links(),
        &layout.database_dir(),
        &layout.temp_roots(),
        &profiles,
        &layout.auto_roots(),
    ] {
        disk.create_dirs(dir)?;
    }
    let link = layout.gc_roots().join("profiles");
    if crate::fs::metadata(&link)?.is_none() {
        disk.replace_symlink(OsStr::new(&profiles), &link)?;
    }
    Ok(())
}

/// The version in the schema file; `None` if there is no database yet.
fn schema_version(file: &Path) -> Result<Option<u32>, OpenError> {
    let Some(bytes) = read(file)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    match text.trim().parse() {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(OpenError::CorruptSchema { file: file.into() }),
    }
}
