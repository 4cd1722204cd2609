//! What lines look like: with a prefix, or as JSON. Bounded, so that a batch fits into a pipe.

use crate::plan::LogKind;
use crate::sys::event::wall_clock;
use crate::text::Buffer;

/// The longest line; what is longer is written in pieces.
pub(super) const LINE_MAX: usize = 8 << 10;
/// The most that a batch may become: what the pipe to standard output certainly holds.
pub(super) const BATCH_MAX: usize = 60 << 10;
/// Bytes of a JSON line besides the name and the message.
const JSON_FIXED: usize = 64;

/// How many bytes of these make a batch: complete lines, as many as may be; the beginning of a
/// line that is too long; or the end of the stream. Nothing if more must be waited for.
pub(super) fn cut(bytes: &[u8], kind: LogKind, name: &[u8], is_over: bool) -> Option<usize> {
    let (mut end, mut size) = (0, 0);
    while let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        let newline = rest.iter().take(LINE_MAX).position(|byte| *byte == b'\n');
        let len = match newline {
            Some(place) => place + 1,
            None if rest.len() >= LINE_MAX => LINE_MAX,
            None if is_over => rest.len(),
            None => break,
        };
        size += match kind {
            LogKind::Json => len * 6 + name.len() + JSON_FIXED,
            LogKind::Prefix => len + name.len() + 4,
            LogKind::Inherit | LogKind::File | LogKind::Syslog | LogKind::Null => len,
        };
        if size > BATCH_MAX && end > 0 {
            break;
        }
        end += len;
    }
    (end > 0).then_some(end)
}

/// Writes lines as they are shown.
pub(super) fn lines(out: &mut dyn FnMut(&[u8]), bytes: &[u8], kind: LogKind, name: &[u8]) {
    let time = (kind == LogKind::Json).then(time_stamp);
    let mut rest = bytes;
    while !rest.is_empty() {
        let newline = rest.iter().take(LINE_MAX).position(|byte| *byte == b'\n');
        let len = newline.map_or(rest.len().min(LINE_MAX), |place| place + 1);
        let (line, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        rest = after;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(time) = &time {
            for part in [b"{\"ts\":\"", time.bytes(), b"\",\"svc\":\"", name, b"\",\"msg\":\""] {
                out(part);
            }
            escape(out, text);
            out(b"\"}\n");
        } else {
            for part in [name, b" | ", text, b"\n"] {
                out(part);
            }
        }
    }
}

/// Writes the characters of a JSON string. Bytes that are not UTF-8 become the replacement mark.
fn escape(out: &mut dyn FnMut(&[u8]), text: &[u8]) {
    for chunk in text.utf8_chunks() {
        let mut plain = chunk.valid().as_bytes();
        while let Some(place) =
            plain.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))
        {
            let (before, rest) = plain.split_at(place);
            out(before);
            let byte = rest.first().copied().unwrap_or(b' ');
            match byte {
                b'"' => out(b"\\\""),
                b'\\' => out(b"\\\\"),
                b'\t' => out(b"\\t"),
                b'\r' => out(b"\\r"),
                _ => {
                    let digit =
                        |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
                    out(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
                }
            }
            plain = rest.get(1..).unwrap_or_default();
        }
        out(plain);
        if !chunk.invalid().is_empty() {
            out("\u{fffd}".as_bytes());
        }
    }
}

/// The time now, as in `2026-01-31T23:59:59.123Z`.
fn time_stamp() -> Buffer<32> {
    let (seconds, nanos) = wall_clock();
    date(seconds, nanos / 1_000_000)
}

/// A time in seconds since 1970 as a date of the Gregorian calendar.
fn date(seconds: u64, millis: u64) -> Buffer<32> {
    // Days since 1 March of year 0; a year that begins in March ends with the leap day.
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day = days % 146_097;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let mut out = Buffer::new();
    let mut put = |mark: &[u8], value: u64, width: u32| {
        out.put(mark);
        for place in (0..width).rev() {
            out.put(&[b'0' + (value / 10_u64.pow(place) % 10) as u8]);
        }
    };
    put(b"", year, 4);
    put(b"-", month, 2);
    put(b"-", day, 2);
    put(b"T", seconds / 3600 % 24, 2);
    put(b":", seconds / 60 % 60, 2);
    put(b":", seconds % 60, 2);
    put(b".", millis, 3);
    out.put(b"Z");
    out
}

#[cfg(test)]
mod tests;
