//! Verifying that the store is what the database says.
//!
//! Nothing is changed: a damaged path may be all that somebody has, so what to do about it is for
//! the caller to say.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use frazil_model::{HashFormat, StorePath};

use crate::add::HashMismatch;
use crate::fs::{IoError, entries, metadata};
use crate::lock::{self, LockKind};
use crate::store::{Store, StoreError};
use crate::tree::{TreeError, digest};

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyDepth {
    /// Whether each valid path is there.
    Existence,
    /// Whether each file is what it was, which reads the whole store.
    Contents,
}

/// What is wrong with a store.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// How many valid paths there are.
    pub paths: usize,
    /// Valid paths that are not there.
    pub missing: BTreeSet<StorePath>,
    /// Valid paths whose contents are not those that were registered.
    pub modified: BTreeMap<StorePath, HashMismatch>,
    /// Valid paths that could not be read, and why.
    pub unreadable: BTreeMap<StorePath, TreeError>,
    /// Shared files whose contents are not what they are named after.
    pub damaged_links: BTreeSet<PathBuf>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty()
            && self.modified.is_empty()
            && self.unreadable.is_empty()
            && self.damaged_links.is_empty()
    }

    /// The valid paths that are not what they were.
    pub fn damaged(&self) -> BTreeSet<StorePath> {
        let others = self.modified.keys().chain(self.unreadable.keys());
        self.missing.iter().chain(others).cloned().collect()
    }
}

/// What is wrong with a path.
enum Damage {
    Missing,
    Modified(HashMismatch),
    Unreadable(TreeError),
}

impl Store {
    /// Looks for what is not as the database says. Where it may write, no garbage is collected
    /// meanwhile.
    pub fn verify(&self, depth: VerifyDepth) -> Result<VerifyReport, StoreError> {
        let gc_path = self.layout.gc_lock();
        let mut gc_lock = None;
        if self.may_write() {
            let lock = gc_lock.insert(self.disk.open_lock_file(&gc_path)?);
            lock::wait(lock, &gc_path, LockKind::Shared)?;
        }

        let mut report = VerifyReport::default();
        for path in self.valid_paths()? {
            report.paths += 1;
            // It may have been collected since it was valid.
            if let Some(damage) = self.damage(&path, depth)?
                && self.is_valid(&path)?
            {
                match damage {
                    Damage::Missing => drop(report.missing.insert(path)),
                    Damage::Modified(mismatch) => drop(report.modified.insert(path, mismatch)),
                    Damage::Unreadable(err) => drop(report.unreadable.insert(path, err)),
                }
            }
        }
        if depth == VerifyDepth::Contents {
            self.verify_links(&mut report)?;
        }
        Ok(report)
    }

    /// Removes the shared files that are not what they are named after; nothing needs them.
    pub fn remove_damaged_links(&self, report: &VerifyReport) -> Result<(), IoError> {
        report.damaged_links.iter().try_for_each(|link| self.disk.remove_file(link))
    }

    fn damage(&self, path: &StorePath, depth: VerifyDepth) -> Result<Option<Damage>, StoreError> {
        let place = self.layout.path(path);
        if metadata(&place)?.is_none() {
            return Ok(Some(Damage::Missing));
        }
        if depth == VerifyDepth::Existence {
            return Ok(None);
        }
        let Some(info) = self.path_info(path)? else { return Ok(None) };
        let specified = info.nar.hash;
        Ok(match digest(&place) {
            Ok(found) if found.hash == specified => None,
            Ok(found) => {
                let (specified, found) = (specified.into(), found.hash.into());
                Some(Damage::Modified(HashMismatch { specified, found }))
            }
            Err(err) => Some(Damage::Unreadable(err)),
        })
    }

    fn verify_links(&self, report: &mut VerifyReport) -> Result<(), IoError> {
        let links = self.layout.links();
        for name in entries(&links)? {
            let path = links.join(&name);
            let found = digest(&path).ok();
            let found =
                found.map(|nar| frazil_model::Hash::from(nar.hash).format(HashFormat::Nix32));
            // One that no path shares any more may have been removed since it was listed.
            if found.is_none_or(|found| name != found.as_str()) && metadata(&path)?.is_some() {
                report.damaged_links.insert(path);
            }
        }
        Ok(())
    }
}
