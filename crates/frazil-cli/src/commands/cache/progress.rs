//! How far a transfer is, on standard error.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use frazil_ops::cache::TransferEvent;

use crate::screen::{Screen, say};

const MIB: f64 = (1_u64 << 20) as f64;
/// How often the line is written anew.
const PAUSE: Duration = Duration::from_millis(100);

/// Shows a transfer: one line that changes on a terminal, a line for each path elsewhere.
pub(super) struct Progress {
    screen: Screen,
    /// `fetched`
    done_word: &'static str,
    is_terminal: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    paths: usize,
    bytes: u64,
    last: Option<Instant>,
}

impl Progress {
    pub(super) fn new(screen: Screen, done_word: &'static str) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { screen, done_word, is_terminal, state: Mutex::default() }
    }

    pub(super) fn on(&self, event: TransferEvent<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            TransferEvent::Started { .. } => {}
            TransferEvent::Moved { bytes, .. } => state.bytes += bytes,
            TransferEvent::Finished { path } => {
                state.paths += 1;
                if !self.is_terminal {
                    say(&format!("{} {path}\n", self.done_word));
                }
            }
            TransferEvent::Problem(error) => {
                self.clear();
                self.screen.warn(&frazil_ops::causes(error));
            }
        }
        let now = Instant::now();
        if self.is_terminal && state.last.is_none_or(|last| now.duration_since(last) > PAUSE) {
            state.last = Some(now);
            let mib = state.bytes as f64 / MIB;
            say(&format!("\r\x1b[K{} {} paths, {mib:.1} MiB", self.done_word, state.paths));
        }
    }

    fn clear(&self) {
        if self.is_terminal {
            say("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
