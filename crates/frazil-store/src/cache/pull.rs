//! Making paths valid that a binary cache has.

use std::collections::BTreeSet;

use frazil_model::nar::DecodeError;
use frazil_model::{NarInfo, StorePath};

use super::caches::{Available, Caches, Missing};
use super::error::{CacheError, CacheProblem};
use super::order::in_order;
use super::{BinaryCache, OnTransfer, TransferEvent, file_url};
use crate::add::AddError;
use crate::fetch::{FetchError, Url};
use crate::fs::IoError;
use crate::path_info::PathInfo;
use crate::store::Store;
use crate::tree::TreeError;

/// What was fetched.
#[derive(Debug, Default)]
pub struct Pulled {
    /// The paths that were fetched.
    pub paths: BTreeSet<StorePath>,
    /// How many bytes their files had, as far as the caches said.
    pub download_bytes: u64,
    /// How many bytes their NARs have.
    pub nar_bytes: u64,
}

/// What a store records of a path that has this narinfo.
pub fn path_info(info: &NarInfo) -> PathInfo {
    PathInfo {
        references: info.references.clone(),
        deriver: info.deriver.clone(),
        signatures: info.signatures.clone(),
        content_address: info.content_address,
        ..PathInfo::new(info.path.clone(), info.nar)
    }
}

impl Caches {
    /// Makes an available path valid; all that it refers to must be. If the cache that has it
    /// fails, the others are asked.
    pub fn substitute(
        &self,
        store: &Store,
        available: &Available,
        on: &OnTransfer<'_>,
    ) -> Result<PathInfo, CacheError> {
        let path = &available.info.path;
        // From here on no collector takes what is fetched for those that need it.
        keep(store, path)?;
        if let Some(valid) = store.path_info(path)? {
            return Ok(valid);
        }
        let mut current = available.clone();
        loop {
            let error = match self.substitute_from(store, &current, on) {
                Ok(info) => return Ok(info),
                Err(error) => error,
            };
            if is_ours(&error) || is_missing_reference(&error) {
                return Err(error);
            }
            let mut problems = Vec::new();
            match self.find_from(current.cache + 1, path, &mut problems) {
                Some(next) => {
                    on(TransferEvent::Problem(&error));
                    current = next;
                }
                None => return Err(error),
            }
        }
    }

    fn substitute_from(
        &self,
        store: &Store,
        available: &Available,
        on: &OnTransfer<'_>,
    ) -> Result<PathInfo, CacheError> {
        let Available { info, cache } = available;
        let path = &info.path;
        let Some(cache) = self.get(*cache) else {
            return Err(CacheError::Absent { path: path.clone() });
        };
        for reference in info.references.iter().filter(|reference| *reference != path) {
            if !store.is_valid(reference)? {
                let problem =
                    CacheProblem::Reference { path: path.clone(), reference: reference.clone() };
                return Err(CacheError::new(cache.url(), problem));
            }
        }
        on(TransferEvent::Started { path, bytes: info.file_size });
        let moved = |bytes| on(TransferEvent::Moved { path, bytes });
        let valid = fetch(store, cache, info, &moved).inspect_err(|err| {
            if matches!(err, CacheError::Fetch(err) if err.is_absent()) {
                cache.forget(path);
            }
        })?;
        on(TransferEvent::Finished { path });
        Ok(valid)
    }

    /// Makes `targets` and all that they refer to valid.
    pub fn pull(
        &self,
        store: &Store,
        targets: &BTreeSet<StorePath>,
        on: &OnTransfer<'_>,
    ) -> Result<Pulled, CacheError> {
        let missing = self.query_missing(store, targets)?;
        if missing.unknown.is_empty() {
            for problem in &missing.problems {
                on(TransferEvent::Problem(problem));
            }
        }
        self.pull_missing(store, missing, on)
    }

    /// Makes valid what [`query_missing`](Self::query_missing) found.
    pub fn pull_missing(
        &self,
        store: &Store,
        missing: Missing,
        on: &OnTransfer<'_>,
    ) -> Result<Pulled, CacheError> {
        if let Some(path) = missing.unknown.first() {
            // Why a cache was of no use tells more than that nobody has the path.
            let reason = missing.problems.into_iter().next();
            return Err(reason.unwrap_or(CacheError::Absent { path: path.clone() }));
        }
        let mut pulled = Pulled {
            download_bytes: missing.download_bytes(),
            nar_bytes: missing.nar_bytes(),
            paths: BTreeSet::new(),
        };
        // Roots first, so that a collector in between takes none of what was there already.
        for available in missing.available.values() {
            for path in available.info.references.iter().chain([&available.info.path]) {
                keep(store, path)?;
            }
        }
        let references = missing
            .available
            .iter()
            .map(|(path, available)| (path.clone(), available.info.references.clone()))
            .collect();
        let work = |path: &StorePath| match missing.available.get(path) {
            Some(available) => self.substitute(store, available, on).map(|_| ()),
            None => Ok(()),
        };
        in_order(references, self.options.downloads, work, |path| {
            let available = missing.available.get(&path);
            match available.and_then(|available| self.get(available.cache)) {
                Some(cache) => CacheError::new(cache.url(), CacheProblem::Cycle { path }),
                None => CacheError::Absent { path },
            }
        })?;
        pulled.paths = missing.available.into_keys().collect();
        Ok(pulled)
    }
}

fn fetch(
    store: &Store,
    cache: &BinaryCache,
    info: &NarInfo,
    moved: &(dyn Fn(u64) + Sync),
) -> Result<PathInfo, CacheError> {
    let mut nar = cache.nar(info, moved)?;
    let url = file_url(&cache.url, &info.url)?;
    store.import_nar(path_info(info), &mut nar).map_err(|err| explained(err, info, &url))
}

/// Whose fault it is that a path was not imported.
fn explained(err: AddError, info: &NarInfo, url: &Url) -> CacheError {
    let path = info.path.clone();
    if let AddError::Tree(TreeError::Decode(DecodeError::Read(source))) = err {
        return match source.downcast::<FetchError>() {
            Ok(err) => CacheError::Fetch(err),
            Err(source) => CacheError::new(url, CacheProblem::Unreadable { path, source }),
        };
    }
    if let AddError::Database(err) = err {
        return CacheError::Database(err);
    }
    if let AddError::Io(source) | AddError::Tree(TreeError::Io(source)) = err {
        return CacheError::Add { path, source: source.into() };
    }
    CacheError::new(url, CacheProblem::Import { path, source: err })
}

fn keep(store: &Store, path: &StorePath) -> Result<(), CacheError> {
    let failed = |err: IoError| CacheError::Add { path: path.clone(), source: err.into() };
    store.add_temp_root(path).map_err(failed)
}

/// Whether it is our store that failed, so that no other cache can help.
fn is_ours(error: &CacheError) -> bool {
    matches!(error, CacheError::Database(_) | CacheError::Tree(_) | CacheError::Add { .. })
}

fn is_missing_reference(error: &CacheError) -> bool {
    matches!(error, CacheError::Cache { problem, .. }
        if matches!(**problem, CacheProblem::Reference { .. }))
}
