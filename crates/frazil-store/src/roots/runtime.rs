//! Store paths that running programs use.
//!
//! What a process runs, has open, has mapped or has in its environment may name store paths in
//! several ways, so its digests are looked for, as in the contents of a path. Processes of others
//! cannot be looked into and are passed over.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use frazil_model::StorePath;

use crate::fs::{entries, read, read_link};
use crate::scan::ReferenceScanner;
use crate::store::{Store, StoreError};

impl Store {
    /// The valid paths that running programs use.
    pub(crate) fn runtime_roots(&self) -> Result<BTreeSet<StorePath>, StoreError> {
        let mut scanner = ReferenceScanner::new(self.valid_paths()?);
        let processes = Path::new("/proc");
        // Without the directory nothing is known of processes, as in some containers.
        for name in entries(processes).unwrap_or_default() {
            if name.as_bytes().iter().all(u8::is_ascii_digit) {
                scan_process(&processes.join(name), &mut scanner);
            }
        }
        Ok(scanner.finish())
    }
}

/// A process may end, or be another's, at any point; what can be read is looked at.
fn scan_process(process: &Path, scanner: &mut ReferenceScanner) {
    let mut look = |bytes: &[u8]| {
        scanner.update(bytes);
        // A digest does not go on from one text to the next.
        scanner.update(b"\0");
    };
    for link in ["exe", "cwd", "root"] {
        if let Ok(target) = read_link(&process.join(link)) {
            look(target.as_os_str().as_bytes());
        }
    }
    for file in ["maps", "environ"] {
        if let Ok(Some(bytes)) = read(&process.join(file)) {
            look(&bytes);
        }
    }
    let open = process.join("fd");
    for name in entries(&open).unwrap_or_default() {
        if let Ok(target) = read_link(&open.join(name)) {
            look(target.as_os_str().as_bytes());
        }
    }
}
