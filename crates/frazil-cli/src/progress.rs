//! How far builds and downloads are: lines that change on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use frazil_model::{StoreDir, StorePath};
use frazil_ops::cache::TransferEvent;
use frazil_ops::realise::{Counts, Event};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::clean;
use crate::screen::{Screen, say};

/// How often a terminal is drawn anew.
const REDRAWS_PER_SECOND: u8 = 10;
const TICK: Duration = Duration::from_millis(120);
/// Lines for what is running; more would not fit.
const LINES_MAX: usize = 12;

/// Shows events on standard error.
pub(crate) struct Progress {
    store_dir: StoreDir,
    screen: Screen,
    shows_logs: bool,
    state: Mutex<State>,
}

struct State {
    /// `None` where there is no terminal.
    terminal: Option<Terminal>,
}

struct Terminal {
    lines: MultiProgress,
    total: ProgressBar,
    running: BTreeMap<StorePath, ProgressBar>,
    counts: Counts,
    bytes_expected: u64,
    bytes_fetched: u64,
}

impl Progress {
    pub(crate) fn new(store_dir: StoreDir, screen: Screen, shows_logs: bool) -> Self {
        let terminal = std::io::stderr().is_terminal().then(Terminal::new);
        Self { store_dir, screen, shows_logs, state: Mutex::new(State { terminal }) }
    }

    /// Takes an event, from any thread.
    pub(crate) fn tell(&self, event: Event) {
        let mut state = self.state();
        match (&mut state.terminal, event) {
            (_, Event::Log(derivation, line)) if self.shows_logs => {
                let text = self.log_line(&derivation, &line);
                match &state.terminal {
                    Some(terminal) => drop(terminal.lines.println(text)),
                    None => say(&format!("{text}\n")),
                }
            }
            (Some(terminal), Event::Problem(text)) => {
                drop(terminal.lines.println(format!("warning: {text}")));
            }
            (None, Event::Problem(text)) => self.screen.warn(&text),
            (Some(terminal), event) => terminal.tell(event, self.screen),
            (None, event) => self.tell_plainly(&event),
        }
    }

    /// Takes an event of a transfer that is not part of building.
    pub(crate) fn tell_transfer(&self, event: TransferEvent<'_>) {
        self.tell(match event {
            TransferEvent::Started { path, bytes } => Event::FetchStarted(path.clone(), bytes),
            TransferEvent::Moved { path, bytes } => Event::FetchedBytes(path.clone(), bytes),
            TransferEvent::Finished { path } => {
                Event::FetchEnded { path: path.clone(), succeeded: true }
            }
            TransferEvent::Problem(error) => Event::Problem(frazil_ops::causes(error)),
        });
    }

    /// Takes what changes off the terminal.
    pub(crate) fn finish(&self) {
        if let Some(terminal) = self.state().terminal.take() {
            // What cannot be cleared stays.
            drop(terminal.lines.clear());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_line(&self, derivation: &StorePath, line: &[u8]) -> String {
        let line = String::from_utf8_lossy(line);
        let line = clean(line.trim_end_matches(['\n', '\r']), self.screen.look.colour);
        format!("{}> {line}", short(derivation))
    }

    fn tell_plainly(&self, event: &Event) {
        match event {
            Event::BuildStarted(path) => {
                say(&format!("building '{}'...\n", self.store_dir.display(path)));
            }
            Event::FetchStarted(path, bytes) => {
                let size = bytes.map(|bytes| format!(" ({})", size(bytes))).unwrap_or_default();
                say(&format!("copying path '{}'{size}...\n", self.store_dir.display(path)));
            }
            Event::Counts(_)
            | Event::Log(..)
            | Event::BuildEnded { .. }
            | Event::FetchedBytes(..)
            | Event::FetchEnded { .. }
            | Event::Problem(_) => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Terminal {
    fn new() -> Self {
        let lines =
            MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND));
        let total = lines.add(ProgressBar::new(0));
        total.set_style(style("{spinner} {msg} {elapsed}, {eta} left"));
        Self {
            lines,
            total,
            running: BTreeMap::new(),
            counts: Counts::default(),
            bytes_expected: 0,
            bytes_fetched: 0,
        }
    }

    fn tell(&mut self, event: Event, screen: Screen) {
        match event {
            Event::Counts(counts) => self.counts = counts,
            Event::BuildStarted(path) => {
                let line = ProgressBar::new_spinner();
                line.set_style(style("  {spinner} {elapsed:>4} building {prefix} {wide_msg}"));
                self.start(path, line);
            }
            Event::Log(path, line) => {
                if let Some(running) = self.running.get(&path) {
                    let line = String::from_utf8_lossy(&line);
                    running.set_message(clean(line.trim(), screen.look.colour));
                }
            }
            Event::FetchStarted(path, bytes) => {
                let line = ProgressBar::new(bytes.unwrap_or(0));
                line.set_style(style(
                    "  {spinner} {elapsed:>4} copying {prefix} {bytes}/{total_bytes} {bytes_per_sec}",
                ));
                self.bytes_expected += bytes.unwrap_or(0);
                self.start(path, line);
            }
            Event::FetchedBytes(path, bytes) => {
                self.bytes_fetched += bytes;
                if let Some(running) = self.running.get(&path) {
                    running.inc(bytes);
                }
            }
            Event::BuildEnded { derivation: path, .. } | Event::FetchEnded { path, .. } => {
                if let Some(line) = self.running.remove(&path) {
                    line.finish_and_clear();
                    self.lines.remove(&line);
                }
            }
            // Shown above the lines that change.
            Event::Problem(_) => {}
        }
        self.draw_total();
    }

    fn start(&mut self, path: StorePath, line: ProgressBar) {
        if self.running.len() >= LINES_MAX {
            return;
        }
        let line = self.lines.add(line);
        line.set_prefix(short(&path).to_owned());
        line.enable_steady_tick(TICK);
        self.running.insert(path, line);
    }

    fn draw_total(&self) {
        let Counts { waiting, running, done, failed } = self.counts;
        let all = waiting + running + done + failed;
        self.total.set_length(all as u64);
        self.total.set_position((done + failed) as u64);
        let mut text = vec![format!("{done} of {all} done, {running} running")];
        if failed > 0 {
            text.push(format!(", {failed} failed"));
        }
        if self.bytes_expected > 0 {
            let (fetched, expected) = (size(self.bytes_fetched), size(self.bytes_expected));
            text.push(format!(", {fetched} of {expected}"));
        }
        self.total.set_message(text.concat());
    }
}

/// The templates are ours, so they are right.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// The name of a path without its digest and without `.drv`.
fn short(path: &StorePath) -> &str {
    path.name().trim_end_matches(".drv")
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}
