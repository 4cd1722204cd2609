//! Several caches, asked by priority, and whom to believe.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use frazil_model::signature::PublicKey;
use frazil_model::{NarInfo, StoreDir, StorePath};

use super::BinaryCache;
use super::error::{CacheError, CacheProblem};
use super::lookups::Lookups;
use super::pull::path_info;
use crate::database::DatabaseError;
use crate::fetch::{Client, Url};
use crate::store::Store;

/// Whom to believe, and how much to do at once.
#[derive(Clone)]
pub struct CacheOptions {
    /// The keys whose signatures count.
    pub trusted_keys: Vec<PublicKey>,
    /// Whether a path whose address does not follow from its contents needs a signature.
    pub require_signatures: bool,
    /// How many questions are asked at once.
    pub queries: NonZeroUsize,
    /// How many paths are fetched at once.
    pub downloads: NonZeroUsize,
    /// Where answers are kept for later processes.
    pub lookups: Option<Arc<Lookups>>,
}

impl Default for CacheOptions {
    fn default() -> Self {
        const { assert!(QUERIES > 0 && DOWNLOADS > 0) };
        Self {
            trusted_keys: Vec::new(),
            require_signatures: true,
            queries: NonZeroUsize::new(QUERIES).unwrap_or(NonZeroUsize::MIN),
            downloads: NonZeroUsize::new(DOWNLOADS).unwrap_or(NonZeroUsize::MIN),
            lookups: None,
        }
    }
}

const QUERIES: usize = 24;
const DOWNLOADS: usize = 8;

/// Binary caches in the order in which they are asked.
pub struct Caches {
    pub(super) options: CacheOptions,
    pub(super) store_dir: StoreDir,
    /// Each with whether it was found to be down.
    asked: Vec<(BinaryCache, AtomicBool)>,
}

/// A path that a cache has, and that may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    /// What the cache says about it.
    pub info: NarInfo,
    /// Which of the caches has it.
    pub(super) cache: usize,
}

impl Available {
    /// How many bytes have to come, if the cache says so.
    pub fn download_bytes(&self) -> Option<u64> {
        self.info.file_size
    }
}

/// What is missing in a store, and what caches have of it.
#[derive(Debug, Default)]
pub struct Missing {
    /// What can be fetched. All that these refer to is in the store, here, or unknown.
    pub available: BTreeMap<StorePath, Available>,
    /// What no cache has.
    pub unknown: BTreeSet<StorePath>,
    /// What went wrong with caches on the way; others were asked instead.
    pub problems: Vec<CacheError>,
}

impl Missing {
    /// How many bytes have to come, as far as the caches say.
    pub fn download_bytes(&self) -> u64 {
        self.available.values().filter_map(Available::download_bytes).sum()
    }

    /// How many bytes the NARs have that will be in the store.
    pub fn nar_bytes(&self) -> u64 {
        self.available.values().map(|available| available.info.nar.size).sum()
    }
}

impl Caches {
    /// Opens caches. Those that cannot be opened are left out and said.
    pub fn open(
        client: &Client,
        urls: &[Url],
        store_dir: &StoreDir,
        options: CacheOptions,
    ) -> (Self, Vec<CacheError>) {
        let mut problems = Vec::new();
        let mut caches = Vec::new();
        for url in urls {
            match BinaryCache::open(client, url, store_dir, options.lookups.clone()) {
                Ok(cache) => caches.push((cache, AtomicBool::new(false))),
                Err(err) => problems.push(err),
            }
        }
        caches.sort_by_key(|(cache, _)| cache.priority());
        (Self { options, store_dir: store_dir.clone(), asked: caches }, problems)
    }

