//! The forms in which values are stored and returned: two machine words each.
//!
//! A [`Slot`] is evaluated *in place*: a delayed expression is written straight into the frame,
//! list or set that will hold its value, so laziness allocates nothing. Two rules keep this right:
//! slots never move, and a slot that is not evaluated is never copied; whoever needs it elsewhere
//! takes a [`Lazy`] that refers to it.
//!
//! The first word holds a tag in its low byte and, in its upper half, a length or a code
//! reference; the second a number or a pointer. Spelled out like this, rather than as an `enum`, a
//! value moves through registers: the compiler copies an `enum` as a byte and fifteen more, and
//! reading that back as words costs more than all the rest of evaluating a variable.
//!
//! Invariant: a word's tag says what its body is; only this module makes and takes apart words.
#![expect(unsafe_code, reason = "takes pointers apart and puts them together again")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::ptr::NonNull;

use crate::code::{Expr, Lambda};
use crate::heap::{Attrs, CodeRef, Env, List, Str};
use crate::value::{Closure, DelayedCall, Value};

const NULL: u8 = 1;
const BOOL: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const STRING: u8 = 5;
const PATH: u8 = 6;
const LIST: u8 = 7;
const ATTRS: u8 = 8;
const LAMBDA: u8 = 9;
const BUILTIN: u8 = 10;
const PARTIAL: u8 = 11;
/// Tags below this one (but not zero) are values.
const STATES: u8 = 16;
const REF: u8 = 16;
const PENDING: u8 = 17;
const CALL: u8 = 18;
/// Also what unwritten memory holds.
const BUSY: u8 = 0;

type Lifetime<'a> = PhantomData<&'a Cell<Slot<'a>>>;

/// A value, packed.
#[derive(Clone, Copy)]
pub(crate) struct Word<'a> {
    head: NonZeroU64,
    body: *const (),
    lifetime: Lifetime<'a>,
}

/// The content of a variable, an element or an attribute.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'a> {
    head: u64,
    body: *const (),
    lifetime: Lifetime<'a>,
}

/// What a slot holds.
pub(crate) enum State<'a> {
    Value(Word<'a>),
    /// The same as another slot.
    Ref(&'a Cell<Slot<'a>>),
    /// An expression that nobody has asked for yet.
    Pending(CodeRef<'a, Expr<'a>>, Env<'a>),
    /// A call that nobody has asked for yet.
    Call(&'a DelayedCall<'a>),
    /// Under evaluation: asking for it again is infinite recursion.
    Busy,
}

/// Something to be evaluated on demand, in a form that may be copied: a value or a reference to a
/// slot.
#[derive(Clone, Copy)]
pub struct Lazy<'a>(Slot<'a>);

const _: () = assert!(
    size_of::<usize>() == 8
        && size_of::<Word<'_>>() == 16
        && size_of::<Slot<'_>>() == 16
        && size_of::<Option<Word<'_>>>() == 16
        && size_of::<crate::Result<Word<'_>>>() == 16
);

fn number(value: u64) -> *const () {
    std::ptr::without_provenance(value as usize)
}

impl<'a> Word<'a> {
    pub(crate) const NULL: Self = Self::new(NULL, 0, std::ptr::null());

    #[inline(always)]
    const fn new(tag: u8, aux: u32, body: *const ()) -> Self {
        // SAFETY: the tags of values are not zero.
        let head = unsafe { NonZeroU64::new_unchecked((aux as u64) << 32 | tag as u64) };
        Self { head, body, lifetime: PhantomData }
    }

    #[inline(always)]
    fn tag(self) -> u8 {
        self.head.get() as u8
    }

    #[inline(always)]
    fn aux(self) -> u32 {
        (self.head.get() >> 32) as u32
    }

    #[inline(always)]
    pub(crate) fn int(value: i64) -> Self {
        Self::new(INT, 0, number(value as u64))
    }

    #[inline(always)]
    pub(crate) fn bool(value: bool) -> Self {
        Self::new(BOOL, 0, number(u64::from(value)))
    }

    #[inline(always)]
    pub(crate) fn lambda(code: CodeRef<'a, Lambda<'a>>, env: Env<'a>) -> Self {
        Self::new(LAMBDA, code.eighth(), env.pointer().as_ptr())
    }

    #[inline(always)]
    pub(crate) fn as_int(self) -> Option<i64> {
        (self.tag() == INT).then(|| self.body.addr() as i64)
    }

