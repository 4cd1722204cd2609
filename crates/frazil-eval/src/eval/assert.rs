//! Failed assertions: what was asserted, in the words of the reference implementation, and of an
//! equality the first difference.
//!
//! Nothing here decides whether an assertion holds; that it does not was found out before. The
//! search for a difference takes the steps of `==` once more, so it fails nowhere else.

use std::path::Path;

use bumpalo::Bump;
use frazil_syntax::ParseOptions;
use frazil_syntax::ast::Operator;

use super::compare::same;
use crate::code::{Assert, Binary, Expr};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Note, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Entry, Env, List};
use crate::print::{self, TreeContext};
use crate::source::{Pos, Range};
use crate::value::{Lazy, Value};

impl<'a> Evaluator<'a> {
    /// The error for an assertion whose condition is false.
    #[cold]
    #[inline(never)]
    pub(super) fn assertion_failed(&mut self, assert: &'a Assert<'a>, env: Env<'a>) -> Error {
        // Within `tryEval` nobody will read the text; but the second look at an equality may fail.
        let condition =
            if self.tries > 0 { String::new() } else { self.condition_text(assert.range) };
        if let Expr::Binary(binary) = &assert.condition
            && binary.operator == Operator::Equal
            && let Err(error) = self.equality_failed(binary, env)
        {
            let message = format!("while evaluating the condition of the assertion '{condition}'");
            return self.noted(error, message, assert.range).at(assert.range);
        }
        self.error(ErrorKind::Assertion, format!("assertion '{condition}' failed")).at(assert.range)
    }

    /// The condition as `nix-instantiate --parse` prints it. Code does not remember the tree it was
    /// made of, so the text is parsed once more.
    fn condition_text(&self, range: Range) -> String {
        let Some(place) = self.sources.place(range) else { return String::new() };
        let text =
            place.source.text.get(place.start as usize..place.end as usize).unwrap_or_default();
        let directory = self.sources.directory(range.start);
        let arena = Bump::new();
        let options = ParseOptions { pipe_operators: self.options.pipe_operators };
        let parsed = frazil_syntax::parse(text, &arena, options);
        if !parsed.errors.is_empty() {
            return String::from_utf8_lossy(text).into_owned();
        }
        let base = directory.as_deref().unwrap_or(Path::new("/"));
        let mut out = Vec::new();
        print::tree(
            &parsed.root,
            TreeContext { base, home: self.options.home.as_deref() },
            &mut out,
        );
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Fails with the difference between the operands of `==`.
    fn equality_failed(&mut self, binary: &'a Binary<'a>, env: Env<'a>) -> Result<()> {
        let left = self.eval(&binary.left, env)?.unpack();
        let right = self.eval(&binary.right, env)?.unpack();
        self.find_difference(left, right, binary.range)
    }

    /// Fails with the first difference of two values, if there is one.
    fn find_difference(&mut self, left: Value<'a>, right: Value<'a>, range: Range) -> Result<()> {
        self.check_stack()?;
        match (left, right) {
            (Value::Null, Value::Null) => Ok(()),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                if self.equal(left, right)? { Ok(()) } else { Err(self.unequal_kinds(left, right, "with")) }
            }
            (Value::Bool(_), Value::Bool(_)) => self.find_unequal("boolean", left, right),
            (Value::String(_), Value::String(_)) => self.find_unequal("string", left, right),
            (Value::Path(_), Value::Path(_)) => self.find_unequal("path", left, right),
            (Value::List(l), Value::List(r)) => self.find_in_lists(l, r, range),
            (Value::Attrs(l), Value::Attrs(r)) => self.find_in_sets(l, r, range),
            _ if left.type_word() != right.type_word() => Err(self.unequal_kinds(left, right, "of")),
            _ => Err(self.different(
                "distinct functions and immediate comparisons of identical functions compare as unequal",
            )),
        }
    }

    fn unequal_kinds(&mut self, left: Value<'a>, right: Value<'a>, word: &str) -> Error {
        let (l, r) = (print::for_error(self, left), print::for_error(self, right));
        let (left, right) = (left.type_phrase(), right.type_phrase());
        self.different(format!(
            "{left} {word} value '{l}' is not equal to {right} {word} value '{r}'"
        ))
    }

