//! Which user of the machine a builder is, and which user it believes to be.
//!
//! Inside it is always 1000 in group 100, as with Nix. Outside it is whoever runs us, but never
//! root: root may write to files like `/proc/sys/kernel/core_pattern` without any capability, and
//! no limit on processes holds for it. Only where no other user exists, in a container with a single
//! one, builders are its root, and that only if outside of the container root is somebody else.
//! Invariant: a builder is never the root of the machine.

use std::path::Path;

use rustix::fs::Access;

use super::error::SandboxError;

/// The user that a builder believes to be.
pub(super) const UID_INSIDE: u32 = 1000;
/// The group that a builder believes to be in.
pub(super) const GID_INSIDE: u32 = 100;
/// The first of the ids that Nix hands out to builders by itself; no system uses them.
const BUILDERS: u32 = 872_415_232;
/// A file that belongs to the root of the machine, and that no capability opens.
const ROOTS_FILE: &str = "/proc/sys/kernel/core_pattern";
/// How far below the end of a range the id lies that is taken instead: behind `nobody`.
const BELOW_END: u32 = 3;

/// A user and a group of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether we are root, and so must give files away and may change groups.
    pub(super) is_foreign: bool,
}

/// Who builders are on this machine.
pub(super) fn of_builders() -> Result<Identity, SandboxError> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let own = Identity { uid: uid.as_raw(), gid: gid.as_raw(), is_foreign: false };
    if !uid.is_root() {
        return Ok(own);
    }
    let uid = choose(&read(Path::new("/proc/self/uid_map"))?);
    let gid = choose(&read(Path::new("/proc/self/gid_map"))?);
    Ok(match (uid, gid) {
        (Some(uid), Some(gid)) => Identity { uid, gid, is_foreign: true },
        // Only the true root may write there, whatever it is called in this namespace.
        (None, _) | (_, None) if rustix::fs::access(ROOTS_FILE, Access::WRITE_OK).is_ok() => {
            return Err(SandboxError::OnlyRoot);
        }
        (None, _) | (_, None) => own,
    })
}

/// So many users and groups of the machine, which own nothing, for a container of whoever is root.
/// `None` if we are not, or have not so many.
pub(super) fn range_of_root(count: u32) -> Result<Option<u32>, SandboxError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    for path in ["/proc/self/uid_map", "/proc/self/gid_map"] {
        let map = read(Path::new(path))?;
        let has_them = map.lines().any(|line| {
            let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
            let (first, _, length) = (numbers.next(), numbers.next(), numbers.next());
            matches!((first, length), (Some(Ok(first)), Some(Ok(length)))
                if first <= BUILDERS && BUILDERS - first <= length.saturating_sub(count))
        });
        if !has_them {
            return Ok(None);
        }
    }
    Ok(Some(BUILDERS))
}

fn read(path: &Path) -> Result<String, SandboxError> {
    std::fs::read_to_string(path).map_err(|source| SandboxError::File {
        action: "read",
        path: path.into(),
        source,
    })
}

/// An id other than root's that the kernel knows here: in a container there may be few of them.
fn choose(map: &str) -> Option<u32> {
    let ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => Some((first, count)),
            _ => None,
        }
    });
    let mut fallback = None;
    let mut widest = 0;
    for (first, count) in ranges {
        if (first..first.saturating_add(count)).contains(&BUILDERS) {
            return Some(BUILDERS);
        }
        if count > widest && count > BELOW_END {
            widest = count;
            fallback = Some(first.saturating_add(count) - BELOW_END);
        }
    }
    fallback
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn chooses_an_id_that_exists() {
        assert_eq!(choose("         0          0 4294967295\n"), Some(872_415_232));
        assert_eq!(choose("0 100000 65536\n"), Some(65_533));
        assert_eq!(choose("0 1000 1\n1 100000 65536\n"), Some(65_534));
        assert_eq!(choose("0 1000 1\n"), None);
        assert_eq!(choose("nonsense"), None);
    }
}
