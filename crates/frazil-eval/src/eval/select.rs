//! Attributes: `a.b`, `a.b or c`, `a ? b`, and names that only a `with` defines.

use crate::code::{DynamicVariable, Has, Key, Select, SelectOr};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Note, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Entry, Env};
use crate::print;
use crate::source::Range;
use crate::symbol::Symbol;
use crate::value::{Lazy, Value};
use crate::word::Word;

use super::Step;

impl<'a> Evaluator<'a> {
    #[inline(always)]
    pub(super) fn select(&mut self, select: &'a Select<'a>, env: Env<'a>) -> Result<Word<'a>> {
        let subject = self.eval(&select.subject, env)?;
        let Some(set) = subject.as_attrs() else {
            return Err(self.expected("a set", subject.unpack()).at(select.range));
        };
        let entry = match set.guess(select.guess.get()) {
            Some(entry) if entry.name == select.name => entry,
            _ => match set.find(select.name) {
                Some((entry, index)) => {
                    select.guess.set(index);
                    entry
                }
                None => return Err(self.missing_attribute(set, select.name, select.range)),
            },
        };
        match entry.slot.get().value() {
            Some(value) => Ok(value),
            None => self.force_attribute(entry, select.range),
        }
    }

    #[inline(never)]
    fn force_attribute(&mut self, entry: &'a Entry<'a>, range: Range) -> Result<Word<'a>> {
        match self.force_variable(&entry.slot, range) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.in_attribute(error, entry)),
        }
    }

    /// Adds to the trace that `entry` was being evaluated.
    #[cold]
    pub(crate) fn in_attribute(&self, error: Error, entry: &Entry<'_>) -> Error {
        error.note(|| Note {
            depth: self.depth,
            message: format!(
                "while evaluating the attribute `{}`",
                self.attribute_text(entry.name)
            ),
            range: Range { start: entry.pos, bytes: self.symbols.text(entry.name).len() as u32 },
            pinned: false,
        })
    }

    fn attribute_text(&self, name: Symbol) -> String {
        String::from_utf8_lossy(self.symbols.text(name)).into_owned()
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn missing_attribute(
        &mut self,
        set: Attrs<'a>,
        name: Symbol,
        range: Range,
    ) -> Error {
        let text = self.symbols.text(name);
        let message = format!("attribute '{}' missing", print::name_text(text));
        let error = self.error(ErrorKind::MissingAttribute, message).at(range);
        let entries = self.cursor.entries(set);
        let known = entries.iter().map(|entry| self.symbols.text(entry.name));
        match crate::similar::closest(text, known) {
            Some(similar) => {
                error.help(format!("did you mean `{}`?", String::from_utf8_lossy(similar)))
            }
            None => error,
        }
    }

    /// An attribute that a builtin needs.
    pub(crate) fn required(&mut self, set: Attrs<'a>, name: Symbol) -> Result<Lazy<'a>> {
        match set.get(name) {
            Some(entry) => Ok(Lazy::of(&entry.slot)),
            None => Err(self.missing_attribute(set, name, Range::NOWHERE)),
        }
    }

    #[inline(never)]
    pub(super) fn select_or(&mut self, select: &'a SelectOr<'a>, env: Env<'a>) -> Result<Step<'a>> {
        let mut value = self.eval(&select.subject, env)?;
        for key in select.path {
            let name = self.key(key, env)?;
            let entry = value.as_attrs().and_then(|set| set.get(name));
            let Some(entry) = entry else {
                return match (&select.default, value.unpack()) {
                    (Some(default), _) => Ok(Step::Continue(default, env)),
                    (None, Value::Attrs(set)) => {
                        Err(self.missing_attribute(set, name, select.range))
                    }
                    (None, other) => Err(self.expected("a set", other).at(select.range)),
                };
            };
            value = self.force_attribute(entry, select.range)?;
        }
        Ok(Step::Done(value))
    }

    #[inline(never)]
    pub(super) fn has(&mut self, has: &'a Has<'a>, env: Env<'a>) -> Result<Word<'a>> {
        let mut value = self.eval(&has.subject, env)?;
        let mut keys = has.path.iter().peekable();
        while let Some(key) = keys.next() {
            let name = self.key(key, env)?;
            let entry = value.as_attrs().and_then(|set| set.get(name));
            let Some(entry) = entry else { return Ok(Word::bool(false)) };
            if keys.peek().is_some() {
                value = self.force_word(&entry.slot)?;
            }
        }
        Ok(Word::bool(true))
    }

    fn key(&mut self, key: &'a Key<'a>, env: Env<'a>) -> Result<Symbol> {
        match key {
            Key::Static(name) => Ok(*name),
            Key::Dynamic(expr, range) => {
                let name = self.eval(expr, env)?.unpack();
                self.attribute_name(name).map_err(|error| error.at(*range))
            }
        }
    }

    /// The symbol of a computed attribute name, which must be a string without context.
    pub(crate) fn attribute_name(&mut self, name: Value<'a>) -> Result<Symbol> {
        let text = self.force_plain_string(name.into())?;
        Ok(self.intern(text))
    }

    #[inline(never)]
    pub(super) fn dynamic(
        &mut self,
        variable: &'a DynamicVariable<'a>,
        env: Env<'a>,
    ) -> Result<Word<'a>> {
        let mut env = env.up(variable.depth);
        let mut next = Some(variable.with);
        while let Some(with) = next {
            let slot = env.slot(with.slot);
            let set = self.force_variable(slot, variable.range)?;
            let Some(set) = set.as_attrs() else {
                return Err(self.expected("a set", set.unpack()).at(variable.range));
            };
            if let Some(entry) = set.get(variable.name) {
                return self.force_variable(&entry.slot, variable.range);
            }
            next = with.outer.map(|(outer, depth)| {
                env = env.up(depth);
                outer
            });
        }
        let name = self.attribute_text(variable.name);
        let message = format!("undefined variable '{name}'");
        Err(self.error(ErrorKind::UndefinedVariable, message).at(variable.range))
    }
}
