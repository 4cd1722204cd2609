//! The evaluator: what one evaluation knows, and the doors to it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bumpalo::Bump;
use frazil_model::StoreDir;
use frazil_syntax::SyntaxErrorKind;
use frazil_syntax::ast::{self, Span};

use crate::builtins;
use crate::code::{Apply, Expr, Lambda};
use crate::context::Contexts;
use crate::diagnostic::{Diagnostic, ErrorKind, Frame, Source};
use crate::error::{CallNote, Error, Result};
use crate::heap::{Attrs, CodeRef, Cursor, Env, Heap};
use crate::host::Host;
use crate::print::{self, TreeContext};
use crate::resolve::{self, Globals, Resolved, ResolveError};
use crate::source::{Range, SourceId, Sources};
use crate::symbol::{FastHash, Symbol, Symbols};
use crate::value::Value;
use crate::word::{Slot, Word};

/// How an evaluation is to behave. The defaults are those of `nix-instantiate`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nothing but the arguments may influence the result: no files outside `allowed_paths`, no
    /// environment, no time, no unlocked fetches.
    pub pure: bool,
    /// Only the search path, `allowed_paths` and the store may be read.
    pub restricted: bool,
    pub allowed_paths: Vec<PathBuf>,
    /// URI prefixes that a restricted evaluation may fetch.
    pub allowed_uris: Vec<String>,
    /// `builtins.nixPath`
    pub search_path: Vec<SearchEntry>,
    /// `builtins.currentSystem`
    pub system: String,
    /// Where store paths lie, `/nix/store` unless it was changed.
    pub store_dir: StoreDir,
    pub pipe_operators: bool,
    /// Nested calls beyond this number are an error.
    pub call_depth_max: usize,
    /// `builtins.traceVerbose` speaks.
    pub trace_verbose: bool,
    /// `builtins.warn` ends the evaluation.
    pub abort_on_warn: bool,
    /// `experimental-features` that are on: `ca-derivations`, `fetch-tree`, ...
    pub features: Vec<String>,
    /// What `~` stands for in a path literal.
    pub home: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pure: false,
            restricted: false,
            allowed_paths: Vec::new(),
            allowed_uris: Vec::new(),
            search_path: Vec::new(),
            system: "x86_64-linux".into(),
            store_dir: StoreDir::default(),
            pipe_operators: false,
            call_depth_max: 10_000,
            trace_verbose: false,
            abort_on_warn: false,
            features: Vec::new(),
            home: None,
        }
    }
}

/// One `prefix=path` of `NIX_PATH` or `-I`; the prefix may be empty.
#[derive(Clone, Debug)]
pub struct SearchEntry {
    pub prefix: String,
    pub path: String,
}

/// A source that was parsed and resolved, ready to be evaluated.
#[derive(Clone, Copy)]
pub struct Program<'a> {
    pub(crate) body: &'a Expr<'a>,
    pub(crate) frame: Env<'a>,
}

/// One evaluation: everything that its expressions share.
pub struct Evaluator<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) symbols: Symbols<'a>,
    pub(crate) sources: Sources,
    pub(crate) contexts: Contexts,
    pub(crate) host: &'a mut (dyn Host + 'a),
    pub(crate) options: Options,
    pub(crate) names: Names,
    pub(crate) globals: Globals<'a>,
    pub(crate) empty_attrs: Attrs<'a>,
    /// Files that were imported, by resolved path.
    pub(crate) imports: HashMap<Box<[u8]>, &'a std::cell::Cell<Slot<'a>>, FastHash>,
    pub(crate) caches: builtins::Caches,
    /// The calls under way; only the first `depth` count. Its length is the largest depth allowed.
    calls: Vec<Call<'a>>,
    pub(crate) depth: usize,
    /// Nested `tryEval`s: their errors need no trace.
    pub(crate) tries: u32,
    pub(crate) stack_floor: usize,
    /// Bytes of strings being put together, innermost last.
    pub(crate) pieces: Vec<&'a [u8]>,
    /// Where syntax trees live while code is made of them; empty between sources.
    arena: Bump,
}

