//! Values, in the form that programs of this crate match on.
//!
//! A [`Value`] is in weak head normal form: its elements and attributes may still be delayed. What
//! variables, elements and attributes hold is a [`Slot`](crate::word::Slot); what is passed around
//! without being forced is a [`Lazy`](crate::word::Lazy).

use std::borrow::Cow;

use crate::builtins::Builtin;
use crate::code::Lambda;
use crate::heap::{Attrs, CodeRef, Env, List, Str};

pub use crate::word::Lazy;

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

/// An application made by a builtin, as `map` does, that nobody has asked for yet.
#[derive(Clone, Copy)]
pub(crate) struct DelayedCall<'a> {
    pub(crate) function: Lazy<'a>,
    pub(crate) arguments: [Lazy<'a>; 2],
    /// How many of `arguments` count.
    pub(crate) count: u32,
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

    /// The type with its article, for messages: `a list`, `the built-in function 'map'`.
    pub fn type_phrase(self) -> Cow<'static, str> {
        let phrase = match self {
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
            Self::Builtin(builtin) => {
                return format!("the built-in function '{}'", builtin.name).into();
            }
            Self::Partial(partial) => match partial.function {
                Value::Builtin(builtin) => {
                    return format!("the partially applied built-in function '{}'", builtin.name)
                        .into();
                }
                _ => "a function",
            },
        };
        phrase.into()
    }
}
