//! The system calls that look a path up, and the filter that has the kernel ask about them.
//!
//! Programs for another architecture than our own are not asked about.

use std::ffi::c_long;

use crate::sandbox::seccomp;

/// Where in the arguments of a call its path is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    number: c_long,
    /// The descriptor of the directory that a relative path begins at.
    pub(super) directory: Option<usize>,
    pub(super) path: usize,
    /// The flags of calls that may make the file.
    pub(super) flags: Option<usize>,
}

const CALLS: &[Call] = &[
    Call { flags: Some(2), ..at(libc::SYS_openat) },
    at(libc::SYS_openat2),
    at(libc::SYS_newfstatat),
    at(libc::SYS_statx),
    at(libc::SYS_faccessat),
    at(libc::SYS_faccessat2),
    at(libc::SYS_readlinkat),
    at(libc::SYS_execveat),
    plain(libc::SYS_execve),
    plain(libc::SYS_chdir),
    #[cfg(target_arch = "x86_64")]
    Call { flags: Some(1), ..plain(libc::SYS_open) },
    #[cfg(target_arch = "x86_64")]
    plain(libc::SYS_stat),
    #[cfg(target_arch = "x86_64")]
    plain(libc::SYS_lstat),
    #[cfg(target_arch = "x86_64")]
    plain(libc::SYS_access),
    #[cfg(target_arch = "x86_64")]
    plain(libc::SYS_readlink),
];

/// What the kernel calls our architecture (`AUDIT_ARCH_*`).
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

const fn at(number: c_long) -> Call {
    Call { number, directory: Some(0), path: 1, flags: None }
}

const fn plain(number: c_long) -> Call {
    Call { number, directory: None, path: 0, flags: None }
}

impl Call {
    /// The call with this number, if it looks a path up.
    pub(super) fn numbered(number: i32) -> Option<Self> {
        CALLS.iter().find(|call| call.number == c_long::from(number)).copied()
    }
}

/// Asks about the calls and allows all others.
pub(super) fn filter() -> Vec<libc::sock_filter> {
    let numbers: Vec<u32> = CALLS.iter().map(|call| call.number as u32).collect();
    seccomp::asking(ARCHITECTURE, &numbers)
}
