//! Strings and versions.

use super::{Builtin, one, three, two};
use crate::context::Context;
use crate::context::Union;
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::heap::{List, Str};
use crate::source::Pos;
use crate::value::{Lazy, Value};
use crate::version;

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "compareVersions",
        &["s1", "s2"],
        Some(0),
        compare_versions,
        "-1, 0 or 1: whether version *s1* is older than, equal to or newer than *s2*.",
    ),
    Builtin::new(
        "concatStringsSep",
        &["separator", "list"],
        Some(0),
        concat_strings_sep,
        "The strings of *list*, with *separator* between them.",
    ),
    Builtin::new(
        "parseDrvName",
        &["s"],
        Some(0),
        parse_drv_name,
        "`{ name, version }`: *s* split before the first dash that no letter follows.",
    ),
    Builtin::new(
        "replaceStrings",
        &["from", "to", "s"],
        Some(0),
        replace_strings,
        "*s* with every occurrence of a string of *from* replaced by the string of *to* at the same place.",
    ),
    Builtin::new(
        "splitVersion",
        &["s"],
        Some(0),
        split_version,
        "The components by which versions are compared.",
    ),
    Builtin::new(
        "stringLength",
        &["e"],
        Some(0),
        string_length,
        "The length of a string, in bytes.",
    ),
    Builtin::new(
        "substring",
        &["start", "len", "s"],
        Some(0),
        substring,
        "*len* bytes of *s* from *start* on (counted from 0); fewer if *s* ends before, all the rest if *len* is negative.",
    ),
    Builtin::new(
        "toString",
        &["e"],
        Some(0),
        to_string,
        "*e* as a string: also numbers, Booleans (`\"1\"` and `\"\"`), null (`\"\"`), lists (joined by spaces) and paths (not copied to the store).",
    ),
];

fn to_string<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    ev.coerce_lazy(one(args), Coercion::TO_STRING).map(Value::String)
}

fn string_length<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.coerce_lazy(one(args), Coercion::INTERPOLATION)?;
    Ok(Value::Int(text.bytes().len() as i64))
}

fn substring<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (start, length, text) = three(args);
    let start = ev.force_int(start)?;
    let Ok(start) = usize::try_from(start) else {
        return Err(ev.error(ErrorKind::Other, "negative start position in 'substring'"));
    };
    let length = ev.force_int(length)?;
    let text = ev.coerce_lazy(text, Coercion::INTERPOLATION)?;
    let rest = text.bytes().get(start..).unwrap_or_default();
    let length = usize::try_from(length).unwrap_or(rest.len());
    let part = rest.get(..length).unwrap_or(rest);
    Ok(Value::String(ev.cursor.with_context(part, text.context())))
}

fn concat_strings_sep<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (separator, list) = two(args);
    let separator = ev.force_string(separator)?;
    let list = ev.force_list(list)?;
    let base = ev.pieces.len();
    let mut context = Union::default();
    context.add(separator.context());
    for (index, element) in list.iter().enumerate() {
        let piece = match ev.coerce_lazy(element, Coercion::INTERPOLATION) {
            Ok(piece) => piece,
            Err(error) => {
                ev.pieces.truncate(base);
                return Err(error);
            }
        };
        if index > 0 {
            ev.pieces.push(separator.bytes());
        }
        ev.pieces.push(piece.bytes());
        context.add(piece.context());
    }
    let bytes = ev.concat_pieces(base)?;
    let context = context.finish(&mut ev.cursor);
    Ok(Value::String(ev.cursor.with_context(bytes, context)))
}

fn replace_strings<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (from, to, text) = three(args);
    let from = ev.force_list(from)?;
    let to = ev.force_list(to)?;
    if from.len() != to.len() {
        let message =
            "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths";
        return Err(ev.error(ErrorKind::Other, message));
    }
    let mut patterns = Vec::with_capacity(from.len());
    for pattern in from.iter() {
        patterns.push(ev.force_string(pattern)?.bytes());
    }
    let text = ev.force_string(text)?;
    let mut replacements =
        Replacements { to, forced: vec![None; patterns.len()], context: text.context() };
    let has_empty_pattern = patterns.iter().any(|pattern| pattern.is_empty());
    let first_bytes = FirstBytes::of(&patterns);

    let mut rest = text.bytes();
    let mut out = Vec::with_capacity(rest.len());
    loop {
        if !has_empty_pattern {
            let next = rest.iter().position(|byte| first_bytes.may_start(*byte));
            let (before, after) = rest.split_at(next.unwrap_or(rest.len()));
            out.extend_from_slice(before);
            rest = after;
        }
        let found = patterns.iter().enumerate().find(|(_, pattern)| rest.starts_with(pattern));
        if let Some((index, pattern)) = found {
            let replacement = replacements.get(ev, index)?;
            ev.check_string(out.len() + replacement.len())?;
            out.extend_from_slice(replacement);
            if !pattern.is_empty() {
                rest = rest.get(pattern.len()..).unwrap_or_default();
                continue;
            }
            // An empty pattern matches once at every position, the end included.
        }
        let Some((byte, after)) = rest.split_first() else { break };
        out.push(*byte);
        rest = after;
    }
    let bytes = ev.cursor.add_slice(&out);
    Ok(Value::String(ev.cursor.with_context(bytes, replacements.context)))
}

/// What patterns are replaced by; each is forced when it is first used.
struct Replacements<'a> {
    to: List<'a>,
    forced: Vec<Option<&'a [u8]>>,
    /// Of the text and of all replacements that were used.
    context: Option<Context<'a>>,
}

impl<'a> Replacements<'a> {
    fn get(&mut self, ev: &mut Evaluator<'a>, index: usize) -> Result<&'a [u8]> {
        if let Some(known) = self.forced.get(index).copied().flatten() {
            return Ok(known);
        }
        let replacement =
            ev.force_string(self.to.cells().get(index).map_or(Lazy::NULL, Lazy::of))?;
        self.context = ev.cursor.join(self.context, replacement.context());
        if let Some(place) = self.forced.get_mut(index) {
            *place = Some(replacement.bytes());
        }
        Ok(replacement.bytes())
    }
}

/// The bytes with which some pattern starts.
struct FirstBytes([bool; 256]);

impl FirstBytes {
    fn of(patterns: &[&[u8]]) -> Self {
        let mut bytes = [false; 256];
        for first in patterns.iter().filter_map(|pattern| pattern.first()) {
            if let Some(place) = bytes.get_mut(usize::from(*first)) {
                *place = true;
            }
        }
        Self(bytes)
    }

    fn may_start(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(true)
    }
}

fn compare_versions<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (left, right) = two(args);
    let left = ev.force_plain_string(left)?;
    let right = ev.force_plain_string(right)?;
    Ok(Value::Int(version::compare(left, right) as i64))
}

fn split_version<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.force_plain_string(one(args))?;
    let components: Vec<_> = version::components(text).collect();
    Ok(Value::List(
        ev.cursor.list(components.into_iter().map(|part| Value::String(Str::of(part)).into())),
    ))
}

fn parse_drv_name<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.force_plain_string(one(args))?;
    let (name, version) = version::parse_drv_name(text);
    let mut writer = ev.cursor.attrs_writer(2);
    writer.push(ev.names.name, Pos::NOWHERE, Value::String(Str::of(name)).into());
    writer.push(ev.names.version, Pos::NOWHERE, Value::String(Str::of(version)).into());
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}
