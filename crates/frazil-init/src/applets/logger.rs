//! `logd`: reads what services say, and writes it where it belongs, line by line.
//!
//! No line is lost or written twice when the logger is killed, however often. The pipes belong to
//! PID 1 and outlive it, and a line only ever moves in a way that can be told, or repeated:
//!
//! 1. Complete lines are *looked at* in a service's pipe (`tee`), then moved inside the kernel
//!    (`splice`) to a `raw` pipe, behind a note of whose they are.
//! 2. For standard output, what they become is written to a `finished` pipe, then `raw` is emptied.
//!    Found with something in `raw`, this step is done again, from nothing.
//! 3. From `finished`, bytes are moved to standard output inside the kernel.
//!
//! For files, the note also says how long the file was, and the lines are written there: done
//! again, that changes nothing. Only syslog, which takes messages, may get one twice.

mod format;
mod sinks;

use core::ffi::CStr;

use crate::applets::{inherited, status, supervise::logs::STAGES};
use crate::names;
use crate::plan::{LogKind, Plan};
use crate::sys::event::{self, Event, Interest, Poll};
use crate::sys::memory::{self, Pages};
use crate::sys::{Arguments, Fd, Result, file, signal};
use format::LINE_MAX;
use sinks::{Files, Finished};

/// How much is looked at in one go: what a pipe holds.
const LOOK_BYTES: usize = 1 << 16;
/// The note before raw lines: the number of the stream, and the length of the file before them.
const NOTE_BYTES: usize = 12;
/// How many batches of one stream are written before others get their turn.
const TURNS: usize = 4;
/// The number of the event "standard output takes more".
const STDOUT_TOKEN: u64 = u64::MAX;

/// One service's output.
#[derive(Clone, Copy)]
struct Stream {
    /// The number of the service; that of PID 1 is one more than the last.
    index: usize,
    fd: Fd,
    kind: LogKind,
    /// There may be something to read.
    is_pending: bool,
}

/// A pipe of raw lines, and whose they are.
struct Raw {
    read: Fd,
    write: Fd,
}

struct Logger {
    plan: Plan<'static>,
    streams: &'static mut [Stream],
    /// For standard output, and for the rest.
    raw: [Raw; 2],
    /// A pipe to copy into what is looked at.
    look: (Fd, Fd),
    buffer: Pages,
    finished: Finished,
    files: Files,
}

pub(super) fn run(arguments: &Arguments) -> u8 {
    // Signals neither end it nor wake it: it ends when there is nothing left to read.
    signal::block_all();
    let words = arguments.get(2).unwrap_or_default();
    if words == c"--one" {
        return super::guest::log(arguments);
    }
    match Logger::new(words) {
        Ok(mut logger) => logger.work(),
        Err(_) => status::AGAIN,
    }
}

/// Writes what one service says on our standard input, for another supervisor.
pub(super) fn run_one(plan: Plan<'static>, index: usize) -> u8 {
    signal::block_all();
    match Logger::of_one(plan, index) {
        Ok(mut logger) => logger.work(),
        Err(_) => status::AGAIN,
    }
}

impl Logger {
    fn of_one(plan: Plan<'static>, index: usize) -> Result<Self> {
        let mut ends = [Fd::NONE; STAGES * 2];
        for pair in ends.as_chunks_mut::<2>().0 {
            *pair = file::pipe(true)?.into();
        }
        let kind = plan.service(index).log();
        let stream = Stream { index, fd: Fd::STDIN, kind, is_pending: true };
        Self::with(plan, ends, memory::table(1, stream)?)
    }

