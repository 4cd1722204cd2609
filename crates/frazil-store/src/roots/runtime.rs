//! Store paths that running programs use: what they run, have open, have mapped, or have in their
//! environment.
//!
//! Files are known by their full names, so that stores do not keep each other's paths. In an
//! environment a path may stand anywhere, so there the digests are looked for. Processes of others
//! cannot be looked into and are passed over.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use frazil_model::StorePath;

use crate::fs::{entries, read, read_link};
use crate::scan::ReferenceScanner;
use crate::store::{Store, StoreError};

impl Store {
    /// The valid paths that running programs use.
    pub(crate) fn runtime_roots(&self) -> Result<BTreeSet<StorePath>, StoreError> {
        let mut found = BTreeSet::new();
        let mut scanner = ReferenceScanner::new(self.valid_paths()?);
        let processes = Path::new("/proc");
        // Without the directory nothing is known of processes, as in some containers.
        for name in entries(processes).unwrap_or_default() {
            if name.as_bytes().iter().all(u8::is_ascii_digit) {
                self.look_into(&processes.join(name), &mut found, &mut scanner);
            }
        }
        found.append(&mut scanner.finish());
        Ok(found)
    }

    /// A process may end, or be another's, at any point; what can be read is looked at.
    fn look_into(
        &self,
        process: &Path,
        found: &mut BTreeSet<StorePath>,
        environments: &mut ReferenceScanner,
    ) {
        let open = process.join("fd");
        let descriptors = entries(&open).unwrap_or_default();
        let links = ["exe", "cwd", "root"].map(|name| process.join(name)).into_iter();
        for link in links.chain(descriptors.iter().map(|name| open.join(name))) {
            found.extend(read_link(&link).ok().and_then(|target| self.path_of_target(&target)));
        }
        if let Ok(Some(maps)) = read(&process.join("maps")) {
            for line in maps.split(|byte| *byte == b'\n') {
                // The name of the file is the last column, and the only one with slashes.
                let column = line.iter().position(|byte| *byte == b'/').unwrap_or(line.len());
                let file = OsStr::from_bytes(line.split_at(column).1);
                found.extend(self.path_of_target(Path::new(file)));
            }
        }
        if let Ok(Some(environment)) = read(&process.join("environ")) {
            environments.update(&environment);
            // A digest does not go on from one environment to the next.
            environments.update(b"\0");
        }
    }
}
