//! The door to the kernel: every system call of the program, as a safe function.
//!
//! This module and its children hold all `unsafe` of the library. There is no libc beneath: an
//! error is the number that the kernel returned. Descriptors are plain numbers that their holder
//! closes, since the tables of PID 1 live in memory that is never dropped.

#![allow(unsafe_code, reason = "system calls; each block says why it is sound")]

pub(crate) mod event;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod memory;
pub(crate) mod process;
pub(crate) mod signal;
pub(crate) mod socket;
pub(crate) mod spawn;
pub(crate) mod system;

#[cfg(target_arch = "x86_64")]
#[path = "sys/x86_64.rs"]
mod arch;
#[cfg(not(target_arch = "x86_64"))]
compile_error!("write src/sys/ARCH.rs and `_start` in src/main.rs for this architecture");

use core::ffi::CStr;
use core::marker::PhantomData;

/// An error number of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    pub(crate) const PERM: Self = Self(1);
    pub(crate) const NOENT: Self = Self(2);
    pub(crate) const INTR: Self = Self(4);
    pub(crate) const CHILD: Self = Self(10);
    pub(crate) const AGAIN: Self = Self(11);
    pub(crate) const NOMEM: Self = Self(12);
    pub(crate) const EXIST: Self = Self(17);
    pub(crate) const INVAL: Self = Self(22);
    pub(crate) const NFILE: Self = Self(23);
    pub(crate) const MFILE: Self = Self(24);
    pub(crate) const TOOBIG: Self = Self(7);
    pub(crate) const PROTOTYPE: Self = Self(91);
    pub(crate) const INPROGRESS: Self = Self(115);

    /// Whether trying again later can help: the system ran out of something that comes back.
    pub(crate) fn is_transient(self) -> bool {
        // The last one is ETXTBSY: a program that is just being written.
        matches!(self, Self::AGAIN | Self::NOMEM | Self::NFILE | Self::MFILE | Self(26))
    }
}

/// What a system call gives.
pub(crate) type Result<T> = core::result::Result<T, Errno>;

/// An open descriptor, or `NONE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fd(pub(crate) i32);

impl Fd {
    pub(crate) const NONE: Self = Self(-1);
    pub(crate) const STDIN: Self = Self(0);
    pub(crate) const STDOUT: Self = Self(1);
    pub(crate) const STDERR: Self = Self(2);

    pub(crate) fn is_some(self) -> bool {
        self.0 >= 0
    }

    /// Closes it and becomes `NONE`.
    pub(crate) fn close(&mut self) {
        if self.is_some() {
            file::close(*self);
            *self = Self::NONE;
        }
    }

    fn raw(self) -> usize {
        self.0 as usize
    }
}

/// A pointer to a C string, or the null that ends an array of them: what `execve` wants.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Word<'a>(*const u8, PhantomData<&'a CStr>);

impl<'a> Word<'a> {
    /// The end of an array.
    pub(crate) const END: Self = Self(core::ptr::null(), PhantomData);

    pub(crate) fn is_end(self) -> bool {
        self.0.is_null()
    }

    /// The string; the end of an array is the empty one.
    pub(crate) fn text(self) -> &'a CStr {
        if self.0.is_null() {
            return c"";
        }
        // SAFETY: made from a `&'a CStr`, or from the argument block, which outlives the process.
        unsafe { CStr::from_ptr(self.0.cast()) }
    }
}

impl<'a> From<&'a CStr> for Word<'a> {
    fn from(text: &'a CStr) -> Self {
        Self(text.as_ptr().cast(), PhantomData)
    }
}

/// The arguments and the environment, as the kernel laid them out.
#[derive(Clone, Copy)]
pub struct Arguments {
    /// Both arrays end with `Word::END`, which the slices include.
    argv: &'static [Word<'static>],
    envp: &'static [Word<'static>],
}

impl Arguments {
    /// # Safety
    /// `stack` points to a count, so many strings, a null, more strings, a null; all of that stays
    /// in place and unchanged as long as the process lives.
    pub unsafe fn from_stack(stack: *const usize) -> Self {
        // SAFETY: as the caller promises; a `Word` is one pointer, as these are.
        unsafe {
            let count = *stack;
            let argv = stack.add(1).cast::<Word<'static>>();
            let envp = argv.add(count + 1);
            let mut variables = 0;
            while !(*envp.add(variables)).is_end() {
                variables += 1;
            }
            Self {
                argv: core::slice::from_raw_parts(argv, count + 1),
                envp: core::slice::from_raw_parts(envp, variables + 1),
            }
        }
    }

    /// The argument at `index`, if there are so many.
    pub(crate) fn get(&self, index: usize) -> Option<&'static CStr> {
        self.argv.get(index).filter(|word| !word.is_end()).map(|word| word.text())
    }

    /// The arguments from `index` on, with the end mark.
    pub(crate) fn from(&self, index: usize) -> &'static [Word<'static>] {
        self.argv.get(index..).unwrap_or(&[Word::END])
    }

    /// The environment, with the end mark.
    pub(crate) fn environment(&self) -> &'static [Word<'static>] {
        self.envp
    }

    /// The value of an environment variable.
    pub(crate) fn variable(&self, name: &[u8]) -> Option<&'static CStr> {
        self.envp.iter().find_map(|word| {
            let text = word.text();
            let rest = text.to_bytes().strip_prefix(name)?;
            rest.first().filter(|byte| **byte == b'=')?;
            text.to_bytes_with_nul().get(name.len() + 1..).and_then(c_string)
        })
    }
}

/// The bytes as a C string, if their last one, and only that, is 0.
pub(crate) fn c_string(bytes: &[u8]) -> Option<&CStr> {
    CStr::from_bytes_with_nul(bytes).ok()
}

/// Calls the kernel.
///
/// # Safety
/// As [`arch::call`].
unsafe fn syscall<const N: usize>(number: usize, arguments: [usize; N]) -> Result<usize> {
    const { assert!(N <= 6) };
    let mut all = [0; 6];
    for (slot, argument) in all.iter_mut().zip(arguments) {
        *slot = argument;
    }
    // SAFETY: the caller's promise.
    let result = unsafe { arch::call(number, all) };
    if result < 0 { Err(Errno(-(result as i32))) } else { Ok(result.cast_unsigned()) }
}

/// Calls the kernel where no argument is a pointer: nothing of ours can be touched.
fn plain<const N: usize>(number: usize, arguments: [usize; N]) -> Result<usize> {
    // SAFETY: private to this module, which passes numbers of calls that take no pointers.
    unsafe { syscall(number, arguments) }
}
