//! Values as XML, as `toXML` and `nix-instantiate --xml` have them.

use std::collections::HashSet;
use std::ops::Range as Bytes;

use bumpalo::Bump;
use frazil_syntax::ast::{self, ExprKind, Parameter};

use crate::code::Lambda;
use crate::context::Context;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Entry, Str};
use crate::number;
use crate::source::Pos;
use crate::value::{Partial, Value};
use crate::xml::write_attribute;

/// What is shown, and how much is evaluated for it.
#[derive(Clone, Copy, Debug)]
pub struct XmlForm {
    /// Evaluate everything in the value; what is not evaluated is shown as such otherwise.
    pub strict: bool,
    /// Say where attributes and functions were written.
    pub location: bool,
}

/// A value as an XML document.
pub fn xml<'a>(ev: &mut Evaluator<'a>, value: Value<'a>, form: XmlForm) -> Result<Vec<u8>> {
    let mut writer = Writer::new(ev, form);
    writer.document(value)?;
    Ok(writer.out)
}

/// The string that `builtins.toXML` returns.
pub(crate) fn xml_string<'a>(ev: &mut Evaluator<'a>, value: Value<'a>) -> Result<Str<'a>> {
    let mut writer = Writer::new(ev, XmlForm { strict: true, location: false });
    writer.document(value)?;
    let (out, context) = (writer.out, writer.context);
    let text = ev.cursor.add_slice(&out);
    Ok(ev.cursor.with_context(text, context))
}

struct Writer<'e, 'a> {
    ev: &'e mut Evaluator<'a>,
    form: XmlForm,
    out: Vec<u8>,
    /// What the strings so far depend on.
    context: Option<Context<'a>>,
    /// `drvPath`s of the derivations that were shown: each is shown once.
    shown: HashSet<&'a [u8]>,
    depth: usize,
}

/// How a function takes its argument: a copy of what the tree says.
enum Taken {
    Name(Vec<u8>),
    Formals { names: Vec<Vec<u8>>, ellipsis: bool, whole: Option<Vec<u8>> },
}

impl<'e, 'a> Writer<'e, 'a> {
    fn new(ev: &'e mut Evaluator<'a>, form: XmlForm) -> Self {
        Self { ev, form, out: Vec::new(), context: None, shown: HashSet::new(), depth: 0 }
    }

    fn document(&mut self, value: Value<'a>) -> Result<()> {
        self.out.extend_from_slice(b"<?xml version='1.0' encoding='utf-8'?>\n");
        self.inside("expr", &[], |writer| writer.value(value))
    }

