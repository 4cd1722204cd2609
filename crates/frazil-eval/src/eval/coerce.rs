//! Coercion to strings: interpolation, `toString`, and the environment of derivations.

use std::os::unix::ffi::OsStrExt;

use crate::context::Union;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, List, Str};
use crate::number;
use crate::print;
use crate::value::{Lazy, Value};

/// What becomes a string, and how.
#[derive(Clone, Copy)]
pub(crate) struct Coercion {
    /// Numbers, Booleans, null and lists too, not only strings, paths and sets that say how.
    more: bool,
    /// A path is copied to the store and stands for its store path.
    copy_paths: bool,
}

impl Coercion {
    /// `"${x}"`
    pub(crate) const INTERPOLATION: Self = Self { more: false, copy_paths: true };
    /// `toString x`
    pub(crate) const TO_STRING: Self = Self { more: true, copy_paths: false };
    /// An attribute of a derivation.
    pub(crate) const DERIVATION: Self = Self { more: true, copy_paths: true };
    /// A path or a string that a builtin takes as text.
    pub(crate) const TEXT: Self = Self { more: false, copy_paths: false };
}

impl<'a> Evaluator<'a> {
    pub(crate) fn coerce(&mut self, value: Value<'a>, how: Coercion) -> Result<Str<'a>> {
        self.check_stack()?;
        match value {
            Value::String(text) => Ok(text),
            Value::Path(path) if how.copy_paths => self.copy_to_store(path),
            Value::Path(path) => Ok(path),
            Value::Attrs(set) => self.coerce_set(value, set, how),
            Value::Null if how.more => Ok(Str::of(b"")),
            Value::Bool(value) if how.more => Ok(Str::of(if value { b"1" } else { b"" })),
            Value::Int(value) if how.more => Ok(self.cursor.string(value.to_string().as_bytes())),
            Value::Float(value) if how.more => {
                let mut text = Vec::new();
                number::print_fixed(value, &mut text);
                Ok(self.cursor.string(&text))
            }
            Value::List(list) if how.more => self.coerce_list(list, how),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Lambda(_)
            | Value::Builtin(_)
            | Value::Partial(_) => Err(self.not_coercible(value)),
        }
    }

    pub(crate) fn coerce_lazy(&mut self, lazy: Lazy<'a>, how: Coercion) -> Result<Str<'a>> {
        let value = self.force(lazy)?;
        self.coerce(value, how)
    }

    #[cold]
    fn not_coercible(&mut self, value: Value<'a>) -> Error {
        let shown = print::for_error(self, value);
        let error =
            self.type_error(format!("cannot coerce {} to a string: {shown}", value.type_phrase()));
        match value {
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null | Value::List(_) => {
                error.help("`toString` makes a string of it")
            }
            _ => error,
        }
    }

    fn coerce_set(&mut self, value: Value<'a>, set: Attrs<'a>, how: Coercion) -> Result<Str<'a>> {
        if let Some(entry) = set.get(self.names.to_string) {
            let to_string = self.force_slot(&entry.slot)?;
            let text = self.call(to_string, &[value.into()])?;
            return self.coerce(text, how);
        }
        let Some(entry) = set.get(self.names.out_path) else {
            return Err(self.not_coercible(value));
        };
        let out_path =
            self.force_slot(&entry.slot).map_err(|error| self.in_attribute(error, entry))?;
        self.coerce(out_path, how)
    }

    /// The elements, separated by spaces; an empty list leaves no trace.
    fn coerce_list(&mut self, list: List<'a>, how: Coercion) -> Result<Str<'a>> {
        let mut text = Vec::new();
        let mut context = Union::default();
        for (index, cell) in list.cells().iter().enumerate() {
            let element = self.force_slot(cell)?;
            let piece = self.coerce(element, how)?;
            self.check_string(text.len() + piece.bytes().len() + 1)?;
            text.extend_from_slice(piece.bytes());
            context.add(piece.context());
            let is_empty_list = matches!(element, Value::List(list) if list.is_empty());
            if index + 1 < list.len() && !is_empty_list {
                text.push(b' ');
            }
        }
        let text = self.cursor.add_slice(&text);
        let context = context.finish(&mut self.cursor);
        Ok(self.cursor.with_context(text, context))
    }

    /// A path given as a path, as a string with a slash in front, or as a set with `outPath`.
    /// The context of a string comes along: what it names may have to be built first.
    pub(crate) fn coerce_path(&mut self, lazy: Lazy<'a>) -> Result<Str<'a>> {
        let value = self.force(lazy)?;
        if let Value::Path(path) = value {
            return Ok(path);
        }
        let text = self.coerce(value, Coercion::TEXT)?;
        if !text.bytes().starts_with(b"/") {
            let shown = String::from_utf8_lossy(text.bytes()).into_owned();
            return Err(self.error(
                ErrorKind::Type,
                format!("string '{shown}' doesn't represent an absolute path"),
            ));
        }
        let normal = crate::path::normalise(text.bytes());
        let normal = self.cursor.add_slice(&normal);
        Ok(self.cursor.with_context(normal, text.context()))
    }

    /// The store path of a copy of what lies at `path`.
    fn copy_to_store(&mut self, path: Str<'a>) -> Result<Str<'a>> {
        let file = std::path::Path::new(std::ffi::OsStr::from_bytes(path.bytes()));
        let store_path = self.store_copy_of(file)?;
        Ok(self.store_path_string(&store_path))
    }
}
