//! Values as text: the two forms in which Nix shows them, and quoting.
//!
//! [`plain`] is what `nix-instantiate --eval` prints (`<CODE>`, `<LAMBDA>`), [`detailed`] what `nix
//! eval` and the REPL print («thunk», «lambda f @ ...»). Neither evaluates anything: what is
//! delayed is shown as such.

mod json;
mod tree;
mod xml;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

pub(crate) use json::JsonText;
pub use json::json;
pub(crate) use tree::{TreeContext, tree};
pub(crate) use xml::xml_string;
pub use xml::{XmlForm, xml};

use crate::Evaluator;
use crate::heap::{Attrs, List};
use crate::number;
use crate::symbol::FastHash;
use crate::value::{Closure, Lazy, Value};
use crate::word::Slot;

/// How much of a value is shown.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub depth: usize,
    /// Attributes in all sets together.
    pub attributes: usize,
    /// Elements in all lists together.
    pub elements: usize,
    /// Bytes of one string.
    pub string_bytes: usize,
}

impl Limits {
    /// Deeper data is cut off, not overflowing the stack.
    pub const NONE: Self = Self {
        depth: 100_000,
        attributes: usize::MAX,
        elements: usize::MAX,
        string_bytes: usize::MAX,
    };
    /// For values in error messages.
    pub const ERROR: Self = Self { depth: 10, attributes: 10, elements: 10, string_bytes: 1024 };
}

/// The form of `nix-instantiate --eval`.
pub fn plain<'a>(ev: &mut Evaluator<'a>, value: Value<'a>) -> Vec<u8> {
    let mut printer = Printer::new(ev, Form::Plain, Limits::NONE);
    printer.value(value, 0, 0);
    printer.out
}

/// The form of `nix eval` and the REPL.
pub fn detailed<'a>(ev: &mut Evaluator<'a>, value: Value<'a>, limits: Limits) -> Vec<u8> {
    let mut printer = Printer::new(ev, Form::Detailed, limits);
    printer.value(value, 0, 0);
    printer.out
}

/// A value as part of an error message: on one line, cut short.
pub(crate) fn for_error<'a>(ev: &mut Evaluator<'a>, value: Value<'a>) -> String {
    String::from_utf8_lossy(&detailed(ev, value, Limits::ERROR)).into_owned()
}

/// Lists of so many elements need no memory of their own in C++ Nix.
const INLINE_ELEMENTS_MAX: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Detailed,
}

struct Printer<'e, 'a> {
    ev: &'e mut Evaluator<'a>,
    form: Form,
    limits: Limits,
    out: Vec<u8>,
    /// Addresses of sets that were shown: they are not shown again.
    seen: HashSet<usize, FastHash>,
    /// Addresses of lists that were shown. With a holder, within itself the list may be shown once
    /// more if another slot holds it.
    lists: HashMap<usize, Option<usize>, FastHash>,
    attributes: usize,
    elements: usize,
}

