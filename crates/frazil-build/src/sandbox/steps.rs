//! What the child does between `fork` and `exec`: a list of steps, each ready to be done.
//!
//! [`Step::perform`] runs in a copy of a program with many threads, so it allocates nothing, locks
//! nothing and cannot panic; [`Step::describe`] runs in the parent, which turns the number of a
//! step that failed into words. Invariant: every C string and buffer exists before the `fork`.

#![expect(unsafe_code, reason = "system calls that `rustix` has no function for")]

mod empty;

use std::ffi::{CStr, CString, c_long, c_ulong};
use std::fmt;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd as _, OwnedFd, RawFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{Gid, Resource, Rlimit, Signal, Uid};
use rustix::thread::CapabilitySets;

/// The flags that every file system we make has.
const GUARDED: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);
/// The number of the last signal.
const SIGNAL_MAX: i32 = 64;

/// Something the child does.
#[derive(Debug)]
pub(super) enum Step {
    /// Lets no mount of ours be seen outside.
    PrivateMounts,
    /// Shows a directory or file of the machine at a place that exists.
    Bind { source: CString, target: CString },
    /// Makes all mounts at and below a path read-only, and the path itself writable again.
    SealBelow { path: CString },
    /// Makes the mount at a path read-only.
    Seal { path: CString },
    /// Mounts a file system in memory.
    Memory { target: CString, options: CString },
    /// Takes hold of a tree of the machine, to be put in its place later.
    Take { slot: usize, source: CString, seal: TakeSeal },
    /// Puts what was taken in its place.
    Put { slot: usize, target: CString },
    /// Changes the directory.
    Enter { path: CString },
    /// Becomes the user of the sandbox, capabilities kept.
    Become { uid: u32, gid: u32, drop_groups: bool },
    /// Becomes another user, who has no capabilities and gets none.
    BecomePowerless { uid: u32, gid: u32, drop_groups: bool },
    /// Gives a file or directory of the sandbox to a user of it. Links have no permissions.
    Own { path: CString, uid: u32, gid: u32, mode: Option<u32> },
    /// Removes all that is in the current directory.
    Empty,
    /// Ends, so that no program is started.
    End,
    /// Makes a directory.
    Directory { path: CString, mode: u32 },
    /// Makes a file with these contents.
    File { path: CString, contents: Vec<u8>, mode: u32 },
    /// Makes a symbolic link.
    Link { path: CString, target: CString },
    /// Shows the processes of the sandbox.
    Proc { target: CString },
    /// Makes terminals of its own for the sandbox.
    Terminals { target: CString },
    /// Makes the current directory the root and forgets the old root.
    EnterRoot,
    /// Switches the loopback interface on.
    Loopback,
    /// Names the machine.
    HostName { name: Vec<u8> },
    /// Sets the personality of the kernel.
    Personality { linux32: bool },
    /// Limits what the builder may use.
    ResourceLimits { processes_max: Option<u64>, file_bytes_max: Option<u64> },
    /// Gives up all capabilities, for good.
    DropCapabilities,
    /// Dies with the thread that waits for us.
    DieWithParent,
    /// Forbids system calls.
    Filter { program: Vec<libc::sock_filter> },
    /// Has the kernel ask whoever holds the other end about system calls.
    Trace { program: Vec<libc::sock_filter>, to: OwnedFd },
    /// Gives signals, the mask of new files and open files the state a new program expects.
    CleanState,
}

/// What may be done with a tree that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakeSeal {
    /// As it was before.
    Unchanged,
    /// Nothing in it can be changed, and devices do not work.
    ReadOnly,
    /// Devices work, but cannot be changed.
    Devices,
}

