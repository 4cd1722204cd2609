//! Colours, and making foreign text safe to print.

/// What a piece of text is, and so how it is coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Error,
    Warning,
    Help,
    Place,
    Marker,
    Quiet,
}

/// Colours `text`, if there is colour.
pub(crate) fn paint(text: &str, style: Style, colour: bool) -> String {
    if !colour {
        return text.to_owned();
    }
    let code = match style {
        Style::Error | Style::Marker => "1;31",
        Style::Warning => "1;35",
        Style::Help => "1;32",
        Style::Place => "34",
        Style::Quiet => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Removes what would confuse a terminal from a text that an expression made.
///
/// Colours (`ESC [ ... m`) stay when there is colour, since libraries use them in warnings.
pub(crate) fn clean(text: &str, colour: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let after = rest.get(char.len_utf8()..).unwrap_or_default();
        if char == '\x1b' {
            let (sequence, behind) = escape_sequence(rest);
            if colour && sequence.ends_with('m') {
                shown.push_str(sequence);
            }
            rest = behind;
            continue;
        }
        match char {
            '\n' | '\t' => shown.push(char),
            '\r' => {}
            _ if char.is_control() => shown.push(char::REPLACEMENT_CHARACTER),
            _ => shown.push(char),
        }
        rest = after;
    }
    shown
}

/// Splits the escape sequence that `text` starts with from what follows.
fn escape_sequence(text: &str) -> (&str, &str) {
    let Some(body) = text.strip_prefix("\x1b[") else { return text.split_at(1) };
    let parameters = body.bytes().take_while(|byte| (0x20..0x40).contains(byte)).count();
    let end = 2 + parameters;
    match text.as_bytes().get(end) {
        Some(0x40..=0x7e) => text.split_at(end + 1),
        _ => text.split_at(end),
    }
}
