//! What programs around the evaluator need: making values, taking them apart, selecting by path.
//!
//! Everything here works on values that an evaluation made; how they are laid out stays inside.

use std::path::Path;

use crate::diagnostic::{Diagnostic, ErrorKind, Source};
use crate::error::{Error, Result};
use crate::eval::Coercion;
use crate::evaluator::{Evaluator, Program};
use crate::heap::Attrs;
use crate::source::Pos;
use crate::value::{Lazy, Value};
use crate::word::Slot;

impl<'a> Evaluator<'a> {
    /// Parses an expression that sees the names of `scope` besides the builtins.
    pub fn parse_in_scope(
        &mut self,
        name: &str,
        text: Vec<u8>,
        base: &Path,
        scope: &[(&str, Lazy<'a>)],
    ) -> Result<Program<'a>, Vec<Diagnostic>> {
        let names: Vec<_> = scope.iter().map(|(name, _)| self.intern(name.as_bytes())).collect();
        let values: Vec<Slot<'a>> = scope.iter().map(|(_, value)| (*value).into()).collect();
        let source = Source { name: name.into(), text, is_file: false };
        self.parse(source, base, &names, &values)
    }

    /// The value of a program, evaluated when someone asks for it.
    pub fn delayed(&mut self, program: Program<'a>) -> Lazy<'a> {
        self.delay_lazy(program.body, program.frame)
    }

    /// A string without context.
    pub fn string(&mut self, text: &[u8]) -> Value<'a> {
        Value::String(self.cursor.string(text))
    }

    /// A set of these attributes, each name once.
    pub fn set(&mut self, attributes: &[(String, Lazy<'a>)]) -> Attrs<'a> {
        let mut writer = self.cursor.attrs_writer(attributes.len());
        for (name, value) in attributes {
            let name = self.symbols.intern(name.as_bytes(), &mut self.cursor);
            writer.push(name, Pos::NOWHERE, (*value).into());
        }
        writer.finish(&mut self.cursor)
    }

    /// An attribute of a set, if it has it.
    pub fn attribute(&self, set: Attrs<'a>, name: &str) -> Option<Lazy<'a>> {
        let entry = set.get(self.symbols.lookup(name.as_bytes())?)?;
        Some(Lazy::of(&entry.slot))
    }

    /// The attributes of a set in the order of their names.
    pub fn attributes(&mut self, set: Attrs<'a>) -> Vec<(&'a [u8], Lazy<'a>)> {
        let entries = self.sorted_entries(set);
        entries
            .into_iter()
            .map(|entry| (self.symbols.text(entry.name), Lazy::of(&entry.slot)))
            .collect()
    }

    /// What an attribute path leads to, or `None` where a set lacks the attribute. Unlike
    /// [`Self::select_path`] this calls no functions, and numbers are names as well.
    pub fn find_path(&mut self, root: Value<'a>, path: &str) -> Result<Option<Value<'a>>> {
        let steps = attribute_path(path).ok_or_else(|| {
            let message = format!("missing closing quote in selection path '{path}'");
            self.failure(ErrorKind::Other, message)
        })?;
        let mut value = root;
        for step in steps {
            let Value::Attrs(set) = value else { return Ok(None) };
            let Some(attribute) = self.attribute(set, &step) else { return Ok(None) };
            value = self.force(attribute)?;
        }
        Ok(Some(value))
    }

    /// An attribute that a value must have.
    pub fn member(&mut self, value: Value<'a>, name: &str) -> Result<Value<'a>> {
        let found = match value {
            Value::Attrs(set) => self.attribute(set, name),
            _ => None,
        };
        match found {
            Some(found) => self.force(found),
            None => Err(self.failure(
                ErrorKind::MissingAttribute,
                format!("{} has no attribute '{name}'", value.type_phrase()),
            )),
        }
    }

    /// Says something to the user.
    pub fn tell(&mut self, message: crate::host::Message) {
        self.host.tell(message);
    }

    /// Calls a function with one argument.
    pub fn apply(&mut self, function: Value<'a>, argument: Lazy<'a>) -> Result<Value<'a>> {
        self.call(function, &[argument])
    }

    /// The text that a value stands for in a string; paths are copied to the store.
    pub fn text(&mut self, value: Value<'a>) -> Result<&'a [u8]> {
        Ok(self.coerce(value, Coercion::INTERPOLATION)?.bytes())
    }

    /// Evaluate files again when they are imported next.
    pub fn forget_imports(&mut self) {
        self.imports.clear();
    }

    /// The JSON of a value, all of which is evaluated.
    pub fn json(&mut self, value: Value<'a>) -> Result<Vec<u8>> {
        crate::print::json(self, value)
    }

    /// The XML of a value.
    pub fn xml(&mut self, value: Value<'a>, form: crate::print::XmlForm) -> Result<Vec<u8>> {
        crate::print::xml(self, value, form)
    }

    /// An error that the program around the evaluator found.
    pub fn failure(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        self.error(kind, message)
    }

    /// Follows a selection path such as `a.b.0`, calling functions on the way with `arguments`.
    pub fn select_path(
        &mut self,
        root: Value<'a>,
        path: &str,
        arguments: Attrs<'a>,
    ) -> Result<Value<'a>> {
        let steps = attribute_path(path).ok_or_else(|| {
            self.failure(
                ErrorKind::Other,
                format!("missing closing quote in selection path '{path}'"),
            )
        })?;
        let mut value = root;
        for step in steps {
            value = self.auto_call(value, arguments)?;
            value = self.select_step(value, &step, path)?;
        }
        Ok(value)
    }

    fn select_step(&mut self, value: Value<'a>, step: &str, path: &str) -> Result<Value<'a>> {
        if let Ok(index) = step.parse::<usize>() {
            let Value::List(list) = value else {
                return Err(self.unselectable(value, "a list", path));
            };
            let Some(element) = list.iter().nth(index) else {
                let message =
                    format!("list index {index} in selection path '{path}' is out of range");
                return Err(self.failure(ErrorKind::MissingAttribute, message));
            };
            return self.force(element);
        }
        let Value::Attrs(set) = value else {
            return Err(self.unselectable(value, "a set", path));
        };
        if step.is_empty() {
            let message = format!("empty attribute name in selection path '{path}'");
            return Err(self.failure(ErrorKind::MissingAttribute, message));
        }
        if let Some(attribute) = self.attribute(set, step) {
            return self.force(attribute);
        }
        let message = format!("attribute '{step}' in selection path '{path}' not found");
        let known: Vec<_> = self.attributes(set).into_iter().map(|(name, _)| name).collect();
        let similar = crate::similar::closest(step.as_bytes(), known.into_iter());
        let error = self.failure(ErrorKind::MissingAttribute, message);
        Err(match similar {
            Some(name) => error.help(format!("did you mean `{}`?", String::from_utf8_lossy(name))),
            None => error,
        })
    }

    fn unselectable(&self, value: Value<'a>, wanted: &str, path: &str) -> Error {
        let found = value.type_phrase();
        let message = format!(
            "the expression selected by the selection path '{path}' should be {wanted} but is {found}"
        );
        self.failure(ErrorKind::Type, message)
    }
}

/// Splits `a."b.c".d`; `None` if a quote is not closed.
pub fn attribute_path(path: &str) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    let mut step = String::new();
    let mut quoted = false;
    for char in path.chars() {
        match char {
            '"' => quoted = !quoted,
            '.' if !quoted => steps.push(std::mem::take(&mut step)),
            _ => step.push(char),
        }
    }
    if !step.is_empty() {
        steps.push(step);
    }
    (!quoted).then_some(steps)
}