impl Step {
    /// Does it. `slots` holds what was taken.
    pub(super) fn perform(&self, slots: &mut [Option<OwnedFd>]) -> Result<(), Errno> {
        match self {
            Self::PrivateMounts => rustix::mount::mount_change(
                c"/",
                MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
            ),
            Self::Bind { source, target } => {
                rustix::mount::mount_bind_recursive(&**source, &**target)
            }
            Self::SealBelow { path } => {
                let flags = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
                set_mount(CWD, path, flags, 0, libc::AT_RECURSIVE)?;
                set_mount(CWD, path, 0, libc::MOUNT_ATTR_RDONLY, 0)
            }
            Self::Seal { path } => set_mount(CWD, path, libc::MOUNT_ATTR_RDONLY, 0, 0),
            Self::Memory { target, options } => {
                rustix::mount::mount(c"none", &**target, c"tmpfs", GUARDED, Some(&**options))
            }
            Self::Take { slot, source, seal } => take(slots, *slot, source, *seal),
            Self::Put { slot, target } => put(slots, *slot, target),
            Self::Enter { path } => rustix::process::chdir(&**path),
            Self::Become { uid, gid, drop_groups } => become_user(*uid, *gid, *drop_groups),
            Self::BecomePowerless { uid, gid, drop_groups } => {
                // The user that it becomes may not.
                drop_bounding_set()?;
                become_user(*uid, *gid, *drop_groups)?;
                drop_own_capabilities()
            }
            Self::Own { path, uid, gid, mode } => own(path, *uid, *gid, *mode),
            Self::Empty => empty::current(),
            Self::End => super::child::exit_now(0),
            Self::Directory { path, mode } => {
                rustix::fs::mkdir(&**path, Mode::from_raw_mode(*mode))
            }
            Self::File { path, contents, mode } => write_file(path, contents, *mode),
            Self::Link { path, target } => rustix::fs::symlink(&**target, &**path),
            Self::Proc { target } => {
                let flags = GUARDED | MountFlags::NOEXEC;
                rustix::mount::mount(c"proc", &**target, c"proc", flags, None)
            }
            Self::Terminals { target } => {
                let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
                let options = c"newinstance,mode=0620,ptmxmode=0666";
                rustix::mount::mount(c"devpts", &**target, c"devpts", flags, Some(options))
            }
            Self::EnterRoot => enter_root(),
            Self::Loopback => switch_loopback_on(),
            Self::HostName { name } => {
                rustix::system::sethostname(name)?;
                rustix::system::setdomainname(b"(none)")
            }
            Self::Personality { linux32 } => set_personality(*linux32),
            Self::ResourceLimits { processes_max, file_bytes_max } => {
                limit_resources(*processes_max, *file_bytes_max)
            }
            Self::DropCapabilities => drop_capabilities(),
            Self::DieWithParent => {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            }
            Self::Filter { program } => install_filter(program, 0).map(drop),
            Self::Trace { program, to } => trace(program, to),
            Self::CleanState => clean_state(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &CStr| String::from_utf8_lossy(path.to_bytes()).into_owned();
        match self {
            Self::PrivateMounts => write!(f, "make the mounts private"),
            Self::Bind { source, target } => {
                write!(f, "bind {} to {}", shown(source), shown(target))
            }
            Self::SealBelow { path } | Self::Seal { path } => {
                write!(f, "make {} read-only", shown(path))
            }
            Self::Memory { target, .. } => write!(f, "mount memory on {}", shown(target)),
            Self::Take { source, .. } => write!(f, "open {} to be mounted", shown(source)),
            Self::Put { target, .. } => write!(f, "mount on {}", shown(target)),
            Self::Enter { path } => write!(f, "change into {}", shown(path)),
            Self::Become { uid, gid, .. } | Self::BecomePowerless { uid, gid, .. } => {
                write!(f, "become user {uid} in group {gid}")
            }
            Self::Own { path, uid, .. } => write!(f, "give {} to user {uid}", shown(path)),
            Self::Empty => write!(f, "empty the root"),
            Self::End => write!(f, "end"),
            Self::Directory { path, .. } => write!(f, "make the directory {}", shown(path)),
            Self::File { path, .. } => write!(f, "write {}", shown(path)),
            Self::Link { path, .. } => write!(f, "make the link {}", shown(path)),
            Self::Proc { target } => write!(f, "mount the processes on {}", shown(target)),
            Self::Terminals { target } => write!(f, "mount terminals on {}", shown(target)),
            Self::EnterRoot => write!(f, "change the root"),
            Self::Loopback => write!(f, "switch the loopback interface on"),
            Self::HostName { .. } => write!(f, "set the host name"),
            Self::Personality { .. } => write!(f, "set the personality"),
            Self::ResourceLimits { .. } => write!(f, "limit resources"),
            Self::DropCapabilities => write!(f, "give up capabilities"),
            Self::DieWithParent => write!(f, "ask to die with the parent"),
            Self::Filter { .. } => write!(f, "filter system calls"),
            Self::Trace { .. } => write!(f, "have system calls traced"),
            Self::CleanState => write!(f, "reset signals and open files"),
        }
    }
}

/// From the kernel's headers; `libc` lacks them.
const PER_LINUX32: libc::c_int = 8;
const MOUNT_ATTR_NODEV: u64 = 4;

fn set_mount(base: impl AsFd, path: &CStr, set: u64, clear: u64, flags: i32) -> Result<(), Errno> {
    let attributes =
        libc::mount_attr { attr_set: set, attr_clr: clear, propagation: 0, userns_fd: 0 };
    // SAFETY: the path ends in NUL, the attributes outlive the call and their size is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            base.as_fd().as_raw_fd(),
            path.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    checked(result)
}

fn take(
    slots: &mut [Option<OwnedFd>],
    slot: usize,
    source: &CStr,
    seal: TakeSeal,
) -> Result<(), Errno> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    let tree = rustix::mount::open_tree(CWD, source, flags)?;
    let attributes = match seal {
        TakeSeal::Unchanged => libc::MOUNT_ATTR_NOSUID,
        TakeSeal::ReadOnly => libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
        TakeSeal::Devices => libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID,
    };
    // Below the store the inputs are sealed already, and must remain so.
    let depth = if seal == TakeSeal::Unchanged { 0 } else { libc::AT_RECURSIVE };
    set_mount(&tree, c"", attributes, 0, libc::AT_EMPTY_PATH | depth)?;
    *slots.get_mut(slot).ok_or(Errno::INVAL)? = Some(tree);
    Ok(())
}

fn put(slots: &mut [Option<OwnedFd>], slot: usize, target: &CStr) -> Result<(), Errno> {
    let tree = slots.get_mut(slot).and_then(Option::take).ok_or(Errno::INVAL)?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    rustix::mount::move_mount(tree, c"", CWD, target, flags)
}

fn become_user(uid: u32, gid: u32, drop_groups: bool) -> Result<(), Errno> {
    // Calls of the thread, not of libc: libc would tell the threads that only the parent has.
    if drop_groups {
        rustix::thread::set_thread_groups(&[])?;
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)
}

fn own(path: &CStr, uid: u32, gid: u32, mode: Option<u32>) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    // Afterwards, since a file that changes hands loses part of them.
    mode.map_or(Ok(()), |mode| rustix::fs::chmod(path, Mode::from_raw_mode(mode)))
}

