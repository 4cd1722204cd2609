//! The parser: tokens to tree, by recursive descent with a stack of pending operators.
//!
//! It never fails. What cannot be parsed is reported and becomes [`ExprKind::Error`], and parsing
//! goes on behind the next `;` or closing bracket. Slices of the tree grow on the stacks of
//! [`Scratch`], which all levels of the descent share, and are copied to the arena when complete.
//!
//! Invariant: recursion is bounded by [`NESTING_MAX`], and what leans to the right without brackets
//! (`a ++ b ++ c`, `x: y: z`, `else if`) by [`PENDING_MAX`] in all. Only chains that lean to the
//! left (`a + b + c`, `a ? b ? c`) make a deeper tree, so whoever walks a tree follows the left
//! side of a binary operator and the subject of `?` with a loop.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place names the few tokens it takes; all others are errors there"
)]

mod bindings;
mod expression;
mod function;
mod merge;
mod operand;
mod operators;
mod recover;
mod strings;
#[cfg(test)]
mod tests;

use bumpalo::Bump;

use crate::ast::{AttrName, Binding, Expr, ExprKind, Formal, Span, StringPart};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::indent::IndentedPart;
use crate::lexer::Lexer;
use crate::token::{Token, TokenKind};
use expression::Head;
use merge::OpenSet;
use operators::Pending;

/// How deep brackets may nest. A debug build needs up to 3.5 KiB of stack for one level and has to
/// get by with the 2 MiB of a thread.
pub const NESTING_MAX: usize = 500;

/// How many operators, functions, `let`s and so on may wait for their last operand or body: as many
/// as the reference implementation can take.
pub const PENDING_MAX: usize = 5_000;

/// Which parts of the language are switched on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseOptions {
    /// Accept `|>` and `<|`.
    pub pipe_operators: bool,
}

/// What a source text says, and what is wrong with it.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// Free of [`ExprKind::Error`] if `errors` is empty.
    pub root: Expr<'a>,
    /// In the order of the source.
    pub errors: Vec<SyntaxError>,
}

/// Parses one file.
pub fn parse<'a>(source: &'a [u8], arena: &'a Bump, options: ParseOptions) -> Parsed<'a> {
    if u32::try_from(source.len()).is_err() {
        let error =
            SyntaxError { kind: SyntaxErrorKind::TooLarge, span: Span::default(), notes: vec![] };
        let root = Expr { kind: ExprKind::Error, span: Span::default() };
        return Parsed { root, errors: vec![error] };
    }
    let mut parser = Parser::new(source, arena, options);
    let root = parser.file();
    let mut errors = parser.errors;
    errors.sort_by_key(|error| error.span);
    Parsed { root, errors }
}

struct Parser<'a> {
    source: &'a [u8],
    arena: &'a Bump,
    options: ParseOptions,
    lexer: Lexer<'a>,
    /// The token not yet consumed.
    token: Token,
    /// Where the last consumed token ended.
    previous_end: u32,
    /// How many levels of [`NESTING_MAX`] are in use.
    depth: usize,
    /// Brackets and keywords whose partner has not come yet.
    open: Open,
    errors: Vec<SyntaxError>,
    /// Tokens that start before this place have an error already.
    reported_until: u32,
    /// A syntax error was reported and no landmark consumed since.
    recovering: bool,
    scratch: Scratch<'a>,
}

/// How many constructs are open that each of these tokens would continue or close.
#[derive(Default)]
struct Open {
    braces: u32,
    brackets: u32,
    parens: u32,
    lets: u32,
    ifs: u32,
}

/// Stacks on which the slices of the tree are built, each level above those around it.
#[derive(Default)]
struct Scratch<'a> {
    exprs: Vec<Expr<'a>>,
    names: Vec<AttrName<'a>>,
    bindings: Vec<Binding<'a>>,
    formals: Vec<Formal<'a>>,
    strings: Vec<StringPart<'a>>,
    indented: Vec<IndentedPart<'a>>,
    pending: Vec<Pending<'a>>,
    heads: Vec<Head<'a>>,
    /// Sets not in use, for their allocations.
    sets: Vec<OpenSet<'a>>,
    /// The text of a literal; never in use across a `${}`.
    text: Vec<u8>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u8], arena: &'a Bump, options: ParseOptions) -> Self {
        let mut lexer = Lexer::new(source);
        let token = lexer.next();
        Self {
            source,
            arena,
            options,
            lexer,
            token,
            previous_end: 0,
            depth: 0,
            open: Open::default(),
            errors: Vec::new(),
            reported_until: 0,
            recovering: false,
            scratch: Scratch::default(),
        }
    }

    fn file(&mut self) -> Expr<'a> {
        let root = self.expression();
        // Behind an error that was not recovered from this would say nothing new.
        if self.token.kind != TokenKind::EndOfFile && self.errors.is_empty() {
            self.unexpected("end of file");
        }
        root
    }

    fn advance(&mut self) {
        self.previous_end = self.token.span.end;
        self.token = self.lexer.next();
    }

    /// Consumes the token if it is of this kind.
    fn accept(&mut self, kind: TokenKind) -> bool {
        let found = self.token.kind == kind;
        if found {
            self.recovering &= !kind.is_landmark();
            self.advance();
        }
        found
    }

    fn text(&self, span: Span) -> &'a [u8] {
        self.source.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// What began at `start` and ends with the last consumed token.
    fn span_from(&self, start: u32) -> Span {
        Span { start, end: self.previous_end.max(start) }
    }

    /// The functions of the descent allocate through this and [`Self::slice`] only: the arena's
    /// own are inlined even in debug builds, and take kilobytes of stack there.
    fn alloc<T: Copy>(&self, value: T) -> &'a T {
        self.arena.alloc(value)
    }

    fn slice<T: Copy>(&self, values: &[T]) -> &'a [T] {
        self.arena.alloc_slice_copy(values)
    }

    /// Stands for what could not be parsed. It counts as consumed, so that what it is a part of
    /// reaches to this place.
    fn missing(&mut self) -> Expr<'a> {
        let at = self.token.span.start;
        self.previous_end = at;
        Expr { kind: ExprKind::Error, span: Span { start: at, end: at } }
    }

    /// How much of [`PENDING_MAX`] is in use.
    fn waiting(&self) -> usize {
        self.scratch.pending.len() + self.scratch.heads.len()
    }

    /// Goes one level down; after `false` the caller makes do with [`Self::missing`].
    fn descend(&mut self, levels: usize) -> bool {
        self.depth += levels;
        let fits = self.depth <= NESTING_MAX;
        if !fits {
            self.depth -= levels;
            self.give_up(SyntaxErrorKind::TooDeep);
        }
        fits
    }
}

/// Takes the top of a scratch stack, from `base` on, to the arena.
fn take<'a, T: Copy>(arena: &'a Bump, stack: &mut Vec<T>, base: usize) -> &'a [T] {
    let slice = arena.alloc_slice_copy(stack.get(base..).unwrap_or_default());
    stack.truncate(base);
    slice
}
