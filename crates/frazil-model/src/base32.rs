//! Nix's base 32: how digests are written in store paths and narinfo files.
//!
//! It is not RFC 4648: the bytes are one little-endian number, written most significant group
//! first, without padding, in an alphabet that lacks `e`, `o`, `t` and `u`.
//!
//! Invariant: each byte string has exactly one accepted text.

#[cfg(test)]
mod tests;

const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Why a text is not the base 32 of a given number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Base32Error {
    /// The text is longer or shorter than the bytes need.
    #[error("expected {expected} base-32 characters, found {found}")]
    Length {
        /// Characters that the bytes need.
        expected: usize,
        /// Characters that were given.
        found: usize,
    },
    /// A byte outside the alphabet.
    #[error("'{}' is not a base-32 character", found.escape_ascii())]
    Digit {
        /// The byte that was found.
        found: u8,
    },
    /// The first character says more than the bytes can hold.
    #[error("the first base-32 character is out of range")]
    Overflow,
}

/// Whether `byte` is in the alphabet.
pub const fn is_digit(byte: u8) -> bool {
    value(byte).is_some()
}

/// How many characters `bytes` bytes take.
pub const fn encoded_len(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// The base 32 of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes.len()));
    encode_into(bytes, &mut text);
    text
}

/// Appends the base 32 of `bytes` to `text`.
pub fn encode_into(bytes: &[u8], text: &mut String) {
    let (mut pending, mut bits) = (0u32, 0u32);
    // Groups leave the number at its most significant end, so the bytes enter from there too; the
    // top group may be short.
    let mut missing = encoded_len(bytes.len()) * 5 - bytes.len() * 8;
    for &byte in bytes.iter().rev() {
        pending = pending << 8 | u32::from(byte);
        bits += 8;
        while bits as usize + missing >= 5 {
            bits -= 5 - missing as u32;
            missing = 0;
            text.push(digit(pending >> bits));
            pending &= (1 << bits) - 1;
        }
    }
}

/// Fills `bytes` from `text`, which must be exactly as long as they need.
pub fn decode_into(text: &[u8], bytes: &mut [u8]) -> Result<(), Base32Error> {
    let expected = encoded_len(bytes.len());
    if text.len() != expected {
        return Err(Base32Error::Length { expected, found: text.len() });
    }
    let (mut pending, mut bits) = (0u32, 0u32);
    let mut slots = bytes.iter_mut();
    for &found in text.iter().rev() {
        let value = value(found).ok_or(Base32Error::Digit { found })?;
        pending |= u32::from(value) << bits;
        bits += 5;
        if bits >= 8
            && let Some(slot) = slots.next()
        {
            *slot = pending as u8;
            pending >>= 8;
            bits -= 8;
        }
    }
    if pending == 0 { Ok(()) } else { Err(Base32Error::Overflow) }
}

#[expect(clippy::indexing_slicing, reason = "five bits cannot leave an array of 32")]
fn digit(group: u32) -> char {
    ALPHABET[(group & 31) as usize] as char
}

/// The place of `byte` in the alphabet.
const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'd' => Some(byte - b'a' + 10),
        b'f'..=b'n' => Some(byte - b'f' + 14),
        b'p'..=b's' => Some(byte - b'p' + 23),
        b'v'..=b'z' => Some(byte - b'v' + 27),
        _ => None,
    }
}
