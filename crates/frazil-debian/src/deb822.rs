//! Stanzas of fields (deb822(5)): `Packages`, `Release`, `control`, apt's `.sources`.
//!
//! Nothing is copied: names and values are parts of the input. What fields mean is for the readers
//! of each kind of file.
//!
//! Invariant: a stanza has at least one field and no field twice, whatever the case of its letters.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;

/// Fields in one stanza; those of the archive have about thirty.
pub const FIELDS_MAX: usize = 1024;

/// One field, with its value as it stands in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in visible ASCII.
    pub name: &'a str,
    /// From the first byte that is not blank to the end of the last line, without its newline.
    raw: &'a [u8],
}

/// A paragraph of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza<'a> {
    fields: Vec<Field<'a>>,
    line: usize,
}

/// Reads stanza after stanza. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Stanzas<'a> {
    rest: &'a [u8],
    /// The number of the first line of `rest`.
    line: usize,
}

/// Bytes are not a sequence of stanzas.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Deb822Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Deb822Problem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Deb822Problem {
    /// A line ends as on Windows.
    #[error("the line ends with a carriage return")]
    CarriageReturn,
    /// Neither a field nor part of one.
    #[error("no `:` behind the name of a field")]
    Colon,
    /// What is before the colon is no name.
    #[error("`{}` is not the name of a field", .0.escape_ascii())]
    Name(Vec<u8>),
    /// A continuation of nothing.
    #[error("an indented line that continues no field")]
    Continuation,
    /// A field is in the stanza twice.
    #[error("the field `{0}` is in the stanza already")]
    Twice(String),
    /// More fields than [`FIELDS_MAX`].
    #[error("more than {FIELDS_MAX} fields in one stanza")]
    Many,
}

impl Deb822Error {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self.problem {
            Deb822Problem::CarriageReturn => Some("convert the line ends of the file to Unix's"),
            Deb822Problem::Continuation => Some("begin the line with the name of a field"),
            Deb822Problem::Twice(_) => Some("separate stanzas by an empty line"),
            Deb822Problem::Colon | Deb822Problem::Name(_) | Deb822Problem::Many => None,
        }
    }
}

impl<'a> Field<'a> {
    /// The value as it stands in the file: later lines keep their indentation, and comments
    /// between them are still there.
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The value without comments.
    pub fn value(&self) -> Cow<'a, [u8]> {
        let has_comments = self.raw.windows(2).any(|pair| pair == b"\n#");
        if !has_comments {
            return Cow::Borrowed(self.raw);
        }
        let lines = self.raw.split(|byte| *byte == b'\n').enumerate();
        let kept: Vec<&[u8]> = lines
            .filter(|(at, line)| *at == 0 || !line.starts_with(b"#"))
            .map(|(_, line)| line)
            .collect();
        Cow::Owned(kept.join(&b'\n'))
    }

    /// The lines of the value without comments, blanks around them, and the dot of an empty line.
    pub fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let lines = self.raw.split(|byte| *byte == b'\n').enumerate();
        lines.filter(|(at, line)| *at == 0 || !line.starts_with(b"#")).map(|(_, line)| {
            let line = line.trim_ascii();
            if line == b"." { b"" } else { line }
        })
    }

    /// The words of the value, on whatever line they are.
    pub fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.lines()
            .flat_map(|line| line.split(u8::is_ascii_whitespace))
            .filter(|word| !word.is_empty())
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.raw.escape_ascii())
    }
}

