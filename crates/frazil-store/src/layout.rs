//! Where the parts of a store lie on the disk.
//!
//! A store has a logical directory, which is hashed into its paths, and a root below which
//! everything really lies: what Nix calls a store with `--store ROOT`. Nothing here touches the
//! disk.

use std::path::{Path, PathBuf};

use frazil_model::{StoreDir, StorePath};

/// The places of a store's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    store_dir: StoreDir,
    store: PathBuf,
    state: PathBuf,
}

impl Layout {
    /// The layout of the store of `store_dir` below `root`, which must be an absolute path.
    /// What is known of the store is in `state`, or else where Nix has it.
    pub fn new(root: &Path, state: Option<PathBuf>, store_dir: StoreDir) -> Self {
        let store = root.join(store_dir.as_str().trim_start_matches('/'));
        let state = state.unwrap_or_else(|| root.join("nix/var/nix"));
        Self { store_dir, store, state }
    }

    /// The logical directory.
    pub fn store_dir(&self) -> &StoreDir {
        &self.store_dir
    }

    /// The directory of the store paths.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Where a store path really lies.
    pub fn path(&self, path: &StorePath) -> PathBuf {
        self.store.join(path.as_str())
    }

    /// The file that is locked while a store path is made.
    pub fn lock(&self, path: &StorePath) -> PathBuf {
        self.store.join(format!("{path}.lock"))
    }

    /// The directory of the files that several store paths share.
    pub fn links(&self) -> PathBuf {
        self.store.join(LINKS)
    }

    /// The directory of the database.
    pub fn database_dir(&self) -> PathBuf {
        self.state.join("db")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.state.join("db/db.sqlite")
    }

    /// The file with the version of the database's schema.
    pub fn schema(&self) -> PathBuf {
        self.state.join("db/schema")
    }

    /// Locked shared by everybody who has the store open; exclusively for a change of the schema.
    pub fn big_lock(&self) -> PathBuf {
        self.state.join("db/big-lock")
    }

    /// Locked exclusively while garbage is collected.
    pub fn gc_lock(&self) -> PathBuf {
        self.state.join("gc.lock")
    }

    /// The directory of the links that keep store paths.
    pub fn gc_roots(&self) -> PathBuf {
        self.state.join("gcroots")
    }

    /// The directory of the links to links elsewhere that keep store paths.
    pub fn auto_roots(&self) -> PathBuf {
        self.state.join("gcroots/auto")
    }

    /// The directory of what Nix's collector is told of links that lead to where paths really lie.
    pub fn out_link_roots(&self) -> PathBuf {
        self.state.join("gcroots/frazil")
    }

    /// The directory of what each process needs while it runs.
    pub fn temp_roots(&self) -> PathBuf {
        self.state.join("temproots")
    }

    /// The file of what was said while this derivation was built. Nix reads it, too.
    pub fn log(&self, derivation: &StorePath) -> PathBuf {
        let (first, rest) = derivation.as_str().split_at_checked(2).unwrap_or_default();
        // Beside the state and not below it, as with `nix` in place of `nix/var/nix`.
        self.state.with_file_name("log").join("nix/drvs").join(first).join(format!("{rest}.bz2"))
    }

    /// The directory of what failed builds left, for those who asked for it.
    pub fn kept_builds(&self) -> PathBuf {
        self.state.join("kept")
    }

    /// The directory of the profiles, which keep store paths too.
    pub fn profiles(&self) -> PathBuf {
        self.state.join("profiles")
    }
}

/// The name of [`Layout::links`] in the store.
pub(crate) const LINKS: &str = ".links";
