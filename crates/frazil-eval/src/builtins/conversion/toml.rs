//! `fromTOML`.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::one;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Str};
use crate::source::Pos;
use crate::value::{Lazy, Value};

pub(super) fn from_toml<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.force_plain_string(one(args))?;
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(broken(ev, "the text is not UTF-8"));
    };
    match DeTable::parse(text) {
        Ok(table) => Converter { ev, text }.table(table.get_ref()).map(Value::Attrs),
        Err(error) => {
            let place = error.span().map_or_else(String::new, |span| {
                let before = text.get(..span.start).unwrap_or(text);
                format!("line {}: ", before.matches('\n').count() + 1)
            });
            Err(broken(ev, &format!("{place}{}", error.message())))
        }
    }
}

#[cold]
fn broken(ev: &Evaluator<'_>, reason: &str) -> Error {
    ev.error(ErrorKind::Other, format!("while parsing TOML: {reason}"))
}

struct Converter<'e, 'a> {
    ev: &'e mut Evaluator<'a>,
    text: &'a str,
}

impl<'a> Converter<'_, 'a> {
    fn table(&mut self, table: &DeTable<'_>) -> Result<Attrs<'a>> {
        let mut writer = self.ev.cursor.attrs_writer(table.len());
        for (name, value) in table {
            self.check_text(name.get_ref())?;
            let symbol = self.ev.intern(name.get_ref().as_bytes());
            let value = self.value(value)?;
            writer.push(symbol, Pos::NOWHERE, value.into());
        }
        Ok(writer.finish(&mut self.ev.cursor))
    }

    /// The parser bounds how deep values nest, so this may recurse.
    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Result<Value<'a>> {
        Ok(match value.get_ref() {
            DeValue::String(text) => {
                self.check_text(text)?;
                Value::String(self.ev.cursor.string(text.as_bytes()))
            }
            DeValue::Integer(number) => Value::Int(self.integer(number)?),
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(value) => Value::Float(value),
                Err(_) => return Err(broken(self.ev, "bad float: invalid format")),
            },
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(time) => self.time(&time.to_string())?,
            DeValue::Array(elements) => {
                let mut writer = self.ev.cursor.list_writer(elements.len());
                for element in elements {
                    writer.push(self.value(element)?.into());
                }
                Value::List(writer.finish())
            }
            DeValue::Table(table) => {
                let text = self.text.get(value.span()).unwrap_or_default();
                if text.starts_with('{') && !is_inline_table(text.as_bytes()) {
                    return Err(broken(
                        self.ev,
                        "an inline table ends on its line, without a comma",
                    ));
                }
                Value::Attrs(self.table(table)?)
            }
        })
    }

    fn integer(&self, number: &DeInteger<'_>) -> Result<i64> {
        i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| {
            broken(self.ev, &format!("the integer {number} does not fit into 64 bits"))
        })
    }

    fn time(&mut self, text: &str) -> Result<Value<'a>> {
        if !self.ev.has_feature("parse-toml-timestamps") {
            return Err(broken(self.ev, "Dates and times are not supported"));
        }
        let kind = self.ev.intern(b"_type");
        let value = self.ev.cursor.string(text.as_bytes());
        let mut writer = self.ev.cursor.attrs_writer(2);
        writer.push(kind, Pos::NOWHERE, Value::String(Str::of(b"timestamp")).into());
        writer.push(self.ev.names.value, Pos::NOWHERE, Value::String(value).into());
        Ok(Value::Attrs(writer.finish(&mut self.ev.cursor)))
    }

    /// Strings of the language hold no null byte.
    fn check_text(&self, text: &str) -> Result<()> {
        if !text.contains('\0') {
            return Ok(());
        }
        let shown = text.replace('\0', "␀");
        // As in Nix, one error within the other.
        let reason = format!(
            "error: input string '{shown}' cannot be represented as Nix string because it contains null bytes"
        );
        Err(broken(self.ev, &reason))
    }
}

/// Whether this is an inline table of TOML 1.0, which Nix reads: the parser knows a later version,
/// where line breaks, comments and a last comma are allowed.
fn is_inline_table(text: &[u8]) -> bool {
    let inner = text.strip_suffix(b"}").unwrap_or(text).trim_ascii_end();
    if inner.ends_with(b",") {
        return false;
    }
    if !text.contains(&b'\n') {
        return true;
    }
    // A line break inside of a string or an array is fine.
    let mut rest = text;
    let mut arrays = 0_usize;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' | b'\'' => rest = behind_string(*byte, after),
            b'[' => arrays += 1,
            b']' => arrays = arrays.saturating_sub(1),
            b'#' => {
                let line = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
                rest = after.get(line..).unwrap_or_default();
            }
            b'\n' if arrays == 0 => return false,
            _ => {}
        }
    }
    true
}

/// What follows the string whose first quote was just read.
fn behind_string(quote: u8, text: &[u8]) -> &[u8] {
    let (mut rest, end) = match text.strip_prefix(&[quote, quote]) {
        Some(rest) => (rest, 3),
        None => (text, 1),
    };
    let closing = [quote; 3];
    let closing = closing.get(..end).unwrap_or(&closing);
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'\\' && quote == b'"' {
            rest = after.get(1..).unwrap_or_default();
        } else if let Some(mut after) = rest.strip_prefix(closing) {
            // Up to two quotes may stand right before the closing ones.
            while end == 3 && after.first() == Some(&quote) {
                after = after.get(1..).unwrap_or_default();
            }
            return after;
        } else {
            rest = after;
        }
    }
    rest
}
