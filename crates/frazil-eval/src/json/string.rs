//! Strings: finding their end eight bytes at a time, and decoding escapes.

use super::error::LexError;

/// Where the string's bytes are.
#[derive(Clone, Copy)]
pub(super) enum Decoded {
    /// In the text, as there were no escapes.
    Borrowed { start: usize, end: usize },
    /// In the buffer.
    Buffered,
}

/// Reads a string whose opening quote is at `quote`; gives the place behind the closing one.
pub(super) fn read(
    text: &[u8],
    quote: usize,
    buffer: &mut Vec<u8>,
) -> Result<(Decoded, usize), LexError> {
    let start = quote + 1;
    let end = plain(text, start)?;
    if text.get(end) == Some(&b'"') {
        return Ok((Decoded::Borrowed { start, end }, end + 1));
    }
    buffer.clear();
    let mut from = start;
    let mut at = end;
    loop {
        buffer.extend_from_slice(text.get(from..at).unwrap_or_default());
        match text.get(at) {
            None => return Err(LexError::at(at, "invalid string: missing closing quote")),
            Some(b'"') => return Ok((Decoded::Buffered, at + 1)),
            Some(b'\\') => from = escape(text, at + 1, buffer)?,
            Some(control) => return Err(LexError::at(at, control_message(*control))),
        }
        at = plain(text, from)?;
    }
}

/// The first byte at or after `start` that ends a run of plain characters, which are checked.
fn plain(text: &[u8], start: usize) -> Result<usize, LexError> {
    let rest = text.get(start..).unwrap_or_default();
    let (length, is_ascii) = plain_length(rest);
    if !is_ascii && let Err(error) = std::str::from_utf8(rest.split_at(length).0) {
        let bad = start + invalid_index(rest, length, &error);
        return Err(LexError::at(bad, "invalid string: ill-formed UTF-8 byte"));
    }
    Ok(start + length)
}

/// Which byte shows that the text is not UTF-8: a wrong first byte, or what stands where a
/// continuation should.
pub(super) fn invalid_index(text: &[u8], length: usize, error: &std::str::Utf8Error) -> usize {
    let start = error.valid_up_to();
    match (text.get(start), error.error_len()) {
        (Some(0xc2..=0xf4), Some(good)) => start + good,
        (Some(0xc2..=0xf4), None) => length,
        _ => start,
    }
}

/// The length of the run of bytes that need no escape, and whether all of them are ASCII (it may
/// say that they are not when only a byte close behind is not).
pub(super) fn plain_length(text: &[u8]) -> (usize, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest set high bit marks the first byte below `limit`; those above it may lie.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHS;
    let mut high_bits = 0;
    let (chunks, tail) = text.as_chunks::<8>();
    for (number, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let stops = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        high_bits |= word & HIGHS;
        if stops != 0 {
            return (8 * number + stops.trailing_zeros() as usize / 8, high_bits == 0);
        }
    }
    let stop = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    let length = tail.iter().position(stop).unwrap_or(tail.len());
    (text.len() - tail.len() + length, high_bits == 0 && tail.is_ascii())
}

/// Decodes the escape whose backslash stands before `at`; gives the place behind it.
fn escape(text: &[u8], at: usize, buffer: &mut Vec<u8>) -> Result<usize, LexError> {
    let plain = match text.get(at) {
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unicode(text, at + 1, buffer),
        _ => {
            let what = "invalid string: forbidden character after backslash";
            return Err(LexError::at(at, what));
        }
    };
    buffer.push(plain);
    Ok(at + 1)
}

fn unicode(text: &[u8], at: usize, buffer: &mut Vec<u8>) -> Result<usize, LexError> {
    const NO_LOW: &str =
        "invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF";
    const NO_HIGH: &str = "invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF";
    let first = four_digits(text, at)?;
    let mut end = at + 4;
    let code = match first {
        0xd800..=0xdbff => {
            for wanted in b"\\u" {
                if text.get(end) != Some(wanted) {
                    return Err(LexError::at(end, NO_LOW));
                }
                end += 1;
            }
            let second = four_digits(text, end)?;
            end += 4;
            if !(0xdc00..=0xdfff).contains(&second) {
                return Err(LexError::at(end - 1, NO_LOW));
            }
            0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff)
        }
        0xdc00..=0xdfff => return Err(LexError::at(end - 1, NO_HIGH)),
        other => other,
    };
    let character = char::from_u32(code).ok_or_else(|| LexError::at(end - 1, NO_HIGH))?;
    buffer.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(end)
}

fn four_digits(text: &[u8], start: usize) -> Result<u32, LexError> {
    let mut code = 0;
    for at in start..start + 4 {
        let byte = text.get(at).copied().unwrap_or_default();
        let Some(digit) = char::from(byte).to_digit(16) else {
            let what = r"invalid string: '\u' must be followed by 4 hex digits";
            return Err(LexError::at(at, what));
        };
        code = code << 4 | digit;
    }
    Ok(code)
}

fn control_message(byte: u8) -> String {
    const NAMES: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR",
        "SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB",
        "ESC", "FS", "GS", "RS", "US",
    ];
    let name = NAMES.get(usize::from(byte)).copied().unwrap_or_default();
    let short = match byte {
        0x08 => r" or \b",
        b'\t' => r" or \t",
        b'\n' => r" or \n",
        0x0c => r" or \f",
        b'\r' => r" or \r",
        _ => "",
    };
    format!(
        "invalid string: control character U+{byte:04X} ({name}) must be escaped to \\u{byte:04X}{short}"
    )
}
