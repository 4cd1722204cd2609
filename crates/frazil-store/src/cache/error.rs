//! Why a binary cache was of no use.

use frazil_model::cache_info::CacheInfoError;
use frazil_model::narinfo::NarInfoError;
use frazil_model::{StoreDir, StorePath};

use crate::add::AddError;
use crate::database::DatabaseError;
use crate::fetch::{FetchError, Url, UrlError};
use crate::fs::IoError;
use crate::tree::TreeError;

/// Why a binary cache did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It could not be reached.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What it gives is wrong.
    #[error("binary cache: '{url}' {problem}")]
    Cache {
        /// The cache, or the file of it.
        url: Url,
        /// What is wrong.
        #[source]
        problem: Box<CacheProblem>,
    },
    /// No cache has the path.
    #[error("path '{path}' is in none of the binary caches, and not in the store")]
    Absent {
        /// The path.
        path: StorePath,
    },
    /// Our own store failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A path could not be written into our own store.
    #[error("cannot add '{path}' to the store")]
    Add {
        /// The path.
        path: StorePath,
        /// Why.
        source: Box<IoError>,
    },
    /// A path of our own store could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What is wrong with what a cache gives.
#[derive(Debug, thiserror::Error)]
pub enum CacheProblem {
    /// It has no `nix-cache-info`.
    #[error("does not appear to be a binary cache: it has no nix-cache-info")]
    NotACache,
    /// Settings stand in its address, as Nix has them there.
    #[error("has a '?', but an address takes no settings here")]
    Settings,
    /// A page for people is there.
    #[error("is an HTML page")]
    Page,
    /// Its `nix-cache-info` cannot be understood.
    #[error("{0}")]
    CacheInfo(CacheInfoError),
    /// It is for other stores.
    #[error("is for stores in '{theirs}', not '{ours}'")]
    StoreDir {
        /// Where our store is.
        ours: StoreDir,
        /// Where the stores are that it is for.
        theirs: StoreDir,
    },
    /// A narinfo cannot be understood.
    #[error("is not usable: {0}")]
    NarInfo(NarInfoError),
    /// A narinfo is about something else.
    #[error("is about '{found}', not '{wanted}'")]
    OtherPath {
        /// What was asked for.
        wanted: StorePath,
        /// What it is about.
        found: StorePath,
    },
    /// A narinfo names a file that is not in the cache.
    #[error("names a file that it cannot have: {0}")]
    Url(UrlError),
    /// No key that we trust has signed it.
    #[error("has '{path}' without a signature by a trusted key{}", signed_by(signers))]
    Untrusted {
        /// The path.
        path: StorePath,
        /// The names of the keys that signed it.
        signers: Vec<String>,
    },
    /// The file is packed in a way that is not known here.
    #[error("is compressed with '{name}', which is not supported")]
    Compression {
        /// The name of the method.
        name: String,
    },
    /// It refers to something that is not in our store.
    #[error("has '{path}', which refers to '{reference}', which is not in the store")]
    Reference {
        /// The path.
        path: StorePath,
        /// What it refers to.
        reference: StorePath,
    },
    /// Paths refer to each other.
    #[error("has '{path}', which refers to itself through others")]
    Cycle {
        /// One of them.
        path: StorePath,
    },
    /// Its file cannot be unpacked, or is not the one that was announced.
    #[error("is no good for '{path}': {source}")]
    Unreadable {
        /// The path.
        path: StorePath,
        /// Why.
        source: std::io::Error,
    },
    /// It could not be made valid.
    #[error("is no good for '{path}': {source}")]
    Import {
        /// The path.
        path: StorePath,
        /// Why.
        source: AddError,
    },
    /// A path of the store is not any more what it was when it was registered.
    #[error("cannot get '{path}', which has changed in the store")]
    Changed {
        /// The path.
        path: StorePath,
    },
}

fn signed_by(signers: &[String]) -> String {
    if signers.is_empty() {
        return String::new();
    }
    format!(" (it has signatures by {})", signers.join(", "))
}

impl CacheError {
    pub(super) fn new(url: &Url, problem: CacheProblem) -> Self {
        Self::Cache { url: url.clone(), problem: Box::new(problem) }
    }

    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Fetch(source) => source.help(),
            Self::Cache { problem, .. } => problem.help(),
            Self::Absent { .. } => Some("name a cache that has it, or build it"),
            Self::Database(source) => source.help(),
            Self::Add { source, .. } => source.help(),
            Self::Tree(source) => source.help(),
        }
    }

    /// Whether the cache as a whole cannot be used now, so that there is no use in asking it more.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Fetch(err) => err.is_outage(),
            Self::Cache { .. }
            | Self::Absent { .. }
            | Self::Database(_)
            | Self::Add { .. }
            | Self::Tree(_) => false,
        }
    }
}

impl CacheProblem {
    fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotACache => Some("check the address"),
            Self::Settings => Some("leave out what follows the '?'; write %3F if it is of a name"),
            Self::Page => Some("check the address; a network that asks for a login does this too"),
            Self::StoreDir { .. } => Some("its paths cannot be used in another directory"),
            Self::Untrusted { .. } => {
                Some("if you trust the cache, add its key to the trusted keys")
            }
            Self::Import { source, .. } => source.help(),
            Self::Unreadable { .. } => {
                Some("the file is damaged: have it written to the cache anew")
            }
            Self::Changed { .. } => Some("verify the store"),
            Self::CacheInfo(_)
            | Self::NarInfo(_)
            | Self::OtherPath { .. }
            | Self::Url(_)
            | Self::Compression { .. }
            | Self::Reference { .. }
            | Self::Cycle { .. } => None,
        }
    }
}
