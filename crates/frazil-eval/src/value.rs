//! Values: what an expression evaluates to ([`Value`]), what a variable, element or attribute
//! holds before and after that ([`Slot`]), and what is passed around ([`Lazy`]).
//!
//! A slot is evaluated *in place*: a delayed expression is written straight into the frame, list
//! or set that will hold its value, so laziness allocates nothing. Two rules keep this right:
//! slots never move, and a slot that is not evaluated is never copied; whoever needs it elsewhere
//! takes a [`Lazy::Ref`] to it. All three types take 16 bytes.

use std::cell::Cell;

use crate::builtins::Builtin;
use crate::code::{Expr, Lambda};
use crate::heap::{Attrs, CodeRef, Env, List, Str};

/// A value in weak head normal form: its elements and attributes may still be delayed.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Str<'a>),
    /// An absolute path, normalised, without context.
    Path(Str<'a>),
    List(List<'a>),
    Attrs(Attrs<'a>),
    Lambda(Closure<'a>),
    Builtin(&'static Builtin),
    /// A builtin or a curried lambda that lacks arguments.
    Partial(&'a Partial<'a>),
}

/// A lambda with the frame that surrounded it.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, packed(4))]
pub struct Closure<'a> {
    pub(crate) code: CodeRef<'a, Lambda<'a>>,
    pub(crate) env: Env<'a>,
}

#[derive(Clone, Copy)]
pub struct Partial<'a> {
    /// A [`Value::Lambda`] or [`Value::Builtin`].
    pub(crate) function: Value<'a>,
    /// Fewer than the function takes, at least one.
    pub(crate) arguments: &'a [Lazy<'a>],
}

/// The content of a variable, an element or an attribute.
#[derive(Clone, Copy)]
pub(crate) enum Slot<'a> {
    Value(Value<'a>),
    /// The same as another slot.
    Ref(&'a Cell<Slot<'a>>),
    /// An expression that nobody has asked for yet.
    Pending(Pending<'a>),
    /// A call that nobody has asked for yet.
    Call(&'a DelayedCall<'a>),
    /// Under evaluation: asking for it again is infinite recursion.
    Busy,
}

#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(crate) struct Pending<'a> {
    pub(crate) code: CodeRef<'a, Expr<'a>>,
    pub(crate) env: Env<'a>,
}

/// An application made by a builtin, as `map` does.
#[derive(Clone, Copy)]
pub(crate) struct DelayedCall<'a> {
    pub(crate) function: Lazy<'a>,
    pub(crate) arguments: [Lazy<'a>; 2],
    /// How many of `arguments` count.
    pub(crate) count: u32,
}

/// Something to be evaluated on demand, in a form that may be copied.
#[derive(Clone, Copy)]
pub enum Lazy<'a> {
    Value(Value<'a>),
    Ref(#[expect(private_interfaces, reason = "slots are the evaluator's own")] &'a Cell<Slot<'a>>),
}

const _: () = assert!(
    size_of::<Value<'_>>() == 16
        && size_of::<Slot<'_>>() == 16
        && size_of::<Lazy<'_>>() == 16
        && size_of::<crate::Result<Value<'_>>>() == 16
);

impl<'a> Lazy<'a> {
    /// What `slot` holds, to be kept elsewhere.
    #[inline(always)]
    pub(crate) fn of(slot: &'a Cell<Slot<'a>>) -> Self {
        match slot.get() {
            Slot::Value(value) => Self::Value(value),
            Slot::Ref(target) => match target.get() {
                Slot::Value(value) => Self::Value(value),
                Slot::Ref(_) | Slot::Pending(_) | Slot::Call(_) | Slot::Busy => Self::Ref(target),
            },
            Slot::Pending(_) | Slot::Call(_) | Slot::Busy => Self::Ref(slot),
        }
    }
}

impl<'a> From<Lazy<'a>> for Slot<'a> {
    #[inline(always)]
    fn from(lazy: Lazy<'a>) -> Self {
        match lazy {
            Lazy::Value(value) => Self::Value(value),
            Lazy::Ref(slot) => Self::Ref(slot),
        }
    }
}

impl<'a> From<Value<'a>> for Slot<'a> {
    #[inline(always)]
    fn from(value: Value<'a>) -> Self {
        Self::Value(value)
    }
}

impl<'a> From<Value<'a>> for Lazy<'a> {
    #[inline(always)]
    fn from(value: Value<'a>) -> Self {
        Self::Value(value)
    }
}

impl Value<'_> {
    /// The word of `builtins.typeOf`.
    pub fn type_word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::String(_) => "string",
            Self::Path(_) => "path",
            Self::List(_) => "list",
            Self::Attrs(_) => "set",
            Self::Lambda(_) | Self::Builtin(_) | Self::Partial(_) => "lambda",
        }
    }

    /// The type with its article, for messages: `a list`, `an integer`.
    pub fn type_phrase(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a Boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::String(text) if text.context().is_some() => "a string with context",
            Self::String(_) => "a string",
            Self::Path(_) => "a path",
            Self::List(_) => "a list",
            Self::Attrs(_) => "a set",
            Self::Lambda(_) => "a function",
            Self::Builtin(_) => "a built-in function",
            Self::Partial(partial) => match partial.function {
                Value::Builtin(_) => "a partially applied built-in function",
                _ => "a function",
            },
        }
    }
}
