//! `match` and `split`.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Builtin, two};
use crate::diagnostic::ErrorKind;
use crate::ere::{Captures, Ere, EreError, TooComplex};
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{List, Str};
use crate::path::shown;
use crate::symbol::FastHash;
use crate::value::{Lazy, Value};
use crate::word::Slot;

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "match",
        &["regex", "str"],
        Some(0),
        match_whole,
        "The groups of the POSIX extended regular expression *regex*, if it matches all of *str*, else null. A group that took no part is null.",
    ),
    Builtin::new(
        "split",
        &["regex", "str"],
        Some(0),
        split,
        "The parts of *str* between the matches of the POSIX extended regular expression *regex*; between each two, the list of the match's groups.",
    ),
];

/// Expressions that were compiled before, and the memory of the last search.
#[derive(Default)]
pub(crate) struct Cache {
    compiled: HashMap<Box<[u8]>, Rc<Ere>, FastHash>,
    captures: Captures,
}

fn match_whole<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (pattern, text) = two(args);
    let pattern = ev.force_plain_string(pattern)?;
    let ere = ev.compiled(pattern)?;
    let text = ev.force_string(text)?.bytes();
    let mut captures = std::mem::take(&mut ev.caches.regexes.captures);
    let matched = ere.full_match(text, &mut captures);
    let result = match matched {
        Ok(true) => Ok(Value::List(ev.groups(&ere, text, &captures))),
        Ok(false) => Ok(Value::Null),
        Err(TooComplex) => Err(ev.too_complex(pattern)),
    };
    ev.caches.regexes.captures = captures;
    result
}

fn split<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (pattern, text) = two(args);
    let pattern = ev.force_plain_string(pattern)?;
    let ere = ev.compiled(pattern)?;
    let string = ev.force_string(text)?;
    let text = string.bytes();
    let part =
        |start: usize, end: usize| Value::String(Str::of(text.get(start..end).unwrap_or_default()));
    let mut parts: Vec<Slot<'a>> = Vec::new();
    let mut behind = 0;
    let mut matches = ere.matches(text);
    loop {
        let captures = match matches.next() {
            Ok(Some(captures)) => captures,
            Ok(None) => break,
            Err(TooComplex) => return Err(ev.too_complex(pattern)),
        };
        let Some(whole) = captures.get(0) else { break };
        parts.push(part(behind, whole.start).into());
        parts.push(Value::List(ev.groups(&ere, text, captures)).into());
        behind = whole.end;
    }
    // Without any match it is the string itself, context included.
    let last = if parts.is_empty() { Value::String(string) } else { part(behind, text.len()) };
    parts.push(last.into());
    Ok(Value::List(ev.cursor.list(parts.into_iter())))
}

impl<'a> Evaluator<'a> {
    fn compiled(&mut self, pattern: &[u8]) -> Result<Rc<Ere>> {
        if let Some(known) = self.caches.regexes.compiled.get(pattern) {
            return Ok(Rc::clone(known));
        }
        let ere = match Ere::new(pattern) {
            Ok(ere) => Rc::new(ere),
            Err(EreError::Invalid) => {
                let message = format!("invalid regular expression '{}'", shown(pattern));
                return Err(self.error(ErrorKind::Other, message));
            }
            Err(EreError::TooLarge) => return Err(self.too_complex(pattern)),
        };
        self.caches.regexes.compiled.insert(pattern.into(), Rc::clone(&ere));
        Ok(ere)
    }

    /// What each group of the last match took.
    fn groups(&mut self, ere: &Ere, text: &'a [u8], captures: &Captures) -> List<'a> {
        let group = |number: usize| match captures.get(number).and_then(|range| text.get(range)) {
            Some(taken) => Value::String(Str::of(taken)).into(),
            None => Value::Null.into(),
        };
        let mut writer = self.cursor.list_writer(ere.groups());
        for number in 1..=ere.groups() {
            writer.push(group(number));
        }
        writer.finish()
    }

    #[cold]
    fn too_complex(&self, pattern: &[u8]) -> Error {
        let message = format!("memory limit exceeded by regular expression '{}'", shown(pattern));
        self.error(ErrorKind::Other, message)
    }
}