impl<'a> Stanza<'a> {
    /// The fields in their order.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// The field of this name; the case of letters does not matter.
    pub fn field(&self, name: &str) -> Option<Field<'a>> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).copied()
    }

    /// The raw value of a field.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.field(name).map(|field| field.raw)
    }

    /// The line on which it begins, from 1.
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl<'a> Stanzas<'a> {
    /// Reads `text` from its start.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The next line without its newline.
    fn next_line(&mut self) -> Option<Result<&'a [u8], Deb822Error>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        if line.ends_with(b"\r") {
            return Some(Err(self.error(Deb822Problem::CarriageReturn)));
        }
        self.rest = rest.get(1..).unwrap_or_default();
        self.line += 1;
        Some(Ok(line))
    }

    const fn error(&self, problem: Deb822Problem) -> Deb822Error {
        Deb822Error { line: self.line, problem }
    }

    /// The field that begins with `line`, which has been taken already.
    fn field(&mut self, line: &'a [u8], text: &'a [u8]) -> Result<Field<'a>, Deb822Error> {
        let here = self.line - 1;
        let fail = |problem| Deb822Error { line: here, problem };
        let colon = memchr(b':', line).ok_or_else(|| fail(Deb822Problem::Colon))?;
        let (name, value) = line.split_at(colon);
        let name = field_name(name).ok_or_else(|| fail(Deb822Problem::Name(name.into())))?;
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let before = line.len() - value.len();
        let mut end = line.len();
        // Comments belong to the value only if the value goes on behind them.
        let mut ahead = self.clone();
        while matches!(ahead.rest.first(), Some(b' ' | b'\t' | b'#')) {
            let Some(next) = ahead.next_line() else { break };
            let next = next?;
            if !next.starts_with(b"#") {
                if next.trim_ascii().is_empty() {
                    break;
                }
                *self = ahead.clone();
                end = text.len() - ahead.rest.len();
                end -= usize::from(text.get(..end).is_some_and(|text| text.ends_with(b"\n")));
            }
        }
        Ok(Field { name, raw: text.get(before..end).unwrap_or_default().trim_ascii_end() })
    }

    fn stanza(&mut self) -> Result<Option<Stanza<'a>>, Deb822Error> {
        let mut stanza = Stanza { fields: Vec::with_capacity(24), line: self.line };
        loop {
            let text = self.rest;
            let before = self.line;
            let Some(line) = self.next_line().transpose()? else { break };
            let fail = |problem| Deb822Error { line: before, problem };
            match line.first() {
                Some(b'#') => continue,
                Some(b' ' | b'\t') if !line.trim_ascii().is_empty() => {
                    return Err(fail(Deb822Problem::Continuation));
                }
                None | Some(b' ' | b'\t') if stanza.fields.is_empty() => continue,
                None | Some(b' ' | b'\t') => break,
                Some(_) => {}
            }
            if stanza.fields.is_empty() {
                stanza.line = before;
            }
            let field = self.field(line, text)?;
            if stanza.field(field.name).is_some() {
                return Err(fail(Deb822Problem::Twice(field.name.into())));
            }
            if stanza.fields.len() == FIELDS_MAX {
                return Err(fail(Deb822Problem::Many));
            }
            stanza.fields.push(field);
        }
        Ok((!stanza.fields.is_empty()).then_some(stanza))
    }
}

impl<'a> Iterator for Stanzas<'a> {
    type Item = Result<Stanza<'a>, Deb822Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let stanza = self.stanza();
        if stanza.is_err() {
            self.rest = &[];
        }
        stanza.transpose()
    }
}

/// Visible ASCII without the colon; not like a comment or an option.
fn field_name(name: &[u8]) -> Option<&str> {
    let is_legal =
        name.iter().all(u8::is_ascii_graphic) && !matches!(name.first(), None | Some(b'#' | b'-'));
    is_legal.then(|| std::str::from_utf8(name).ok())?
}

/// For fuzzing: no input panics, and what the fields say, written down, reads as the same.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(stanzas) = Stanzas::new(data).collect::<Result<Vec<_>, _>>() else { return };
    let mut text = Vec::new();
    for stanza in &stanzas {
        for field in stanza.fields() {
            text.extend_from_slice(field.name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(field.raw());
            text.push(b'\n');
        }
        text.push(b'\n');
    }
    let again: Vec<Stanza<'_>> =
        Stanzas::new(&text).map(|stanza| stanza.expect("what was printed parses")).collect();
    let fields = |stanzas: &[Stanza<'_>]| -> Vec<String> {
        stanzas.iter().map(|stanza| format!("{:?}", stanza.fields())).collect()
    };
    assert_eq!(fields(&stanzas), fields(&again));
}