    #[inline(always)]
    pub(crate) fn as_bool(self) -> Option<bool> {
        (self.tag() == BOOL).then(|| self.body.addr() != 0)
    }

    /// Whether it is an integer, a float, a string or a path.
    #[inline(always)]
    pub(crate) fn is_number_or_text(self) -> bool {
        matches!(self.tag(), INT | FLOAT | STRING | PATH)
    }

    #[inline(always)]
    pub(crate) fn as_attrs(self) -> Option<Attrs<'a>> {
        // SAFETY: the tag says that the body came from `Attrs::pointer`.
        (self.tag() == ATTRS).then(|| unsafe { Attrs::from_pointer(self.pointer()) })
    }

    #[inline(always)]
    pub(crate) fn as_closure(self) -> Option<Closure<'a>> {
        (self.tag() == LAMBDA).then(|| self.closure())
    }

    #[inline(always)]
    pub(crate) fn is_lambda(self) -> bool {
        self.tag() == LAMBDA
    }

    #[inline(always)]
    fn closure(self) -> Closure<'a> {
        // SAFETY: called for the tag of lambdas only, whose body is a frame.
        let env = unsafe { Env::from_pointer(self.pointer()) };
        Closure { code: CodeRef::from_eighth(self.aux()), env }
    }

    #[inline(always)]
    fn pointer(self) -> NonNull<()> {
        // SAFETY: called for tags whose body is a pointer, and those were made from `NonNull`.
        unsafe { NonNull::new_unchecked(self.body.cast_mut()) }
    }

    #[inline(always)]
    pub(crate) fn unpack(self) -> Value<'a> {
        // SAFETY (all of the blocks below): the tag says what the body was made from.
        match self.tag() {
            BOOL => Value::Bool(self.body.addr() != 0),
            INT => Value::Int(self.body.addr() as i64),
            FLOAT => Value::Float(f64::from_bits(self.body.addr() as u64)),
            // SAFETY: see above.
            STRING => Value::String(unsafe { Str::from_parts(self.aux(), self.pointer()) }),
            // SAFETY: see above.
            PATH => Value::Path(unsafe { Str::from_parts(self.aux(), self.pointer()) }),
            // SAFETY: see above.
            LIST => Value::List(unsafe { List::from_parts(self.aux(), self.pointer()) }),
            // SAFETY: see above.
            ATTRS => Value::Attrs(unsafe { Attrs::from_pointer(self.pointer()) }),
            LAMBDA => Value::Lambda(self.closure()),
            // SAFETY: see above.
            BUILTIN => Value::Builtin(unsafe { self.pointer().cast().as_ref() }),
            // SAFETY: see above.
            PARTIAL => Value::Partial(unsafe { self.pointer().cast().as_ref() }),
            _ => Value::Null,
        }
    }
}

impl<'a> From<Value<'a>> for Word<'a> {
    #[inline(always)]
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(value) => Self::bool(value),
            Value::Int(value) => Self::int(value),
            Value::Float(value) => Self::new(FLOAT, 0, number(value.to_bits())),
            Value::String(text) => Self::new(STRING, text.parts().0, text.parts().1.as_ptr()),
            Value::Path(text) => Self::new(PATH, text.parts().0, text.parts().1.as_ptr()),
            Value::List(list) => Self::new(LIST, list.parts().0, list.parts().1.as_ptr()),
            Value::Attrs(set) => Self::new(ATTRS, 0, set.pointer().as_ptr()),
            Value::Lambda(closure) => Self::lambda(closure.code, closure.env),
            Value::Builtin(builtin) => Self::new(BUILTIN, 0, std::ptr::from_ref(builtin).cast()),
            Value::Partial(partial) => Self::new(PARTIAL, 0, std::ptr::from_ref(partial).cast()),
        }
    }
}

impl<'a> Slot<'a> {
    pub(crate) const BUSY: Self =
        Self { head: BUSY as u64, body: std::ptr::null(), lifetime: PhantomData };

