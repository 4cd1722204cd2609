//! Processes: their end, their identity, and their limits.

use core::ffi::CStr;

use super::{Errno, Fd, Result, Word, arch, plain, syscall};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It exited with this status.
    Code(u8),
    /// This signal killed it.
    Signal(u8),
}

impl Exit {
    /// The status as a shell shows it: signals count from 128.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => signal.saturating_add(128),
        }
    }
}

/// What `next_dead` finds.
pub(crate) enum Child {
    Dead(i32, Exit),
    /// All children live.
    None,
    /// There are no children at all.
    NoChildren,
}

/// A child that has ended and was not reaped yet; it stays that way, so its number is its own.
pub(crate) fn next_dead() -> Child {
    let info = loop {
        // WNOHANG | WEXITED | WNOWAIT
        match wait_id(0, 0, 0x0100_0005) {
            Ok(info) => break info,
            Err(Errno::INTR) => {}
            Err(Errno::CHILD) => return Child::NoChildren,
            Err(_) => return Child::None,
        }
    };
    let [_, _, code, _, pid, _, status, ..] = info;
    if pid == 0 {
        return Child::None;
    }
    // CLD_EXITED is 1; the others are ends by a signal.
    let exit = if code == 1 { Exit::Code(status as u8) } else { Exit::Signal(status as u8 & 0x7f) };
    Child::Dead(pid, exit)
}

/// Lets the kernel forget a child that has ended.
pub(crate) fn reap(pid: i32) {
    // There is nothing to be done about an error: the child is not ours, or gone already.
    let _gone = wait_id(1, pid, 5);
}

