//! Files, pipes and directories.

use core::ffi::CStr;

use super::{Fd, Result, arch, plain, syscall};

/// Relative paths start at the working directory.
const AT_FDCWD: usize = -100_isize as usize;

/// How to open a file. All descriptors are close-on-exec.
#[derive(Clone, Copy)]
pub(crate) struct Open(usize);

impl Open {
    pub(crate) const READ: Self = Self(0o2_000_000);
    pub(crate) const WRITE: Self = Self(0o2_000_001);
    pub(crate) const WRITE_NONBLOCK: Self = Self(0o2_004_001);
    /// Read and write; the terminal does not become the controlling one.
    pub(crate) const TERMINAL: Self = Self(0o2_000_402);
    /// Write only, made if absent.
    pub(crate) const CREATE: Self = Self(0o2_000_101);
    /// Write only, made if absent, emptied; never through a symbolic link.
    pub(crate) const REPLACE: Self = Self(0o2_401_101);
    /// A reference to the file, without reading it.
    pub(crate) const PATH: Self = Self(0o12_000_000);
}

pub(crate) fn open(path: &CStr, how: Open, mode: u32) -> Result<Fd> {
    let path = path.as_ptr() as usize;
    // SAFETY: the path is a C string.
    let fd = unsafe { syscall(arch::OPENAT, [AT_FDCWD, path, how.0, mode as usize]) }?;
    Ok(Fd(fd as i32))
}

pub(crate) fn close(fd: Fd) {
    // A failure leaves nothing to be done: Linux has closed the descriptor in any case.
    let _closed = plain(arch::CLOSE, [fd.raw()]);
}

pub(crate) fn read(fd: Fd, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: the kernel writes at most `len` bytes to the buffer.
    unsafe { syscall(arch::READ, [fd.raw(), buffer.as_mut_ptr() as usize, buffer.len()]) }
}

pub(crate) fn write(fd: Fd, bytes: &[u8]) -> Result<usize> {
    // SAFETY: the kernel reads `len` bytes of the slice.
    unsafe { syscall(arch::WRITE, [fd.raw(), bytes.as_ptr() as usize, bytes.len()]) }
}

