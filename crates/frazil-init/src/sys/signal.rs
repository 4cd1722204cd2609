//! Signals: sets of them, their default dispositions, and descriptors that deliver them.

use super::{Errno, Fd, Result, arch, plain, syscall};

pub(crate) const HUP: u32 = 1;
pub(crate) const INT: u32 = 2;
pub(crate) const KILL: u32 = 9;
pub(crate) const USR1: u32 = 10;
pub(crate) const TERM: u32 = 15;
pub(crate) const CHLD: u32 = 17;
pub(crate) const CONT: u32 = 18;
pub(crate) const PWR: u32 = 30;
/// The highest number there is.
pub(crate) const MAX: u32 = 64;

/// Blocks all signals for good: they arrive through a descriptor or in `wait` instead.
pub(crate) fn block_all() {
    set_mask(u64::MAX);
}

/// Blocks all but those that faults are told by: blocked, they would end us without a word.
pub(super) fn allow_faults() {
    set_mask(!super::fault::MASK);
}

/// Blocks none.
pub(crate) fn unblock_all() {
    set_mask(0);
}

fn set_mask(mask: u64) {
    // SIG_SETMASK of a whole set cannot fail. SAFETY: the kernel reads eight bytes.
    let _set = unsafe { syscall(arch::RT_SIGPROCMASK, [2, &raw const mask as usize, 0, 8]) };
}

/// Gives every signal its default action; a parent may have had some ignored.
pub(crate) fn reset_all() {
    let default = [0_u64; 4];
    for signal in 1..=MAX {
        // KILL and STOP refuse, and need no reset. SAFETY: the kernel reads one sigaction.
        let _reset = unsafe {
            syscall(arch::RT_SIGACTION, [signal as usize, default.as_ptr() as usize, 0, 8])
        };
    }
}

/// A descriptor from which all blocked signals are read.
pub(crate) fn descriptor() -> Result<Fd> {
    let mask = u64::MAX;
    let arguments = [usize::MAX, &raw const mask as usize, 8, 0o2_004_000];
    // SAFETY: the kernel reads eight bytes.
    unsafe { syscall(arch::SIGNALFD4, arguments) }.map(|fd| Fd(fd as i32))
}

/// The next signal of such a descriptor, if one is pending.
pub(crate) fn next(fd: Fd) -> Option<u32> {
    let mut info = [0_u8; 128];
    let count = super::file::read(fd, &mut info).ok()?;
    let number = info.first_chunk::<4>().filter(|_| count == info.len())?;
    Some(u32::from_le_bytes(*number))
}

/// Waits for any blocked signal.
pub(crate) fn wait() -> Result<u32> {
    let mask = u64::MAX;
    // SAFETY: the kernel reads eight bytes.
    unsafe { syscall(arch::RT_SIGTIMEDWAIT, [&raw const mask as usize, 0, 0, 8]) }
        .map(|signal| signal as u32)
}

/// Sends a signal to a process, or with a negative number to a process group.
pub(crate) fn send(pid: i32, signal: u32) -> Result<()> {
    plain(arch::KILL, [pid as isize as usize, signal as usize]).map(drop)
}

/// Sends a signal to a whole group; to the process alone if it leads none.
pub(crate) fn send_group(pid: i32, signal: u32) -> Result<()> {
    match send(-pid, signal) {
        Err(Errno(3)) => send(pid, signal),
        result => result,
    }
}
