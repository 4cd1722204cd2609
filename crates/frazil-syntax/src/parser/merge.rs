//! Attribute sets under construction, and the merging of `a = { }; a.b = 1;`.
//!
//! A name may be bound twice if both values are sets written out; the second is merged into the
//! first, which also decides on `rec`. A set is closed when its brace is. If a later binding of
//! the surrounding set continues it, it is opened again, once, and stays open until that set is
//! closed: bindings are never copied more than once per level.

use std::collections::HashMap;

use super::{Parser, take};
use crate::ast::{
    AttrName, AttrSet, Binding, BindingValue, DynamicBinding, Expr, ExprKind, Name, Span,
};
use crate::error::{Note, SyntaxErrorKind};

/// Up to this many bindings a name is looked for one by one.
const LINEAR_MAX: usize = 12;

#[derive(Default)]
pub(super) struct OpenSet<'a> {
    recursive: bool,
    bindings: Vec<OpenBinding<'a>>,
    /// Places in `bindings`; empty while there are at most [`LINEAR_MAX`].
    index: HashMap<&'a [u8], usize>,
    dynamic: Vec<DynamicBinding<'a>>,
    sources: Vec<Expr<'a>>,
}

struct OpenBinding<'a> {
    name: Name<'a>,
    span: Span,
    value: OpenValue<'a>,
}

