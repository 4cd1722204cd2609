//! Starting this program again, as another applet, without copying the memory of PID 1.
//!
//! The child borrows the parent's memory, and the parent sleeps until the child has executed. So
//! the child must never wait for anything: it moves descriptors and executes a file that is
//! certainly in memory, our own. Whatever may block (working directories, environment files,
//! terminals, other programs) is done by the applet `launch`, after that.

use core::ffi::{CStr, c_void};

use super::process::{self, LIMIT_FILES, Limit};
use super::{Errno, Fd, Result, Word, file, signal};

/// What the child is to be.
pub(crate) struct Spawn<'a> {
    pub(crate) program: Program<'a>,
    /// Arguments and environment; both end with `Word::END`.
    pub(crate) argv: &'a [Word<'a>],
    pub(crate) envp: &'a [Word<'a>],
    /// Descriptors to move. The targets must not be among the later sources.
    pub(crate) moves: &'a [(Fd, Fd)],
    /// Descriptors that stay open where they are.
    pub(crate) keep: &'a [Fd],
    /// The limit of open files before PID 1 raised its own.
    pub(crate) files: Option<Limit>,
    pub(crate) group: Group,
}

/// Whom the child runs among.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// It leads a session of its own.
    Session,
    /// It leads a process group of its own.
    Own,
    /// It stays in that of its parent.
    Same,
}

/// What is executed.
#[derive(Clone, Copy)]
pub(crate) enum Program<'a> {
    /// An open file: this program itself.
    File(Fd),
    /// A file by its path.
    Path(&'a CStr),
}

struct Shared<'a, 'b> {
    spawn: &'a Spawn<'b>,
    error: Errno,
}

const STACK: usize = 16 * 1024;

/// Starts the child.
pub(crate) fn spawn(spawn: &Spawn<'_>) -> Result<i32> {
    #[repr(align(16))]
    struct Stack {
        _bytes: [u8; STACK],
    }
    unsafe extern "C" {
        fn frazil_vfork(
            stack_top: *mut c_void,
            entry: unsafe extern "C" fn(*mut c_void) -> !,
            argument: *mut c_void,
        ) -> isize;
    }
    let mut stack = core::mem::MaybeUninit::<Stack>::uninit();
    let mut shared = Shared { spawn, error: Errno(0) };
    // SAFETY: the child runs on memory of this frame, which stays while the parent sleeps in this
    // call; the entry never returns, and it only makes system calls.
    let result =
        unsafe { frazil_vfork(stack.as_mut_ptr().add(1).cast(), enter, (&raw mut shared).cast()) };
    if result < 0 {
        return Err(Errno(-(result as i32)));
    }
    // SAFETY: the child wrote it through the pointer, unseen by the compiler.
    let error = unsafe { (&raw const shared.error).read_volatile() };
    if error != Errno(0) {
        process::reap(result as i32);
        return Err(error);
    }
    Ok(result as i32)
}

unsafe extern "C" fn enter(shared: *mut c_void) -> ! {
    // SAFETY: `spawn` passes a pointer to its own, and sleeps.
    let shared = unsafe { &mut *shared.cast::<Shared<'_, '_>>() };
    shared.error = execute(shared.spawn);
    process::exit(127)
}

fn execute(spawn: &Spawn<'_>) -> Errno {
    match prepare(spawn) {
        Ok(()) => match spawn.program {
            Program::File(file) => process::execute_file(file, spawn.argv, spawn.envp),
            Program::Path(path) => process::execute(path, spawn.argv, spawn.envp),
        },
        Err(error) => error,
    }
}

fn prepare(spawn: &Spawn<'_>) -> Result<()> {
    match spawn.group {
        Group::Session => process::new_session()?,
        Group::Own => process::new_group(0)?,
        Group::Same => {}
    }
    for (from, to) in spawn.moves {
        file::duplicate(*from, *to)?;
    }
    for fd in spawn.keep {
        file::set_inherited(*fd)?;
    }
    if let Some(limit) = spawn.files {
        process::set_limit(LIMIT_FILES, limit)?;
    }
    signal::unblock_all();
    Ok(())
}
