//! Outputs on their way into the store: the locks that let one process build them, a place to build
//! them in, and the step in which all of them become valid.
//!
//! Invariant: nobody knows of an output before all outputs that are installed with it are in their
//! places.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::BufRead;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use frazil_model::nar::Encoder;
use frazil_model::{ContentAddressMethod, Hash, HashAlgorithm, Hasher, StorePath};

use crate::add::{AddError, HashMismatch};
use crate::fs::{IoError, entries, metadata, open};
use crate::lock::{self, PathLock};
use crate::path_info::PathInfo;
use crate::restore::seal;
use crate::stage::{Scratch, Source, is_scratch};
use crate::store::{Store, StoreError};
use crate::tree::{TreeError, dump};

/// While a directory is moved into another.
const MOVABLE_DIRECTORY: u32 = 0o755;

/// The right to make these paths valid; other processes wait for its end.
pub struct OutputLocks {
    _locks: Vec<PathLock>,
}

/// An empty directory in the store to build in, which goes with this value.
pub struct Workplace(Scratch);

impl Workplace {
    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl Store {
    /// Waits until nobody else makes these paths, and keeps them as long as the store is open. It is
    /// an error to be stopped while waiting.
    pub fn lock_outputs(
        &self,
        paths: &BTreeSet<StorePath>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<OutputLocks, IoError> {
        for path in paths {
            self.add_temp_root(path)?;
        }
        // All take them in the same order, so nobody waits for who waits for him.
        let locks = paths
            .iter()
            .map(|path| PathLock::acquire_unless(&self.disk, self.layout.lock(path), is_stopped));
        Ok(OutputLocks { _locks: locks.collect::<Result<_, _>>()? })
    }

    /// Makes a place to build in.
    pub fn workplace(&self) -> Result<Workplace, IoError> {
        Scratch::create(&self.disk, self.layout.store()).map(Workplace)
    }

    /// Removes the places of processes that were killed.
    pub fn remove_abandoned_workplaces(&self) -> Result<(), StoreError> {
        for name in entries(self.layout.store())? {
            let path = self.layout.store().join(&name);
            // Whoever works in it holds its lock; another process may be about to remove it, too.
            if is_scratch(self.layout.store(), &name)?
                && let Ok(lock) = open(&path)
                && lock::try_exclusive(&lock, &path)?
            {
                self.disk.remove_tree(&path)?;
            }
        }
        Ok(())
    }

    /// Moves a directory that a failed build left out of its workplace, and says where it is now.
    pub fn keep_build(&self, left: &Path, name: &str) -> Result<PathBuf, IoError> {
        let dir = self.layout.kept_builds();
        self.disk.create_dirs(&dir)?;
        let taken = |path: &PathBuf| path.symlink_metadata().is_ok();
        let mut places = (0_u64..).map(|count| dir.join(format!("{name}-{count}")));
        let place = places.find(|path| !taken(path)).unwrap_or_else(|| dir.join(name));
        self.disk.rename(left, &place)?;
        if metadata(&place)?.is_some_and(|found| found.uid() != rustix::process::geteuid().as_raw())
        {
            self.disk.take_over(&place)?;
        }
        Ok(place)
    }

    /// Moves what was adopted from its place to its path, and makes all of it valid in one step.
    /// What was left at the path is at the place then.
    pub fn install(
        &self,
        outputs: Vec<(PathBuf, PathInfo)>,
        _locks: &OutputLocks,
    ) -> Result<(), AddError> {
        let mut infos = Vec::with_capacity(outputs.len());
        for (place, info) in outputs {
            self.move_to_path(&place, &info.path)?;
            infos.push(info);
        }
        self.register(infos)
    }

    /// Puts what was adopted at `place` where a valid path lies that was damaged; it must be what was
    /// registered.
    pub fn repair_output(
        &self,
        place: &Path,
        info: &PathInfo,
        _locks: &OutputLocks,
    ) -> Result<(), AddError> {
        let specified = self.valid_path_info(&info.path)?.nar;
        if specified != info.nar {
            let (specified, found) = (specified.hash.into(), info.nar.hash.into());
            let mismatch = Box::new(HashMismatch { specified, found });
            return Err(AddError::Hash { path: info.path.clone(), mismatch });
        }
        self.move_to_path(place, &info.path)
    }

    /// Puts the tree of a NAR where a valid path lies that was damaged; it must be what was
    /// registered, so nobody has to be trusted for it.
    pub fn repair(
        &self,
        path: &StorePath,
        nar: &mut dyn BufRead,
        locks: &OutputLocks,
    ) -> Result<(), AddError> {
        let (method, algorithm) = (ContentAddressMethod::Nar, HashAlgorithm::Sha256);
        let staged = self.stage(Source::Nar(nar), method, algorithm)?;
        let info = PathInfo::new(path.clone(), staged.nar);
        self.repair_output(staged.path(), &info, locks)
    }

    /// Nothing is removed, so that a path that is valid is there at every moment.
    fn move_to_path(&self, place: &Path, path: &StorePath) -> Result<(), AddError> {
        let path = self.layout.path(path);
        for tree in [place, &path] {
            if metadata(tree)?.is_some_and(|found| found.is_dir()) {
                self.disk.set_mode(tree, MOVABLE_DIRECTORY)?;
            }
        }
        self.disk.exchange(place, &path)?;
        Ok(seal(&self.disk, &path)?)
    }
}

/// The hash that the content address of a tree is made of.
pub fn content_hash(
    place: &Path,
    method: ContentAddressMethod,
    algorithm: HashAlgorithm,
) -> Result<Hash, AddError> {
    let mut hasher = Hasher::new(algorithm);
    match method {
        ContentAddressMethod::Nar => {
            let mut sink = std::io::BufWriter::new(HashSink(&mut hasher));
            let mut encoder = Encoder::new(&mut sink).map_err(TreeError::from)?;
            dump(place, &mut |event| Ok(encoder.put(event)?))?;
            encoder.finish().map_err(TreeError::from)?;
            let failed =
                |err: std::io::IntoInnerError<_>| IoError::on("hash", place)(err.into_error());
            sink.into_inner().map_err(failed)?;
        }
        ContentAddressMethod::Flat | ContentAddressMethod::Text => {
            let mut is_file = true;
            dump(place, &mut |event| {
                match event {
                    frazil_model::nar::Event::Contents { bytes } => hasher.update(bytes),
                    frazil_model::nar::Event::File { executable, .. } => is_file = !executable,
                    frazil_model::nar::Event::Directory
                    | frazil_model::nar::Event::Entry { .. }
                    | frazil_model::nar::Event::EndDirectory
                    | frazil_model::nar::Event::Symlink { .. } => is_file = false,
                }
                Ok(())
            })?;
            if !is_file {
                return Err(AddError::NotAFile { method });
            }
        }
        ContentAddressMethod::Git => return Err(AddError::Git),
    }
    Ok(hasher.finish())
}

struct HashSink<'h>(&'h mut Hasher);

impl std::io::Write for HashSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
