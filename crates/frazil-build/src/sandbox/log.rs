//! What the builder writes, cut into lines.

/// The longest line that is passed on whole.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// The line that has not ended yet. Invariant: shorter than [`LINE_BYTES_MAX`], without a newline.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// Passes on the lines that `bytes` ends.
    pub(super) fn feed(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut part = part;
            while self.0.len() + part.len() >= LINE_BYTES_MAX {
                let (fits, rest) = part.split_at(LINE_BYTES_MAX - self.0.len());
                self.0.extend_from_slice(fits);
                self.flush(on_line);
                part = rest;
            }
            self.0.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.flush(on_line);
            }
        }
    }

    /// Passes on what is left.
    pub(super) fn flush(&mut self, on_line: &mut dyn FnMut(&[u8])) {
        if !self.0.is_empty() {
            on_line(&self.0);
            self.0.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, Lines};

    #[track_caller]
    fn check(parts: &[&[u8]], expected: &[usize]) {
        let mut lines = Lines::default();
        let (mut lens, mut whole) = (Vec::new(), Vec::new());
        let mut on_line = |line: &[u8]| {
            lens.push(line.len());
            whole.extend_from_slice(line);
        };
        for part in parts {
            lines.feed(part, &mut on_line);
        }
        lines.flush(&mut on_line);
        assert_eq!(lens, expected);
        assert_eq!(whole, parts.concat());
    }

    #[test]
    fn cuts_lines() {
        check(&[], &[]);
        check(&[b"a\nb", b"c\n\n", b"d"], &[2, 3, 1, 1]);
        check(&[&vec![b'x'; LINE_BYTES_MAX * 2 + 1]], &[LINE_BYTES_MAX, LINE_BYTES_MAX, 1]);
        let full = vec![b'x'; LINE_BYTES_MAX - 1];
        check(&[&full, b"\n", b"a"], &[LINE_BYTES_MAX, 1]);
    }
}
