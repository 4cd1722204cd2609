//! The files that clients have written: in a directory of the store that is collected when nobody
//! holds it any more, so nothing outlives a kill.
//!
//! Invariant: what has been written, and what is being written, is no more than the bound. Files make
//! room for others, those first that were of no use for the longest time.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use frazil_store::Workplace;

/// All files.
pub(super) struct Held {
    directory: Workplace,
    bytes_max: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one that was of use last is the last.
    files: VecDeque<File>,
    /// Announced by those who are writing.
    reserved_bytes: u64,
}

struct File {
    name: String,
    bytes: u64,
}

/// Room for a file that is being written.
pub(super) struct Room<'h> {
    held: &'h Held,
    bytes: u64,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.held.state().reserved_bytes -= self.bytes;
    }
}

impl Held {
    pub(super) fn new(directory: Workplace, bytes_max: u64) -> Self {
        Self { directory, bytes_max, state: Mutex::default() }
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for so many bytes; `None` if others are writing too much.
    pub(super) fn room(&self, bytes: u64) -> Option<Room<'_>> {
        let mut state = self.state();
        loop {
            let held: u64 = state.files.iter().map(|file| file.bytes).sum();
            if held.saturating_add(state.reserved_bytes).saturating_add(bytes) <= self.bytes_max {
                state.reserved_bytes += bytes;
                return Some(Room { held: self, bytes });
            }
            let oldest = state.files.pop_front()?;
            // One that stays is removed with the directory.
            let _stays = fs::remove_file(self.place(&oldest.name)).is_err();
        }
    }

    /// Notes a file for which there was room.
    pub(super) fn add(&self, name: &str, room: Room<'_>) {
        let file = File { name: name.to_owned(), bytes: room.bytes };
        let mut state = self.state();
        state.files.retain(|file| file.name != name);
        state.files.push_back(file);
        // Only now is the room free, or there would be less than is taken.
        drop(state);
        drop(room);
    }

    /// The size of a file, which is of use now.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        let mut state = self.state();
        let at = state.files.iter().position(|file| file.name == name)?;
        let file = state.files.remove(at)?;
        let bytes = file.bytes;
        state.files.push_back(file);
        Some(bytes)
    }
}
