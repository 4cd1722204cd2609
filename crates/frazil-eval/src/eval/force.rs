//! Forcing: from a slot to its value, which then stays in the slot.

use std::cell::Cell;
use std::collections::HashSet;

use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, List, Str};
use crate::print;
use crate::source::Range;
use crate::symbol::FastHash;
use crate::value::{Lazy, Slot, Value};

impl<'a> Evaluator<'a> {
    /// The value of what `slot` holds.
    #[inline(always)]
    pub(crate) fn force_slot(&mut self, slot: &'a Cell<Slot<'a>>) -> Result<Value<'a>> {
        match slot.get() {
            Slot::Value(value) => Ok(value),
            Slot::Ref(_) | Slot::Pending(_) | Slot::Call(_) | Slot::Busy => self.force_now(slot),
        }
    }

    /// [`Self::force_slot`] for a variable that stands at `range`.
    #[inline(always)]
    pub(crate) fn force_variable(&mut self, slot: &'a Cell<Slot<'a>>, range: Range) -> Result<Value<'a>> {
        match slot.get() {
            Slot::Value(value) => Ok(value),
            Slot::Busy => Err(self.infinite_recursion().at(range)),
            Slot::Ref(_) | Slot::Pending(_) | Slot::Call(_) => self.force_now(slot),
        }
    }

    pub fn force(&mut self, lazy: Lazy<'a>) -> Result<Value<'a>> {
        match lazy {
            Lazy::Value(value) => Ok(value),
            Lazy::Ref(slot) => self.force_slot(slot),
        }
    }

    #[inline(never)]
    fn force_now(&mut self, slot: &'a Cell<Slot<'a>>) -> Result<Value<'a>> {
        self.check_stack()?;
        let before = slot.replace(Slot::Busy);
        let depth = self.depth;
        let result = match before {
            Slot::Value(value) => Ok(value),
            Slot::Pending(pending) => {
                let code = self.cursor.code(pending.code);
                self.eval(code, pending.env)
            }
            Slot::Ref(target) => self.force_slot(target),
            Slot::Call(call) => {
                let arguments = call.arguments.get(..call.count as usize).unwrap_or_default();
                self.force(call.function).and_then(|function| self.call(function, arguments))
            }
            Slot::Busy => Err(self.infinite_recursion()),
        };
        self.depth = depth;
        // After an error it is as if nobody had asked: the next one gets the same error.
        slot.set(result.as_ref().map_or(before, |value| Slot::Value(*value)));
        result
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn infinite_recursion(&self) -> Error {
        self.error(ErrorKind::InfiniteRecursion, "infinite recursion encountered")
    }

    /// `expected an integer but found a string: "x"`
    #[cold]
    #[inline(never)]
    pub(crate) fn expected(&mut self, what: &str, found: Value<'a>) -> Error {
        let shown = print::for_error(self, found);
        self.type_error(format!("expected {what} but found {}: {shown}", found.type_phrase()))
    }

    pub(crate) fn force_bool(&mut self, lazy: Lazy<'a>) -> Result<bool> {
        match self.force(lazy)? {
            Value::Bool(value) => Ok(value),
            other => Err(self.expected("a Boolean", other)),
        }
    }

    pub(crate) fn force_int(&mut self, lazy: Lazy<'a>) -> Result<i64> {
        match self.force(lazy)? {
            Value::Int(value) => Ok(value),
            other => Err(self.expected("an integer", other)),
        }
    }

    /// An integer or a float, as a float.
    pub(crate) fn force_float(&mut self, lazy: Lazy<'a>) -> Result<f64> {
        match self.force(lazy)? {
            Value::Int(value) => Ok(value as f64),
            Value::Float(value) => Ok(value),
            other => Err(self.expected("a float", other)),
        }
    }

    /// A string, with whatever context it has.
    pub(crate) fn force_string(&mut self, lazy: Lazy<'a>) -> Result<Str<'a>> {
        match self.force(lazy)? {
            Value::String(value) => Ok(value),
            other => Err(self.expected("a string", other)),
        }
    }

    /// A string that must not have a context.
    pub(crate) fn force_plain_string(&mut self, lazy: Lazy<'a>) -> Result<&'a [u8]> {
        let string = self.force_string(lazy)?;
        match self.contexts.elements(string.context()).first() {
            None => Ok(string.bytes()),
            Some(element) => {
                let text = String::from_utf8_lossy(string.bytes());
                let element = self.element_text(element);
                Err(self.type_error(format!(
                    "the string '{text}' is not allowed to refer to a store path (such as '{element}')"
                )))
            }
        }
    }

    pub(crate) fn force_list(&mut self, lazy: Lazy<'a>) -> Result<List<'a>> {
        match self.force(lazy)? {
            Value::List(value) => Ok(value),
            other => Err(self.expected("a list", other)),
        }
    }

    pub(crate) fn force_attrs(&mut self, lazy: Lazy<'a>) -> Result<Attrs<'a>> {
        match self.force(lazy)? {
            Value::Attrs(value) => Ok(value),
            other => Err(self.expected("a set", other)),
        }
    }

    /// Something that can be called: a function, or a set with `__functor`.
    pub(crate) fn force_function(&mut self, lazy: Lazy<'a>) -> Result<Value<'a>> {
        match self.force(lazy)? {
            function @ (Value::Lambda(_) | Value::Builtin(_) | Value::Partial(_)) => Ok(function),
            Value::Attrs(set) if set.get(self.names.functor).is_some() => Ok(Value::Attrs(set)),
            other => Err(self.expected("a function", other)),
        }
    }

    /// Evaluates a value through and through.
    pub fn deep_force(&mut self, value: Value<'a>) -> Result<()> {
        self.deep_force_unseen(value, &mut HashSet::default())
    }

    /// `seen` holds the addresses of sets and lists that were begun: they may contain themselves.
    fn deep_force_unseen(&mut self, value: Value<'a>, seen: &mut HashSet<usize, FastHash>) -> Result<()> {
        self.check_stack()?;
        match value {
            Value::List(list) if seen.insert(list.address()) => {
                for cell in list.cells() {
                    let element = self.force_slot(cell)?;
                    self.deep_force_unseen(element, seen)?;
                }
            }
            Value::Attrs(set) if seen.insert(set.address()) => {
                // Not in the order of the names: which error comes first depends on it.
                for entry in self.cursor.entries(set) {
                    let result = self.force_slot(&entry.slot);
                    let result = result.and_then(|value| self.deep_force_unseen(value, seen));
                    result.map_err(|error| self.in_attribute(error, entry))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
