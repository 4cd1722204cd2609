//! Code: expressions with every name resolved to a place, ready to run.
//!
//! The resolver makes it from the syntax tree, the evaluator only reads it. Positions are here
//! because errors need them; nothing in the fast path looks at them.

use std::cell::Cell;

use crate::heap::CodeRef;
use crate::source::{Pos, Range};
use crate::symbol::Symbol;
use crate::word::Word;

#[derive(Clone, Copy)]
pub(crate) enum Expr<'a> {
    Const(Word<'a>),
    /// A variable of this frame.
    Local {
        slot: u32,
        range: Range,
    },
    /// A variable of the frame `depth` steps out.
    Outer {
        depth: u32,
        slot: u32,
        range: Range,
    },
    /// A name that only a `with` can define.
    Dynamic(&'a DynamicVariable<'a>),
    Lambda(CodeRef<'a, Lambda<'a>>),
    Apply(&'a Apply<'a>),
    Select(&'a Select<'a>),
    SelectOr(&'a SelectOr<'a>),
    Has(&'a Has<'a>),
    Let(&'a Let<'a>),
    /// Runs its body in a fresh frame below this one.
    Scope(&'a Scope<'a>),
    Attrs(&'a AttrsCode<'a>),
    List(&'a [Expr<'a>]),
    If(&'a If<'a>),
    Assert(&'a Assert<'a>),
    With(&'a With<'a>),
    Not(&'a Not<'a>),
    Binary(&'a Binary<'a>),
    Interpolation(&'a Interpolation<'a>),
    CurPos(Pos),
    /// The same as the expression inside, which is nested so deeply that the stack is to be checked.
    Deep(&'a Expr<'a>),
}

#[derive(Clone, Copy)]
pub(crate) struct DynamicVariable<'a> {
    pub(crate) name: Symbol,
    /// How many frames out the innermost `with` is.
    pub(crate) depth: u32,
    pub(crate) with: &'a WithPlace<'a>,
    pub(crate) range: Range,
}

/// Where the set of a `with` is kept. All variables inside it share this.
#[derive(Clone, Copy)]
pub(crate) struct WithPlace<'a> {
    pub(crate) slot: u32,
    /// The next `with` around this one, and how many frames further out it is.
    pub(crate) outer: Option<(&'a WithPlace<'a>, u32)>,
}

/// A lambda, or several directly nested ones (`x: y: z: body`) taken as one.
#[derive(Clone, Copy)]
pub(crate) struct Lambda<'a> {
    /// How many arguments it takes; they are the first slots of its frame.
    pub(crate) arity: u32,
    pub(crate) frame_size: u32,
    /// Only with an arity of one.
    pub(crate) formals: Option<&'a Formals<'a>>,
    pub(crate) body: Expr<'a>,
    /// What it is bound to, for messages.
    pub(crate) name: Option<Symbol>,
    /// Where each of the nested lambdas is written, the outermost first.
    pub(crate) ranges: &'a [Range],
}

impl Lambda<'_> {
    /// Where the lambda is written that is left when it has got `count` arguments.
    pub(crate) fn range_after(&self, count: usize) -> Range {
        self.ranges.get(count).copied().unwrap_or(Range::NOWHERE)
    }

    pub(crate) fn range(&self) -> Range {
        self.range_after(0)
    }

    /// One that is never called: it fills the places of calls that are not under way.
    pub(crate) fn nothing() -> Self {
        let body = Expr::Const(Word::NULL);
        Self { arity: 0, frame_size: 0, formals: None, body, name: None, ranges: &[] }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Formals<'a> {
    /// Sorted by symbol. Formal `i` is in slot `1 + i`; the argument itself is in slot 0.
    pub(crate) list: &'a [Formal<'a>],
    pub(crate) ellipsis: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct Formal<'a> {
    pub(crate) name: Symbol,
    pub(crate) pos: Pos,
    pub(crate) default: Option<Expr<'a>>,
}

#[derive(Clone, Copy)]
pub(crate) struct Apply<'a> {
    pub(crate) function: Expr<'a>,
    pub(crate) arguments: &'a [Expr<'a>],
    pub(crate) range: Range,
    /// The function's own text, to name it in a trace.
    pub(crate) function_range: Range,
}

