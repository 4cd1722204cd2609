//! The text side of a session: what is a binding, and what the cursor stands behind.

/// Words of the language that can begin an expression.
pub(super) const KEYWORDS: &[&str] =
    &["assert", "builtins", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"];

/// A line `name = value`, with an optional semicolon behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binding<'l> {
    pub(super) name: &'l str,
    /// The text of the expression.
    pub(super) value: &'l str,
}

/// Takes a line as a binding, if it is one.
pub(super) fn binding(line: &str) -> Option<Binding<'_>> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    if value.starts_with('=') || !is_identifier(name) || KEYWORDS.contains(&name) {
        return None;
    }
    let value = value.trim();
    Some(Binding { name, value: value.strip_suffix(';').unwrap_or(value) })
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && text.bytes().all(is_identifier_byte)
}

fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'-')
}

/// Where the chain of names starts that `text` ends with (`a.b.c`), and whether it has a dot.
pub(super) fn completed_part(text: &str) -> (usize, bool) {
    let is_part = |byte: u8| is_identifier_byte(byte) || byte == b'.';
    let part = text.bytes().rev().take_while(|byte| is_part(*byte)).count();
    let start = text.len() - part;
    let chain = text.get(start..).is_some_and(|part| part.contains('.') && !part.starts_with('.'));
    (start, chain)
}

/// How an attribute's name is written behind a dot; `None` if that needs bytes a line cannot hold.
pub(super) fn attribute_text(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if is_identifier(name) {
        return Some(name.to_owned());
    }
    Some(quoted(name))
}

/// A string literal for `text`.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = Vec::new();
    frazil_eval::print::quote(text.as_bytes(), &mut literal);
    String::from_utf8_lossy(&literal).into_owned()
}