    #[inline(always)]
    fn new(tag: u8, aux: u32, body: *const ()) -> Self {
        Self { head: u64::from(aux) << 32 | u64::from(tag), body, lifetime: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn pending(code: CodeRef<'a, Expr<'a>>, env: Env<'a>) -> Self {
        Self::new(PENDING, code.eighth(), env.pointer().as_ptr())
    }

    #[inline(always)]
    pub(crate) fn reference(slot: &'a Cell<Slot<'a>>) -> Self {
        Self::new(REF, 0, std::ptr::from_ref(slot).cast())
    }

    pub(crate) fn call(call: &'a DelayedCall<'a>) -> Self {
        Self::new(CALL, 0, std::ptr::from_ref(call).cast())
    }

    #[inline(always)]
    fn tag(self) -> u8 {
        self.head as u8
    }

    /// The value, if the slot was evaluated.
    #[inline(always)]
    pub(crate) fn value(self) -> Option<Word<'a>> {
        let is_value = self.tag().wrapping_sub(1) < STATES - 1;
        is_value.then(|| {
            // SAFETY: the tags of values are not zero, so neither is the head.
            let head = unsafe { NonZeroU64::new_unchecked(self.head) };
            Word { head, body: self.body, lifetime: PhantomData }
        })
    }

    #[inline(always)]
    pub(crate) fn is_busy(self) -> bool {
        self.tag() == BUSY
    }

    /// The slot that this one refers to.
    #[inline(always)]
    pub(crate) fn target(self) -> Option<&'a Cell<Slot<'a>>> {
        // SAFETY: the tag says that the body is a reference to a slot.
        (self.tag() == REF).then(|| unsafe { &*self.body.cast() })
    }

    #[inline(always)]
    pub(crate) fn state(self) -> State<'a> {
        if let Some(word) = self.value() {
            return State::Value(word);
        }
        match self.tag() {
            // SAFETY: the tag says that the body is a reference to a slot.
            REF => State::Ref(unsafe { &*self.body.cast() }),
            PENDING => {
                // SAFETY: the tag says that the body is a frame.
                let env =
                    unsafe { Env::from_pointer(NonNull::new_unchecked(self.body.cast_mut())) };
                State::Pending(CodeRef::from_eighth((self.head >> 32) as u32), env)
            }
            // SAFETY: the tag says that the body is a reference to a call.
            CALL => State::Call(unsafe { &*self.body.cast() }),
            _ => State::Busy,
        }
    }
}

impl<'a> From<Word<'a>> for Slot<'a> {
    #[inline(always)]
    fn from(word: Word<'a>) -> Self {
        Self { head: word.head.get(), body: word.body, lifetime: PhantomData }
    }
}

impl<'a> From<Value<'a>> for Slot<'a> {
    #[inline(always)]
    fn from(value: Value<'a>) -> Self {
        Word::from(value).into()
    }
}

impl<'a> From<Lazy<'a>> for Slot<'a> {
    #[inline(always)]
    fn from(lazy: Lazy<'a>) -> Self {
        lazy.0
    }
}

impl<'a> Lazy<'a> {
    pub(crate) const NULL: Self =
        Self(Slot { head: NULL as u64, body: std::ptr::null(), lifetime: PhantomData });

    /// What `slot` holds, to be kept elsewhere.
    #[inline(always)]
    pub(crate) fn of(slot: &'a Cell<Slot<'a>>) -> Self {
        let content = slot.get();
        if content.value().is_some() {
            return Self(content);
        }
        match content.target() {
            Some(target) if target.get().value().is_some() => Self(target.get()),
            Some(_) => Self(content),
            None => Self(Slot::reference(slot)),
        }
    }

    /// The value, if it is known.
    #[inline(always)]
    pub(crate) fn value(self) -> Option<Word<'a>> {
        self.0.value()
    }

    /// The value itself, if it has become known.
    pub(crate) fn settled(self) -> Self {
        self.slot().map_or(self, Self::of)
    }

    /// The slot that will hold the value, if it is not known.
    #[inline(always)]
    pub(crate) fn slot(self) -> Option<&'a Cell<Slot<'a>>> {
        self.0.target()
    }

    /// Whether both are one and the same slot or, bit for bit, the same value.
    pub(crate) fn is(self, other: Self) -> bool {
        self.0.head == other.0.head && std::ptr::eq(self.0.body, other.0.body)
    }

    pub(crate) fn is_number_like(self) -> bool {
        matches!(self.0.tag(), NULL | BOOL | INT | FLOAT)
    }
}

impl<'a> From<Word<'a>> for Lazy<'a> {
    #[inline(always)]
    fn from(word: Word<'a>) -> Self {
        Self(word.into())
    }
}

impl<'a> From<Value<'a>> for Lazy<'a> {
    #[inline(always)]
    fn from(value: Value<'a>) -> Self {
        Word::from(value).into()
    }
}
