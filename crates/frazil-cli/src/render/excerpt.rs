//! The lines of a source around a place, with the place underlined.
//!
//! A source may hold anything: bytes that are not UTF-8, control characters, lines of a megabyte,
//! and every line ending there is. What is shown of a line is bounded by the width asked for.

use std::fmt::Write;
use std::ops::Range;

use frazil_eval::diagnostic::Place;
use unicode_width::UnicodeWidthChar;

use super::{Look, Style, paint};

/// How a tab is shown; its real width depends on a terminal we know nothing about.
const TAB: &str = "    ";
/// Marks text that was cut off at an end of a line.
const CUT: &str = "…";
/// Columns kept in front of the marked text when a line is cut at its start.
const BEFORE_COLUMNS: usize = 20;
/// A line is never narrowed below this.
const COLUMNS_MIN: usize = 20;

/// The number of the line and of the byte in it, both from 1, at `offset`.
///
/// A line ends at `\n`, `\r\n` or `\r`, as positions count them in the language.
pub(super) fn line_and_column(text: &[u8], offset: usize) -> (usize, usize) {
    let offset = offset.min(text.len());
    let lines = Lines { text, start: 0 };
    let mut last = (1, 1);
    for (number, line) in (1..).zip(lines) {
        if line.start > offset {
            break;
        }
        last = (number, offset - line.start + 1);
    }
    last
}

/// The ranges of the lines of a text, without their ends; a text always has at least one.
struct Lines<'t> {
    text: &'t [u8],
    start: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.start..)?;
        let start = self.start;
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let end = start + length.unwrap_or(rest.len());
        let ending = match self.text.get(end..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => 1,
            Some([]) | None => 0,
        };
        // Past the end, so that the next call finds nothing, unless a line ending was there.
        self.start = if ending == 0 { self.text.len() + 1 } else { end + ending };
        Some(start..end)
    }
}

/// Writes the first and the last line of `place`, each with its part of the place underlined.
pub(super) fn excerpt(place: &Place, look: Look, out: &mut String) {
    let text = &place.source.text;
    let start = (place.start as usize).min(text.len());
    let end = (place.end as usize).clamp(start, text.len());
    let (first, _) = line_and_column(text, start);
    // A place that ends behind a line ending still belongs to the line it ends.
    let (last, _) = line_and_column(text, end.saturating_sub(1).max(start));
    let gutter = last.to_string().len();
    let margin = |number: &str| {
        paint(&format!("{number:>width$} |", width = gutter + 2), Style::Place, look.colour)
    };

    let lines = (1..).zip(Lines { text, start: 0 }).skip(first - 1).take(last - first + 1);
    for (number, line) in lines.filter(|(number, _)| *number == first || *number == last) {
        if number == last && last > first + 1 {
            writeln!(out, "{}", margin("...")).expect("a String takes everything");
        }
        let bytes = text.get(line.clone()).unwrap_or_default();
        let indent = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let from = if number == first { start.saturating_sub(line.start) } else { indent };
        let to = if number == last { end.saturating_sub(line.start) } else { bytes.len() };
        let columns = look.columns.saturating_sub(gutter + 5).max(COLUMNS_MIN);
        let shown = window(bytes, from..to, columns);
        let marker = paint(&"^".repeat(shown.marked), Style::Marker, look.colour);
        let underline = format!("{:indent$}{marker}", "", indent = shown.indent);
        for (number, line) in [(number.to_string(), shown.text), (String::new(), underline)] {
            let space = if line.is_empty() { "" } else { " " };
            writeln!(out, "{}{space}{line}", margin(&number)).expect("a String takes everything");
        }
    }
}

/// A line as it is shown, and where the marker goes, in columns.
struct Window {
    text: String,
    indent: usize,
    marked: usize,
}

/// Shows at most `columns` columns of a line, with the start of `mark` among them.
fn window(line: &[u8], mark: Range<usize>, columns: usize) -> Window {
    // A character takes at most four bytes, so no more of the line than this can be shown.
    let reach = columns * 4;
    let left = mark.start.saturating_sub(reach);
    let before = shown(line.get(left..mark.start.min(line.len())).unwrap_or_default());
    let mut text = if left == 0 && width(&before) <= columns * 2 / 3 {
        before
    } else {
        String::from(CUT) + &last_columns(&before, BEFORE_COLUMNS.min(columns / 2))
    };
    let indent = width(&text);
    let right = mark.start.saturating_add(reach).min(line.len());
    let after = shown(line.get(mark.start.min(right)..right).unwrap_or_default());
    let room = columns.saturating_sub(indent);
    let fits = right == line.len() && width(&after) <= room;
    text.push_str(&if fits { after } else { first_columns(&after, room.saturating_sub(1)) + CUT });
    let marked_bytes =
        line.get(mark.start.min(right)..mark.end.clamp(mark.start.min(right), right));
    let marked = width(&shown(marked_bytes.unwrap_or_default())).clamp(1, room.max(1));
    Window { text: text.trim_end().to_owned(), indent, marked }
}

/// The text of some bytes of a line: one glyph for what has none.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for char in String::from_utf8_lossy(bytes).chars() {
        match char {
            '\t' => text.push_str(TAB),
            // The Unicode pictures of the ASCII control characters.
            '\0'..='\x1f' => text.extend(char::from_u32(0x2400 + u32::from(char))),
            _ if char.is_control() => text.push(char::REPLACEMENT_CHARACTER),
            _ => text.push(char),
        }
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().map(|char| char.width().unwrap_or(0)).sum()
}

fn first_columns(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|char| {
            used += char.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

fn last_columns(text: &str, columns: usize) -> String {
    let mut used = 0;
    let kept = text.chars().rev().take_while(|char| {
        used += char.width().unwrap_or(0);
        used <= columns
    });
    let mut chars: Vec<char> = kept.collect();
    chars.reverse();
    chars.into_iter().collect()
}
