//! Where lines go: standard output, files that are rotated, and syslog.

use core::ffi::CStr;

use crate::errno;
use crate::plan::{Field, LogKind, Plan};
use crate::sys::memory::{self, Pages};
use crate::sys::socket::{self, Address};
use crate::sys::{Errno, Fd, Result, c_string, file};
use crate::text::{Buffer, tell};

use super::format::BATCH_MAX;

/// The pipe of finished lines before standard output.
pub(super) struct Finished {
    read: Fd,
    write: Fd,
    buffer: Pages,
    /// Something is in the pipe, and standard output did not take it.
    is_waiting: bool,
}

impl Finished {
    pub(super) fn new(read: Fd, write: Fd) -> Result<Self> {
        Ok(Self { read, write, buffer: Pages::new(2 * BATCH_MAX)?, is_waiting: false })
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.is_waiting
    }

    /// Puts lines into the pipe, in place of what an unfinished attempt may have left there.
    pub(super) fn write(&mut self, fill: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        let left = file::waiting(self.read).unwrap_or(0).min(self.buffer.len());
        let place = self.buffer.get_mut(..left).unwrap_or_default();
        // Nothing of this has reached anybody: that only happens when the raw lines are gone.
        let _dropped = file::read_all(self.read, place);
        let mut len = 0;
        let buffer = &mut self.buffer;
        fill(&mut |bytes: &[u8]| {
            for byte in bytes {
                if let Some(place) = buffer.get_mut(len) {
                    *place = *byte;
                    len += 1;
                }
            }
        });
        let mut rest = self.buffer.get(..len).unwrap_or_default();
        while !rest.is_empty() {
            if let Ok(count) = file::write(self.write, rest) {
                rest = rest.get(count..).unwrap_or_default();
                continue;
            }
            // A pipe that the kernel made small for want of memory: the rest goes on directly.
            while file::splice(self.read, Fd::STDOUT, BATCH_MAX).is_ok_and(|count| count > 0) {}
            // A failure here is that of standard output, which is nobody's to report.
            let _written = file::write_all(Fd::STDOUT, rest);
            break;
        }
    }

    /// Moves as much to standard output as it takes.
    pub(super) fn flush(&mut self) {
        loop {
            let left = file::waiting(self.read).unwrap_or(0);
            self.is_waiting = left > 0;
            if left == 0 {
                return;
            }
            match file::splice(self.read, Fd::STDOUT, left) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // Files that are only appended to cannot be spliced to.
                Err(Errno::INVAL) => self.copy(left),
                // Nobody will ever read it.
                Err(_) => self.discard(left),
            }
        }
    }

    fn copy(&mut self, left: usize) {
        let len = left.min(self.buffer.len());
        let place = self.buffer.get_mut(..len).unwrap_or_default();
        let count = file::read_all(self.read, place).unwrap_or(0);
        // As above: standard output's failures have no other place to be told.
        let _written = file::write_all(Fd::STDOUT, self.buffer.get(..count).unwrap_or_default());
    }

    fn discard(&mut self, left: usize) {
        let len = left.min(self.buffer.len());
        let place = self.buffer.get_mut(..len).unwrap_or_default();
        let _dropped = file::read_all(self.read, place);
    }
}

/// The files of the services that log to one, and the socket of syslog.
pub(super) struct Files {
    sinks: &'static mut [Sink],
    syslog: Fd,
}

#[derive(Clone, Copy)]
struct Sink {
    fd: Fd,
    size: usize,
    /// Lines that could not be written.
    lost: u32,
}

impl Files {
    pub(super) fn new(plan: Plan<'_>) -> Result<Self> {
        let none = Sink { fd: Fd::NONE, size: 0, lost: 0 };
        Ok(Self { sinks: memory::table(plan.count(), none)?, syslog: Fd::NONE })
    }

    /// Opens and rotates the file of a service; how long it is.
    pub(super) fn prepare(&mut self, index: usize, kind: LogKind, plan: Plan<'_>) -> usize {
        if kind != LogKind::File {
            return 0;
        }
        let service = plan.service(index);
        let limit = service.get(Field::LogBytes) as usize;
        let Some(sink) = self.sinks.get_mut(index) else { return 0 };
        if limit > 0 && sink.fd.is_some() && sink.size >= limit {
            sink.fd.close();
            rotate(service.text(Field::LogPath), service.get(Field::LogKeep));
        }
        open(sink, service.text(Field::LogPath));
        sink.size
    }

