//! The evaluator: what one evaluation knows, and the doors to it.

use std::collections::HashMap;
use std::path::PathBuf;

use bumpalo::Bump;
use frazil_model::StoreDir;

use crate::builtins;
use crate::code::{Apply, Expr, Lambda};
use crate::context::Contexts;
use crate::diagnostic::ErrorKind;
use crate::error::{CallNote, Error, Result};
use crate::flake::registry::Registry;
use crate::heap::{Attrs, CodeRef, Cursor, Env, Heap, HeapError, HeapOptions, Str};
use crate::host::Host;
use crate::resolve::Globals;
use crate::source::{Range, Sources};
use crate::symbol::{FastHash, Symbol, Symbols};
use crate::value::Value;
use crate::word::{Slot, Word};

/// How an evaluation is to behave. The defaults are those of `nix-instantiate`.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each set by name")]
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
    /// How many calls and comparisons an evaluation may make in all: a bound on its time that is the
    /// same on every machine.
    pub steps_max: u64,
    /// `builtins.traceVerbose` speaks.
    pub trace_verbose: bool,
    /// `builtins.warn` ends the evaluation.
    pub abort_on_warn: bool,
    /// `experimental-features` that are on: `ca-derivations`, `fetch-tree`, ...
    pub features: Vec<String>,
    /// What the names of flakes stand for.
    pub registry: Registry,
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
            steps_max: u64::MAX,
            trace_verbose: false,
            abort_on_warn: false,
            features: Vec::new(),
            registry: Registry::default(),
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

/// Room for so many calls is made in the beginning.
const CALLS_AT_FIRST: usize = 1_000;

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
    /// The calls under way; only the first `depth` count. It grows up to `call_depth_max`.
    calls: Vec<Call<'a>>,
    pub(crate) depth: usize,
    /// Calls and comparisons that may still be made.
    steps_left: u64,
    /// Nested `tryEval`s: their errors need no trace.
    pub(crate) tries: u32,
    /// Memory for syntax trees, used again for each source.
    pub(crate) syntax_arena: Bump,
    /// Bytes of strings being put together, innermost last.
    pub(crate) pieces: Vec<&'a [u8]>,
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

impl Evaluator<'_> {
    /// Starts an evaluation and hands it to `work`. Its values live as long as `work` runs, and have
    /// a lifetime of their own: they cannot get into another evaluation.
    ///
    /// ```compile_fail,E0521
    /// use frazil_eval::{Evaluator, HeapOptions, Host, Options};
    ///
    /// fn mix(host: &mut dyn Host, other: &mut dyn Host) {
    ///     let memory = HeapOptions::default();
    ///     let _ = Evaluator::with(memory, host, Options::default(), |mut one| {
    ///         let value = one.string(b"of one");
    ///         Evaluator::with(memory, other, Options::default(), |mut two| two.deep_force(value).is_ok())
    ///     });
    /// }
    /// ```
    pub fn with<R>(
        memory: HeapOptions,
        host: &mut dyn Host,
        options: Options,
        work: impl for<'a> FnOnce(Evaluator<'a>) -> R,
    ) -> Result<R, HeapError> {
        let heap = Heap::new(memory)?;
        Ok(work(Evaluator::new(&heap, host, options)))
    }
}