    fn new(words: &CStr) -> Result<Self> {
        let plan = Plan::trust(memory::sealed(inherited::PLAN)?);
        let words = words.to_bytes();
        let mut pieces = words.split(|byte| *byte == b',').filter(|piece| !piece.is_empty());
        let mut ends = [Fd::NONE; STAGES * 2];
        for end in &mut ends {
            *end = descriptor(pieces.next().unwrap_or_default());
        }
        let none = Stream { index: 0, fd: Fd::NONE, kind: LogKind::Null, is_pending: false };
        let streams = memory::table(pieces.clone().count(), none)?;
        let has_json = plan.services().any(|service| service.log() == LogKind::Json);
        for (stream, piece) in streams.iter_mut().zip(pieces) {
            let mut halves = piece.splitn(2, |byte| *byte == b':');
            let index = halves.next().and_then(names::decimal).unwrap_or(0) as usize;
            let fd = descriptor(halves.next().unwrap_or_default());
            let kind = if index < plan.count() {
                plan.service(index).log()
            } else if has_json {
                LogKind::Json
            } else {
                LogKind::Prefix
            };
            *stream = Stream { index, fd, kind, is_pending: true };
        }
        Self::with(plan, ends, streams)
    }

    fn with(
        plan: Plan<'static>,
        ends: [Fd; STAGES * 2],
        streams: &'static mut [Stream],
    ) -> Result<Self> {
        let [raw_read, raw_write, done_read, done_write, file_read, file_write] = ends;
        let look = file::pipe(true)?;
        // A smaller one makes smaller batches.
        let _sized = file::set_pipe_size(look.0, 2 * LOOK_BYTES);
        Ok(Self {
            plan,
            streams,
            raw: [
                Raw { read: raw_read, write: raw_write },
                Raw { read: file_read, write: file_write },
            ],
            look,
            buffer: Pages::new(2 * LOOK_BYTES)?,
            finished: Finished::new(done_read, done_write)?,
            files: Files::new(plan)?,
        })
    }

    fn work(&mut self) -> u8 {
        let Ok(epoll) = event::epoll() else { return status::AGAIN };
        // A file takes everything at once and cannot be watched.
        let _watched = event::watch(epoll, Fd::STDOUT, Interest::WRITE_EDGE, STDOUT_TOKEN);
        for (place, stream) in self.streams.iter().enumerate() {
            if event::watch(epoll, stream.fd, Interest::READ_EDGE, place as u64).is_err() {
                return status::AGAIN;
            }
        }
        self.recover();
        let mut events = [Event::EMPTY; 64];
        loop {
            let has_more = self.turn();
            let is_over = self.streams.iter().all(|stream| !stream.fd.is_some());
            if is_over && self.finished.is_empty() {
                return 0;
            }
            let limit = has_more.then_some(0);
            for event in event::wait(epoll, &mut events, limit) {
                if event.token() == STDOUT_TOKEN {
                    self.finished.flush();
                } else if let Some(stream) = self.streams.get_mut(event.token() as usize) {
                    stream.is_pending = true;
                }
            }
        }
    }

    /// Finishes what an earlier logger began.
    fn recover(&mut self) {
        for stage in 0..self.raw.len() {
            self.finish(stage);
        }
        self.finished.flush();
    }

    /// Gives each stream a turn; whether there is more to do at once.
    fn turn(&mut self) -> bool {
        let mut has_more = false;
        for place in 0..self.streams.len() {
            let Some(stream) = self.streams.get(place).copied() else { continue };
            if !stream.is_pending || !stream.fd.is_some() {
                continue;
            }
            let is_for_stdout = matches!(stream.kind, LogKind::Prefix | LogKind::Json);
            if is_for_stdout && !self.finished.is_empty() {
                // Nobody reads our output at the moment; the service waits, the others do not.
                continue;
            }
            let mut turns = 0;
            while turns < TURNS && self.batch(stream) {
                turns += 1;
                if is_for_stdout && !self.finished.is_empty() {
                    break;
                }
            }
            let is_done = turns < TURNS && (self.finished.is_empty() || !is_for_stdout);
            let is_closed = is_done && is_over(stream.fd);
            if let Some(stream) = self.streams.get_mut(place) {
                stream.is_pending = !is_done;
                if is_closed {
                    stream.fd.close();
                }
            }
            has_more |= !is_done && (self.finished.is_empty() || !is_for_stdout);
        }
        has_more
    }

