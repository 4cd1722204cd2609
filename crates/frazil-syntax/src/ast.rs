//! The typed syntax tree: what a Nix file says, before any name is looked up.
//!
//! The tree lives in the caller's [`bumpalo::Bump`]; every node is `Copy` and holds byte slices of
//! that arena or of the source. Nested attribute paths (`a.b = 1; a.c = 2;`) are already merged
//! into nested sets, as the language defines; anything wrong on the way was reported by the parser
//! and shows up here as [`ExprKind::Error`]. Strings are bytes: a Nix string need not be UTF-8.
//! Parentheses leave no node; the span of what they hold does not count them.

/// A range of bytes in one source text: `start..end`. Sources are at most 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// An identifier or a literal attribute name, with the place it was written.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub text: &'a [u8],
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct Expr<'a> {
    pub kind: ExprKind<'a>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'a> {
    Int(i64),
    Float(f64),
    /// A string without interpolation, escapes and indentation already removed; also a URI.
    String(&'a [u8]),
    /// A string with at least one `${}`.
    Interpolation(&'a [StringPart<'a>]),
    /// A path literal without interpolation: its text, `./a/b`, `/a`, `~/a`.
    Path(&'a [u8]),
    /// A path with interpolation; the first part is always [`StringPart::Text`], as in `./a${b}`.
    PathInterpolation(&'a [StringPart<'a>]),
    /// `<nixpkgs/lib>`, without the angle brackets.
    SearchPath(&'a [u8]),
    Variable(&'a [u8]),
    /// `__curPos`
    CurPos,
    List(&'a [Expr<'a>]),
    Attrs(&'a AttrSet<'a>),
    Let(&'a AttrSet<'a>, &'a Expr<'a>),
    /// `let { ...; body = e; }`, the old form: the `body` of a recursive set.
    LegacyLet(&'a AttrSet<'a>),
    Lambda(&'a Lambda<'a>),
    /// `f a b c`: all arguments of one curried application, at least one.
    Apply(&'a Expr<'a>, &'a [Expr<'a>]),
    Select(&'a Select<'a>),
    /// `subject ? a.b`
    HasAttr(&'a Expr<'a>, &'a [AttrName<'a>]),
    If(&'a [Expr<'a>; 3]),
    /// `assert condition; body`
    Assert(&'a [Expr<'a>; 2]),
    /// `with set; body`
    With(&'a [Expr<'a>; 2]),
    Not(&'a Expr<'a>),
    /// `-x`
    Negate(&'a Expr<'a>),
    Binary(&'a Binary<'a>),
    /// What stood here could not be parsed; the parser has reported it.
    Error,
}

#[derive(Clone, Copy, Debug)]
pub enum StringPart<'a> {
    Text(&'a [u8]),
    Expr(&'a Expr<'a>),
}

/// One step of an attribute path: `a`, `"a"`, `${e}`, `"x${e}"`.
#[derive(Clone, Copy, Debug)]
pub enum AttrName<'a> {
    /// Known when parsing; `${"a"}` counts as static, as in the reference implementation.
    Static(Name<'a>),
    Dynamic(&'a Expr<'a>),
}

/// The bindings of `{ }`, `rec { }` and `let`.
#[derive(Clone, Copy, Debug)]
pub struct AttrSet<'a> {
    /// `rec`; always true for `let`.
    pub recursive: bool,
    /// Static bindings in source order, each name once.
    pub bindings: &'a [Binding<'a>],
    /// Bindings whose name is computed, in source order.
    pub dynamic: &'a [DynamicBinding<'a>],
    /// The sources of `inherit (e) ...`, each evaluated at most once; see [`BindingValue::InheritFrom`].
    pub inherit_sources: &'a [Expr<'a>],
}

#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    pub name: Name<'a>,
    /// The whole attribute path it was written with, `a.b.c`: where the reference implementation
    /// says that the attribute is defined.
    pub span: Span,
    pub value: BindingValue<'a>,
}

#[derive(Clone, Copy, Debug)]
pub enum BindingValue<'a> {
    Expr(&'a Expr<'a>),
    /// `inherit x;`: the variable of that name in the *surrounding* scope.
    Inherit,
    /// `inherit (e) x;`: attribute of `inherit_sources[i]`.
    InheritFrom(u32),
}

#[derive(Clone, Copy, Debug)]
pub struct DynamicBinding<'a> {
    pub name: &'a Expr<'a>,
    /// The whole attribute path, as in [`Binding`].
    pub span: Span,
    pub value: &'a Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct Lambda<'a> {
    pub parameter: Parameter<'a>,
    pub body: &'a Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// `x: body`
    Name(Name<'a>),
    /// `{ a, b ? 1, ... } @ whole: body`
    Formals {
        formals: &'a [Formal<'a>],
        /// `...` was written.
        ellipsis: bool,
        whole: Option<Name<'a>>,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct Formal<'a> {
    pub name: Name<'a>,
    pub default: Option<&'a Expr<'a>>,
}

/// `subject.path or default`
#[derive(Clone, Copy, Debug)]
pub struct Select<'a> {
    pub subject: Expr<'a>,
    pub path: &'a [AttrName<'a>],
    pub default: Option<&'a Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Binary<'a> {
    pub operator: Operator,
    /// Where the operator itself stands.
    pub operator_span: Span,
    pub left: Expr<'a>,
    pub right: Expr<'a>,
}

/// Binary operators. `a |> f` and `f <| a` arrive as [`ExprKind::Apply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Implies,
    /// `//`
    Update,
    /// `++`
    Concat,
}
