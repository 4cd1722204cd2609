//! Which files the programs of a container look for.
//!
//! The last thing that the child does before it becomes the program is to install a filter, by
//! which the kernel asks us before each call that looks a path up. We read the path in the memory
//! of the caller and let the call go on, so that nothing changes for the program but how long it
//! takes. Another thread of the caller may change the memory meanwhile; nothing is decided by it.
//!
//! Invariant: every caller that waits for an answer gets one, or is dead.

#![expect(unsafe_code, reason = "the kernel's questions arrive by `ioctl`; see steps.rs")]

mod calls;

use std::fs::{self, File};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType,
};

use super::error::SandboxError;
use super::steps::{Step, checked};
use calls::Call;

/// The longest path that Linux looks up, with the byte that ends it.
const PATH_BYTES_MAX: usize = 4096;
/// Reading across a page that is there into one that is not fails as a whole.
const PAGE_BYTES: u64 = 4096;

/// What was seen of the programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traced {
    /// A program looks a path up.
    Lookup(Lookup),
    /// Nothing was looked up for a while.
    Idle,
}

/// A path that a program looks up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Absolute, as the container names it, with links and `..` as the program wrote them.
    pub path: Vec<u8>,
    /// The file of the program, as the container names it.
    pub program: Vec<u8>,
}

/// Where the child hands over what the kernel asks by, and the step in which it does.
pub(super) fn prepare() -> Result<(OwnedFd, Step), SandboxError> {
    let made = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    );
    let failed =
        |source: Errno| SandboxError::System { action: "make a socket", source: source.into() };
    let (ours, theirs) = made.map_err(failed)?;
    Ok((ours, Step::Trace { program: calls::filter(), to: theirs }))
}

/// Answers the kernel until no traced process is left. `socket` is where the child hands over.
pub(super) fn watch(
    socket: OwnedFd,
    idle: Option<Duration>,
    on_traced: &mut dyn FnMut(Traced),
) -> Result<(), SandboxError> {
    let failed = |source: Errno| SandboxError::System {
        action: "trace the container",
        source: source.into(),
    };
    // Without it the child did not come so far, and says why elsewhere.
    let Some(listener) = receive(&socket).map_err(failed)? else { return Ok(()) };
    drop(socket);
    loop {
        match wait(&listener, idle).map_err(failed)? {
            Waited::Question => {}
            Waited::Idle => {
                on_traced(Traced::Idle);
                continue;
            }
            Waited::Over => return Ok(()),
        }
        let Some(question) = question(&listener).map_err(failed)? else { continue };
        let lookup = lookup(&question);
        // Until here the process may have died and another may have got its number.
        if is_waiting(&listener, &question)
            && let Some(lookup) = lookup
        {
            on_traced(Traced::Lookup(lookup));
        }
        go_on(&listener, &question).map_err(failed)?;
    }
}

fn receive(socket: &OwnedFd) -> Result<Option<OwnedFd>, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut buffer = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    loop {
        let parts = &mut [IoSliceMut::new(&mut byte)];
        match rustix::net::recvmsg(socket, parts, &mut buffer, flags) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    let descriptors = buffer.drain().filter_map(|message| {
        let RecvAncillaryMessage::ScmRights(mut descriptors) = message else { return None };
        descriptors.next()
    });
    Ok(descriptors.last())
}

enum Waited {
    Question,
    Idle,
    Over,
}

fn wait(listener: &OwnedFd, idle: Option<Duration>) -> Result<Waited, Errno> {
    let timeout = idle.and_then(|idle| Timespec::try_from(idle).ok());
    let mut files = [PollFd::new(listener, PollFlags::IN)];
    match rustix::event::poll(&mut files, timeout.as_ref()) {
        Ok(0) => return Ok(Waited::Idle),
        Ok(_) => {}
        Err(Errno::INTR) => return Ok(Waited::Question),
        Err(error) => return Err(error),
    }
    let [file] = files;
    let is_question = file.revents().contains(PollFlags::IN);
    Ok(if is_question { Waited::Question } else { Waited::Over })
}

/// What the kernel asks; `None` if the caller has gone, or was interrupted and will come again.
fn question(listener: &OwnedFd) -> Result<Option<libc::seccomp_notif>, Errno> {
    // SAFETY: all bytes zero is a valid `seccomp_notif`: integers, and the kernel insists on it.
    let mut question: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the call fills the structure, whose size is a part of its number.
    let result = unsafe {
        libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut question)
    };
    match checked(result.into()) {
        Ok(()) => Ok(Some(question)),
        Err(Errno::NOENT | Errno::INTR | Errno::AGAIN) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_waiting(listener: &OwnedFd, question: &libc::seccomp_notif) -> bool {
    // SAFETY: the call reads the number that it is given the address of.
    let result = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
            &raw const question.id,
        )
    };
    result == 0
}

/// Lets the call do what it would have done.
fn go_on(listener: &OwnedFd, question: &libc::seccomp_notif) -> Result<(), Errno> {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut answer = libc::seccomp_notif_resp { id: question.id, val: 0, error: 0, flags };
    // SAFETY: the call reads the structure, whose size is a part of its number.
    let result = unsafe {
        libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer)
    };
    match checked(result.into()) {
        // The caller has gone.
        Err(Errno::NOENT) => Ok(()),
        result => result,
    }
}

/// The path that a call looks up; `None` for one that looks up none, or cannot be understood.
fn lookup(question: &libc::seccomp_notif) -> Option<Lookup> {
    let call = Call::numbered(question.data.nr)?;
    let argument = |index: usize| question.data.args.get(index).copied();
    let makes = call.flags.and_then(argument).unwrap_or_default() as i32 & libc::O_CREAT;
    if makes != 0 {
        return None;
    }
    let caller = PathBuf::from(format!("/proc/{}", question.pid));
    let memory = File::open(caller.join("mem")).ok()?;
    let path = text(&memory, argument(call.path)?).ok().filter(|path| !path.is_empty())?;
    let link = |name: &str| -> Option<Vec<u8>> {
        let target = fs::read_link(caller.join(name)).ok()?.into_os_string().into_vec();
        target.starts_with(b"/").then_some(target)
    };
    // A descriptor is the lower half of its argument.
    let directory = call.directory.and_then(argument).map_or(libc::AT_FDCWD, |fd| fd as i32);
    let base = match directory {
        _ if path.starts_with(b"/") => link("root")?,
        libc::AT_FDCWD => link("cwd")?,
        descriptor => link(&format!("fd/{descriptor}"))?,
    };
    let base = base.strip_suffix(b"/").unwrap_or(&base);
    let between: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
    let path = [base, between, &path].concat();
    Some(Lookup { path, program: link("exe").unwrap_or_default() })
}

/// The bytes at an address up to the one that ends them.
fn text(memory: &File, address: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut buffer = [0; PAGE_BYTES as usize];
    while text.len() < PATH_BYTES_MAX {
        let at = address.checked_add(text.len() as u64).ok_or(io::ErrorKind::InvalidInput)?;
        let left_in_page = (PAGE_BYTES - at % PAGE_BYTES) as usize;
        let page = buffer.get_mut(..left_in_page).unwrap_or_default();
        let count = memory.read_at(page, at)?;
        let bytes = page.get(..count).unwrap_or_default();
        if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            text.extend_from_slice(bytes.get(..end).unwrap_or_default());
            return Ok(text);
        }
        if count == 0 {
            break;
        }
        text.extend_from_slice(bytes);
    }
    Err(io::ErrorKind::InvalidData.into())
}