enum OpenValue<'a> {
    Closed(BindingValue<'a>),
    Open(Box<OpenSet<'a>>, Span),
}

impl<'a> OpenSet<'a> {
    pub(super) fn push_dynamic(&mut self, name: &'a Expr<'a>, span: Span, value: &'a Expr<'a>) {
        self.dynamic.push(DynamicBinding { name, span, value });
    }

    /// The value of attributes inherited from `source`.
    pub(super) fn push_source(&mut self, source: Expr<'a>) -> BindingValue<'a> {
        self.sources.push(source);
        BindingValue::InheritFrom(self.sources.len() as u32 - 1)
    }

    fn find(&mut self, name: &[u8]) -> Option<&mut OpenBinding<'a>> {
        if self.index.is_empty() {
            return self.bindings.iter_mut().find(|binding| binding.name.text == name);
        }
        let place = *self.index.get(name)?;
        self.bindings.get_mut(place)
    }

    fn push(&mut self, binding: Binding<'a>) {
        let Binding { name, span, value } = binding;
        self.bindings.push(OpenBinding { name, span, value: OpenValue::Closed(value) });
        if !self.index.is_empty() {
            self.index.insert(name.text, self.bindings.len() - 1);
        } else if self.bindings.len() > LINEAR_MAX {
            let names = self.bindings.iter().map(|binding| binding.name.text);
            self.index.extend(names.zip(0..));
        }
    }
}

impl<'a> Parser<'a> {
    pub(super) fn open_set(&mut self, recursive: bool) -> OpenSet<'a> {
        let set = self.scratch.sets.pop().unwrap_or_default();
        OpenSet { recursive, ..set }
    }

    pub(super) fn close_set(&mut self, mut set: OpenSet<'a>) -> AttrSet<'a> {
        let base = self.scratch.bindings.len();
        for OpenBinding { name, span, value } in set.bindings.drain(..) {
            let value = self.close_value(value);
            self.scratch.bindings.push(Binding { name, span, value });
        }
        let closed = AttrSet {
            recursive: set.recursive,
            bindings: take(self.arena, &mut self.scratch.bindings, base),
            dynamic: self.slice(&set.dynamic),
            inherit_sources: self.slice(&set.sources),
        };
        set.index.clear();
        set.dynamic.clear();
        set.sources.clear();
        self.scratch.sets.push(set);
        closed
    }

    fn close_value(&mut self, value: OpenValue<'a>) -> BindingValue<'a> {
        match value {
            OpenValue::Closed(value) => value,
            OpenValue::Open(set, span) => {
                let closed = self.close_set(*set);
                let kind = ExprKind::Attrs(self.alloc(closed));
                BindingValue::Expr(self.alloc(Expr { kind, span }))
            }
        }
    }

    /// `value` inside the sets that `path`, what follows the first name, stands for.
    pub(super) fn nest(&self, path: &[AttrName<'a>], span: Span, value: Expr<'a>) -> &'a Expr<'a> {
        path.iter().rfold(self.alloc(value), |value, name| {
            let mut set =
                AttrSet { recursive: false, bindings: &[], dynamic: &[], inherit_sources: &[] };
            let start = match *name {
                AttrName::Static(name) => {
                    let value = BindingValue::Expr(value);
                    set.bindings = self.slice(&[Binding { name, span, value }]);
                    name.span.start
                }
                AttrName::Dynamic(name) => {
                    let binding = DynamicBinding { name, span, value };
                    set.dynamic = self.slice(&[binding]);
                    name.span.start
                }
            };
            let kind = ExprKind::Attrs(self.alloc(set));
            self.alloc(Expr { kind, span: self.span_from(start) })
        })
    }

    /// Adds a binding; a set meets a set of the same name by merging, anything else is reported.
    pub(super) fn insert(&mut self, set: &mut OpenSet<'a>, binding: Binding<'a>) {
        self.insert_below(set, binding, &mut Vec::new());
    }

    /// `path` holds the names of the sets around `set` that are being merged.
    fn insert_below(
        &mut self,
        set: &mut OpenSet<'a>,
        binding: Binding<'a>,
        path: &mut Vec<&'a [u8]>,
    ) {
        let Some(present) = set.find(binding.name.text) else {
            set.push(binding);
            return;
        };
        path.push(binding.name.text);
        let merged =
            written_set(binding.value).and_then(|incoming| Some((incoming, self.opened(present)?)));
        match merged {
            Some((incoming, open)) => self.merge(open, incoming, path),
            None => self.duplicate(path, present.span, binding.span),
        }
        path.pop();
    }

    fn merge(&mut self, open: &mut OpenSet<'a>, incoming: &AttrSet<'a>, path: &mut Vec<&'a [u8]>) {
        let offset = open.sources.len() as u32;
        open.sources.extend_from_slice(incoming.inherit_sources);
        open.dynamic.extend_from_slice(incoming.dynamic);
        for binding in incoming.bindings {
            let value = match binding.value {
                BindingValue::InheritFrom(source) => BindingValue::InheritFrom(source + offset),
                value @ (BindingValue::Expr(_) | BindingValue::Inherit) => value,
            };
            self.insert_below(open, Binding { value, ..*binding }, path);
        }
    }

    /// The value of a binding as a set that can grow, if it is a set.
    fn opened<'s>(&mut self, binding: &'s mut OpenBinding<'a>) -> Option<&'s mut OpenSet<'a>> {
        if let OpenValue::Closed(value) = binding.value {
            let closed = written_set(value)?;
            let BindingValue::Expr(Expr { span, .. }) = value else { return None };
            let mut open = self.open_set(closed.recursive);
            for binding in closed.bindings {
                open.push(*binding);
            }
            open.dynamic.extend_from_slice(closed.dynamic);
            open.sources.extend_from_slice(closed.inherit_sources);
            binding.value = OpenValue::Open(Box::new(open), *span);
        }
        match &mut binding.value {
            OpenValue::Open(set, _) => Some(set),
            OpenValue::Closed(_) => None,
        }
    }

    fn duplicate(&mut self, path: &[&[u8]], first: Span, second: Span) {
        let names: Vec<_> = path.iter().map(|name| String::from_utf8_lossy(name)).collect();
        let kind = SyntaxErrorKind::DuplicateAttribute { path: names.join(".") };
        let note = Note { span: first, text: "first defined here" };
        self.report(kind, second, vec![note]);
    }
}

/// The set, if the value is one that was written as `{ }`, `rec { }` or as an attribute path.
fn written_set(value: BindingValue<'_>) -> Option<&AttrSet<'_>> {
    match value {
        BindingValue::Expr(Expr { kind: ExprKind::Attrs(set), .. }) => Some(set),
        BindingValue::Expr(_) | BindingValue::Inherit | BindingValue::InheritFrom(_) => None,
    }
}
