//! Whole documents as trees: lock files, registries, what a forge answers.

use std::collections::BTreeMap;

use super::{Event, Reader, write_string};

/// Documents that nest deeper are refused: nothing that is read here does.
const DEPTH_MAX: usize = 64;
/// What one level is indented by when a document is printed over several lines.
const INDENT: usize = 2;

/// A JSON value. Of equal keys the last one counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DocumentError {
    #[error("{0}")]
    Syntax(String),
    #[error("the JSON document nests deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

/// A container that is not closed yet.
enum Open {
    List(Vec<Json>),
    Object(BTreeMap<String, Json>, String),
}

impl Json {
    /// Reads a whole document.
    pub fn parse(text: &[u8]) -> Result<Self, DocumentError> {
        let mut reader = Reader::new(text);
        let mut open: Vec<Open> = Vec::new();
        let mut document = Self::Null;
        loop {
            let event = reader.next().map_err(|error| DocumentError::Syntax(error.to_string()))?;
            let Some(event) = event else { return Ok(document) };
            let value = match event {
                Event::Null => Self::Null,
                Event::Bool(value) => Self::Bool(value),
                Event::Int(value) => Self::Int(value),
                Event::Float(value) => Self::Float(value),
                Event::String(text) => Self::String(String::from_utf8_lossy(text).into_owned()),
                Event::Key(key) => {
                    if let Some(Open::Object(_, name)) = open.last_mut() {
                        *name = String::from_utf8_lossy(key).into_owned();
                    }
                    continue;
                }
                Event::ListStart | Event::ObjectStart if open.len() == DEPTH_MAX => {
                    return Err(DocumentError::TooDeep);
                }
                Event::ListStart => {
                    open.push(Open::List(Vec::new()));
                    continue;
                }
                Event::ObjectStart => {
                    open.push(Open::Object(BTreeMap::new(), String::new()));
                    continue;
                }
                Event::ListEnd | Event::ObjectEnd => match open.pop() {
                    Some(Open::List(items)) => Self::List(items),
                    Some(Open::Object(members, _)) => Self::Object(members),
                    None => continue,
                },
            };
            match open.last_mut() {
                None => document = value,
                Some(Open::List(items)) => items.push(value),
                Some(Open::Object(members, name)) => {
                    members.insert(std::mem::take(name), value);
                }
            }
        }
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// On one line, without spaces.
    pub fn compact(&self) -> String {
        let mut out = Vec::new();
        self.write(None, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Over several lines, without a newline at the end.
    pub fn pretty(&self) -> String {
        let mut out = Vec::new();
        self.write(Some(0), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// `level` is that of the value, or `None` for one line.
    fn write(&self, level: Option<usize>, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Float(value) => crate::number::print_json(*value, out),
            Self::String(text) => string(text, out),
            Self::List(items) if items.is_empty() => out.extend_from_slice(b"[]"),
            Self::Object(members) if members.is_empty() => out.extend_from_slice(b"{}"),
            Self::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    separate(index, level, out);
                    item.write(level.map(|level| level + 1), out);
                }
                new_line(level, out);
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    separate(index, level, out);
                    string(name, out);
                    out.extend_from_slice(if level.is_some() { b": " } else { b":" });
                    value.write(level.map(|level| level + 1), out);
                }
                new_line(level, out);
                out.push(b'}');
            }
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    write_string(text.as_bytes(), out).unwrap_or_else(|_| unreachable!("a `str` is UTF-8"));
}

fn separate(index: usize, level: Option<usize>, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
    new_line(level.map(|level| level + 1), out);
}

fn new_line(level: Option<usize>, out: &mut Vec<u8>) {
    if let Some(level) = level {
        out.push(b'\n');
        out.resize(out.len() + level * INDENT, b' ');
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}
