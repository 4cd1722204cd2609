//! `fromJSON`: from the events of a document straight to values.

use super::one;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::Attrs;
use crate::json::{Event, JsonError, Reader};
use crate::source::Pos;
use crate::symbol::Symbol;
use crate::value::{Lazy, Value};
use crate::word::Slot;

pub(super) fn from_json<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = ev.force_plain_string(one(args))?;
    ev.json_value(text)
}

impl<'a> Evaluator<'a> {
    /// The value that a JSON text stands for.
    pub(crate) fn json_value(&mut self, text: &[u8]) -> Result<Value<'a>> {
        Document::default().read(self, text).map_err(|error| broken(self, &error))
    }
}

#[cold]
fn broken(ev: &Evaluator<'_>, error: &JsonError) -> Error {
    ev.error(ErrorKind::Other, error.to_string())
}

/// The containers that are open, in three stacks. What is in the innermost is on top.
#[derive(Default)]
struct Document<'a> {
    values: Vec<Slot<'a>>,
    /// The names of the members of all open objects.
    keys: Vec<Symbol>,
    /// How long the two other stacks were when each container was opened.
    open: Vec<(usize, usize)>,
}

impl<'a> Document<'a> {
    fn read(mut self, ev: &mut Evaluator<'a>, text: &[u8]) -> Result<Value<'a>, JsonError> {
        let mut reader = Reader::new(text);
        while let Some(event) = reader.next()? {
            let value = match event {
                Event::Null => Value::Null,
                Event::Bool(value) => Value::Bool(value),
                Event::Int(value) => Value::Int(value),
                Event::Float(value) => Value::Float(value),
                Event::String(text) => Value::String(ev.cursor.string(text)),
                Event::Key(name) => {
                    self.keys.push(ev.symbols.intern(name, &mut ev.cursor));
                    continue;
                }
                Event::ListStart | Event::ObjectStart => {
                    self.open.push((self.values.len(), self.keys.len()));
                    continue;
                }
                Event::ListEnd => {
                    let (first, _) = self.open.pop().unwrap_or_default();
                    Value::List(ev.cursor.list(self.values.drain(first..)))
                }
                Event::ObjectEnd => Value::Attrs(self.object(ev)),
            };
            self.values.push(value.into());
        }
        let value = self.values.pop().and_then(Slot::value);
        Ok(value.map_or(Value::Null, crate::word::Word::unpack))
    }

    /// The object that ends. Of members with the same name the last counts.
    fn object(&mut self, ev: &mut Evaluator<'a>) -> Attrs<'a> {
        let (first, first_key) = self.open.pop().unwrap_or_default();
        let keys = self.keys.get(first_key..).unwrap_or_default();
        let mut members = keys.iter().zip(self.values.get(first..).unwrap_or_default());
        let mut writer = ev.cursor.attrs_writer(keys.len());
        let mut push = |(name, value): (&Symbol, &Slot<'a>)| {
            writer.push(*name, Pos::NOWHERE, *value);
        };
        if keys.is_sorted_by(|left, right| left < right) {
            members.for_each(&mut push);
        } else {
            // The writer keeps the first of each name.
            while let Some(member) = members.next_back() {
                push(member);
            }
        }
        let set = writer.finish(&mut ev.cursor);
        self.values.truncate(first);
        self.keys.truncate(first_key);
        set
    }
}