    fn find_unequal(&mut self, kind: &str, left: Value<'a>, right: Value<'a>) -> Result<()> {
        if self.equal(left, right)? {
            return Ok(());
        }
        let (left, right) = (print::for_error(self, left), print::for_error(self, right));
        Err(self.different(format!("{kind} '{left}' is not equal to {kind} '{right}'")))
    }

    fn find_in_lists(&mut self, left: List<'a>, right: List<'a>, range: Range) -> Result<()> {
        if left.len() != right.len() {
            let (l, r) = (left.len(), right.len());
            let left = print::for_error(self, Value::List(left));
            let right = print::for_error(self, Value::List(right));
            return Err(self.different(format!(
                "list of size '{l}' is not equal to list of size '{r}', \
                 left hand side is '{left}', right hand side is '{right}'"
            )));
        }
        for (index, (l, r)) in left.iter().zip(right.iter()).enumerate() {
            self.find_in_lazy(l, r, range).map_err(|error| {
                self.noted(error, format!("while comparing list element {index}"), range)
            })?;
        }
        Ok(())
    }

    fn find_in_lazy(&mut self, left: Lazy<'a>, right: Lazy<'a>, range: Range) -> Result<()> {
        let is_same_slot = left.is(right);
        let (left, right) = (self.force_lazy(left)?, self.force_lazy(right)?);
        if is_same_slot || same(left.into(), right.into()) {
            return Ok(());
        }
        self.find_difference(left.unpack(), right.unpack(), range)
    }

    fn find_in_sets(&mut self, left: Attrs<'a>, right: Attrs<'a>, range: Range) -> Result<()> {
        if self.is_derivation(left)? && self.is_derivation(right)? {
            let out_path = self.names.out_path;
            if let (Some(l), Some(r)) = (left.get(out_path), right.get(out_path)) {
                let (l, r) = (Lazy::of(&l.slot), Lazy::of(&r.slot));
                return self.find_in_lazy(l, r, range).map_err(|error| {
                    let message = "while comparing a derivation by its 'outPath' attribute";
                    self.noted(error, message.to_owned(), range)
                });
            }
        }
        if left.len() != right.len() {
            let left = print::for_error(self, Value::Attrs(left));
            let right = print::for_error(self, Value::Attrs(right));
            return Err(self.different(format!(
                "attribute names of attribute set '{left}' differs from attribute set '{right}'"
            )));
        }
        for (l, r) in self.cursor.entries(left).iter().zip(self.cursor.entries(right)) {
            if l.name != r.name {
                return Err(self.unequal_names(left, right, l, r));
            }
            self.find_in_lazy(Lazy::of(&l.slot), Lazy::of(&r.slot), range)
                .map_err(|error| self.in_compared_attribute(error, l, r, range))?;
        }
        Ok(())
    }

    /// Of two sets of the same size, one has `left` where the other has `right`.
    fn unequal_names(
        &mut self,
        one: Attrs<'a>,
        other: Attrs<'a>,
        left: &Entry<'a>,
        right: &Entry<'a>,
    ) -> Error {
        let is_extra = other.get(left.name).is_none();
        let name =
            print::name_text(self.symbols.text(if is_extra { left.name } else { right.name }));
        let one = print::for_error(self, Value::Attrs(one));
        let other = print::for_error(self, Value::Attrs(other));
        self.different(if is_extra {
            format!("attribute name '{name}' is contained in '{one}', but not in '{other}'")
        } else {
            format!("attribute name '{name}' is missing in '{one}', but is contained in '{other}'")
        })
    }

    fn in_compared_attribute(
        &self,
        error: Error,
        left: &Entry<'a>,
        right: &Entry<'a>,
        range: Range,
    ) -> Error {
        let at = |start: Pos| Range { start, bytes: 0 };
        let name = print::name_text(self.symbols.text(left.name));
        let error = self.noted(error, "where right hand side is".to_owned(), at(right.pos));
        let error = self.noted(error, "where left hand side is".to_owned(), at(left.pos));
        self.noted(error, format!("while comparing attribute '{name}'"), range)
    }

    fn different(&self, message: impl Into<String>) -> Error {
        self.error(ErrorKind::Assertion, message)
    }

    fn noted(&self, error: Error, message: String, range: Range) -> Error {
        error.note(|| Note { depth: self.depth, message, range, pinned: false })
    }
}