    /// Writes lines where the file ended before them.
    pub(super) fn write(&mut self, index: usize, plan: Plan<'_>, size: usize, lines: &[u8]) {
        let service = plan.service(index);
        if service.log() == LogKind::Syslog {
            return self.send(service.name().to_bytes(), lines);
        }
        let Some(sink) = self.sinks.get_mut(index) else { return };
        let path = service.text(Field::LogPath);
        open(sink, path);
        if !sink.fd.is_some() {
            return;
        }
        if sink.lost > 0 {
            let mut note = Buffer::<64>::new();
            note.put(b"lost ").number(sink.lost.into()).put(b" lines\n");
            if put(sink.fd, size, note.bytes()).is_ok() {
                sink.lost = 0;
                sink.size = size + note.len();
                // From here on, a repetition could only write the lines again after the note.
                return append(sink, path, sink.size, lines);
            }
        }
        append(sink, path, size, lines);
    }

    /// Sends lines to the local syslog, as facility daemon, severity info.
    fn send(&mut self, name: &[u8], lines: &[u8]) {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut message = Buffer::<2048>::new();
            message.put(b"<30>").put(name).put(b": ").put(line);
            if !self.syslog.is_some() {
                self.syslog = connect_syslog().unwrap_or(Fd::NONE);
            }
            if socket::send(self.syslog, message.bytes()).is_err() {
                // The server may have been restarted: the next line finds the new one.
                self.syslog.close();
            }
        }
    }
}

fn connect_syslog() -> Result<Fd> {
    let mut fd = socket::socket(socket::UNIX, socket::DATAGRAM)?;
    match socket::connect(fd, &Address::local(b"/dev/log")?) {
        Ok(()) => Ok(fd),
        Err(error) => {
            fd.close();
            Err(error)
        }
    }
}

fn open(sink: &mut Sink, path: &CStr) {
    if sink.fd.is_some() {
        return;
    }
    match file::open(path, file::Open::CREATE, 0o640) {
        Ok(fd) => {
            sink.fd = fd;
            sink.size = file::seek_end(fd).unwrap_or(0);
        }
        Err(error) => tell(&[b"logd: cannot open ", path.to_bytes(), b": ", errno::name(error)]),
    }
}

fn put(fd: Fd, at: usize, bytes: &[u8]) -> Result<()> {
    file::seek_to(fd, at)?;
    file::write_all(fd, bytes)
}

fn append(sink: &mut Sink, path: &CStr, at: usize, lines: &[u8]) {
    match put(sink.fd, at, lines) {
        Ok(()) => sink.size = at + lines.len(),
        Err(error) => {
            if sink.lost == 0 {
                tell(&[b"logd: cannot write ", path.to_bytes(), b": ", errno::name(error)]);
            }
            let count = lines.split(|byte| *byte == b'\n').count() - 1;
            sink.lost = sink.lost.saturating_add(count as u32);
            // Half of a line must not stay.
            let _cut = file::truncate(sink.fd, at);
            sink.size = at;
        }
    }
}

/// Moves a file out of the way: `log` to `log.1`, that to `log.2`, and so on.
fn rotate(path: &CStr, keep: u32) {
    let mut names = [Buffer::<4096>::new(), Buffer::<4096>::new()];
    for number in (0..keep).rev() {
        for (name, number) in names.iter_mut().zip([number, number + 1]) {
            name.clear();
            name.put(path.to_bytes());
            if number > 0 {
                name.put(b".").number(number.into());
            }
            name.put(b"\0");
        }
        let [from, to] = &names;
        if let (Some(from), Some(to)) = (c_string(from.bytes()), c_string(to.bytes())) {
            // The older ones may not be there yet.
            let _moved = file::rename(from, to);
        }
    }
    if keep == 0 {
        // It would have grown for ever; then it starts anew.
        let _removed = file::remove(path);
    }
}