/// A call under way.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    /// Written in the program.
    Site(&'a Apply<'a>),
    /// Made by a builtin.
    Callback(&'a Lambda<'a>),
}

/// Declares [`Names`]: symbols that the evaluator itself needs.
macro_rules! names {
    ($($field:ident = $text:literal),* $(,)?) => {
        #[derive(Clone, Copy)]
        pub(crate) struct Names {
            $(pub(crate) $field: Symbol,)*
        }

        impl Names {
            fn new<'a>(symbols: &mut Symbols<'a>, cursor: &mut Cursor<'a>) -> Self {
                Self { $($field: symbols.intern($text.as_bytes(), cursor),)* }
            }
        }
    };
}

names! {
    args = "args",
    builder = "builder",
    column = "column",
    content_addressed = "__contentAddressed",
    drv_path = "drvPath",
    file = "file",
    functor = "__functor",
    ignore_nulls = "__ignoreNulls",
    impure = "__impure",
    key = "key",
    line = "line",
    name = "name",
    operator = "operator",
    out_path = "outPath",
    output_hash = "outputHash",
    output_hash_algo = "outputHashAlgo",
    output_hash_mode = "outputHashMode",
    outputs = "outputs",
    overrides = "__overrides",
    path = "path",
    prefix = "prefix",
    right = "right",
    start_set = "startSet",
    structured_attrs = "__structuredAttrs",
    success = "success",
    system = "system",
    to_string = "__toString",
    type_ = "type",
    value = "value",
    version = "version",
    wrong = "wrong",
}

impl<'a> Evaluator<'a> {
    pub fn new(heap: &'a Heap, host: &'a mut (dyn Host + 'a), options: Options) -> Self {
        let mut cursor = Cursor::new(heap);
        let mut symbols = Symbols::new();
        let names = Names::new(&mut symbols, &mut cursor);
        let empty_attrs = cursor.empty_attrs();
        let nothing = cursor.heap().add_code(Lambda::nothing());
        let calls = vec![Call::Callback(nothing); options.call_depth_max];
        let mut evaluator = Self {
            cursor,
            symbols,
            sources: Sources::default(),
            contexts: Contexts::default(),
            host,
            options,
            names,
            globals: Globals::default(),
            empty_attrs,
            imports: HashMap::default(),
            caches: builtins::Caches::default(),
            calls,
            depth: 0,
            tries: 0,
            stack_floor: crate::stack::floor(),
            pieces: Vec::new(),
            arena: Bump::new(),
        };
        builtins::install(&mut evaluator);
        evaluator
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Bytes of memory mapped for values so far.
    pub fn mapped_bytes(&self) -> u64 {
        self.cursor.heap().mapped_bytes()
    }

    pub(crate) fn intern(&mut self, name: &[u8]) -> Symbol {
        self.symbols.intern(name, &mut self.cursor)
    }

    /// The name that a symbol stands for.
    pub fn symbol_text(&self, symbol: Symbol) -> &'a [u8] {
        self.symbols.text(symbol)
    }

    pub(crate) fn has_feature(&self, name: &str) -> bool {
        self.options.features.iter().any(|feature| feature == name)
    }

    /// Parses an expression that did not come from a file. Relative paths in it start at `base`.
    pub fn parse_text(&mut self, name: &str, text: Vec<u8>, base: &Path) -> Result<Program<'a>, Vec<Diagnostic>> {
        let source = Source { name: name.into(), text, is_file: false };
        self.parse(source, base, &[], None)
    }

