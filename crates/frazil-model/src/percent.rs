//! `%XX` for bytes that may not stand in a URI (RFC 3986, 2.1).

#[cfg(test)]
mod tests;

/// The bytes as text in which all but letters, digits, `-`, `.`, `_`, `~` and those `kept` are
/// escaped.
pub fn encode(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
            text.push('%');
            text.extend([byte >> 4, byte & 15].map(|value| digit(value).to_ascii_uppercase()));
        }
    }
    text
}

/// The bytes that a text stands for. A `%` that begins no escape stands for itself.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let escape = tail.split_at_checked(2).filter(|_| *first == b'%').and_then(|(hex, tail)| {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            let [high, low] = hex else { return None };
            Some(((digit(high)? * 16 + digit(low)?) as u8, tail))
        });
        let (byte, tail) = escape.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = tail;
    }
    bytes
}
