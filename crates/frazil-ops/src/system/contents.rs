//! Store paths as units that the linker can list and read.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use frazil_link::contents::{Contents, ContentsError, Entry, EntryKind};
use frazil_tree::{Metadata, Mode, TreePath};

use super::unpacked::Manifest;

/// A directory, a file or a link in a store.
pub struct StoreContents<'c> {
    /// Where it physically is.
    pub place: PathBuf,
    /// What its entries have that a store path cannot hold.
    pub modes: Modes<'c>,
}

/// The permissions and owners of entries.
#[derive(Clone, Copy)]
pub enum Modes<'c> {
    /// As in the store: nobody may write.
    Store,
    /// As a package of Debian is unpacked: its owner may write. Some entries have others.
    Package(&'c Manifest),
}

impl Modes<'_> {
    fn of(self, path: &TreePath, is_directory: bool, is_executable: bool) -> Metadata {
        if let Self::Package(Manifest { metadata, .. }) = self
            && let Some(metadata) = metadata.get(path)
        {
            return metadata.clone();
        }
        let may_execute = is_directory || is_executable;
        let bits = match (self, may_execute) {
            (Self::Store, true) => 0o555,
            (Self::Store, false) => 0o444,
            (Self::Package(_), true) => 0o755,
            (Self::Package(_), false) => 0o644,
        };
        Metadata::of_root(Mode::of(bits))
    }
}

impl Contents for StoreContents<'_> {
    fn entries(&self) -> Result<Vec<Entry>, ContentsError> {
        let mut entries = Vec::new();
        // A store path may be a file or a link itself; then that is its only entry.
        let mut next = vec![self.place.clone()];
        while let Some(place) = next.pop() {
            let failed = |source: io::Error| failed(&place, source);
            let found = place.symlink_metadata().map_err(failed)?;
            let below = place.strip_prefix(&self.place).unwrap_or(Path::new(""));
            let path = TreePath::parse(below.as_os_str().as_bytes()).map_err(|source| {
                ContentsError { what: place.display().to_string(), source: source.into() }
            })?;
            let kind = if found.is_dir() {
                for entry in fs::read_dir(&place).map_err(failed)? {
                    next.push(entry.map_err(failed)?.path());
                }
                EntryKind::Directory
            } else if found.is_symlink() {
                let target = fs::read_link(&place).map_err(failed)?;
                EntryKind::Symlink(target.into_os_string().into_vec().into())
            } else if let Modes::Package(Manifest { hard_links, .. }) = self.modes
                && let Some(target) = hard_links.get(&path)
            {
                EntryKind::HardLink(target.clone())
            } else {
                EntryKind::File(found.len())
            };
            // The root of a package is that of the system.
            if path.is_root() && matches!(self.modes, Modes::Package(_)) {
                continue;
            }
            let metadata = self.modes.of(&path, found.is_dir(), found.mode() & 0o100 != 0);
            let Metadata { mode, uid, gid, .. } = metadata;
            entries.push(Entry { path, mode, uid, gid, kind });
        }
        Ok(entries)
    }

    fn read(&self, path: &TreePath) -> Result<Cow<'_, [u8]>, ContentsError> {
        // The root of a unit that is a file itself has no name in it.
        let place = if path.is_root() {
            self.place.clone()
        } else {
            self.place.join(OsStr::from_bytes(path.as_bytes()))
        };
        fs::read(&place).map(Cow::Owned).map_err(|source| failed(&place, source))
    }
}

fn failed(place: &Path, source: io::Error) -> ContentsError {
    ContentsError { what: place.display().to_string(), source: source.into() }
}
