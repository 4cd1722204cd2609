//! The system call instruction and the numbers of x86-64. A new architecture is a sibling of this
//! file, plus its `_start` in main.rs.

use core::arch::{asm, global_asm};

/// One system call, as the kernel defines it: the result, or a negated error number.
///
/// # Safety
/// The arguments must be what call `number` expects; pointers among them must be valid for what
/// the kernel does with them.
pub(super) unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    let result: isize;
    // SAFETY: the instruction clobbers rcx and r11 only; the caller vouches for the rest.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number.cast_signed() => result,
            in("rdi") first, in("rsi") second, in("rdx") third,
            in("r10") fourth, in("r8") fifth, in("r9") sixth,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    result
}

// frazil_vfork(stack_top, entry, argument): a child on its own stack that shares all memory; the
// parent sleeps until it has called execve or exited. The child finds the entry and its argument on
// its own stack, so that it never touches this frame.
global_asm!(
    ".pushsection .text.frazil_vfork,\"ax\",@progbits",
    ".globl frazil_vfork",
    "frazil_vfork:",
    "mov [rdi - 8], rsi",
    "mov [rdi - 16], rdx",
    "lea rsi, [rdi - 16]",
    "mov edi, 0x4111", // CLONE_VFORK | CLONE_VM | SIGCHLD
    "xor edx, edx",
    "xor r10d, r10d",
    "xor r8d, r8d",
    "mov eax, 56", // clone
    "syscall",
    "test rax, rax",
    "jnz 2f",
    "xor ebp, ebp",
    "pop rdi",
    "pop rax",
    "call rax",
    "ud2",
    "2: ret",
    ".popsection",
);

// Where a handler of signals returns to.
global_asm!(
    ".pushsection .text.frazil_signal_return,\"ax\",@progbits",
    ".globl frazil_signal_return",
    "frazil_signal_return:",
    "mov eax, 15", // rt_sigreturn
    "syscall",
    "ud2",
    ".popsection",
);

pub(super) const READ: usize = 0;
pub(super) const WRITE: usize = 1;
pub(super) const CLOSE: usize = 3;
pub(super) const LSEEK: usize = 8;
pub(super) const MMAP: usize = 9;
pub(super) const MUNMAP: usize = 11;
pub(super) const RT_SIGACTION: usize = 13;
pub(super) const RT_SIGPROCMASK: usize = 14;
pub(super) const IOCTL: usize = 16;
pub(super) const GETPID: usize = 39;
pub(super) const SOCKET: usize = 41;
pub(super) const CONNECT: usize = 42;
pub(super) const SENDTO: usize = 44;
pub(super) const RECVFROM: usize = 45;
pub(super) const BIND: usize = 49;
pub(super) const LISTEN: usize = 50;
pub(super) const GETSOCKNAME: usize = 51;
pub(super) const SETSOCKOPT: usize = 54;
pub(super) const GETSOCKOPT: usize = 55;
pub(super) const EXECVE: usize = 59;
pub(super) const KILL: usize = 62;
pub(super) const FCNTL: usize = 72;
pub(super) const FLOCK: usize = 73;
pub(super) const FSYNC: usize = 74;
pub(super) const FTRUNCATE: usize = 77;
pub(super) const CHDIR: usize = 80;
pub(super) const UMASK: usize = 95;
pub(super) const GETEUID: usize = 107;
pub(super) const SETPGID: usize = 109;
pub(super) const GETPPID: usize = 110;
pub(super) const SETSID: usize = 112;
pub(super) const SETGROUPS: usize = 116;
pub(super) const SETRESUID: usize = 117;
pub(super) const SETRESGID: usize = 119;
pub(super) const CAPSET: usize = 126;
pub(super) const RT_SIGTIMEDWAIT: usize = 128;
pub(super) const SIGALTSTACK: usize = 131;
pub(super) const SETPRIORITY: usize = 141;
pub(super) const PRCTL: usize = 157;
pub(super) const CHROOT: usize = 161;
pub(super) const SYNC: usize = 162;
pub(super) const MOUNT: usize = 165;
pub(super) const UMOUNT2: usize = 166;
pub(super) const SWAPON: usize = 167;
pub(super) const SWAPOFF: usize = 168;
pub(super) const REBOOT: usize = 169;
pub(super) const SETHOSTNAME: usize = 170;
pub(super) const CLOCK_GETTIME: usize = 228;
pub(super) const EXIT_GROUP: usize = 231;
pub(super) const EPOLL_CTL: usize = 233;
pub(super) const WAITID: usize = 247;
pub(super) const INOTIFY_ADD_WATCH: usize = 254;
pub(super) const OPENAT: usize = 257;
pub(super) const MKDIRAT: usize = 258;
pub(super) const FCHOWNAT: usize = 260;
pub(super) const UNLINKAT: usize = 263;
pub(super) const RENAMEAT: usize = 264;
pub(super) const SYMLINKAT: usize = 266;
pub(super) const READLINKAT: usize = 267;
pub(super) const FCHMODAT: usize = 268;
pub(super) const PPOLL: usize = 271;
pub(super) const SPLICE: usize = 275;
pub(super) const TEE: usize = 276;
pub(super) const EPOLL_PWAIT: usize = 281;
pub(super) const UTIMENSAT: usize = 280;
pub(super) const ACCEPT4: usize = 288;
pub(super) const SIGNALFD4: usize = 289;
pub(super) const EPOLL_CREATE1: usize = 291;
pub(super) const DUP3: usize = 292;
pub(super) const PIPE2: usize = 293;
pub(super) const INOTIFY_INIT1: usize = 294;
pub(super) const PRLIMIT64: usize = 302;
pub(super) const FINIT_MODULE: usize = 313;
pub(super) const GETRANDOM: usize = 318;
pub(super) const MEMFD_CREATE: usize = 319;
pub(super) const EXECVEAT: usize = 322;
pub(super) const PIDFD_OPEN: usize = 434;
pub(super) const CLOSE_RANGE: usize = 436;
