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
use crate::json::{Utf8Error, write_string};
use crate::number;
use crate::value::Value;

/// JSON being written.
pub(crate) struct JsonText {
    pub(crate) out: Vec<u8>,
    /// The numbers of the context elements of all strings so far.
    pub(crate) context: Vec<u32>,
    copy_paths: bool,
    /// How many values are being written, each in the one before.
    depth: usize,
    /// Why the first string that is not UTF-8 cannot be written. Errors of evaluation go first, so
    /// it is kept until the end.
    invalid: Option<Utf8Error>,
}

impl JsonText {
    /// An empty text; with `copy_paths`, paths are copied to the store and stand for their copies.
    pub(crate) fn new(copy_paths: bool) -> Self {
        Self { out: Vec::new(), context: Vec::new(), copy_paths, depth: 0, invalid: None }
    }

    /// Notes what a string depends on.
    pub(crate) fn depend(&mut self, context: Option<Context<'_>>) {
        self.context.extend_from_slice(context.map_or(&[], Context::numbers));
    }

    /// Appends a string literal.
    pub(crate) fn string(&mut self, text: &[u8]) {
        // After an error a part of the string is there, which nobody will see.
        if let Err(error) = write_string(text, &mut self.out) {
            self.invalid.get_or_insert(error);
        }
    }

    /// The text, unless a string in it was not UTF-8.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Utf8Error> {
        self.invalid.map_or(Ok(self.out), Err)
    }
}

/// A value as JSON: everything in it is evaluated, and paths are copied to the store.
pub fn json<'a>(ev: &mut Evaluator<'a>, value: Value<'a>) -> Result<Vec<u8>> {
    let mut json = JsonText::new(true);
    ev.write_json(value, &mut json)?;
    json.finish().map_err(|error| ev.json_error(error))
}

impl<'a> Evaluator<'a> {
    /// A value as JSON, with the context of all strings in it: `builtins.toJSON`.
    pub(crate) fn json_string(&mut self, value: Value<'a>, copy_paths: bool) -> Result<Str<'a>> {
        let mut json = JsonText::new(copy_paths);
        self.write_json(value, &mut json)?;
        let context = self.cursor.context(std::mem::take(&mut json.context));
        let text = json.finish().map_err(|error| self.json_error(error))?;
        let text = self.cursor.add_slice(&text);
        Ok(self.cursor.with_context(text, context))
    }

    /// Appends a value to a JSON text. It may be as deep as calls may be nested.
    pub(crate) fn write_json(&mut self, value: Value<'a>, json: &mut JsonText) -> Result<()> {
        self.check_stack()?;
        self.check_string(json.out.len())?;
        if json.depth > self.options.call_depth_max {
            return Err(self.stack_overflow());
        }
        json.depth += 1;
        let written = self.write_json_value(value, json);
        json.depth -= 1;
        written
    }

    fn write_json_value(&mut self, value: Value<'a>, json: &mut JsonText) -> Result<()> {
        match value {
            Value::Null => json.out.extend_from_slice(b"null"),
            Value::Bool(value) => {
                json.out.extend_from_slice(if value { b"true" } else { b"false" });
            }
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
                return Err(self.not_json(value));
            }
        }
        Ok(())
    }

    fn write_json_set(&mut self, set: Attrs<'a>, json: &mut JsonText) -> Result<()> {
        if let Some(entry) = set.get(self.names.to_string) {
            let to_string = self.force_slot(&entry.slot)?;
            let text = self.call(to_string, &[Value::Attrs(set).into()])?;
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
    fn not_json(&self, value: Value<'a>) -> Error {
        self.type_error(format!("cannot convert {} to JSON", value.type_phrase()))
    }

    #[cold]
    fn json_error(&self, error: Utf8Error) -> Error {
        self.error(ErrorKind::Other, format!("JSON serialization error: {error}"))
    }
}