    /// Parses a file whose text was read before.
    pub fn parse_file_text(&mut self, file: &Path, text: Vec<u8>) -> Result<Program<'a>, Vec<Diagnostic>> {
        let source = Source { name: file.to_string_lossy().into_owned(), text, is_file: true };
        self.parse(source, file.parent().unwrap_or(file), &[], None)
    }

    /// Parses with more names in scope, whose values are the first slots of `frame`'s contents.
    pub(crate) fn parse(
        &mut self,
        source: Source,
        base: &Path,
        scope: &[Symbol],
        values: Option<&[Slot<'a>]>,
    ) -> Result<Program<'a>, Vec<Diagnostic>> {
        let resolved = self.resolve(source, base, scope, |_, _, resolved| resolved)?;
        let frame = self.cursor.frame(resolved.frame_size.max(scope.len() as u32), None);
        for (index, value) in values.unwrap_or_default().iter().enumerate() {
            frame.slot(index as u32).set(*value);
        }
        Ok(Program { body: self.cursor.heap().add_code(resolved.body), frame })
    }

    /// The syntax tree of a file or another text, in the form of `nix-instantiate --parse`, appended
    /// to `out`. What does not make sense as a program is an error.
    pub fn print_tree(&mut self, source: Source, base: &Path, out: &mut Vec<u8>) -> Result<(), Vec<Diagnostic>> {
        self.resolve(source, base, &[], |ev, root, _| {
            print::tree(root, TreeContext { base, home: ev.options.home.as_deref() }, out);
        })
    }

    /// Parses and resolves; `then` gets the tree, which does not outlive it, and the code.
    fn resolve<T>(
        &mut self,
        source: Source,
        base: &Path,
        scope: &[Symbol],
        then: impl FnOnce(&Self, &ast::Expr<'_>, Resolved<'a>) -> T,
    ) -> Result<T, Vec<Diagnostic>> {
        let mut arena = std::mem::take(&mut self.arena);
        let result = self.resolve_in(&arena, source, base, scope, then);
        arena.reset();
        self.arena = arena;
        result
    }

    fn resolve_in<T>(
        &mut self,
        arena: &Bump,
        source: Source,
        base: &Path,
        scope: &[Symbol],
        then: impl FnOnce(&Self, &ast::Expr<'_>, Resolved<'a>) -> T,
    ) -> Result<T, Vec<Diagnostic>> {
        let source = Rc::new(source);
        let too_large = || vec![Diagnostic::plain(ErrorKind::OutOfMemory, "too much source text".into())];
        let code_needed = source.text.len().saturating_mul(resolve::CODE_PER_SOURCE_BYTE);
        if code_needed.saturating_add(1 << 16) > self.cursor.heap().code_room() {
            return Err(too_large());
        }
        let id = self.sources.add(Rc::clone(&source), base).map_err(|_| too_large())?;
        let options = frazil_syntax::ParseOptions { pipe_operators: self.options.pipe_operators };
        let parsed = frazil_syntax::parse(&source.text, arena, options);
        if !parsed.errors.is_empty() {
            return Err(parsed.errors.iter().map(|error| self.syntax_diagnostic(id, error)).collect());
        }
        let context = resolve::Context {
            cursor: &mut self.cursor,
            symbols: &mut self.symbols,
            sources: &self.sources,
            source: id,
            globals: &self.globals,
            base,
            home: self.options.home.as_deref(),
        };
        match resolve::resolve(context, &parsed.root, scope) {
            Ok(resolved) => Ok(then(self, &parsed.root, resolved)),
            Err(errors) => Err(errors.iter().map(|error| self.resolve_diagnostic(id, error)).collect()),
        }
    }

    fn syntax_diagnostic(&self, id: SourceId, error: &frazil_syntax::SyntaxError) -> Diagnostic {
        let mut message = error.kind.to_string();
        if let (SyntaxErrorKind::DuplicateAttribute { .. }, Some(first)) = (&error.kind, error.notes.first()) {
            let first = self.sources.pos(id, first.span.start);
            message = format!("{message} at {}", self.position_text(first));
        }
        let mut diagnostic = Diagnostic::plain(ErrorKind::Syntax, message);
        diagnostic.place = self.sources.place(self.sources.range(id, error.span));
        diagnostic.help = error.help().into_iter().map(Into::into).collect();
        diagnostic.notes = (error.notes.iter())
            .map(|note| self.frame_at(self.sources.range(id, note.span), note.text.into()))
            .collect();
        diagnostic
    }

    fn resolve_diagnostic(&self, id: SourceId, error: &ResolveError) -> Diagnostic {
        let at = |span: Span, kind, message| {
            let mut diagnostic = Diagnostic::plain(kind, message);
            diagnostic.place = self.sources.place(self.sources.range(id, span));
            diagnostic
        };
        match error {
            ResolveError::Undefined { name, span, similar } => {
                let mut diagnostic =
                    at(*span, ErrorKind::UndefinedVariable, format!("undefined variable '{name}'"));
                diagnostic.help.extend(similar.as_ref().map(|similar| format!("did you mean `{similar}`?")));
                diagnostic
            }
            ResolveError::HomePath { span } => {
                let message = "a path that starts with `~` cannot be resolved in pure mode".into();
                at(*span, ErrorKind::Restricted, message)
            }
            ResolveError::TrailingSlash { span } => {
                at(*span, ErrorKind::Syntax, "path has a trailing slash".into())
            }
        }
    }

    fn frame_at(&self, range: Range, message: String) -> Frame {
        Frame { message, place: self.sources.place(range), pinned: true }
    }

    /// Evaluates a program to weak head normal form.
    pub fn evaluate(&mut self, program: Program<'a>) -> Result<Value<'a>> {
        self.eval(program.body, program.frame).map(Word::unpack)
    }

    /// Notes that a call begins. Whoever calls this resets `depth` when the call is over.
    #[inline(always)]
    pub(crate) fn enter(&mut self, call: Call<'a>) -> Result<()> {
        match self.calls.get_mut(self.depth) {
            Some(place) if !self.cursor.exhausted => {
                *place = call;
                self.depth += 1;
                Ok(())
            }
            _ => Err(self.too_deep()),
        }
    }

    #[cold]
    #[inline(never)]
    fn too_deep(&mut self) -> Error {
        if self.cursor.exhausted {
            return self.out_of_memory();
        }
        self.error(ErrorKind::StackOverflow, "stack overflow; max-call-depth exceeded")
            .help(format!("more than {} calls are nested; --max-call-depth allows more", self.calls.len()))
    }

    #[cold]
    pub(crate) fn out_of_memory(&mut self) -> Error {
        // The message needs no arena memory, and no more calls will be made.
        self.error(ErrorKind::OutOfMemory, "the evaluation needs more memory than its limit")
            .help("--memory-limit sets the limit")
    }

    /// An error with the calls that led here; its place is the innermost of them until it gets one.
    #[cold]
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        let error = Error::new(kind, message);
        if self.tries > 0 && error.is_catchable() {
            return error;
        }
        let calls = self.calls.iter().take(self.depth).map(|call| self.call_note(*call)).collect();
        error.with_calls(calls)
    }

    fn call_note(&self, call: Call<'a>) -> CallNote {
        match call {
            Call::Site(apply) => CallNote { range: apply.range, function: apply.function_range },
            Call::Callback(lambda) => CallNote { range: lambda.range(), function: Range::NOWHERE },
        }
    }

    /// A type error.
    #[cold]
    pub(crate) fn type_error(&self, message: impl Into<String>) -> Error {
        self.error(ErrorKind::Type, message)
    }

    /// Ends with an error when the native stack is nearly used up.
    #[inline(always)]
    pub(crate) fn check_stack(&self) -> Result<()> {
        if crate::stack::address() < self.stack_floor { Err(self.stack_overflow()) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn stack_overflow(&self) -> Error {
        self.error(ErrorKind::StackOverflow, "stack overflow (possible infinite recursion)")
    }

    /// A slot for something not evaluated yet.
    pub(crate) fn pending(&self, code: &'a Expr<'a>, env: Env<'a>) -> Slot<'a> {
        Slot::pending(self.code_ref(code), env)
    }

    #[inline(always)]
    pub(crate) fn code_ref<T>(&self, code: &'a T) -> CodeRef<'a, T> {
        self.cursor.heap().code_ref(code)
    }
}