    fn start(&mut self, element: &str, attributes: &[(&str, &[u8])]) {
        const SPACES: &[u8] = &[b' '; 64];
        let mut indent = self.depth * 2;
        while indent > 0 {
            let some = SPACES.get(..indent).unwrap_or(SPACES);
            self.out.extend_from_slice(some);
            indent -= some.len();
        }
        self.out.push(b'<');
        self.out.extend_from_slice(element.as_bytes());
        for (name, value) in attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"=\"");
            write_attribute(value, &mut self.out);
            self.out.push(b'"');
        }
    }

    fn empty(&mut self, element: &str, attributes: &[(&str, &[u8])]) {
        self.start(element, attributes);
        self.out.extend_from_slice(b" />\n");
    }

    /// An element around what `contents` writes.
    fn inside(
        &mut self,
        element: &str,
        attributes: &[(&str, &[u8])],
        contents: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.start(element, attributes);
        self.out.extend_from_slice(b">\n");
        self.depth += 1;
        contents(self)?;
        self.depth -= 1;
        self.start(&format!("/{element}"), &[]);
        self.out.extend_from_slice(b">\n");
        Ok(())
    }

    fn value(&mut self, value: Value<'a>) -> Result<()> {
        self.ev.check_stack()?;
        self.ev.check_string(self.out.len())?;
        match value {
            Value::Null => self.empty("null", &[]),
            Value::Bool(value) => {
                self.empty("bool", &[("value", if value { b"true" } else { b"false" })]);
            }
            Value::Int(value) => {
                let mut text = Vec::with_capacity(20);
                number::print_int(value, &mut text);
                self.empty("int", &[("value", &text)]);
            }
            Value::Float(value) => {
                let mut text = Vec::with_capacity(20);
                number::print_general(value, &mut text);
                self.empty("float", &[("value", &text)]);
            }
            Value::String(text) => {
                self.context = self.ev.cursor.join(self.context, text.context());
                self.empty("string", &[("value", text.bytes())]);
            }
            Value::Path(path) => self.empty("path", &[("value", path.bytes())]),
            Value::List(list) => self.inside("list", &[], |writer| {
                list.cells().iter().try_for_each(|cell| writer.slot(cell))
            })?,
            Value::Attrs(set) => self.set(set)?,
            Value::Lambda(closure) => {
                let lambda = self.ev.cursor.code(closure.code);
                self.function(lambda, 0)?;
            }
            Value::Partial(Partial { function: Value::Lambda(closure), arguments }) => {
                let lambda = self.ev.cursor.code(closure.code);
                self.function(lambda, arguments.len())?;
            }
            Value::Builtin(_) | Value::Partial(_) => self.empty("unevaluated", &[]),
        }
        Ok(())
    }

    fn slot(&mut self, slot: &'a std::cell::Cell<crate::word::Slot<'a>>) -> Result<()> {
        if let Some(value) = self.known(slot)? {
            return self.value(value);
        }
        self.empty("unevaluated", &[]);
        Ok(())
    }

    /// The value of a slot, if it is to be evaluated or was before.
    fn known(
        &mut self,
        slot: &'a std::cell::Cell<crate::word::Slot<'a>>,
    ) -> Result<Option<Value<'a>>> {
        if self.form.strict {
            return self.ev.force_slot(slot).map(Some);
        }
        Ok(crate::value::Lazy::of(slot).value().map(crate::word::Word::unpack))
    }

    fn set(&mut self, set: Attrs<'a>) -> Result<()> {
        if !self.ev.is_derivation(set)? {
            return self.inside("attrs", &[], |writer| writer.attributes(set));
        }
        let derivation = self.text_of(set.get(self.ev.names.drv_path))?;
        let output = self.text_of(set.get(self.ev.names.out_path))?;
        let mut attributes: Vec<(&str, &[u8])> = Vec::new();
        attributes.extend(derivation.map(|path| ("drvPath", path)));
        attributes.extend(output.map(|path| ("outPath", path)));
        let is_new = derivation.is_some_and(|path| !path.is_empty() && self.shown.insert(path));
        self.inside("derivation", &attributes, |writer| {
            if is_new {
                return writer.attributes(set);
            }
            writer.empty("repeated", &[]);
            Ok(())
        })
    }

    fn text_of(&mut self, entry: Option<&'a Entry<'a>>) -> Result<Option<&'a [u8]>> {
        let Some(entry) = entry else { return Ok(None) };
        match self.known(&entry.slot)? {
            Some(Value::String(text)) => Ok(Some(text.bytes())),
            _ => Ok(None),
        }
    }

    fn attributes(&mut self, set: Attrs<'a>) -> Result<()> {
        for entry in self.ev.sorted_entries(set) {
            let name = self.ev.symbols.text(entry.name);
            let result = if self.form.location && !entry.pos.is_nowhere() {
                let mut place = self.place(entry.pos);
                place.push(("name", name.to_vec()));
                place.sort_unstable_by_key(|(name, _)| *name);
                let place: Vec<_> =
                    place.iter().map(|(name, value)| (*name, value.as_slice())).collect();
                self.inside("attr", &place, |writer| writer.slot(&entry.slot))
            } else {
                self.inside("attr", &[("name", name)], |writer| writer.slot(&entry.slot))
            };
            result.map_err(|error| self.ev.in_attribute(error, entry))?;
        }
        Ok(())
    }

    /// Where something was written, as attributes in the order of their names.
    fn place(&self, pos: Pos) -> Vec<(&'static str, Vec<u8>)> {
        let Some((source, line, column)) = self.ev.sources.line_column(pos) else {
            return Vec::new();
        };
        let mut place = vec![
            ("column", column.to_string().into_bytes()),
            ("line", line.to_string().into_bytes()),
        ];
        if source.is_file {
            place.push(("path", source.name.clone().into_bytes()));
        }
        place
    }

    /// A function that was given `skipped` arguments already.
    fn function(&mut self, lambda: &Lambda<'a>, skipped: usize) -> Result<()> {
        let Some((at, taken)) = self.parameter(lambda, skipped) else {
            self.empty("unevaluated", &[]);
            return Ok(());
        };
        let place = if self.form.location { self.place(at) } else { Vec::new() };
        let place: Vec<_> = place.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        self.inside("function", &place, |writer| match taken {
            Taken::Name(name) => {
                writer.empty("varpat", &[("name", &name)]);
                Ok(())
            }
            Taken::Formals { names, ellipsis, whole } => {
                let mut attributes: Vec<(&str, &[u8])> = Vec::new();
                attributes.extend(ellipsis.then_some(("ellipsis", &b"1"[..])));
                attributes.extend(whole.as_ref().map(|name| ("name", name.as_slice())));
                writer.inside("attrspat", &attributes, |writer| {
                    for name in names {
                        writer.empty("attr", &[("name", &name)]);
                    }
                    Ok(())
                })
            }
        })
    }

    /// What parameter a function takes, and where it stands. The code does not keep the names, so
    /// the source is read again.
    fn parameter(&self, lambda: &Lambda<'a>, skipped: usize) -> Option<(Pos, Taken)> {
        let place = self.ev.sources.place(lambda.range())?;
        let bytes = Bytes { start: place.start as usize, end: place.end as usize };
        let arena = Bump::new();
        let options =
            frazil_syntax::ParseOptions { pipe_operators: self.ev.options.pipe_operators };
        let parsed = frazil_syntax::parse(place.source.text.get(bytes)?, &arena, options);
        let mut tree: &ast::Expr<'_> = &parsed.root;
        for _ in 0..skipped {
            let ExprKind::Lambda(outer) = tree.kind else { return None };
            tree = outer.body;
        }
        let ExprKind::Lambda(found) = tree.kind else { return None };
        let taken = match found.parameter {
            Parameter::Name(name) => Taken::Name(name.text.to_vec()),
            Parameter::Formals { formals, ellipsis, whole } => {
                let mut names: Vec<_> =
                    formals.iter().map(|formal| formal.name.text.to_vec()).collect();
                names.sort_unstable();
                Taken::Formals { names, ellipsis, whole: whole.map(|name| name.text.to_vec()) }
            }
        };
        Some((lambda.range().start.after(tree.span.start), taken))
    }
}
