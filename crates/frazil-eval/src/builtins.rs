//! The builtins of the language: one table per subject, each row with its documentation.
//!
//! A builtin gets its arguments delayed and forces what it needs, in the order in which C++ Nix
//! does, since that decides which error a program sees. `forces_first` names the argument that is
//! forced before anything else happens: callers may evaluate it beforehand.

mod attrs;
mod contexts;
mod control;
mod conversion;
mod derivation;
mod distribution;
pub(crate) mod fetch;
pub(crate) mod files;
mod hashes;
mod import;
mod lists;
mod math;
mod paths;
mod realise;
mod regex;
mod search;
mod store;
mod strings;
mod system;
mod types;

use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Attrs;
use crate::source::Pos;
use crate::symbol::Symbol;
use crate::value::{Lazy, Value};

/// No builtin takes more arguments.
pub(crate) const ARITY_MAX: usize = 3;

/// A function of the language that is part of the evaluator.
pub struct Builtin {
    pub name: &'static str,
    /// The names of its arguments, for documentation.
    pub parameters: &'static [&'static str],
    /// What it does, in Markdown.
    pub doc: &'static str,
    pub(crate) arity: u32,
    /// Index of the argument that is forced before anything else is done.
    pub(crate) forces_first: Option<u8>,
    pub(crate) function: Function,
}

pub(crate) type Function = for<'a> fn(&mut Evaluator<'a>, &[Lazy<'a>]) -> Result<Value<'a>>;

impl Builtin {
    pub(crate) const fn new(
        name: &'static str,
        parameters: &'static [&'static str],
        forces_first: Option<u8>,
        function: Function,
        doc: &'static str,
    ) -> Self {
        assert!(parameters.len() <= ARITY_MAX && !parameters.is_empty());
        Self { name, parameters, doc, arity: parameters.len() as u32, forces_first, function }
    }
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

static TABLES: &[&[Builtin]] = &[
    attrs::TABLE,
    contexts::TABLE,
    control::TABLE,
    conversion::TABLE,
    derivation::TABLE,
    fetch::TABLE,
    files::TABLE,
    hashes::TABLE,
    import::TABLE,
    lists::TABLE,
    math::TABLE,
    paths::TABLE,
    regex::TABLE,
    search::TABLE,
    store::TABLE,
    strings::TABLE,
    system::TABLE,
    types::TABLE,
];

/// Builtins that are in scope without `builtins.`; all others are as `__name`.
const UNPREFIXED: &[&str] = &[
    "abort",
    "baseNameOf",
    "break",
    "derivationStrict",
    "dirOf",
    "fetchGit",
    "fetchMercurial",
    "fetchTarball",
    "fetchTree",
    "fromTOML",
    "import",
    "isNull",
    "map",
    "placeholder",
    "removeAttrs",
    "scopedImport",
    "throw",
    "toString",
];

/// Every builtin function, in the order of the tables.
pub fn builtins() -> impl Iterator<Item = &'static Builtin> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// What builtins remember between calls.
#[derive(Default)]
pub(crate) struct Caches {
    pub(crate) files: files::Cache,
    pub(crate) searches: search::Cache,
    pub(crate) regexes: regex::Cache,
    pub(crate) derivations: derivation::Cache,
    pub(crate) copies: store::Copies,
}

/// The `derivation` function, in terms of `derivationStrict`.
const DERIVATION: &[u8] = include_bytes!("builtins/derivation.nix");

/// Puts all builtins and constants into the global scope.
pub(crate) fn install(ev: &mut Evaluator<'_>) {
    let mut all = Vec::new();
    for builtin in builtins() {
        let features = required_features(builtin.name);
        if !features.is_empty() && !features.iter().any(|feature| ev.has_feature(feature)) {
            continue;
        }
        define(ev, builtin.name, Value::Builtin(builtin), UNPREFIXED.contains(&builtin.name));
        all.push((ev.intern(builtin.name.as_bytes()), Value::Builtin(builtin)));
    }
    for (name, value, unprefixed) in system::constants(ev) {
        define(ev, name, value, unprefixed);
        all.push((ev.intern(name.as_bytes()), value));
    }
    let distribution = distribution::set(ev);
    define(ev, "frazil", distribution, false);
    all.push((ev.intern(b"frazil"), distribution));
    // Two members are made from the set itself, so they are filled in afterwards.
    let (itself, derivation) = (ev.intern(b"builtins"), ev.intern(b"derivation"));
    all.push((itself, Value::Null));
    all.push((derivation, Value::Null));
    let mut writer = ev.cursor.attrs_writer(all.len());
    for (name, value) in all {
        writer.push(name, Pos::NOWHERE, value.into());
    }
    let set = writer.finish(&mut ev.cursor);
    fill_in(ev, set, itself, Value::Attrs(set));
    let function = derivation_function(ev);
    fill_in(ev, set, derivation, function);
}

/// The experimental features one of which must be on for a builtin to exist.
fn required_features(name: &str) -> &'static [&'static str] {
    match name {
        "fetchClosure" => &["fetch-closure"],
        "fetchTree" => &["fetch-tree", "flakes"],
        "outputOf" => &["dynamic-derivations"],
        "flakeRefToString" | "getFlake" | "parseFlakeRef" => &["flakes"],
        _ => &[],
    }
}

/// Gives a member of `builtins` its value, and makes it global.
fn fill_in<'a>(ev: &mut Evaluator<'a>, builtins: Attrs<'a>, name: Symbol, value: Value<'a>) {
    if let Some(entry) = builtins.get(name) {
        entry.slot.set(value.into());
    }
    ev.globals.insert(name, value);
}

fn define<'a>(ev: &mut Evaluator<'a>, name: &str, value: Value<'a>, unprefixed: bool) {
    let global = if unprefixed { name.to_owned() } else { format!("__{name}") };
    let symbol = ev.intern(global.as_bytes());
    ev.globals.insert(symbol, value);
}

fn derivation_function<'a>(ev: &mut Evaluator<'a>) -> Value<'a> {
    let base = std::path::Path::new("/");
    let program = ev.parse_text("«derivation-internal.nix»", DERIVATION.to_vec(), base);
    let program = program.expect("the embedded source is correct: every test evaluates it");
    ev.evaluate(program).expect("a lambda needs no evaluation")
}

/// Shorthands for argument lists: all callers pass as many as the table says.
fn one<'a>(arguments: &[Lazy<'a>]) -> Lazy<'a> {
    arguments.first().copied().unwrap_or(Lazy::NULL)
}

fn two<'a>(arguments: &[Lazy<'a>]) -> (Lazy<'a>, Lazy<'a>) {
    match arguments {
        [first, second, ..] => (*first, *second),
        _ => (Lazy::NULL, Lazy::NULL),
    }
}

fn three<'a>(arguments: &[Lazy<'a>]) -> (Lazy<'a>, Lazy<'a>, Lazy<'a>) {
    match arguments {
        [first, second, third] => (*first, *second, *third),
        _ => (Lazy::NULL, Lazy::NULL, Lazy::NULL),
    }
}
