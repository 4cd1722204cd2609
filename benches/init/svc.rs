//! The service of the init benchmark: tells when it runs, then waits for signals.
//!
//! `svc ID` writes a record to the FIFO and pauses; `svc run` (as `./run` of a service directory)
//! takes the digits at the end of its directory's name as ID. `svc -s PROGRAM...` writes a record
//! and becomes the program: that is when PID 1 begins. `svc -o N` makes N orphans that end at
//! once. No libc, so that what is measured is the supervisor.
//!
//!     rustc --edition=2024 -O -Cpanic=abort -Crelocation-model=static \
//!         -Clink-args='-nostartfiles -nostdlib -static' svc.rs

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

const FIFO: &[u8] = b"/run/bench/fifo\0";
/// IDs of records that are not about a service.
const STAMP: u32 = u32::MAX;
const ORPHANS_MADE: u32 = u32::MAX - 1;

global_asm!("_start:", "mov rdi, rsp", "and rsp, -16", "call {m}", ".globl _start", m = sym main);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(1)
}

fn call(number: usize, a: usize, b: usize, c: usize) -> isize {
    let result: isize;
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, in("rdi") a, in("rsi") b,
            in("rdx") c, in("r10") 0, lateout("rcx") _, lateout("r11") _);
    }
    result
}

fn exit(code: usize) -> ! {
    loop {
        call(231, code, 0, 0);
    }
}

fn fork() -> isize {
    call(57, 0, 0, 0)
}

/// Writes {id, pid, nanoseconds of the monotonic clock}.
fn tell(id: u32) {
    let mut time = [0_u64; 2];
    call(228, 1, time.as_mut_ptr() as usize, 0);
    let pid = call(39, 0, 0, 0) as u64;
    let record = [u64::from(id) | pid << 32, time[0] * 1_000_000_000 + time[1]];
    let fd = call(2, FIFO.as_ptr() as usize, 1, 0) as usize;
    call(1, fd, record.as_ptr() as usize, 16);
    call(3, fd, 0, 0);
}

/// The number that the digits of a C string make, the last ones if it has others before.
unsafe fn number(mut text: *const u8) -> u32 {
    let mut value = 0_u32;
    unsafe {
        while *text != 0 {
            let digit = (*text).wrapping_sub(b'0');
            value = if digit < 10 { value * 10 + u32::from(digit) } else { 0 };
            text = text.add(1);
        }
    }
    value
}

unsafe extern "C" fn main(stack: *const usize) -> ! {
    unsafe {
        let count = *stack;
        let word = |index: usize| if index < count { *stack.add(1 + index) } else { c"".as_ptr() as usize };
        match (*(word(1) as *const u8), *(word(1) as *const u8).wrapping_add(1)) {
            (b'-', b's') => {
                tell(STAMP);
                let argv = stack.add(3);
                call(59, word(2), argv as usize, stack.add(count + 2) as usize);
                exit(127)
            }
            (b'-', b'o') => {
                for _ in 0..number(word(2) as *const u8) {
                    // The grandchild is left behind.
                    if fork() == 0 {
                        fork();
                        exit(0);
                    }
                    call(61, usize::MAX, 0, 0);
                }
                tell(ORPHANS_MADE);
                exit(0)
            }
            (b'0'..=b'9', _) => tell(number(word(1) as *const u8)),
            _ => {
                let mut directory = [0_u8; 256];
                call(79, directory.as_mut_ptr() as usize, 255, 0);
                tell(number(directory.as_ptr()));
            }
        }
        loop {
            call(34, 0, 0, 0);
        }
    }
}
