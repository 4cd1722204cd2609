//! Collecting garbage: removing what no root keeps.
//!
//! While the lock is held nobody can add a temporary root, so what is kept cannot grow: a process
//! that wants to use a path waits, and then sees whether the path is still valid. A process that is
//! at work has its roots already.
//!
//! Invariant: a path is invalid before its first file is removed, and those that refer to it were
//! invalid before.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;

use frazil_model::closure::ClosureError;
use frazil_model::{ClosureGraph, StorePath};

use crate::database::{DatabaseError, Graph};
use crate::fs::{IoError, entries, metadata, open};
use crate::layout::LINKS;
use crate::lock::{self, LockKind};
use crate::stage::is_scratch;
use crate::store::{Store, StoreError};

/// Paths that are made invalid in one step, so that the database is synced less often.
const PATHS_PER_STEP: usize = 64;

/// What is kept besides the closures of the roots, and when to stop.
#[derive(Clone, Debug)]
pub struct CollectOptions {
    /// Whether a path keeps the derivation that it was built from.
    pub keep_derivations: bool,
    /// Whether a derivation keeps its outputs.
    pub keep_outputs: bool,
    /// How many bytes are enough to be freed.
    pub bytes_max: u64,
}

impl Default for CollectOptions {
    fn default() -> Self {
        Self { keep_derivations: true, keep_outputs: false, bytes_max: u64::MAX }
    }
}

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The paths that are not valid any more.
    pub paths: BTreeSet<StorePath>,
    /// Bytes that were freed, with those of leftovers that never were valid.
    pub bytes: u64,
}

/// Why garbage was not collected, or not all.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something keeps a path that was to be deleted.
    #[error("cannot delete '{path}', since it is still alive")]
    Alive {
        /// The path.
        path: StorePath,
    },
    /// The database is not consistent.
    #[error(transparent)]
    Cycle(#[from] ClosureError),
}

impl From<IoError> for CollectError {
    fn from(err: IoError) -> Self {
        Self::Store(err.into())
    }
}

impl From<DatabaseError> for CollectError {
    fn from(err: DatabaseError) -> Self {
        Self::Store(err.into())
    }
}

impl CollectError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Store(source) => source.help(),
            Self::Alive { .. } => {
                Some("links, running programs, paths that refer to it, or its outputs keep it")
            }
            Self::Cycle(_) => None,
        }
    }
}

/// What is dead, and what must not be touched though it is not valid.
struct Judgement {
    /// Those that refer to others come first.
    dead: Vec<StorePath>,
    /// The digests of what processes are making.
    in_use: BTreeSet<String>,
    /// About what each valid path frees, at most.
    nar_sizes: BTreeMap<StorePath, u64>,
}

impl Store {
    /// The valid paths that a collection would remove now.
    pub fn garbage(&self, options: &CollectOptions) -> Result<BTreeSet<StorePath>, CollectError> {
        let _lock = self.lock_for_collection()?;
        Ok(self.judge(options)?.dead.into_iter().collect())
    }

    /// Removes what no root keeps, and what was left by processes that ended.
    pub fn collect_garbage(&self, options: &CollectOptions) -> Result<Collected, CollectError> {
        let _lock = self.lock_for_collection()?;
        let judgement = self.judge(options)?;
        let mut collected = Collected::default();
        let mut dead = judgement.dead.as_slice();
        while collected.bytes < options.bytes_max && !dead.is_empty() {
            let mut expected = collected.bytes;
            let is_wanted = |path: &&StorePath| {
                let is_wanted = expected < options.bytes_max;
                let nar_size = judgement.nar_sizes.get(*path).copied();
                expected = expected.saturating_add(nar_size.unwrap_or(0));
                is_wanted
            };
            let count = dead.iter().take(PATHS_PER_STEP).take_while(is_wanted).count();
            let (step, rest) = dead.split_at(count);
            self.remove(step, &mut collected)?;
            dead = rest;
        }
        if collected.bytes < options.bytes_max {
            collected.bytes += self.remove_leftovers(&judgement.in_use)?;
        }
        collected.bytes += self.remove_unused_links()?;
        Ok(collected)
    }

    /// Removes these paths and all that refers to them, unless a root keeps one of them.
    pub fn delete(&self, paths: &BTreeSet<StorePath>) -> Result<Collected, CollectError> {
        let _lock = self.lock_for_collection()?;
        let dead = self.judge(&CollectOptions::default())?.dead;
        let mut doomed = BTreeSet::new();
        let mut next: Vec<StorePath> = paths.iter().cloned().collect();
        while let Some(path) = next.pop() {
            if doomed.contains(&path) {
                continue;
            }
            self.valid_path_info(&path)?;
            if !dead.contains(&path) {
                return Err(CollectError::Alive { path });
            }
            next.extend(self.referrers(&path)?);
            doomed.insert(path);
        }
        let order: Vec<_> = dead.into_iter().filter(|path| doomed.contains(path)).collect();
        let mut collected = Collected::default();
        self.remove(&order, &mut collected)?;
        collected.bytes += self.remove_unused_links()?;
        Ok(collected)
    }