    /// Moves some complete lines of a stream; false if there are none.
    fn batch(&mut self, stream: Stream) -> bool {
        let count = look_at(stream.fd, self.look, &mut self.buffer);
        if count == 0 {
            return false;
        }
        let bytes = self.buffer.get(..count).unwrap_or_default();
        let name = self.name(stream.index);
        let Some(cut) = format::cut(bytes, stream.kind, name, is_over(stream.fd)) else {
            return false;
        };
        let size = self.files.prepare(stream.index, stream.kind, self.plan);
        let stage = usize::from(!matches!(stream.kind, LogKind::Prefix | LogKind::Json));
        let Some(raw) = self.raw.get(stage) else { return false };
        let mut note = [0; NOTE_BYTES];
        let words =
            (stream.index as u32).to_le_bytes().into_iter().chain((size as u64).to_le_bytes());
        for (place, byte) in note.iter_mut().zip(words) {
            *place = byte;
        }
        if file::write(raw.write, &note).is_err() {
            return false;
        }
        let mut moved = 0;
        while moved < cut {
            match file::splice(stream.fd, raw.write, cut - moved) {
                Ok(0) | Err(_) => break,
                Ok(count) => moved += count,
            }
        }
        self.finish(stage);
        true
    }

    fn name(&self, index: usize) -> &'static [u8] {
        if index < self.plan.count() { self.plan.service(index).name().to_bytes() } else { b"init" }
    }

    /// Writes what is in a raw pipe, and empties it. Doing that again does no harm.
    fn finish(&mut self, stage: usize) {
        let Some(raw) = self.raw.get(stage) else { return };
        let read = raw.read;
        let count = look_at(read, self.look, &mut self.buffer);
        if count == 0 {
            return;
        }
        let bytes = self.buffer.get(..count).unwrap_or_default();
        if let Some((note, lines)) = bytes.split_at_checked(NOTE_BYTES)
            && !lines.is_empty()
        {
            let index = number(note, 0) as usize;
            let size = number(note, 4) | number(note, 8) << 32;
            let name = self.name(index);
            if stage == 0 {
                let kind = self.kind(index);
                self.finished.write(|out| format::lines(out, lines, kind, name));
            } else {
                self.files.write(index, self.plan, size as usize, lines);
            }
        }
        // Exactly what was looked at; nobody else writes there.
        let _emptied = file::read_all(read, self.buffer.get_mut(..count).unwrap_or_default());
        self.finished.flush();
    }

    fn kind(&self, index: usize) -> LogKind {
        let stream = self.streams.iter().find(|stream| stream.index == index);
        stream.map_or(LogKind::Prefix, |stream| stream.kind)
    }
}

fn descriptor(digits: &[u8]) -> Fd {
    names::decimal(digits).map_or(Fd::NONE, |number| Fd(number as i32))
}

fn number(note: &[u8], at: usize) -> u64 {
    let word = note.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>());
    word.map_or(0, |bytes| u32::from_le_bytes(*bytes).into())
}

/// Copies what is in a pipe, leaving it there; how much it is.
fn look_at(from: Fd, look: (Fd, Fd), buffer: &mut [u8]) -> usize {
    let count = file::tee(from, look.1, buffer.len()).unwrap_or(0);
    let place = buffer.get_mut(..count).unwrap_or_default();
    file::read_all(look.0, place).unwrap_or(0)
}

/// Whether nobody can write to this pipe any more, and it is empty or holds half a line.
fn is_over(fd: Fd) -> bool {
    let mut ends = [Poll::readable(fd)];
    // The limit of a line keeps half of one from staying for ever.
    event::poll(&mut ends, Some(0)).is_ok()
        && ends.iter().all(Poll::is_hung_up)
        && file::waiting(fd).unwrap_or(0) < LINE_MAX
}
