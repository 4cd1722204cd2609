//! The seam to the outside: everything an evaluation may ask of the world.
//!
//! The evaluator itself reads no file, no environment variable, no clock and no network; it asks
//! its [`Host`]. `frazil-ops` implements it over the disk and a store; tests over a map of texts.
//! All paths that arrive here are absolute and free of `.` and `..`; policy (pure mode, restricted
//! paths) was applied by the evaluator before it asked.

use std::path::{Path, PathBuf};

use frazil_model::store_path::StorePath;

/// What a directory entry is, without following a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Regular,
    Directory,
    Symlink,
    /// A device, a socket, a pipe.
    Unknown,
}

impl FileKind {
    /// The word that `builtins.readDir` uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Unknown => "unknown",
        }
    }
}

/// How the contents of a path are turned into a store path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingestion {
    /// One regular file, hashed as it is.
    Flat,
    /// A tree, hashed as its NAR.
    Recursive,
}

/// A tree or file to be added to the store.
pub struct AddPath<'r> {
    pub name: &'r str,
    pub path: &'r Path,
    pub ingestion: Ingestion,
    /// Asked for every entry below `path`, parents first; `false` leaves it out.
    pub filter: Option<&'r mut PathFilter<'r>>,
}

pub type PathFilter<'r> = dyn FnMut(&Path, FileKind) -> Result<bool, HostError> + 'r;

/// Something to be fetched from elsewhere, with all arguments resolved.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// `tarball`, `file`, `git`, `path`, `github`, ...: the `type` of `builtins.fetchTree`.
    pub kind: String,
    /// The other attributes, by name.
    pub attributes: std::collections::BTreeMap<String, FetchAttribute>,
    /// The attributes say all there is to know, as those of a lock file do: what is fetched must
    /// agree with them, and a tree with their `narHash` that lies in the store already will do.
    pub is_final: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FetchAttribute {
    String(String),
    Int(i64),
    Bool(bool),
}

impl std::fmt::Display for FetchAttribute {
    /// As in the query of a URL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Int(value) => value.fmt(f),
            Self::Bool(value) => f.write_str(if *value { "1" } else { "0" }),
        }
    }
}

/// A fetched tree or file: where it lies and what is known about it.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub path: StorePath,
    /// What the fetcher adds to the result set: `rev`, `lastModified`, `narHash`, ...
    pub attributes: std::collections::BTreeMap<String, FetchAttribute>,
}

/// Why the outside could not answer. The evaluator puts the place and the trace around it.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("path '{}' does not exist", .0.display())]
    NotFound(PathBuf),
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    /// Not possible with this host: `what` says what was asked, `help` what to do.
    #[error("{what}")]
    Unsupported { what: String, help: &'static str },
    /// A filter or another callback into the evaluation failed; the evaluator holds the error.
    #[error("the evaluation of a callback failed")]
    Callback,
    #[error("{0}")]
    Store(String),
}

/// Something to tell the user while the evaluation goes on.
#[derive(Clone, Debug)]
pub enum Message {
    /// `builtins.trace`
    Trace(String),
    /// `builtins.warn`
    ProgramWarning(String),
    /// The evaluator's own warnings.
    Warning(String),
}

pub trait Host {
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, HostError>;
    /// The entries of a directory, in byte order of their names.
    fn list(&mut self, path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError>;
    /// What stands at `path` (a final symbolic link is not followed), or `None`.
    fn kind(&mut self, path: &Path) -> Result<Option<FileKind>, HostError>;
    fn read_link(&mut self, path: &Path) -> Result<PathBuf, HostError>;
    fn environment(&mut self, name: &[u8]) -> Option<Vec<u8>>;
    /// Seconds since 1970-01-01 UTC.
    fn now(&mut self) -> i64;

    /// Adds a text file. `path` is its content address: the evaluator knows it by then.
    fn add_text(
        &mut self,
        path: &StorePath,
        text: &[u8],
        references: &[StorePath],
    ) -> Result<(), HostError>;
    fn add_path(&mut self, request: AddPath<'_>) -> Result<StorePath, HostError>;
    fn is_valid(&mut self, path: &StorePath) -> Result<bool, HostError>;
    /// Builds or substitutes the output of a derivation, so that it can be read: import from derivation.
    fn realise(&mut self, derivation: &StorePath, output: &str) -> Result<StorePath, HostError>;
    fn fetch(&mut self, request: &FetchRequest) -> Result<Fetched, HostError>;
    /// Answers `builtins.frazil.query`: question and answer are JSON texts. The answer follows from
    /// the question and from the contents of the store paths in it, so that asking stays pure.
    fn query(&mut self, kind: &str, question: &[u8]) -> Result<Vec<u8>, HostError> {
        let _ = question;
        Err(HostError::Unsupported {
            what: format!("nothing here answers queries of the kind '{kind}'"),
            help: "the kinds that there are stand in docs/packages.md",
        })
    }

    fn tell(&mut self, message: Message);
}