    /// Makes paths invalid, those that refer to others first, and removes them then.
    fn remove(&self, paths: &[StorePath], collected: &mut Collected) -> Result<(), CollectError> {
        self.database().invalidate(paths)?;
        for path in paths {
            collected.bytes += self.disk.remove_tree(&self.layout.path(path))?;
            collected.paths.insert(path.clone());
        }
        Ok(())
    }

    fn lock_for_collection(&self) -> Result<File, IoError> {
        let path = self.layout.gc_lock();
        let file = self.disk.open_lock_file(&path)?;
        lock::wait(&file, &path, LockKind::Exclusive)?;
        Ok(file)
    }

    fn judge(&self, options: &CollectOptions) -> Result<Judgement, CollectError> {
        let temporary = self.all_temp_roots()?;
        let in_use = temporary.keys().map(|path| path.digest().to_owned()).collect();
        let mut roots: BTreeSet<StorePath> = self.roots()?.into_keys().collect();
        roots.extend(temporary.into_keys());
        roots.extend(self.runtime_roots()?);

        let graph = self.database().graph()?;
        let alive = alive(&graph, roots, options);
        let mut dead = ClosureGraph::default();
        for (path, references) in &graph.references {
            if !alive.contains(path) {
                let below = references.iter().filter(|path| !alive.contains(*path));
                dead.insert(path.clone(), below.cloned());
            }
        }
        let order = dead.topological()?.into_iter().rev().cloned().collect();
        Ok(Judgement { dead: order, in_use, nar_sizes: graph.nar_sizes })
    }

    /// Removes what stands in the store and was never registered.
    fn remove_leftovers(&self, in_use: &BTreeSet<String>) -> Result<u64, CollectError> {
        let mut bytes = 0;
        let mut failure = None;
        for name in entries(self.layout.store())? {
            if name != LINKS && self.is_leftover(&name, in_use)? {
                // What cannot be removed keeps nothing else.
                match self.disk.remove_tree(&self.layout.store().join(name)) {
                    Ok(freed) => bytes += freed,
                    Err(err) => failure = Some(err),
                }
            }
        }
        failure.map_or(Ok(bytes), |err| Err(err.into()))
    }

    fn is_leftover(&self, name: &OsStr, in_use: &BTreeSet<String>) -> Result<bool, StoreError> {
        // The lock of a path looks like a path, and is in use with it.
        if let Ok(path) = StorePath::parse(name.as_bytes()) {
            return Ok(!in_use.contains(path.digest()) && !self.is_valid(&path)?);
        }
        if !is_scratch(self.layout.store(), name)? {
            return Ok(true);
        }
        let path = self.layout.store().join(name);
        // Whoever works in it holds its lock.
        Ok(lock::try_exclusive(&open(&path)?, &path)?)
    }

    /// Removes shared files that no path shares any more.
    fn remove_unused_links(&self) -> Result<u64, CollectError> {
        let mut bytes = 0;
        let links = self.layout.links();
        for name in entries(&links)? {
            let path = links.join(name);
            if let Some(found) = metadata(&path)?
                && found.nlink() == 1
            {
                self.disk.remove_file(&path)?;
                bytes += found.len();
            }
        }
        Ok(bytes)
    }
}

/// What the roots keep.
fn alive(
    graph: &Graph,
    roots: BTreeSet<StorePath>,
    options: &CollectOptions,
) -> BTreeSet<StorePath> {
    let none = Vec::new();
    let of = |map: &BTreeMap<StorePath, Vec<StorePath>>, path: &StorePath| -> Vec<StorePath> {
        map.get(path).unwrap_or(&none).clone()
    };
    let mut alive = BTreeSet::new();
    let mut next: Vec<StorePath> = roots.into_iter().collect();
    while let Some(path) = next.pop() {
        if !graph.references.contains_key(&path) || alive.contains(&path) {
            continue;
        }
        next.extend(of(&graph.references, &path));
        if options.keep_derivations {
            next.extend(graph.derivers.get(&path).cloned());
        }
        if options.keep_outputs {
            next.extend(of(&graph.outputs, &path));
        }
        alive.insert(path);
    }
    alive
}
