//! Writing what was added below the store directory, so that other programs can read it.
//!
//! A tree is written under a temporary name and renamed: a store path is there whole or not at
//! all. Everything is made read-only with the time 1, as in every Nix store. It is not registered
//! in any database.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use frazil_eval::host::HostError;
use frazil_model::StorePath;

use super::tree::Node;
use super::{failed, path_of};

const FILE_MODE: u32 = 0o444;
/// Executable files and directories.
const EXECUTABLE_MODE: u32 = 0o555;
/// Seconds since 1970 that every file of a store claims as its time.
const STORE_TIME: Duration = Duration::from_secs(1);

/// Distinguishes the temporary names of one process.
static TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// Writes `node` as `path` below `physical_dir`, unless it is there already.
pub(super) fn write(physical_dir: &Path, path: &StorePath, node: &Node) -> Result<(), HostError> {
    let target = physical_dir.join(path.as_str());
    if target.symlink_metadata().is_ok() {
        return Ok(());
    }
    fs::create_dir_all(physical_dir).map_err(failed("create the directory", physical_dir))?;
    let number = TEMPORARY.fetch_add(1, Ordering::Relaxed);
    let temporary = physical_dir.join(format!(".tmp-{}-{number}", std::process::id()));
    let written = write_node(&temporary, node)
        .and_then(|()| fs::rename(&temporary, &target).map_err(failed("create", &target)));
    match written {
        Ok(()) => Ok(()),
        Err(error) => {
            remove(&temporary)?;
            // Another process may have won the race to the same path with the same contents.
            if target.symlink_metadata().is_ok() { Ok(()) } else { Err(error) }
        }
    }
}

fn write_node(path: &Path, node: &Node) -> Result<(), HostError> {
    match node {
        Node::Symlink(target) => {
            std::os::unix::fs::symlink(target, path).map_err(failed("create the link", path))
        }
        Node::Contents { bytes, executable } => {
            fs::write(path, bytes).map_err(failed("write", path))?;
            seal(path, if *executable { EXECUTABLE_MODE } else { FILE_MODE })
        }
        Node::File { source, executable } => {
            fs::copy(source, path).map_err(failed("copy", source))?;
            seal(path, if *executable { EXECUTABLE_MODE } else { FILE_MODE })
        }
        Node::Directory(entries) => {
            fs::create_dir(path).map_err(failed("create the directory", path))?;
            for (name, entry) in entries {
                write_node(&path.join(path_of(name.as_bytes())), entry)?;
            }
            seal(path, EXECUTABLE_MODE)
        }
    }
}

/// Makes a file or directory what it has to be in a store.
fn seal(path: &Path, mode: u32) -> Result<(), HostError> {
    let file = fs::File::open(path).map_err(failed("open", path))?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(failed("set the mode of", path))?;
    let time = SystemTime::UNIX_EPOCH + STORE_TIME;
    file.set_modified(time).map_err(failed("set the time of", path))
}

/// Removes what was written before an error, read-only directories included.
fn remove(path: &Path) -> Result<(), HostError> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if !metadata.is_dir() {
        return fs::remove_file(path).map_err(failed("remove", path));
    }
    fs::set_permissions(path, Permissions::from_mode(0o755))
        .map_err(failed("set the mode of", path))?;
    for entry in fs::read_dir(path).map_err(failed("list", path))? {
        remove(&entry.map_err(failed("list", path))?.path())?;
    }
    fs::remove_dir(path).map_err(failed("remove", path))
}
