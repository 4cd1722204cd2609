//! Removing what is in a directory, without allocating.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawDir, SeekFrom};
use rustix::io::Errno;

/// Deeper directories are left: each level takes a descriptor, and a piece of the stack.
const DEPTH_MAX: u32 = 256;
const ENTRIES_BYTES: usize = 1024;
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Removes all that is in the current directory.
pub(super) fn current() -> Result<(), Errno> {
    below(&rustix::fs::openat(CWD, c".", FLAGS, Mode::empty())?, DEPTH_MAX)
}

fn below(directory: &OwnedFd, depth_max: u32) -> Result<(), Errno> {
    let mut buffer = [MaybeUninit::uninit(); ENTRIES_BYTES];
    // What is removed while a directory is read may hide what comes after it.
    loop {
        let mut is_empty = true;
        rustix::fs::seek(directory, SeekFrom::Start(0))?;
        let mut entries = RawDir::new(directory, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            is_empty = false;
            match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
                Err(Errno::ISDIR) => {
                    let depth_max = depth_max.checked_sub(1).ok_or(Errno::NAMETOOLONG)?;
                    let inner = rustix::fs::openat(directory, name, FLAGS, Mode::empty())?;
                    below(&inner, depth_max)?;
                    rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)?;
                }
                removed => removed?,
            }
        }
        if is_empty {
            return Ok(());
        }
    }
}
