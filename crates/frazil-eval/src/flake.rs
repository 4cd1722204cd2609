//! Flakes: trees with a `flake.nix`, whose inputs a lock file pins.
//!
//! ```text
//! reference --fetch--> tree --read--> Flake (inputs) --lock--> LockedFlake --call--> outputs
//! ```
//!
//! Reading and calling are evaluation, so they are here; writing the lock file, finding flakes on
//! the disk and everything that a command shows is `frazil-ops`. An input is fetched when its lock
//! has to be made, or else when something in it is used.

mod call;
pub mod diff;
mod fetch;
mod lock;
pub mod lock_file;
mod read;
pub mod registry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::StorePath;

use crate::input::FlakeRef;
use crate::json::Json;
use lock_file::{LockFile, NodeId};

/// The file that makes a directory a flake.
pub const FLAKE_FILE: &str = "flake.nix";
/// The file that pins its inputs.
pub const LOCK_FILE: &str = "flake.lock";

/// The way from the top flake to an input: `["nixng", "nixpkgs"]` is the `nixpkgs` of `nixng`.
pub type InputPath = Vec<String>;

/// A path of input names as text, and back.
pub fn print_path(path: &[String]) -> String {
    path.join("/")
}

/// Reads `a/b`; each part is a name that an input can have.
pub fn parse_path(text: &str) -> Result<InputPath, String> {
    let parts = text.split('/').filter(|part| !part.is_empty());
    let part = |part: &str| {
        crate::input::is_flake_id(part)
            .then(|| part.to_owned())
            .ok_or_else(|| format!("invalid flake input path element '{part}'"))
    };
    parts.map(part).collect()
}

/// The day of a time in seconds since 1970, in UTC: `2024-02-29`.
pub fn day(seconds: i64) -> String {
    let date = crate::builtins::fetch::tree::date(seconds);
    let (year, rest) = date.split_at_checked(4).unwrap_or_default();
    let (month, rest) = rest.split_at_checked(2).unwrap_or_default();
    format!("{year}-{month}-{}", rest.get(..2).unwrap_or_default())
}

/// Where a flake or another tree lies: in the store, in a directory of a store path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePath {
    pub tree: StorePath,
    /// Normal and relative; empty is the tree itself.
    pub dir: String,
}

/// An input as `flake.nix` describes it.
#[derive(Clone, Debug)]
pub struct FlakeInput {
    /// Set unless it follows another input.
    pub reference: Option<FlakeRef>,
    pub is_flake: bool,
    /// From the top flake on.
    pub follows: Option<InputPath>,
    /// What it says about the inputs of this input.
    pub overrides: FlakeInputs,
}

pub type FlakeInputs = BTreeMap<String, FlakeInput>;

/// A flake that was read, without what it evaluates to.
#[derive(Clone, Debug)]
pub struct Flake {
    /// As it was asked for.
    pub original: FlakeRef,
    /// After asking the registry.
    pub resolved: FlakeRef,
    /// As it was found.
    pub locked: FlakeRef,
    pub source: SourcePath,
    pub description: Option<String>,
    pub inputs: FlakeInputs,
    /// `nixConfig`. Nothing here applies it.
    pub config: BTreeMap<String, Json>,
}

/// How inputs are locked.
#[derive(Clone, Debug)]
pub struct LockOptions {
    /// Inputs to be taken from elsewhere.
    pub overrides: BTreeMap<InputPath, FlakeRef>,
    /// Inputs to be locked anew.
    pub updates: BTreeSet<InputPath>,
    /// Lock everything anew.
    pub recreate: bool,
    pub use_registry: bool,
    /// Whether what is not locked may be fetched.
    pub allow_unlocked: bool,
    /// The text of a lock file to start from, in place of that in the tree.
    pub reference: Option<Vec<u8>>,
}

impl Default for LockOptions {
    fn default() -> Self {
        Self {
            overrides: BTreeMap::new(),
            updates: BTreeSet::new(),
            recreate: false,
            use_registry: true,
            allow_unlocked: true,
            reference: None,
        }
    }
}

/// A flake with locks for all its inputs.
#[derive(Clone, Debug)]
pub struct LockedFlake {
    pub flake: Flake,
    /// What the lock file said.
    pub old: LockFile,
    pub new: LockFile,
    /// Whether the locks were changed and not written: such a tree has no commit.
    pub is_dirty: bool,
    /// The trees that were fetched on the way, by their node in `new`.
    sources: BTreeMap<NodeId, SourcePath>,
}

impl LockedFlake {
    /// The flake was read again, after its lock file was written.
    #[must_use]
    pub fn with_flake(mut self, flake: Flake) -> Self {
        self.sources.insert(NodeId::ROOT, flake.source.clone());
        self.flake = flake;
        self
    }
}

impl crate::Evaluator<'_> {
    /// Whether there is a file of that name in a place in the store.
    pub fn has_file(&mut self, source: &SourcePath, name: &str) -> crate::Result<bool> {
        let file = crate::path::child(&self.full_path(source), name.as_bytes());
        let kind =
            self.host.kind(crate::path::of(&file)).map_err(|error| self.host_error(error))?;
        Ok(kind.is_some())
    }

    /// [`Self::lock_flake`] where nobody will write the locks: what would change is only said.
    pub fn lock_flake_unwritten(
        &mut self,
        top: &FlakeRef,
        options: &LockOptions,
    ) -> crate::Result<LockedFlake> {
        let mut locked = self.lock_flake(top, options)?;
        if locked.new != locked.old {
            let changes = diff::print_changes(&locked.old.changes(&locked.new));
            let shown = fetch::shown(top);
            let warning = format!("not writing modified lock file of flake '{shown}':\n{changes}");
            self.host.tell(crate::host::Message::Warning(warning));
            locked.is_dirty = true;
        }
        Ok(locked)
    }
}
