//! What packages declare instead of doing it in scripts: `sysusers.d`, `tmpfiles.d`, extensions of
//! PHP.
//!
//! systemd would carry it out when a machine starts, or a script when a package is installed; here it is done when a system is linked. What
//! cannot be done then is a problem that names file and line, and never silence.

pub mod php;
pub mod sysusers;
pub mod tmpfiles;

use std::fmt;

/// A line that is not carried out, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as a path from the root of the system.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is not done, and why.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}, line {}: {}", self.file, self.line, self.what)
    }
}

/// The lines of a file that say something, with their numbers, in words.
fn lines(text: &str) -> impl Iterator<Item = (usize, Vec<String>)> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let line = line.trim();
        let says_nothing = line.is_empty() || line.starts_with(['#', ';']);
        (!says_nothing).then(|| (number, words(line)))
    })
}

/// Words between blanks; quotes of both kinds hold blanks, and a backslash hides what follows it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(next) = chars.next() {
        match (next, quote) {
            ('\\', _) => word.get_or_insert_default().extend(chars.next().map(unescaped)),
            (_, Some(end)) if next == end => quote = None,
            ('"' | '\'', None) => {
                word.get_or_insert_default();
                quote = Some(next);
            }
            (_, None) if next.is_whitespace() => words.extend(word.take()),
            (_, Some(_) | None) => word.get_or_insert_default().push(next),
        }
    }
    words.extend(word);
    words
}

const fn unescaped(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        other => other,
    }
}

/// A field that may be left out by `-`.
fn given(fields: &[String], index: usize) -> Option<&str> {
    fields.get(index).map(String::as_str).filter(|field| !matches!(*field, "-" | ""))
}

/// A path with what stands for places of the machine; `None` if something else is left open.
fn expanded(path: &str) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        let mut letters = after.chars();
        let place = match letters.next()? {
            '%' => "%",
            't' => "/run",
            'S' => "/var/lib",
            'C' => "/var/cache",
            'L' => "/var/log",
            'T' => "/tmp",
            'V' => "/var/tmp",
            _ => return None,
        };
        expanded.push_str(before);
        expanded.push_str(place);
        rest = letters.as_str();
    }
    expanded.push_str(rest);
    Some(expanded)
}
