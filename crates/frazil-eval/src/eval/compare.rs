//! Equality and order.

use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, List};
use crate::value::{Lazy, Value};
use crate::word::Slot;

impl<'a> Evaluator<'a> {
    /// `==`. Functions are unequal even to themselves, but a list or set that contains one is equal
    /// to itself: elements that are one and the same are not looked into.
    #[expect(clippy::float_cmp, reason = "the language compares floats exactly")]
    pub(crate) fn equal(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool> {
        self.check_stack()?;
        self.step()?;
        Ok(match (left, right) {
            (Value::Int(l), Value::Int(r)) => l == r,
            (Value::Int(l), Value::Float(r)) => l as f64 == r,
            (Value::Float(l), Value::Int(r)) => l == r as f64,
            (Value::Float(l), Value::Float(r)) => l == r,
            (Value::Null, Value::Null) => true,
            (Value::Bool(l), Value::Bool(r)) => l == r,
            (Value::String(l), Value::String(r)) | (Value::Path(l), Value::Path(r)) => {
                l.is(r) || l.bytes() == r.bytes()
            }
            (Value::List(l), Value::List(r)) => return self.equal_lists(l, r),
            (Value::Attrs(l), Value::Attrs(r)) => return self.equal_sets(l, r),
            _ => false,
        })
    }

    fn equal_lists(&mut self, left: List<'a>, right: List<'a>) -> Result<bool> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (l, r) in left.cells().iter().zip(right.cells()) {
            if !self.equal_slots(l, r)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_sets(&mut self, left: Attrs<'a>, right: Attrs<'a>) -> Result<bool> {
        // Two derivations are equal when they build the same output.
        if self.is_derivation(left)? && self.is_derivation(right)? {
            let out_path = self.names.out_path;
            if let (Some(l), Some(r)) = (left.get(out_path), right.get(out_path)) {
                let (l, r) = (self.force_slot(&l.slot)?, self.force_slot(&r.slot)?);
                return self.equal(l, r);
            }
        }
        if left.len() != right.len() {
            return Ok(false);
        }
        let (left, right) = (self.cursor.entries(left), self.cursor.entries(right));
        for (l, r) in left.iter().zip(right) {
            if l.name != r.name || !self.equal_slots(&l.slot, &r.slot)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_slots(
        &mut self,
        left: &'a std::cell::Cell<Slot<'a>>,
        right: &'a std::cell::Cell<Slot<'a>>,
    ) -> Result<bool> {
        self.equal_lazy(Lazy::of(left), Lazy::of(right))
    }

    /// `==` for two elements, or an element and an argument.
    pub(crate) fn equal_lazy(&mut self, left: Lazy<'a>, right: Lazy<'a>) -> Result<bool> {
        let is_same_slot = left.is(right);
        let (left, right) = (self.force_lazy(left)?, self.force_lazy(right)?);
        if is_same_slot || same(left.into(), right.into()) {
            return Ok(true);
        }
        self.equal(left.unpack(), right.unpack())
    }

    /// Whether a set has `type = "derivation"`.
    pub(crate) fn is_derivation(&mut self, set: Attrs<'a>) -> Result<bool> {
        let Some(entry) = set.get(self.names.type_) else { return Ok(false) };
        let value = self.force_slot(&entry.slot)?;
        Ok(matches!(value, Value::String(text) if text.bytes() == b"derivation"))
    }

    /// `<`, for numbers, strings, paths, and lists of such.
    pub(crate) fn less(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool> {
        self.check_stack()?;
        Ok(match (left, right) {
            (Value::Int(l), Value::Int(r)) => l < r,
            (Value::Int(l), Value::Float(r)) => (l as f64) < r,
            (Value::Float(l), Value::Int(r)) => l < r as f64,
            (Value::Float(l), Value::Float(r)) => l < r,
            (Value::String(l), Value::String(r)) | (Value::Path(l), Value::Path(r)) => {
                l.bytes() < r.bytes()
            }
            (Value::List(l), Value::List(r)) => return self.less_lists(l, r),
            _ => return Err(self.not_comparable(left, right)),
        })
    }

    fn less_lists(&mut self, left: List<'a>, right: List<'a>) -> Result<bool> {
        for (l, r) in left.cells().iter().zip(right.cells()) {
            if !self.equal_slots(l, r)? {
                let (l, r) = (self.force_slot(l)?, self.force_slot(r)?);
                return self.less(l, r);
            }
        }
        Ok(left.len() < right.len())
    }

    #[cold]
    fn not_comparable(&self, left: Value<'a>, right: Value<'a>) -> Error {
        let kinds_differ = left.type_word() != right.type_word();
        let (l, r) = (left.type_phrase(), right.type_phrase());
        if kinds_differ {
            self.type_error(format!("cannot compare {l} with {r}"))
        } else {
            self.type_error(format!(
                "cannot compare {l} with {r}; values of that type are incomparable"
            ))
        }
    }
}

/// Whether both are one and the same value, so that it need not be looked into. This makes
/// `[ f ] == [ f ]` true, as in C++ Nix, where values have identities. Numbers have none here: the
/// one that is not equal to itself is found by comparing.
pub(super) fn same<'a>(left: Lazy<'a>, right: Lazy<'a>) -> bool {
    left.is(right) && !left.is_number_like()
}
