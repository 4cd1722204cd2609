//! Text without an allocator: a buffer of fixed size, numbers, and messages.

use crate::sys::event::{Poll, poll};
use crate::sys::{Fd, file};

/// Bytes in a place of fixed size; what does not fit is left out.
pub(crate) struct Buffer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Buffer<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> &mut Self {
        let free = self.bytes.get_mut(self.len..).unwrap_or_default();
        let count = bytes.len().min(free.len());
        for (place, byte) in free.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.len += count;
        self
    }

    pub(crate) fn number(&mut self, value: u64) -> &mut Self {
        let mut digits = [0; 20];
        self.put(decimal(value, &mut digits))
    }

    /// Seconds with three places.
    pub(crate) fn seconds(&mut self, millis: u64) -> &mut Self {
        self.number(millis / 1000).put(b".");
        let rest = millis % 1000;
        for divisor in [100, 10, 1] {
            self.put(&[b'0' + (rest / divisor % 10) as u8]);
        }
        self
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len == N
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }
}

/// A number in decimal digits.
pub(crate) fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        if let Some(digit) = digits.get_mut(start) {
            *digit = b'0' + (value % 10) as u8;
        }
        value /= 10;
        if value == 0 || start == 0 {
            return digits.get(start..).unwrap_or_default();
        }
    }
}

/// Writes a line to standard error, if that can be done without waiting.
pub(crate) fn tell(parts: &[&[u8]]) {
    let mut line = Buffer::<512>::new();
    for part in parts {
        line.put(part);
    }
    tell_line(&mut line);
}

/// The same for a line that was put together before.
pub(crate) fn tell_line(line: &mut Buffer<512>) {
    line.len = line.len.min(511);
    line.put(b"\n");
    let mut ends = [Poll::writable(Fd::STDERR)];
    if poll(&mut ends, Some(0)) == Ok(1) {
        // A closed standard error is nothing that could be told to anybody.
        let _told = file::write(Fd::STDERR, line.bytes());
    }
}
