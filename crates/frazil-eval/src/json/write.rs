//! Strings as JSON writes them.

use super::error::Utf8Error;
use super::string::{invalid_index, plain_length};

/// Appends a quoted string. Only what must be escaped is; other characters stay as they are.
///
/// On an error `out` holds a part of the string.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) -> Result<(), Utf8Error> {
    out.push(b'"');
    let mut rest = text;
    loop {
        let (length, is_ascii) = plain_length(rest);
        let (plain, tail) = rest.split_at(length);
        if !is_ascii && let Err(error) = std::str::from_utf8(plain) {
            return Err(describe(text, text.len() - rest.len(), rest, length, &error));
        }
        out.extend_from_slice(plain);
        let Some((special, after)) = tail.split_first() else { break };
        push_escape(*special, out);
        rest = after;
    }
    out.push(b'"');
    Ok(())
}

fn push_escape(byte: u8, out: &mut Vec<u8>) {
    let short: &[u8] = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        0x08 => b"\\b",
        b'\t' => b"\\t",
        b'\n' => b"\\n",
        0x0c => b"\\f",
        b'\r' => b"\\r",
        _ => {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(short);
}

fn describe(
    text: &[u8],
    start: usize,
    rest: &[u8],
    length: usize,
    error: &std::str::Utf8Error,
) -> Utf8Error {
    let index = start + invalid_index(rest, length, error);
    match (text.get(index), text.last()) {
        (Some(byte), _) => Utf8Error::Invalid { index, byte: *byte },
        (None, last) => Utf8Error::Incomplete { last: last.copied().unwrap_or_default() },
    }
}
