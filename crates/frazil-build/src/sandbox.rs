//! The sandbox: a process in namespaces of its own, which sees only what it was given.
//!
//! No root is needed. The builder is process 1 of a new process namespace, so the kernel kills
//! whatever it leaves behind when it ends. Its root is a small read-only tree in memory; only
//! `/build`, `/tmp`, `/dev/shm` and the directory of the store can be written, and the inputs in
//! the store cannot. It has one user, without privileges and without a way to get any. Started as
//! root, it runs as a user that owns nothing: as the real root it could write to `/proc/sys`.
//!
//! A program with many threads may do next to nothing between `fork` and `exec`, least of all
//! allocate. So the parent prepares a list of [steps](steps::Step), each about one system call
//! with its arguments ready, and the child only walks down that list. The other way, running our
//! own binary anew through a hidden entry, was not taken: a library cannot rely on the binary that
//! it is linked into.
//!
//! It is not a limit on memory or processor time; that takes control groups, which need the help
//! of whoever runs the machine. Invariant: when [`run`] returns, no process of the sandbox lives.

mod child;
pub mod container;
mod error;
mod forward;
mod identity;
mod log;
mod plan;
mod seccomp;
mod steps;
mod supervise;
mod terminal;
pub mod trace;
mod usage;
mod users;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use frazil_model::{StoreDir, StorePath};

pub use error::{Ended, RunError, SandboxError};
pub use forward::Forward;
pub use supervise::{Cancel, Listener};

use crate::environment::BuildEnvironment;

/// What a builder runs in.
#[derive(Clone, Copy, Debug)]
pub struct Sandbox<'a> {
    /// An empty directory on the file system of the store, which the caller removes afterwards.
    pub scratch: &'a Path,
    /// Where the store is, seen from inside.
    pub store: &'a StoreDir,
    /// The input closure: each path and where it physically is.
    pub inputs: &'a BTreeMap<StorePath, PathBuf>,
    /// What else is visible, read-only.
    pub binds: &'a [Bind],
    /// What the builder is given.
    pub environment: &'a BuildEnvironment,
    /// The platform, such as `x86_64-linux`.
    pub system: &'a [u8],
    /// Whether the network of the machine is visible.
    pub network: Network,
    /// Where `/build` is.
    pub build_dir: BuildDir,
    /// When the builder is stopped.
    pub limits: Limits,
}

/// A file or directory of the machine that is visible in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Where it is.
    pub source: PathBuf,
    /// Where it is to be seen: an absolute path without `.` and `..`.
    pub target: PathBuf,
}

/// Which network a builder sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Its own loopback and nothing else.
    Private,
    /// That of the machine, for derivations whose outputs are known beforehand.
    Host,
}

/// Where `/build` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildDir {
    /// On disk, in [`build_dir`], so that it can be kept after a failure.
    Disk,
    /// In memory.
    Memory {
        /// How large it can become.
        bytes_max: u64,
    },
}

/// When a builder is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// After this long.
    pub time: Option<Duration>,
    /// After this long without a word.
    pub silence: Option<Duration>,
    /// When it has said this much.
    pub log_bytes_max: Option<u64>,
    /// This many processes and threads at once; starting more fails.
    pub processes_max: Option<u64>,
    /// How much room its files may take on the disk, looked at from time to time; also the size of
    /// the largest file. It stops mistakes, not malice: a builder can hide files.
    pub disk_bytes_max: Option<u64>,
    /// How large `/tmp` and `/dev/shm` can become, each.
    pub memory_dir_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: None,
            silence: None,
            log_bytes_max: None,
            processes_max: None,
            disk_bytes_max: None,
            memory_dir_bytes_max: 1 << 30,
        }
    }
}

/// Where the builder leaves the output `path`.
pub fn output_place(scratch: &Path, path: &StorePath) -> PathBuf {
    scratch.join(plan::STORE).join(path.as_str())
}

/// Where the builder leaves all outputs.
pub fn output_dir(scratch: &Path) -> PathBuf {
    scratch.join(plan::STORE)
}

/// Where `/build` is, if it is on disk.
pub fn build_dir(scratch: &Path) -> PathBuf {
    scratch.join(plan::BUILD)
}

/// Runs the builder and waits until it ends with status 0, or fails.
///
/// `on_log` gets each line it writes as soon as it is there, the newline included; very long lines
/// come in parts.
pub fn run(
    sandbox: &Sandbox<'_>,
    cancel: &Cancel,
    on_log: &mut dyn FnMut(&[u8]),
) -> Result<(), RunError> {
    let identity = identity::of_builders()?;
    let prepared = plan::prepare(sandbox, identity)?;
    let child = child::start(&prepared, sandbox.network, identity)?;
    supervise::wait(child, sandbox.scratch, sandbox.limits, cancel, on_log)
}