pub(crate) struct Select<'a> {
    pub(crate) subject: Expr<'a>,
    pub(crate) name: Symbol,
    /// Where the attribute was found last time.
    pub(crate) guess: Cell<u32>,
    pub(crate) range: Range,
}

#[derive(Clone, Copy)]
pub(crate) struct SelectOr<'a> {
    pub(crate) subject: Expr<'a>,
    pub(crate) path: &'a [Key<'a>],
    pub(crate) default: Option<Expr<'a>>,
    pub(crate) range: Range,
}

#[derive(Clone, Copy)]
pub(crate) struct Has<'a> {
    pub(crate) subject: Expr<'a>,
    pub(crate) path: &'a [Key<'a>],
}

#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    Static(Symbol),
    Dynamic(Expr<'a>, Range),
}

#[derive(Clone, Copy)]
pub(crate) struct Let<'a> {
    /// The slot of the first binding; the others follow.
    pub(crate) first: u32,
    pub(crate) values: &'a [Expr<'a>],
    pub(crate) body: Expr<'a>,
}

#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) size: u32,
    pub(crate) body: Expr<'a>,
}

/// `{ }` or `rec { }`.
#[derive(Clone, Copy)]
pub(crate) struct AttrsCode<'a> {
    /// Sorted by symbol.
    pub(crate) bindings: &'a [Binding<'a>],
    pub(crate) dynamic: &'a [DynamicBinding<'a>],
    /// The sources of `inherit (e)`, kept in the slots from `sources_at` on.
    pub(crate) sources: &'a [Expr<'a>],
    pub(crate) sources_at: u32,
    /// For `rec`: binding `i` is also variable `rec_at + i`.
    pub(crate) rec_at: Option<u32>,
    /// The index of `__overrides` among the bindings of a `rec`.
    pub(crate) overrides: Option<u32>,
    pub(crate) range: Range,
}

impl AttrsCode<'_> {
    /// Where the binding of that name is written, if there is one.
    pub(crate) fn written(&self, name: Symbol) -> Option<Pos> {
        let index = self.bindings.binary_search_by_key(&name, |binding| binding.name).ok()?;
        self.bindings.get(index).map(|binding| binding.pos)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) name: Symbol,
    pub(crate) pos: Pos,
    pub(crate) value: Expr<'a>,
}

#[derive(Clone, Copy)]
pub(crate) struct DynamicBinding<'a> {
    pub(crate) name: Expr<'a>,
    pub(crate) value: Expr<'a>,
    /// Of the name.
    pub(crate) range: Range,
    /// Where the binding starts.
    pub(crate) pos: Pos,
}

#[derive(Clone, Copy)]
pub(crate) struct If<'a> {
    pub(crate) condition: Expr<'a>,
    pub(crate) then: Expr<'a>,
    pub(crate) otherwise: Expr<'a>,
    /// Of the condition.
    pub(crate) range: Range,
}

#[derive(Clone, Copy)]
pub(crate) struct Assert<'a> {
    pub(crate) condition: Expr<'a>,
    pub(crate) body: Expr<'a>,
    /// Of the condition.
    pub(crate) range: Range,
}

#[derive(Clone, Copy)]
pub(crate) struct With<'a> {
    /// Where the set is kept.
    pub(crate) slot: u32,
    pub(crate) set: Expr<'a>,
    pub(crate) body: Expr<'a>,
}

#[derive(Clone, Copy)]
pub(crate) struct Not<'a> {
    pub(crate) operand: Expr<'a>,
    pub(crate) range: Range,
}

#[derive(Clone, Copy)]
pub(crate) struct Binary<'a> {
    pub(crate) operator: frazil_syntax::ast::Operator,
    pub(crate) left: Expr<'a>,
    pub(crate) right: Expr<'a>,
    pub(crate) left_range: Range,
    pub(crate) right_range: Range,
    /// Of the operator itself.
    pub(crate) range: Range,
}

/// `"a${b}c"`, or a path with interpolation.
#[derive(Clone, Copy)]
pub(crate) struct Interpolation<'a> {
    pub(crate) parts: &'a [(Expr<'a>, Range)],
    /// A path: the first part is one.
    pub(crate) is_path: bool,
}
