//! XML text as `toXML` writes it: attribute values in double quotes.

#[cfg(test)]
mod tests;

/// Appends an attribute's value without its quotes.
///
/// A newline is escaped because a reader would otherwise turn it into a space. Other control
/// characters, and bytes that are not UTF-8, pass through as they do in Nix.
pub fn write_attribute(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'"' => out.extend_from_slice(b"&quot;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'\n' => out.extend_from_slice(b"&#xA;"),
            other => out.push(*other),
        }
    }
}