fn write_file(path: &CStr, contents: &[u8], mode: u32) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(mode))?;
    let mut left = contents;
    while !left.is_empty() {
        let written = rustix::io::write(&file, left)?;
        left = left.get(written..).unwrap_or_default();
    }
    Ok(())
}

fn enter_root() -> Result<(), Errno> {
    // The old root is put on top of the new one, so it needs no place of its own.
    rustix::process::pivot_root(c".", c".")?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH)?;
    rustix::process::chdir(c"/")
}

fn switch_loopback_on() -> Result<(), Errno> {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )?;
    // SAFETY: all bytes zero is a valid `ifreq`: integers, and a union of such.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (slot, byte) in request.ifr_name.iter_mut().zip(b"lo") {
        *slot = byte.cast_signed() as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_LOOPBACK | libc::IFF_RUNNING) as i16;
    // SAFETY: the socket is open and the request is the one that this call reads.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    checked(result.into())
}

fn set_personality(linux32: bool) -> Result<(), Errno> {
    let base = if linux32 { PER_LINUX32 } else { 0 };
    // SAFETY: takes an integer and changes nothing but the personality of this process.
    let result = unsafe { libc::personality((base | libc::ADDR_NO_RANDOMIZE) as libc::c_ulong) };
    checked(result.into())
}