impl<'a> Evaluator<'a> {
    fn new(heap: &'a Heap, host: &'a mut (dyn Host + 'a), options: Options) -> Self {
        let mut cursor = Cursor::new(heap, crate::stack::floor());
        let mut symbols = Symbols::new();
        let names = Names::new(&mut symbols, &mut cursor);
        let empty_attrs = cursor.empty_attrs();
        let nothing = cursor.heap().add_code(Lambda::nothing());
        let calls = vec![Call::Callback(nothing); options.call_depth_max.min(CALLS_AT_FIRST)];
        let mut evaluator = Self {
            cursor,
            symbols,
            sources: Sources::default(),
            contexts: Contexts::default(),
            host,
            steps_left: options.steps_max,
            options,
            names,
            globals: Globals::default(),
            empty_attrs,
            imports: HashMap::default(),
            caches: builtins::Caches::default(),
            calls,
            depth: 0,
            tries: 0,
            syntax_arena: Bump::new(),
            pieces: Vec::new(),
        };
        builtins::install(&mut evaluator);
        evaluator
    }

    pub(crate) fn intern(&mut self, name: &[u8]) -> Symbol {
        self.symbols.intern(name, &mut self.cursor)
    }

    pub(crate) fn has_feature(&self, name: &str) -> bool {
        self.options.features.iter().any(|feature| feature == name)
    }

    /// Evaluates a program to weak head normal form.
    pub fn evaluate(&mut self, program: Program<'a>) -> Result<Value<'a>> {
        self.eval(program.body, program.frame).map(Word::unpack)
    }

    /// Notes that a call begins. Whoever calls this resets `depth` when the call is over.
    #[inline(always)]
    pub(crate) fn enter(&mut self, call: Call<'a>) -> Result<()> {
        match self.calls.get_mut(self.depth) {
            Some(place)
                if crate::stack::address() >= self.cursor.stack_floor && self.steps_left > 0 =>
            {
                *place = call;
                self.depth += 1;
                self.steps_left -= 1;
                Ok(())
            }
            _ => self.enter_slowly(call),
        }
    }

    #[cold]
    #[inline(never)]
    fn enter_slowly(&mut self, call: Call<'a>) -> Result<()> {
        self.check_stack()?;
        if self.steps_left == 0 {
            return Err(self.too_long());
        }
        if self.depth >= self.options.call_depth_max {
            return Err(self.too_deep());
        }
        let length =
            self.calls.len().saturating_mul(2).clamp(CALLS_AT_FIRST, self.options.call_depth_max);
        if self.calls.try_reserve(length - self.calls.len()).is_err() {
            return Err(self.out_of_memory());
        }
        self.calls.resize(length, call);
        self.enter(call)
    }

    /// Counts a step that is not a call.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<()> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or_else(|| self.too_long())?;
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn too_long(&self) -> Error {
        let steps_max = self.options.steps_max;
        let message = format!("the evaluation takes more than {steps_max} steps");
        self.error(ErrorKind::TooManySteps, message).help("--max-steps allows more")
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn too_deep(&self) -> Error {
        let depth_max = self.options.call_depth_max;
        self.error(ErrorKind::StackOverflow, "stack overflow; max-call-depth exceeded")
            .help(format!("more than {depth_max} calls are nested; --max-call-depth allows more"))
    }

    #[cold]
    pub(crate) fn out_of_memory(&self) -> Error {
        // The message needs no arena memory, and no more calls will be made.
        self.error(
            ErrorKind::OutOfMemory,
            "the evaluation needs more memory than there is, or than its limit",
        )
        .help("--memory-limit sets the limit")
    }

    /// An error with the calls that led here; its place is the innermost of them until it gets one.
    #[cold]
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        let error = Error::new(kind, message);
        if self.tries > 0 && error.is_catchable() {
            return error;
        }
        let calls = self.calls.iter().take(self.depth).map(|call| Self::call_note(*call)).collect();
        error.with_calls(calls)
    }

    fn call_note(call: Call<'a>) -> CallNote {
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

    /// Ends with an error when the native stack is nearly used up, or the memory.
    #[inline(always)]
    pub(crate) fn check_stack(&self) -> Result<()> {
        if crate::stack::address() < self.cursor.stack_floor {
            Err(self.stack_overflow())
        } else {
            Ok(())
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn stack_overflow(&self) -> Error {
        if self.cursor.is_exhausted() {
            return self.out_of_memory();
        }
        self.error(ErrorKind::StackOverflow, "stack overflow (possible infinite recursion)")
    }

    /// Whether so many bytes can be had at once: to be asked before what may be very large.
    #[inline(always)]
    pub(crate) fn check_room(&mut self, bytes: usize) -> Result<()> {
        if bytes > crate::heap::CHUNK_BYTES && !self.cursor.reserve(bytes) {
            return Err(self.out_of_memory());
        }
        Ok(())
    }

    /// Whether a string may have `length` bytes, and there is memory for it.
    #[inline(always)]
    pub(crate) fn check_string(&mut self, length: usize) -> Result<()> {
        if length > crate::heap::CHUNK_BYTES { self.check_large_string(length) } else { Ok(()) }
    }

    #[cold]
    fn check_large_string(&mut self, length: usize) -> Result<()> {
        if length > Str::LENGTH_MAX {
            return Err(self.error(
                ErrorKind::Other,
                format!("a string has at most {} bytes", Str::LENGTH_MAX),
            ));
        }
        if self.cursor.has_room(length) { Ok(()) } else { Err(self.out_of_memory()) }
    }

    /// Whether a list may have `length` elements, and there is memory for it.
    #[inline(always)]
    pub(crate) fn check_list(&mut self, length: usize) -> Result<()> {
        if length > crate::heap::CHUNK_BYTES / size_of::<Slot<'_>>() {
            self.check_large_list(length)
        } else {
            Ok(())
        }
    }

    #[cold]
    fn check_large_list(&mut self, length: usize) -> Result<()> {
        if length > u32::MAX as usize {
            return Err(
                self.error(ErrorKind::Other, format!("a list has at most {} elements", u32::MAX))
            );
        }
        self.check_room(length * size_of::<Slot<'_>>())
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