    /// The caches in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = &BinaryCache> {
        self.asked.iter().map(|(cache, _)| cache)
    }

    pub(super) fn get(&self, index: usize) -> Option<&BinaryCache> {
        self.asked.get(index).map(|(cache, _)| cache)
    }

    /// Asks the caches for a path. What goes wrong with one is added to `problems`, and the next
    /// one is asked.
    pub fn find(&self, path: &StorePath, problems: &mut Vec<CacheError>) -> Option<Available> {
        self.find_from(0, path, problems)
    }

    /// Asks the caches from the one with this index on.
    pub(super) fn find_from(
        &self,
        first: usize,
        path: &StorePath,
        problems: &mut Vec<CacheError>,
    ) -> Option<Available> {
        for (index, (cache, is_down)) in self.asked.iter().enumerate().skip(first) {
            if is_down.load(Ordering::Relaxed) {
                continue;
            }
            match cache.narinfo(path) {
                Ok(None) => {}
                Ok(Some(info)) => match self.check_trust(cache, &info) {
                    Ok(()) => return Some(Available { info, cache: index }),
                    Err(problem) => problems.push(problem),
                },
                Err(problem) => {
                    let is_first = !problem.is_outage() || !is_down.swap(true, Ordering::Relaxed);
                    // Once is enough to say that a cache is down.
                    if is_first {
                        problems.push(problem);
                    }
                }
            }
        }
        None
    }

    fn check_trust(&self, cache: &BinaryCache, info: &NarInfo) -> Result<(), CacheError> {
        if !self.options.require_signatures {
            return Ok(());
        }
        // What the contents hash to is compared with this address when they are there.
        let by_contents = path_info(info).content_path(&self.store_dir);
        if matches!(by_contents, Ok(Some(path)) if path == info.path) {
            return Ok(());
        }
        if info.signer(&self.store_dir, &self.options.trusted_keys).is_some() {
            return Ok(());
        }
        let signers =
            info.signatures.iter().map(|signature| signature.key_name().to_string()).collect();
        let problem = CacheProblem::Untrusted { path: info.path.clone(), signers };
        Err(CacheError::new(cache.url(), problem))
    }

    /// Finds what is missing in `store` of `targets` and of all that they refer to.
    pub fn query_missing(
        &self,
        store: &Store,
        targets: &BTreeSet<StorePath>,
    ) -> Result<Missing, DatabaseError> {
        let search = Search {
            state: Mutex::new(SearchState {
                next: targets.iter().cloned().collect(),
                seen: targets.clone(),
                asking: 0,
                missing: Missing::default(),
                error: None,
            }),
            changed: Condvar::new(),
        };
        crate::threads::share(self.options.queries.get(), || self.search(store, &search));
        let state = search.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.error {
            Some(error) => Err(error),
            None => Ok(state.missing),
        }
    }

    /// Works on a search until nothing is left.
    fn search(&self, store: &Store, search: &Search) {
        let lock = || search.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = lock();
        while state.error.is_none() {
            let Some(path) = state.next.pop() else {
                if state.asking == 0 {
                    break;
                }
                state = search.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.asking += 1;
            drop(state);
            let mut problems = Vec::new();
            let answer = store.is_valid(&path).map(|is_valid| {
                if is_valid { None } else { Some(self.find(&path, &mut problems)) }
            });
            state = lock();
            state.asking -= 1;
            state.missing.problems.append(&mut problems);
            match answer {
                Err(error) => state.error = Some(error),
                Ok(None) => {}
                Ok(Some(None)) => {
                    state.missing.unknown.insert(path);
                }
                Ok(Some(Some(available))) => {
                    for reference in &available.info.references {
                        if state.seen.insert(reference.clone()) {
                            state.next.push(reference.clone());
                        }
                    }
                    state.missing.available.insert(path, available);
                }
            }
            search.changed.notify_all();
        }
        search.changed.notify_all();
    }
}

struct Search {
    state: Mutex<SearchState>,
    changed: Condvar,
}

struct SearchState {
    next: Vec<StorePath>,
    seen: BTreeSet<StorePath>,
    /// How many paths are being asked for, whose references may come.
    asking: usize,
    missing: Missing,
    error: Option<DatabaseError>,
}
