//! What is known of a service: written by who starts it and who judges its end, read by who waits.

use core::ffi::CStr;

use super::{Path, STATES};
use crate::sys::{Fd, Result, file, signal};

/// Where a service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was heard of it.
    Unknown,
    Waiting,
    Starting,
    Up,
    /// It had something to do, and has done it.
    Done,
    Failed,
    Down,
    /// It ended and is started again.
    Again,
}

impl Phase {
    const ALL: &'static [Self] = &[
        Self::Unknown,
        Self::Waiting,
        Self::Starting,
        Self::Up,
        Self::Done,
        Self::Failed,
        Self::Down,
        Self::Again,
    ];

    /// Whether there is, or is to be, a process.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Waiting | Self::Starting | Self::Up)
    }
}

/// The record of a service. Times are milliseconds of the monotonic clock.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) phase: Phase,
    pub(super) pid: i32,
    pub(super) started: u64,
    /// The next start is not before that.
    pub(super) not_before: u64,
    pub(super) short_runs: u64,
    /// Restarts since `burst_since`.
    pub(super) burst: u64,
    pub(super) burst_since: u64,
    /// Somebody asked it to stop, so its end is no failure.
    pub(super) is_asked: bool,
}

const WORDS: usize = 8;
const BYTES: usize = WORDS * 8;

/// Keeps others from changing records as long as it lives.
pub(super) struct Lock(Fd);

impl Lock {
    pub(super) fn take() -> Result<Self> {
        let fd = file::open(STATES, file::Open::READ, 0)?;
        file::lock(fd)?;
        Ok(Self(fd))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Record {
    const NEW: Self = Self {
        phase: Phase::Unknown,
        pid: 0,
        started: 0,
        not_before: 0,
        short_runs: 0,
        burst: 0,
        burst_since: 0,
        is_asked: false,
    };

    /// What is known; nothing if there is no record.
    pub(super) fn read(_: &Lock, name: &CStr) -> Self {
        let mut bytes = [0; BYTES];
        let path = Path::new(&[STATES.to_bytes(), b"/", name.to_bytes()]);
        let opened = path.text().and_then(|path| file::open(path, file::Open::READ, 0));
        let Ok(mut fd) = opened else { return Self::NEW };
        let count = file::read_all(fd, &mut bytes);
        fd.close();
        if count != Ok(BYTES) {
            return Self::NEW;
        }
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let [phase, pid, started, not_before, short_runs, burst, burst_since, asked] = words;
        Self {
            phase: Phase::ALL.get(phase as usize).copied().unwrap_or(Phase::Unknown),
            pid: pid as i32,
            started,
            not_before,
            short_runs,
            burst,
            burst_since,
            is_asked: asked != 0,
        }
    }

    /// What is known, for who only wants to look.
    pub(super) fn of(name: &CStr) -> Result<Self> {
        Ok(Self::read(&Lock::take()?, name))
    }

    pub(super) fn write(&self, _: &Lock, name: &CStr) -> Result<()> {
        let words = [
            self.phase as u64,
            u64::from(self.pid.cast_unsigned()),
            self.started,
            self.not_before,
            self.short_runs,
            self.burst,
            self.burst_since,
            u64::from(self.is_asked),
        ];
        let mut bytes = [0; BYTES];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        let path = Path::new(&[STATES.to_bytes(), b"/", name.to_bytes()]);
        let mut fd = file::open(path.text()?, file::Open::REPLACE, 0o600)?;
        let written = file::write_all(fd, &bytes);
        fd.close();
        written
    }

    /// Changes a record.
    pub(super) fn change(name: &CStr, change: impl FnOnce(&mut Self)) -> Result<()> {
        let lock = Lock::take()?;
        let mut record = Self::read(&lock, name);
        change(&mut record);
        record.write(&lock, name)
    }

    /// Whether its process lives, or its end is still being judged.
    pub(super) fn is_live(&self) -> bool {
        self.phase.is_live() || self.pid > 0 && signal::send(self.pid, 0).is_ok()
    }
}