/// Waits for the end of a child and reaps it.
pub(crate) fn wait_for(pid: i32) -> Result<Exit> {
    loop {
        match wait_id(1, pid, 4) {
            Ok([_, _, 1, _, _, _, status, ..]) => return Ok(Exit::Code(status as u8)),
            Ok([_, _, _, _, _, _, status, ..]) => return Ok(Exit::Signal(status as u8 & 0x7f)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn wait_id(kind: usize, id: i32, options: usize) -> Result<[i32; 32]> {
    let mut info = [0_i32; 32];
    let arguments = [kind, id as usize, info.as_mut_ptr() as usize, options, 0];
    // SAFETY: the kernel writes one siginfo, 128 bytes.
    unsafe { syscall(arch::WAITID, arguments) }?;
    Ok(info)
}

pub(crate) fn exit(code: u8) -> ! {
    loop {
        let _never = plain(arch::EXIT_GROUP, [code as usize]);
    }
}

/// Replaces this program. Returns only to tell why it could not.
pub(crate) fn execute(path: &CStr, argv: &[Word<'_>], envp: &[Word<'_>]) -> Errno {
    if !ends(argv) || !ends(envp) {
        return Errno::INVAL;
    }
    let arguments = [path.as_ptr() as usize, argv.as_ptr() as usize, envp.as_ptr() as usize];
    // SAFETY: C strings, and arrays of them that end with a null.
    unsafe { syscall(arch::EXECVE, arguments) }.err().unwrap_or(Errno::INVAL)
}

/// The same with an open file.
pub(crate) fn execute_file(file: Fd, argv: &[Word<'_>], envp: &[Word<'_>]) -> Errno {
    if !ends(argv) || !ends(envp) {
        return Errno::INVAL;
    }
    let empty = c"".as_ptr() as usize;
    let arguments = [file.raw(), empty, argv.as_ptr() as usize, envp.as_ptr() as usize, 0x1000];
    // SAFETY: arrays of C strings that end with a null.
    unsafe { syscall(arch::EXECVEAT, arguments) }.err().unwrap_or(Errno::INVAL)
}

fn ends(words: &[Word<'_>]) -> bool {
    words.last().is_some_and(|word| word.is_end())
}

pub(crate) fn id() -> i32 {
    plain(arch::GETPID, []).unwrap_or(0) as i32
}

/// The process that started us.
pub(crate) fn parent() -> i32 {
    plain(arch::GETPPID, []).unwrap_or(1) as i32
}

/// A descriptor of any process: readable when it has ended.
pub(crate) fn open(pid: i32) -> Result<Fd> {
    plain(arch::PIDFD_OPEN, [pid as usize, 0]).map(|fd| Fd(fd as i32))
}

pub(crate) fn effective_user() -> u32 {
    plain(arch::GETEUID, []).unwrap_or(0) as u32
}

/// Becomes the leader of a session and of a process group of its own.
pub(crate) fn new_session() -> Result<()> {
    plain(arch::SETSID, []).map(drop)
}

/// Moves a child (or, with 0, itself) to a process group of its own.
pub(crate) fn new_group(pid: i32) -> Result<()> {
    plain(arch::SETPGID, [pid as usize, 0]).map(drop)
}

pub(crate) fn set_umask(mask: u32) {
    let _previous = plain(arch::UMASK, [mask as usize]);
}

pub(crate) fn set_groups(groups: &[u32]) -> Result<()> {
    // SAFETY: the kernel reads `len` group numbers.
    unsafe { syscall(arch::SETGROUPS, [groups.len(), groups.as_ptr() as usize]) }.map(drop)
}

pub(crate) fn set_group(gid: u32) -> Result<()> {
    plain(arch::SETRESGID, [gid as usize; 3]).map(drop)
}

pub(crate) fn set_user(uid: u32) -> Result<()> {
    plain(arch::SETRESUID, [uid as usize; 3]).map(drop)
}

pub(crate) fn set_nice(value: i32) -> Result<()> {
    plain(arch::SETPRIORITY, [0, 0, value as usize]).map(drop)
}

/// A limit on a resource: what holds, and how far it may be raised.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Limit {
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

/// The resource "open files".
pub(crate) const LIMIT_FILES: u32 = 7;

pub(crate) fn limit(resource: u32) -> Result<Limit> {
    let mut limit = Limit { soft: 0, hard: 0 };
    let arguments = [0, resource as usize, 0, &raw mut limit as usize];
    // SAFETY: the kernel writes one limit.
    unsafe { syscall(arch::PRLIMIT64, arguments) }?;
    Ok(limit)
}

pub(crate) fn set_limit(resource: u32, limit: Limit) -> Result<()> {
    let arguments = [0, resource as usize, &raw const limit as usize, 0];
    // SAFETY: the kernel reads one limit.
    unsafe { syscall(arch::PRLIMIT64, arguments) }.map(drop)
}

/// A process option that takes numbers only.
fn control(option: usize, first: usize, second: usize) -> Result<usize> {
    plain(arch::PRCTL, [option, first, second, 0, 0])
}

/// Orphans among the descendants become children of this process.
pub(crate) fn adopt_orphans() -> Result<()> {
    control(36, 1, 0).map(drop)
}

/// Neither this process nor what it executes can gain privileges.
pub(crate) fn set_no_new_privileges() -> Result<()> {
    control(38, 1, 0).map(drop)
}

/// Keeps the permitted capabilities when the user changes.
pub(crate) fn keep_capabilities() -> Result<()> {
    control(8, 1, 0).map(drop)
}

/// Whether a capability is in the bounding set; an error if the kernel knows none of that number.
pub(crate) fn has_bounding(capability: u32) -> Result<bool> {
    control(23, capability as usize, 0).map(|found| found == 1)
}

pub(crate) fn drop_bounding(capability: u32) -> Result<()> {
    control(24, capability as usize, 0).map(drop)
}

pub(crate) fn raise_ambient(capability: u32) -> Result<()> {
    control(47, 2, capability as usize).map(drop)
}

/// Sends this signal to this process when its parent ends.
pub(crate) fn die_with_parent(signal: u32) -> Result<()> {
    control(1, signal as usize, 0).map(drop)
}

/// Sets the effective, permitted and inheritable capabilities to the same set.
pub(crate) fn set_capabilities(set: u64) -> Result<()> {
    let header = [0x2008_0522_u32, 0];
    let (low, high) = (set as u32, (set >> 32) as u32);
    let data = [low, low, low, high, high, high];
    // SAFETY: the kernel reads a header and two triples of words.
    unsafe { syscall(arch::CAPSET, [header.as_ptr() as usize, data.as_ptr() as usize]) }.map(drop)
}
