//! Values as JSON, byte for byte as nlohmann's library prints what Nix gives it.
//!
//! Unlike the other forms this one evaluates: everything is forced, paths are copied to the store
//! (if asked to), and the contexts of all strings are collected.

use crate::context::Context;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Str};
use crate::number;
use crate::value::{Lazy, Value};

/// JSON being written.
pub(crate) struct JsonText {
    pub(crate) out: Vec<u8>,
    /// The numbers of the context elements of all strings so far.
    pub(crate) context: Vec<u32>,
    copy_paths: bool,
    /// Why the first string that is not UTF-8 cannot be written. Errors of evaluation go first, so
    /// it is kept until the end.
    invalid: Option<String>,
}

impl JsonText {
    /// An empty text; with `copy_paths`, paths are copied to the store and stand for their copies.
    pub(crate) fn new(copy_paths: bool) -> Self {
        Self { out: Vec::new(), context: Vec::new(), copy_paths, invalid: None }
    }

    /// Notes what a string depends on.
    pub(crate) fn depend(&mut self, context: Option<Context<'_>>) {
        self.context.extend_from_slice(context.map_or(&[], Context::numbers));
    }

    /// Appends a string literal.
    pub(crate) fn string(&mut self, text: &[u8]) {
        if self.invalid.is_none() {
            self.invalid = invalid_utf8(text);
        }
        self.out.push(b'"');
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')) {
            let (clean, special) = rest.split_at(at);
            self.out.extend_from_slice(clean);
            let Some((byte, after)) = special.split_first() else { break };
            self.escape(*byte);
            rest = after;
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let letter = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            _ => return self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        };
        self.out.extend_from_slice(&[b'\\', letter]);
    }

    /// The text, unless a string in it was not UTF-8.
    pub(crate) fn finish(self) -> Result<Vec<u8>, String> {
        self.invalid.map_or(Ok(self.out), Err)
    }
}

/// What nlohmann's library says of bytes that are not UTF-8.
fn invalid_utf8(text: &[u8]) -> Option<String> {
    let error = std::str::from_utf8(text).err()?;
    let start = error.valid_up_to();
    let Some(length) = error.error_len() else {
        let last = text.last().copied().unwrap_or(0);
        return Some(format!(
            "[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x{last:02X}"
        ));
    };
    // The byte that cannot follow is named: a good first byte is not to blame.
    let first = text.get(start).copied().unwrap_or(0);
    let at = if matches!(first, 0xC2..=0xF4) { start + length } else { start };
    let byte = text.get(at).copied().unwrap_or(0);
    Some(format!("[json.exception.type_error.316] invalid UTF-8 byte at index {at}: 0x{byte:02X}"))
}

impl<'a> Evaluator<'a> {
    /// A value as JSON, with the context of all strings in it: `builtins.toJSON`.
    pub(crate) fn json(&mut self, value: Value<'a>, copy_paths: bool) -> Result<Str<'a>> {
        let mut json = JsonText::new(copy_paths);
        self.write_json(value, &mut json)?;
        let context = self.cursor.context(std::mem::take(&mut json.context));
        let text = json.finish().map_err(|message| self.json_error(&message))?;
        let text = self.cursor.add_slice(&text);
        Ok(self.cursor.with_context(text, context))
    }

    /// Appends a value to a JSON text.
    pub(crate) fn write_json(&mut self, value: Value<'a>, json: &mut JsonText) -> Result<()> {
        self.check_stack()?;
        match value {
            Value::Null => json.out.extend_from_slice(b"null"),
            Value::Bool(value) => json.out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Int(value) => number::print_int(value, &mut json.out),
            Value::Float(value) => number::print_json(value, &mut json.out),
            Value::String(text) => {
                json.depend(text.context());
                json.string(text.bytes());
            }
            Value::Path(path) => {
                let how = if json.copy_paths { Coercion::INTERPOLATION } else { Coercion::TEXT };
                let text = self.coerce(Value::Path(path), how)?;
                json.depend(text.context());
                json.string(text.bytes());
            }
            Value::List(list) => {
                json.out.push(b'[');
                for (index, element) in list.iter().enumerate() {
                    if index > 0 {
                        json.out.push(b',');
                    }
                    let element = self.force(element)?;
                    self.write_json(element, json)?;
                }
                json.out.push(b']');
            }
            Value::Attrs(set) => self.write_json_set(set, json)?,
            Value::Lambda(_) | Value::Builtin(_) | Value::Partial(_) => {
                return Err(self.type_error(format!("cannot convert {} to JSON", value.type_phrase())));
            }
        }
        Ok(())
    }

    fn write_json_set(&mut self, set: Attrs<'a>, json: &mut JsonText) -> Result<()> {
        if let Some(entry) = set.get(self.names.to_string) {
            let to_string = self.force_slot(&entry.slot)?;
            let text = self.call(to_string, &[Lazy::Value(Value::Attrs(set))])?;
            let text = self.coerce(text, Coercion::TEXT)?;
            json.depend(text.context());
            json.string(text.bytes());
            return Ok(());
        }
        if let Some(entry) = set.get(self.names.out_path) {
            let value = self.force_slot(&entry.slot)?;
            return self.write_json(value, json);
        }
        json.out.push(b'{');
        for (index, entry) in self.sorted_entries(set).into_iter().enumerate() {
            if index > 0 {
                json.out.push(b',');
            }
            json.string(self.symbols.text(entry.name));
            json.out.push(b':');
            let value = self.force_slot(&entry.slot);
            let result = value.and_then(|value| self.write_json(value, json));
            result.map_err(|error| self.in_attribute(error, entry))?;
        }
        json.out.push(b'}');
        Ok(())
    }

    #[cold]
    fn json_error(&self, message: &str) -> Error {
        self.error(ErrorKind::Other, format!("JSON serialization error: {message}"))
    }
}
