//! How much room the files of a builder take on the disk.
//!
//! The builder goes on meanwhile, so no link of its making is followed: directories are entered by
//! descriptor. What cannot be read, and what lies deeper than [`DEPTH_MAX`], counts for nothing.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};

/// Each level holds a descriptor.
const DEPTH_MAX: usize = 64;
/// What `st_blocks` counts.
const BLOCK_BYTES: u64 = 512;
/// How long to wait between two looks, at least.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// Looking takes at most this share of the time: one part in so many.
const SHARE: u32 = 20;

/// Looks from time to time whether a limit is exceeded.
pub(super) struct Meter<'a> {
    dir: &'a Path,
    bytes_max: Option<u64>,
    next: Instant,
}

impl<'a> Meter<'a> {
    pub(super) fn new(dir: &'a Path, bytes_max: Option<u64>) -> Self {
        Self { dir, bytes_max, next: Instant::now() + PAUSE_MIN }
    }

    /// The time until the next look; `None` if there is no limit.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        self.bytes_max.map(|_| self.next.saturating_duration_since(now))
    }

    /// Looks if it is time. The limit, if it is reached.
    pub(super) fn look(&mut self, now: Instant) -> Result<(), u64> {
        if self.bytes_max.is_none() || now < self.next {
            return Ok(());
        }
        let found = self.look_now();
        self.next = Instant::now() + PAUSE_MIN.max(now.elapsed() * SHARE);
        found
    }

    /// The limit, if it is reached.
    pub(super) fn look_now(&self) -> Result<(), u64> {
        match self.bytes_max {
            Some(limit) if bytes_below(self.dir) >= limit => Err(limit),
            Some(_) | None => Ok(()),
        }
    }
}

/// The bytes of the blocks that the files below a directory occupy.
fn bytes_below(dir: &Path) -> u64 {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = |dir: OwnedFd| Dir::new(dir).ok();
    let top = rustix::fs::openat(CWD, dir, flags, Mode::empty()).ok().and_then(open);
    let mut open_dirs: Vec<Dir> = top.into_iter().collect();
    let mut bytes: u64 = 0;
    loop {
        let depth = open_dirs.len();
        let Some(dir) = open_dirs.last_mut() else { return bytes };
        let Some(Ok(entry)) = dir.next() else {
            open_dirs.pop();
            continue;
        };
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Ok(handle) = dir.fd() else { continue };
        let Ok(found) = rustix::fs::statat(handle, name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        // A file with several names counts a share for each.
        let blocks = found.st_blocks.cast_unsigned() / found.st_nlink.max(1);
        bytes = bytes.saturating_add(blocks.saturating_mul(BLOCK_BYTES));
        if FileType::from_raw_mode(found.st_mode).is_dir() && depth < DEPTH_MAX {
            let below = rustix::fs::openat(handle, name, flags, Mode::empty()).ok().and_then(open);
            open_dirs.extend(below);
        }
    }
}