impl<'e, 'a> Printer<'e, 'a> {
    fn new(ev: &'e mut Evaluator<'a>, form: Form, limits: Limits) -> Self {
        Self {
            ev,
            form,
            limits,
            out: Vec::new(),
            seen: HashSet::default(),
            lists: HashMap::default(),
            attributes: 0,
            elements: 0,
        }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// `holder` is the address of the slot that holds the value, or zero.
    fn value(&mut self, value: Value<'a>, holder: usize, depth: usize) {
        match value {
            Value::Null => self.text("null"),
            Value::Bool(true) => self.text("true"),
            Value::Bool(false) => self.text("false"),
            Value::Int(value) => number::print_int(value, &mut self.out),
            Value::Float(value) => number::print_general(value, &mut self.out),
            Value::String(text) => self.string(text.bytes()),
            Value::Path(path) => self.out.extend_from_slice(path.bytes()),
            Value::List(list) => self.list(list, holder, depth),
            Value::Attrs(set) => self.attrs(set, depth),
            Value::Lambda(_) | Value::Builtin(_) | Value::Partial(_) => self.function(value),
        }
    }

    fn string(&mut self, text: &[u8]) {
        let shown = text.get(..self.limits.string_bytes).unwrap_or(text);
        quote(shown, &mut self.out);
        let elided = text.len() - shown.len();
        if elided > 0 {
            self.text(&format!(
                " «{elided} {} elided»",
                if elided == 1 { "byte" } else { "bytes" }
            ));
        }
    }

    fn slot(&mut self, slot: &'a Cell<Slot<'a>>, depth: usize) {
        match (Lazy::of(slot).value(), self.form) {
            (Some(value), _) => {
                let holder = slot.get().target().unwrap_or(slot);
                self.value(value.unpack(), std::ptr::from_ref(holder).addr(), depth);
            }
            (None, _) if slot.get().is_busy() => self.text("«potential infinite recursion»"),
            (None, Form::Plain) => self.text("<CODE>"),
            (None, Form::Detailed) => self.text("«thunk»"),
        }
    }

    fn function(&mut self, value: Value<'a>) {
        let (function, count) = match value {
            Value::Partial(partial) => (partial.function, partial.arguments.len()),
            function => (function, 0),
        };
        match (self.form, function) {
            (Form::Plain, Value::Builtin(_)) => {
                self.text(if count > 0 { "<PRIMOP-APP>" } else { "<PRIMOP>" });
            }
            (Form::Plain, _) => self.text("<LAMBDA>"),
            (Form::Detailed, Value::Builtin(builtin)) => {
                let kind = if count > 0 { "partially applied primop" } else { "primop" };
                self.text(&format!("«{kind} {}»", builtin.name));
            }
            (Form::Detailed, function) => {
                if let Value::Lambda(closure) = function {
                    self.lambda(closure, count);
                }
            }
        }
    }

    /// A lambda that has got `count` arguments.
    fn lambda(&mut self, closure: Closure<'a>, count: usize) {
        let lambda = self.ev.cursor.code(closure.code);
        let name = lambda.name.map(|name| String::from_utf8_lossy(self.ev.symbols.text(name)));
        let name = name.map_or_else(String::new, |name| format!(" {name}"));
        let place = self.ev.position_text(lambda.range_after(count).start);
        self.text(&format!("«lambda{name} @ {place}»"));
    }

    /// Whether there is room to go on; shows where it ends otherwise.
    fn may_descend(&mut self, depth: usize, cut: &str) -> bool {
        let may = depth < self.limits.depth && self.ev.check_stack().is_ok();
        if !may {
            self.text(cut);
        }
        may
    }

    /// C++ Nix knows a list by the value that holds it (its plain form only short lists), so that a
    /// list within itself may be shown once more.
    fn list(&mut self, list: List<'a>, holder: usize, depth: usize) {
        if list.is_empty() {
            return self.text("[ ]");
        }
        let is_known_by_holder = self.form == Form::Detailed || list.len() <= INLINE_ELEMENTS_MAX;
        let next = match self.lists.get(&list.address()) {
            None if is_known_by_holder => Some(holder),
            Some(Some(first)) if *first != holder => None,
            None => None,
            Some(_) => return self.text("«repeated»"),
        };
        self.lists.insert(list.address(), next);
        if !self.may_descend(depth, "[ ... ]") {
            return;
        }
        self.text("[ ");
        for (index, cell) in list.cells().iter().enumerate() {
            if self.elements >= self.limits.elements {
                self.elided(list.len() - index, "item", "items");
                break;
            }
            self.slot(cell, depth + 1);
            self.elements += 1;
            self.text(" ");
        }
        self.text("]");
        self.lists.insert(list.address(), None);
    }

    fn attrs(&mut self, set: Attrs<'a>, depth: usize) {
        if set.is_empty() {
            return self.text("{ }");
        }
        if !self.seen.insert(set.address()) {
            return self.text("«repeated»");
        }
        if !self.may_descend(depth, "{ ... }") {
            return;
        }
        self.text("{ ");
        let mut entries = self.ev.sorted_entries(set);
        if self.limits.attributes != usize::MAX {
            // Not all may be shown: first those that tell what it is.
            entries.sort_by_key(|entry| {
                !matches!(self.ev.symbols.text(entry.name), b"type" | b"_type")
            });
        }
        for (index, entry) in entries.iter().enumerate() {
            if self.attributes >= self.limits.attributes {
                self.elided(entries.len() - index, "attribute", "attributes");
                break;
            }
            name(self.ev.symbols.text(entry.name), &mut self.out);
            self.text(" = ");
            self.slot(&entry.slot, depth + 1);
            self.attributes += 1;
            self.text("; ");
        }
        self.text("}");
    }

    fn elided(&mut self, count: usize, one: &str, many: &str) {
        self.text(&format!("«{count} {} elided» ", if count == 1 { one } else { many }));
    }
}

/// A string literal of the language.
pub fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // What lies before this index was copied.
    let mut copied = 0;
    for (index, byte) in text.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            b'$' if text.get(index + 1) == Some(&b'{') => b"\\$",
            _ => continue,
        };
        out.extend_from_slice(text.get(copied..index).unwrap_or_default());
        out.extend_from_slice(escaped);
        copied = index + 1;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    out.push(b'"');
}

/// [`name`] as part of a message.
pub(crate) fn name_text(text: &[u8]) -> String {
    let mut out = Vec::new();
    name(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

const KEYWORDS: &[&[u8]] =
    &[b"if", b"then", b"else", b"assert", b"with", b"let", b"in", b"rec", b"inherit"];

/// An attribute name as it may be written: quoted only if it must be.
pub fn name(text: &[u8], out: &mut Vec<u8>) {
    let starts_well = text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let goes_on_well =
        text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_'-".contains(byte));
    if starts_well && goes_on_well && !KEYWORDS.contains(&text) {
        out.extend_from_slice(text);
    } else {
        quote(text, out);
    }
}
