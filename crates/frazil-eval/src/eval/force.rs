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
use crate::value::{DelayedCall, Lazy, Value};
use crate::word::{Slot, State, Word};

impl<'a> Evaluator<'a> {
    /// The value of what `slot` holds.
    #[inline(always)]
    pub(crate) fn force_slot(&mut self, slot: &'a Cell<Slot<'a>>) -> Result<Value<'a>> {
        self.force_word(slot).map(Word::unpack)
    }

    /// [`Self::force_slot`], packed.
    #[inline(always)]
    pub(crate) fn force_word(&mut self, slot: &'a Cell<Slot<'a>>) -> Result<Word<'a>> {
        match slot.get().value() {
            Some(value) => Ok(value),
            None => self.force_now(slot),
        }
    }

    /// [`Self::force_word`] for a variable that stands at `range`.
    #[inline(always)]
    pub(crate) fn force_variable(
        &mut self,
        slot: &'a Cell<Slot<'a>>,
        range: Range,
    ) -> Result<Word<'a>> {
        match slot.get().value() {
            Some(value) => Ok(value),
            None => self.force_now(slot).map_err(|error| error.recursion_at(range)),
        }
    }

    pub fn force(&mut self, lazy: Lazy<'a>) -> Result<Value<'a>> {
        self.force_lazy(lazy).map(Word::unpack)
    }

    /// [`Self::force`], packed.
    #[inline(always)]
    pub(crate) fn force_lazy(&mut self, lazy: Lazy<'a>) -> Result<Word<'a>> {
        match (lazy.value(), lazy.slot()) {
            (Some(value), _) => Ok(value),
            (None, Some(slot)) => self.force_word(slot),
            (None, None) => Err(self.infinite_recursion()),
        }
    }

    #[inline(never)]
    fn force_now(&mut self, slot: &'a Cell<Slot<'a>>) -> Result<Word<'a>> {
        self.check_stack()?;
        let before = slot.replace(Slot::BUSY);
        let depth = self.depth;
        let result = match before.state() {
            State::Value(value) => Ok(value),
            State::Pending(code, env) => {
                let code = self.cursor.code(code);
                self.run(code, env)
            }
            State::Ref(target) => self.force_word(target),
            State::Call(call) => self.force_call(call),
            State::Busy => Err(self.infinite_recursion()),
        };
        self.depth = depth;
        // After an error it is as if nobody had asked: the next one gets the same error.
        slot.set(result.as_ref().map_or(before, |value| (*value).into()));
        result
    }

    fn force_call(&mut self, call: &'a DelayedCall<'a>) -> Result<Word<'a>> {
        let function = self.force_lazy(call.function)?;
        let arguments = call.arguments.get(..call.count as usize).unwrap_or_default();
        self.call_word(function, arguments)
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
    fn deep_force_unseen(
        &mut self,
        value: Value<'a>,
        seen: &mut HashSet<usize, FastHash>,
    ) -> Result<()> {
        self.check_stack()?;
        match value {
            // An empty list has no memory of its own: something else may lie at its address.
            Value::List(list) if !list.is_empty() && seen.insert(list.address()) => {
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
