//! Diagnostics as text for a terminal or a log.
//!
//! The first line is `error: MESSAGE`, and it is the only line that starts with `error:`: programs
//! that drive us look for it. Below it come the excerpt, notes, the trace from the inside out, and
//! help. Nothing here prints or asks whether it is a terminal; [`Look`] says all of that.

mod excerpt;
mod style;
mod trace;

#[cfg(test)]
mod tests;

use frazil_eval::diagnostic::{Diagnostic, Frame, Place};

pub(crate) use style::{Style, clean, paint};

/// The indentation of the second and further lines of a message: the width of `error: `.
const MESSAGE_INDENT: usize = 7;

/// How diagnostics are to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) colour: bool,
    /// Show every frame of the trace instead of the few most useful.
    pub(crate) whole_trace: bool,
    /// The width of source excerpts.
    pub(crate) columns: usize,
}

/// Renders errors that were found together; the first is the one the exit is for.
pub(crate) fn render(diagnostics: &[Diagnostic], look: Look) -> String {
    let mut out = String::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        // Only one line may start with `error:`, so the others are introduced in other words.
        if index > 0 {
            out.push('\n');
        }
        let word = if index == 0 { "error:" } else { "also:" };
        summary(diagnostic, word, look, &mut out);
        // Errors that were found together were found on one way, which is shown once.
        if index + 1 == diagnostics.len() {
            way(diagnostic, look, &mut out);
        }
        advice(diagnostic, look, &mut out);
    }
    out
}

/// The message, its place, and other places that explain it.
fn summary(diagnostic: &Diagnostic, word: &str, look: Look, out: &mut String) {
    out.push_str(&paint(word, Style::Error, look.colour));
    out.push(' ');
    out.push_str(&message(&diagnostic.message, look));
    out.push('\n');
    if let Some(place) = &diagnostic.place {
        location(place, "  at ", look, out);
    }
    for note in &diagnostic.notes {
        frame(note, look, out);
    }
}

/// How evaluation got there.
fn way(diagnostic: &Diagnostic, look: Look, out: &mut String) {
    let (shown, hidden) = trace::select(diagnostic, look.whole_trace);
    for step in shown {
        match step {
            trace::Step::Frame(shown) => frame(shown, look, out),
            trace::Step::Repeated { frames, times } => {
                let what = if frames == 1 { "" } else { &format!("the last {frames}, ") };
                let times = format!("{times} more {}", plural(times, "time", "times"));
                let line = format!("    ({what}repeated {times})");
                out.push_str(&paint(&line, Style::Quiet, look.colour));
                out.push('\n');
            }
        }
    }
    if hidden > 0 {
        let frames = plural(hidden, "frame", "frames");
        let line = format!("  ({hidden} more {frames}; --show-trace shows all)");
        out.push_str(&paint(&line, Style::Quiet, look.colour));
        out.push('\n');
    }
}

fn advice(diagnostic: &Diagnostic, look: Look, out: &mut String) {
    if !diagnostic.help.is_empty() {
        out.push('\n');
    }
    for help in &diagnostic.help {
        out.push_str(&paint("help:", Style::Help, look.colour));
        out.push(' ');
        out.push_str(&message(help, look));
        out.push('\n');
    }
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// The lines of a message, the second and further indented.
fn message(text: &str, look: Look) -> String {
    let text = clean(text, look.colour);
    let mut lines = text.trim_end().lines();
    let mut shown = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        shown.push('\n');
        if !line.is_empty() {
            shown.push_str(&" ".repeat(MESSAGE_INDENT));
            shown.push_str(line);
        }
    }
    shown
}

fn frame(frame: &Frame, look: Look, out: &mut String) {
    out.push_str("  … ");
    out.push_str(&message(&frame.message, look));
    out.push('\n');
    if let Some(place) = &frame.place {
        location(place, "    at ", look, out);
    }
}

/// `at FILE:LINE:COLUMN:` and the lines of the place.
fn location(place: &Place, at: &str, look: Look, out: &mut String) {
    let (line, column) = excerpt::line_and_column(&place.source.text, place.start as usize);
    let name = format!("{}:{line}:{column}:", clean(&place.source.name, false));
    out.push_str(at);
    out.push_str(&paint(&name, Style::Place, look.colour));
    out.push('\n');
    excerpt::excerpt(place, look, out);
}
