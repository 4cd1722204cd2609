//! The units of a system as the source of its files.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use frazil_image::Contents;
use frazil_tree::{Origin, TreePath};

/// Units, by name.
#[derive(Clone, Debug, Default)]
pub struct Units {
    /// The directory that places in the unit are relative to.
    pub roots: BTreeMap<Origin, PathBuf>,
}

impl Units {
    /// Where a file of a unit physically is.
    pub fn place(&self, unit: &Origin, path: &TreePath) -> Option<PathBuf> {
        let root = self.roots.get(unit)?;
        // A unit that is a file has nothing in it; a slash behind its name would be wrong.
        let is_itself = path.is_root();
        Some(if is_itself { root.clone() } else { root.join(OsStr::from_bytes(path.as_bytes())) })
    }
}

impl Contents for Units {
    fn open(&self, unit: &Origin, path: &TreePath) -> io::Result<Box<dyn Read + '_>> {
        let place = self.place(unit, path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(File::open(place)?))
    }
}
