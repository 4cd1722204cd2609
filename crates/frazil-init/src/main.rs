//! The program: where the kernel enters, what the compiler expects of a libc, and what a panic
//! does. Everything else is in the library.

#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry point and the memory functions are below the language")]

use core::arch::global_asm;
use core::panic::PanicInfo;

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {enter}",
    "ud2",
    enter = sym enter,
);

// The compiler turns loops and moves into calls of these. `rep movsb` is as fast as anything for
// the short copies made here, and tiny.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl memcpy, memmove, memset, memcmp, bcmp, strlen",
    "memmove:",
    "mov rax, rdi",
    "mov rcx, rdx",
    "mov r8, rdi",
    "sub r8, rsi",
    "cmp r8, rdx",
    "jae 2f",
    "lea rdi, [rdi + rdx - 1]",
    "lea rsi, [rsi + rdx - 1]",
    "std",
    "rep movsb",
    "cld",
    "ret",
    "memcpy:",
    "mov rax, rdi",
    "mov rcx, rdx",
    "2: rep movsb",
    "ret",
    "memset:",
    "mov r8, rdi",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    "bcmp:",
    "memcmp:",
    "xor ecx, ecx",
    "3: cmp rcx, rdx",
    "je 4f",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx r8d, byte ptr [rsi + rcx]",
    "inc rcx",
    "sub eax, r8d",
    "je 3b",
    "ret",
    "4: xor eax, eax",
    "ret",
    "strlen:",
    "xor eax, eax",
    "5: cmp byte ptr [rdi + rax], 0",
    "je 6f",
    "inc rax",
    "jmp 5b",
    "6: ret",
);

/// Called once, by `_start`, with the stack as the kernel left it.
///
/// # Safety
/// `stack` points to what the System V ABI puts there: the count of arguments, the arguments, a
/// null, the environment, a null.
unsafe extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: passed on from `_start`, and the kernel's block lives as long as the process.
    let arguments = unsafe { frazil_init::Arguments::from_stack(stack) };
    frazil_init::run(arguments)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    frazil_init::crash()
}
