//! The protocol between `initctl` and PID 1: one packet to ask, one to answer, of fixed layout.
//!
//! A request is a verb, a byte, a number, and the name of a service. PID 1 keeps no state for a
//! client but what it waits for; lists are asked for in pieces, so that no answer is larger than
//! one packet.

use crate::machine::State;
use crate::text::Buffer;

/// The largest request.
pub(crate) const REQUEST_MAX: usize = 256;
/// The largest answer.
pub(crate) const ANSWER_MAX: usize = 4096;

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The states of the services from this number on, or of the one that is named.
    Status,
    Start,
    Stop,
    Restart,
    /// Send this signal.
    Signal,
    /// Answer when a service is up or has done its work.
    WaitReady,
    /// Answer when it does not run.
    WaitStopped,
    /// Answer when everything that is wanted has come up.
    WaitBoot,
    /// Whether everything that is wanted is up and healthy.
    Healthy,
    /// End with this code.
    Exit,
    PowerOff,
    Reboot,
    Halt,
    /// Read the plan again.
    Reload,
}

impl Verb {
    const ALL: &'static [Self] = &[
        Self::Status,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Signal,
        Self::WaitReady,
        Self::WaitStopped,
        Self::WaitBoot,
        Self::Healthy,
        Self::Exit,
        Self::PowerOff,
        Self::Reboot,
        Self::Halt,
        Self::Reload,
    ];
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) verb: Verb,
    pub(crate) number: u32,
    /// Empty for all services.
    pub(crate) name: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn write(&self, out: &mut Buffer<REQUEST_MAX>) {
        out.put(&[self.verb as u8]).put(&self.number.to_le_bytes()).put(self.name);
    }

    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (verb, rest) = bytes.split_first()?;
        let (number, name) = rest.split_first_chunk::<4>()?;
        let verb = Verb::ALL.get(*verb as usize).copied()?;
        Some(Self { verb, number: u32::from_le_bytes(*number), name })
    }
}

/// The first byte of every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is done; for `Status`, records follow.
    Done,
    /// There is no such service.
    Unknown,
    /// It cannot be done now: the system is ending.
    Ending,
    /// The question makes no sense, or the answer is no.
    No,
    /// Waiting for this would be in vain: the service has failed, or is not wanted.
    Vain,
}

impl Answer {
    const ALL: &'static [Self] = &[Self::Done, Self::Unknown, Self::Ending, Self::No, Self::Vain];

    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (first, rest) = bytes.split_first()?;
        Some((Self::ALL.get(*first as usize).copied()?, rest))
    }
}

/// What is told about one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status<'a> {
    pub(crate) state: State,
    pub(crate) is_wanted: bool,
    /// 0 unknown, 1 good, 2 bad.
    pub(crate) health: u8,
    /// How the last process ended: nothing yet, its status, or 256 plus the signal.
    pub(crate) exit: u16,
    pub(crate) pid: u32,
    pub(crate) restarts: u32,
    /// Milliseconds in this state.
    pub(crate) age: u64,
    pub(crate) name: &'a [u8],
}

impl<'a> Status<'a> {
    /// Nothing has ended yet.
    pub(crate) const NO_EXIT: u16 = u16::MAX;
    /// Bytes before the name.
    const FIXED: usize = 23;

    /// Writes a record, or nothing if there is no room.
    pub(crate) fn write(&self, out: &mut Buffer<ANSWER_MAX>) -> bool {
        if out.len() + Self::FIXED + self.name.len() > ANSWER_MAX {
            return false;
        }
        out.put(&[self.state as u8, u8::from(self.is_wanted), self.health])
            .put(&self.exit.to_le_bytes())
            .put(&[self.name.len() as u8, 0])
            .put(&self.pid.to_le_bytes())
            .put(&self.restarts.to_le_bytes())
            .put(&self.age.to_le_bytes())
            .put(self.name);
        true
    }

    /// The first record, and what follows it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let ([state, wanted, health, exit_low, exit_high, len, _], rest) =
            bytes.split_first_chunk::<7>()?;
        let (pid, rest) = rest.split_first_chunk::<4>()?;
        let (restarts, rest) = rest.split_first_chunk::<4>()?;
        let (age, rest) = rest.split_first_chunk::<8>()?;
        let (name, rest) = rest.split_at_checked(*len as usize)?;
        let status = Self {
            state: State::ALL.get(*state as usize).copied()?,
            is_wanted: *wanted != 0,
            health: *health,
            exit: u16::from_le_bytes([*exit_low, *exit_high]),
            pid: u32::from_le_bytes(*pid),
            restarts: u32::from_le_bytes(*restarts),
            age: u64::from_le_bytes(*age),
            name,
        };
        Some((status, rest))
    }
}

/// The name of the control socket where no path can be used: in no file system, of this pid
/// namespace. `namespace` is what the link /proc/self/ns/pid says.
pub(crate) fn abstract_name(namespace: &[u8]) -> Buffer<64> {
    let mut name = Buffer::new();
    name.put(b"\0frazil-init:").put(namespace);
    name
}