/// Writes everything, however many calls it takes.
pub(crate) fn write_all(fd: Fd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match write(fd, bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(super::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends; how much it was.
pub(crate) fn read_all(fd: Fd, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read(fd, rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(super::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The size of a file: the place of its end, where the next read begins.
pub(crate) fn seek_end(fd: Fd) -> Result<usize> {
    plain(arch::LSEEK, [fd.raw(), 0, 2])
}

pub(crate) fn seek_to(fd: Fd, offset: usize) -> Result<usize> {
    plain(arch::LSEEK, [fd.raw(), offset, 0])
}

pub(crate) fn truncate(fd: Fd, bytes: usize) -> Result<()> {
    plain(arch::FTRUNCATE, [fd.raw(), bytes]).map(drop)
}

/// A pipe: the end to read from, and the one to write to, both close-on-exec.
pub(crate) fn pipe(nonblocking: bool) -> Result<(Fd, Fd)> {
    let mut ends = [0_i32; 2];
    let flags = if nonblocking { 0o2_004_000 } else { 0o2_000_000 };
    // SAFETY: the kernel writes two descriptors.
    unsafe { syscall(arch::PIPE2, [ends.as_mut_ptr() as usize, flags]) }?;
    let [read, write] = ends;
    Ok((Fd(read), Fd(write)))
}

/// Makes `to` another name of `from`, which the next program inherits.
pub(crate) fn duplicate(from: Fd, to: Fd) -> Result<()> {
    if from == to {
        set_inherited(from)
    } else {
        plain(arch::DUP3, [from.raw(), to.raw(), 0]).map(drop)
    }
}

/// A second descriptor of the same file, not below `least`, close-on-exec.
pub(crate) fn duplicate_above(fd: Fd, least: i32) -> Result<Fd> {
    plain(arch::FCNTL, [fd.raw(), 1030, least as usize]).map(|fd| Fd(fd as i32))
}

/// Lets no descriptor from `first` on reach the next program.
pub(crate) fn close_all_on_exec(first: i32) -> Result<()> {
    plain(arch::CLOSE_RANGE, [first as usize, u32::MAX as usize, 4]).map(drop)
}

/// Keeps the descriptor open in the next program.
pub(crate) fn set_inherited(fd: Fd) -> Result<()> {
    plain(arch::FCNTL, [fd.raw(), 2, 0]).map(drop)
}

pub(crate) fn set_close_on_exec(fd: Fd) -> Result<()> {
    plain(arch::FCNTL, [fd.raw(), 2, 1]).map(drop)
}

/// The flags of an open file; an error tells that the descriptor is not open.
pub(crate) fn flags(fd: Fd) -> Result<usize> {
    plain(arch::FCNTL, [fd.raw(), 3, 0])
}

/// Sets the flags of an open file that may change (`O_NONBLOCK` is 0o4000).
pub(crate) fn set_flags(fd: Fd, flags: usize) -> Result<()> {
    plain(arch::FCNTL, [fd.raw(), 4, flags]).map(drop)
}

/// Asks for a pipe that holds so many bytes. Users may be refused; the pipe works on.
pub(crate) fn set_pipe_size(fd: Fd, bytes: usize) -> Result<()> {
    plain(arch::FCNTL, [fd.raw(), 1031, bytes]).map(drop)
}

/// How many bytes wait in a pipe or a terminal.
pub(crate) fn waiting(fd: Fd) -> Result<usize> {
    let mut count = 0_i32;
    // SAFETY: FIONREAD writes one int.
    unsafe { syscall(arch::IOCTL, [fd.raw(), 0x541b, &raw mut count as usize]) }?;
    Ok(count as usize)
}

/// Moves bytes from a pipe inside the kernel: what has left one end has reached the other, even if
/// this process is killed in between. Never waits for the pipe.
pub(crate) fn splice(from: Fd, to: Fd, bytes: usize) -> Result<usize> {
    plain(arch::SPLICE, [from.raw(), 0, to.raw(), 0, bytes, 2])
}

/// Copies the bytes of a pipe into another, without taking them out.
pub(crate) fn tee(from: Fd, to: Fd, bytes: usize) -> Result<usize> {
    plain(arch::TEE, [from.raw(), to.raw(), bytes, 2])
}

pub(crate) fn change_directory(path: &CStr) -> Result<()> {
    // SAFETY: the path is a C string.
    unsafe { syscall(arch::CHDIR, [path.as_ptr() as usize]) }.map(drop)
}

/// Lets all paths begin at a directory, as those of a container do.
pub(crate) fn enter_root(path: &CStr) -> Result<()> {
    change_directory(path)?;
    // SAFETY: the path is a C string.
    unsafe { syscall(arch::CHROOT, [c".".as_ptr() as usize]) }.map(drop)
}

pub(crate) fn make_directory(path: &CStr, mode: u32) -> Result<()> {
    // SAFETY: the path is a C string.
    unsafe { syscall(arch::MKDIRAT, [AT_FDCWD, path.as_ptr() as usize, mode as usize]) }.map(drop)
}

/// Changes owner and group of the file itself, not of what it links to.
pub(crate) fn change_owner(path: &CStr, uid: u32, gid: u32) -> Result<()> {
    let arguments = [AT_FDCWD, path.as_ptr() as usize, uid as usize, gid as usize, 0x100];
    // SAFETY: the path is a C string.
    unsafe { syscall(arch::FCHOWNAT, arguments) }.map(drop)
}

pub(crate) fn change_mode(path: &CStr, mode: u32) -> Result<()> {
    // SAFETY: the path is a C string.
    unsafe { syscall(arch::FCHMODAT, [AT_FDCWD, path.as_ptr() as usize, mode as usize]) }.map(drop)
}

pub(crate) fn remove(path: &CStr) -> Result<()> {
    // SAFETY: the path is a C string.
    unsafe { syscall(arch::UNLINKAT, [AT_FDCWD, path.as_ptr() as usize, 0]) }.map(drop)
}

pub(crate) fn rename(from: &CStr, to: &CStr) -> Result<()> {
    let arguments = [AT_FDCWD, from.as_ptr() as usize, AT_FDCWD, to.as_ptr() as usize];
    // SAFETY: both paths are C strings.
    unsafe { syscall(arch::RENAMEAT, arguments) }.map(drop)
}

pub(crate) fn link_symbolically(target: &CStr, path: &CStr) -> Result<()> {
    let arguments = [target.as_ptr() as usize, AT_FDCWD, path.as_ptr() as usize];
    // SAFETY: both are C strings.
    unsafe { syscall(arch::SYMLINKAT, arguments) }.map(drop)
}

/// What a symbolic link says; longer than the buffer is cut.
pub(crate) fn read_link<'a>(path: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
    let (start, len) = (buffer.as_mut_ptr() as usize, buffer.len());
    // SAFETY: the path is a C string; the kernel writes at most `len` bytes.
    let count =
        unsafe { syscall(arch::READLINKAT, [AT_FDCWD, path.as_ptr() as usize, start, len]) }?;
    Ok(buffer.get(..count).unwrap_or_default())
}

pub(crate) fn exists(path: &CStr) -> bool {
    open(path, Open::PATH, 0).map(close).is_ok()
}

/// Waits until nobody else has locked the file; the lock is gone when it is closed.
pub(crate) fn lock(fd: Fd) -> Result<()> {
    loop {
        match plain(arch::FLOCK, [fd.raw(), 2]) {
            Err(super::Errno::INTR) => {}
            result => return result.map(drop),
        }
    }
}

/// A descriptor that can be read when files of a directory have been written. Not blocking.
pub(crate) fn watch_directory(path: &CStr) -> Result<Fd> {
    let fd = plain(arch::INOTIFY_INIT1, [0o2_004_000])?;
    // IN_CLOSE_WRITE. SAFETY: the path is a C string.
    unsafe { syscall(arch::INOTIFY_ADD_WATCH, [fd, path.as_ptr() as usize, 8]) }?;
    Ok(Fd(fd as i32))
}

/// Makes a file look as if it had been changed in 1970.
pub(crate) fn set_old(path: &CStr) -> Result<()> {
    let times = [1_u64, 0, 1, 0];
    let arguments = [AT_FDCWD, path.as_ptr() as usize, times.as_ptr() as usize, 0];
    // SAFETY: the path is a C string, and the kernel reads two timespecs.
    unsafe { syscall(arch::UTIMENSAT, arguments) }.map(drop)
}

pub(crate) fn sync(fd: Fd) -> Result<()> {
    plain(arch::FSYNC, [fd.raw()]).map(drop)
}

/// Memory that looks like a file and can be inherited; close-on-exec.
pub(crate) fn memory(name: &CStr) -> Result<Fd> {
    // MFD_CLOEXEC | MFD_ALLOW_SEALING. SAFETY: the name is a C string.
    unsafe { syscall(arch::MEMFD_CREATE, [name.as_ptr() as usize, 3]) }.map(|fd| Fd(fd as i32))
}

/// Nobody can write, shrink, or grow this memory file any more, nor take that back.
const SEALS: usize = 0xf;

pub(crate) fn seal(fd: Fd) -> Result<()> {
    plain(arch::FCNTL, [fd.raw(), 1033, SEALS]).map(drop)
}

pub(crate) fn is_sealed(fd: Fd) -> bool {
    plain(arch::FCNTL, [fd.raw(), 1034, 0]) == Ok(SEALS)
}

/// Makes the terminal the controlling one of this session.
pub(crate) fn take_terminal(fd: Fd) -> Result<()> {
    plain(arch::IOCTL, [fd.raw(), 0x540e, 1]).map(drop)
}

/// Makes a process group the one in the foreground of a terminal.
pub(crate) fn set_foreground(fd: Fd, group: i32) -> Result<()> {
    // SAFETY: TIOCSPGRP reads one int.
    unsafe { syscall(arch::IOCTL, [fd.raw(), 0x5410, &raw const group as usize]) }.map(drop)
}
