//! `{ }`, `rec { }` and `let`.

use frazil_syntax::ast::{self, BindingValue, Span};

use super::Resolver;
use crate::code::{AttrsCode, Binding, DynamicBinding, Expr, Let};
use crate::symbol::Symbol;

impl<'a> Resolver<'_, 'a> {
    pub(super) fn attrs(&mut self, set: &ast::AttrSet<'_>, span: Span) -> Expr<'a> {
        let mut sorted: Vec<_> =
            set.bindings.iter().map(|binding| (self.intern(binding.name.text), binding)).collect();
        sorted.sort_by_key(|(name, _)| *name);
        let inherited: Vec<_> =
            sorted.iter().map(|(name, binding)| self.inherited(*name, binding)).collect();

        let mark = self.mark();
        let rec_at = set.recursive.then(|| self.new_slots(sorted.len()));
        if let Some(first) = rec_at {
            for (index, (name, _)) in sorted.iter().enumerate() {
                self.define(*name, first + index as u32);
            }
        }
        let sources_at = self.new_slots(set.inherit_sources.len());
        let sources = self.inherit_sources(set);
        let bindings: Vec<_> = sorted
            .iter()
            .zip(inherited)
            .map(|((name, binding), inherited)| Binding {
                name: *name,
                pos: self.pos(binding.span),
                value: inherited.unwrap_or_else(|| self.bound(*name, binding, sources_at)),
            })
            .collect();
        let dynamic: Vec<_> = set
            .dynamic
            .iter()
            .map(|binding| DynamicBinding {
                name: self.strict(binding.name),
                value: self.delayed(binding.value, None),
                range: self.range(binding.name.span),
                pos: self.pos(binding.span),
            })
            .collect();
        self.forget_to(mark);

        let overrides = self.intern(b"__overrides");
        let overrides =
            bindings.iter().position(|binding| binding.name == overrides).filter(|_| set.recursive);
        Expr::Attrs(self.add(AttrsCode {
            bindings: self.add_slice(&bindings),
            dynamic: self.add_slice(&dynamic),
            sources,
            sources_at,
            rec_at,
            overrides: overrides.map(|index| index as u32),
            range: self.range(span),
        }))
    }

    pub(super) fn let_in(&mut self, set: &ast::AttrSet<'_>, body: &ast::Expr<'_>) -> Expr<'a> {
        let names: Vec<_> =
            set.bindings.iter().map(|binding| self.intern(binding.name.text)).collect();
        let inherited: Vec<_> = names
            .iter()
            .zip(set.bindings)
            .map(|(name, binding)| self.inherited(*name, binding))
            .collect();

        let mark = self.mark();
        // The sources of `inherit (e)` are nameless variables before the others.
        let sources_at = self.new_slots(set.inherit_sources.len() + names.len());
        let first = sources_at + set.inherit_sources.len() as u32;
        for (index, name) in names.iter().enumerate() {
            self.define(*name, first + index as u32);
        }
        let mut values = self.inherit_sources(set).to_vec();
        for ((name, binding), inherited) in names.iter().zip(set.bindings).zip(inherited) {
            values.push(inherited.unwrap_or_else(|| self.bound(*name, binding, sources_at)));
        }
        let body = self.strict(body);
        self.forget_to(mark);
        Expr::Let(self.add(Let { first: sources_at, values: self.add_slice(&values), body }))
    }

    /// `let { ...; body = e; }` is `rec { ...; body = e; }.body`.
    pub(super) fn legacy_let(&mut self, set: &ast::AttrSet<'_>, span: Span) -> Expr<'a> {
        let recursive = ast::AttrSet { recursive: true, ..*set };
        let subject = self.attrs(&recursive, span);
        let body = self.intern(b"body");
        let range = self.range(span);
        self.attribute(subject, body, range)
    }

    /// The variable that `inherit name;` means: one of the scope around the set.
    fn inherited(&mut self, name: Symbol, binding: &ast::Binding<'_>) -> Option<Expr<'a>> {
        matches!(binding.value, BindingValue::Inherit)
            .then(|| self.variable(name, binding.name.span))
    }

    fn inherit_sources(&mut self, set: &ast::AttrSet<'_>) -> &'a [Expr<'a>] {
        let sources: Vec<_> =
            set.inherit_sources.iter().map(|source| self.delayed(source, None)).collect();
        self.add_slice(&sources)
    }

    fn bound(&mut self, name: Symbol, binding: &ast::Binding<'_>, sources_at: u32) -> Expr<'a> {
        match binding.value {
            BindingValue::Expr(value) => self.delayed(value, Some(name)),
            BindingValue::Inherit => self.variable(name, binding.name.span),
            BindingValue::InheritFrom(index) => {
                let range = self.range(binding.name.span);
                self.attribute(Expr::Local { slot: sources_at + index, range }, name, range)
            }
        }
    }
}
