//! Waiting: epoll, poll, and the clock.

use super::{Errno, Fd, Result, arch, plain, syscall};

/// Milliseconds of the monotonic clock, which nobody can set.
pub(crate) fn now() -> u64 {
    let (seconds, nanos) = clock(1);
    seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)
}

/// Seconds and nanoseconds since 1970, for time stamps only.
pub(crate) fn wall_clock() -> (u64, u64) {
    clock(0)
}

fn clock(id: usize) -> (u64, u64) {
    let mut time = [0_u64; 2];
    // It fails for unknown clocks only. SAFETY: the kernel writes one timespec.
    let _known = unsafe { syscall(arch::CLOCK_GETTIME, [id, time.as_mut_ptr() as usize]) };
    let [seconds, nanos] = time;
    (seconds, nanos)
}

/// One event: what happened, and the number given when the descriptor was added.
#[derive(Clone, Copy)]
#[cfg_attr(target_arch = "x86_64", repr(C, packed))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C))]
pub(crate) struct Event {
    events: u32,
    token: u64,
}

impl Event {
    pub(crate) const EMPTY: Self = Self { events: 0, token: 0 };

    pub(crate) fn token(self) -> u64 {
        self.token
    }
}

/// What to be told about a descriptor.
#[derive(Clone, Copy)]
pub(crate) struct Interest(u32);

impl Interest {
    /// It can be read, or its other end is gone.
    pub(crate) const READ: Self = Self(1);
    /// The same, but once for every arrival of something new.
    pub(crate) const READ_EDGE: Self = Self(1 | 1 << 31);
    /// It can be written, told once every time that becomes true.
    pub(crate) const WRITE_EDGE: Self = Self(4 | 1 << 31);
}

pub(crate) fn epoll() -> Result<Fd> {
    plain(arch::EPOLL_CREATE1, [0o2_000_000]).map(|fd| Fd(fd as i32))
}

/// Adds a descriptor; closing it removes it.
pub(crate) fn watch(epoll: Fd, fd: Fd, interest: Interest, token: u64) -> Result<()> {
    let event = Event { events: interest.0, token };
    let arguments = [epoll.raw(), 1, fd.raw(), &raw const event as usize];
    // SAFETY: the kernel reads one epoll_event.
    unsafe { syscall(arch::EPOLL_CTL, arguments) }.map(drop)
}

/// Gives a watched descriptor another number.
pub(crate) fn watch_again(epoll: Fd, fd: Fd, interest: Interest, token: u64) -> Result<()> {
    let event = Event { events: interest.0, token };
    let arguments = [epoll.raw(), 3, fd.raw(), &raw const event as usize];
    // SAFETY: the kernel reads one epoll_event.
    unsafe { syscall(arch::EPOLL_CTL, arguments) }.map(drop)
}

/// Waits for events, at most `timeout` milliseconds; for ever without one.
pub(crate) fn wait(epoll: Fd, events: &mut [Event], timeout: Option<u64>) -> &[Event] {
    let limit = timeout.map_or(-1, |time| time.min(1 << 30) as isize);
    let arguments = [epoll.raw(), events.as_mut_ptr() as usize, events.len(), limit as usize, 0, 8];
    // SAFETY: the kernel writes at most `len` events.
    let count = unsafe { syscall(arch::EPOLL_PWAIT, arguments) }.unwrap_or(0);
    events.get(..count).unwrap_or_default()
}

/// One descriptor to poll, and what was found.
#[repr(C)]
pub(crate) struct Poll {
    fd: i32,
    wanted: u16,
    found: u16,
}

impl Poll {
    pub(crate) fn readable(fd: Fd) -> Self {
        Self { fd: fd.0, wanted: 1, found: 0 }
    }

    pub(crate) fn writable(fd: Fd) -> Self {
        Self { fd: fd.0, wanted: 4, found: 0 }
    }

    /// Whether there is anything to be told about it.
    pub(crate) fn has_happened(&self) -> bool {
        self.found != 0
    }

    /// Whether nobody can write to the other end any more.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.found & 0x10 != 0
    }
}

/// Waits until one of the descriptors is ready, at most `timeout` milliseconds.
pub(crate) fn poll(list: &mut [Poll], timeout: Option<u64>) -> Result<usize> {
    let time = timeout.map(|time| [time / 1000, time % 1000 * 1_000_000]);
    let limit = time.as_ref().map_or(0, |time| time.as_ptr() as usize);
    // SAFETY: the kernel writes to `len` entries and reads one timespec, if there is one.
    match unsafe { syscall(arch::PPOLL, [list.as_mut_ptr() as usize, list.len(), limit, 0, 8]) } {
        Err(Errno::INTR) => Ok(0),
        result => result,
    }
}

/// Sleeps for so many milliseconds. Never in PID 1.
pub(crate) fn sleep(time: u64) {
    let _nothing = poll(&mut [], Some(time));
}