fn limit_resources(processes_max: Option<u64>, file_bytes_max: Option<u64>) -> Result<(), Errno> {
    let hard = rustix::process::getrlimit(Resource::Core).maximum;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: hard })?;
    for (resource, max) in [(Resource::Nproc, processes_max), (Resource::Fsize, file_bytes_max)] {
        if max.is_some() {
            rustix::process::setrlimit(resource, Rlimit { current: max, maximum: max })?;
        }
    }
    Ok(())
}

fn drop_capabilities() -> Result<(), Errno> {
    drop_bounding_set()?;
    drop_own_capabilities()
}

fn drop_bounding_set() -> Result<(), Errno> {
    for number in 0..u64::BITS {
        // SAFETY: takes integers and changes nothing but the bounding set of this thread.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) };
        match checked(result.into()) {
            Ok(()) => {}
            // Behind the last capability that this kernel knows.
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn drop_own_capabilities() -> Result<(), Errno> {
    rustix::thread::clear_ambient_capability_set()?;
    let none = rustix::thread::CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    )?;
    rustix::thread::set_no_new_privs(true)
}

fn install_filter(program: &[libc::sock_filter], flags: c_ulong) -> Result<c_long, Errno> {
    let len = u16::try_from(program.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program has `len` instructions, which the kernel copies and does not change.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            c_long::from(libc::SECCOMP_SET_MODE_FILTER),
            flags,
            &raw const program,
        )
    };
    checked(result).map(|()| result)
}

fn trace(program: &[libc::sock_filter], to: &OwnedFd) -> Result<(), Errno> {
    let listener = install_filter(program, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
    // SAFETY: the kernel has opened the descriptor for us alone.
    let listener = unsafe { OwnedFd::from_raw_fd(listener as RawFd) };
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut buffer = SendAncillaryBuffer::new(&mut space);
    let descriptors = [listener.as_fd()];
    if !buffer.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(Errno::INVAL);
    }
    rustix::net::sendmsg(to, &[IoSlice::new(b"!")], &mut buffer, SendFlags::empty()).map(drop)
}

fn clean_state() -> Result<(), Errno> {
    // SAFETY: restoring defaults installs no handler, and all bytes zero is an empty signal set.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        for signal in 1..=SIGNAL_MAX {
            // KILL and STOP, and those that libc keeps for itself, refuse; they are never changed.
            libc::sigaction(signal, &raw const default, std::ptr::null_mut());
        }
        let empty: libc::sigset_t = std::mem::zeroed();
        if libc::sigprocmask(libc::SIG_SETMASK, &raw const empty, std::ptr::null_mut()) != 0 {
            return Err(Errno::INVAL);
        }
    }
    rustix::process::umask(Mode::from_raw_mode(0o022));
    // Not closed at once: the pipe that tells of a failing `exec` is among them.
    // SAFETY: takes integers; descriptors are closed by `exec`, and nothing uses them before.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    checked(result)
}

/// The outcome of a system call made through libc.
pub(super) fn checked(result: c_long) -> Result<(), Errno> {
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// The number that libc left.
pub(super) fn last_error() -> Errno {
    // SAFETY: libc gives a valid pointer to the number of this thread.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}
