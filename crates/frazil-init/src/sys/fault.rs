//! Faults of our own: what the kernel sends for an access or an instruction that cannot be.
//!
//! They arrive on a stack of their own, since the usual one may be what is broken. A process that
//! sends such a signal has no say: only the kernel's word ends PID 1.

use core::ffi::c_void;

use super::{Result, arch, memory, syscall};

/// ILL, BUS, FPE, SEGV.
const FAULTS: [u32; 4] = [4, 7, 8, 11];
/// The same as a set of signals.
pub(super) const MASK: u64 = 1 << 3 | 1 << 6 | 1 << 7 | 1 << 10;
const STACK_BYTES: usize = 32 * 1024;
/// With information, on the other stack, with a way back, and restarting what was interrupted.
const FLAGS: u64 = 0x4 | 0x0800_0000 | 0x0400_0000 | 0x1000_0000;

#[repr(C)]
struct Action {
    handler: unsafe extern "C" fn(i32, *const i32, *const c_void),
    flags: u64,
    restorer: unsafe extern "C" fn(),
    mask: u64,
}

#[repr(C)]
struct Stack {
    start: *mut u8,
    flags: i32,
    bytes: usize,
}

unsafe extern "C" {
    fn frazil_signal_return();
}

/// Ends in order, instead of silently, when there is a fault.
pub(crate) fn handle_all() -> Result<()> {
    // Costs nothing until it is needed.
    let stack = memory::Pages::new(STACK_BYTES)?.leak();
    let stack = Stack { start: stack.as_mut_ptr(), flags: 0, bytes: STACK_BYTES };
    // SAFETY: the kernel reads one stack_t, about memory that is ours for ever.
    unsafe { syscall(arch::SIGALTSTACK, [&raw const stack as usize, 0]) }?;
    for signal in FAULTS {
        let action =
            Action { handler: fault, flags: FLAGS, restorer: frazil_signal_return, mask: u64::MAX };
        // SAFETY: the kernel reads one sigaction; the handler only makes system calls.
        unsafe {
            syscall(arch::RT_SIGACTION, [signal as usize, &raw const action as usize, 0, 8])
        }?;
    }
    super::signal::allow_faults();
    Ok(())
}

unsafe extern "C" fn fault(_: i32, info: *const i32, _: *const c_void) {
    // SAFETY: the kernel passes a siginfo, whose third word says who sent it.
    let code = unsafe { *info.add(2) };
    // Not above 0: a process did. Nothing is wrong with us.
    if code > 0 {
        crate::crash();
    }
}
