//! Which bytes may stand where: the character classes of the language as one table.

const IDENTIFIER_START: u8 = 1;
const IDENTIFIER: u8 = 2;
const DIGIT: u8 = 4;
const PATH: u8 = 8;
const URI: u8 = 16;
const SPACE: u8 = 32;
/// Bytes that mean something inside `"`.
const STRING: u8 = 64;
/// Bytes that mean something inside `''`.
const INDENTED: u8 = 128;

static CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated while compiling; the index is below 256")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < table.len() {
        let byte = index as u8;
        let mut class = 0;
        if byte.is_ascii_alphabetic() || byte == b'_' {
            class |= IDENTIFIER_START | IDENTIFIER | PATH | URI;
        }
        if byte.is_ascii_digit() {
            class |= DIGIT | IDENTIFIER | PATH | URI;
        }
        class |= match byte {
            b'-' => IDENTIFIER | PATH | URI,
            b'.' | b'+' => PATH | URI,
            b'\'' => IDENTIFIER | URI | INDENTED,
            b'$' => URI | STRING | INDENTED,
            b'%' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b',' | b'!' | b'~' | b'*' => URI,
            b' ' | b'\t' | b'\n' => SPACE,
            b'\r' => SPACE | STRING,
            b'"' | b'\\' => STRING,
            0 => STRING | INDENTED,
            _ => 0,
        };
        table[index] = class;
        index += 1;
    }
    table
}

fn has(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|found| found & class != 0)
}

pub(crate) fn starts_identifier(byte: u8) -> bool {
    has(byte, IDENTIFIER_START)
}

pub(crate) fn in_identifier(byte: u8) -> bool {
    has(byte, IDENTIFIER)
}

pub(crate) fn is_digit(byte: u8) -> bool {
    has(byte, DIGIT)
}

pub(crate) fn in_path(byte: u8) -> bool {
    has(byte, PATH)
}

pub(crate) fn in_uri(byte: u8) -> bool {
    has(byte, URI)
}

pub(crate) fn is_space(byte: u8) -> bool {
    has(byte, SPACE)
}

/// Whether the byte stands for itself inside `"`.
pub(crate) fn plain_in_string(byte: u8) -> bool {
    !has(byte, STRING)
}

/// Whether the byte stands for itself inside `''`.
pub(crate) fn plain_in_indented(byte: u8) -> bool {
    !has(byte, INDENTED)
}

/// Whether `text` has the form of an identifier; it may still be a keyword.
pub(crate) fn is_identifier(text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else { return false };
    starts_identifier(*first) && rest.iter().all(|byte| in_identifier(*byte))
}
