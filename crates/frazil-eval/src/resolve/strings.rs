//! Interpolation, path literals and search paths.

use std::os::unix::ffi::OsStrExt;

use frazil_syntax::ast::{Span, StringPart};

use super::{ResolveError, Resolver};
use crate::code::{Apply, Expr, Interpolation};
use crate::heap::Str;
use crate::path;
use crate::value::Value;

impl<'a> Resolver<'_, 'a> {
    pub(super) fn interpolation(&mut self, parts: &[StringPart<'_>]) -> Expr<'a> {
        let parts: Vec<_> = parts.iter().map(|part| self.part(part)).collect();
        let parts = self.add_slice(&parts);
        Expr::Interpolation(self.add(Interpolation { parts, is_path: false }))
    }

    fn part(&mut self, part: &StringPart<'_>) -> (Expr<'a>, crate::source::Range) {
        match part {
            StringPart::Text(text) => (
                Expr::Const(Value::String(self.string(text)).into()),
                crate::source::Range::NOWHERE,
            ),
            StringPart::Expr(expr) => (self.strict(expr), self.range(expr.span)),
        }
    }

    pub(super) fn path(&mut self, text: &[u8], span: Span) -> Expr<'a> {
        if text.len() > 1 && text.ends_with(b"/") {
            self.errors.push(ResolveError::TrailingSlash { span });
        }
        let path = self.absolute(text, span);
        Expr::Const(Value::Path(self.string(&path)).into())
    }

    pub(super) fn path_interpolation(&mut self, parts: &[StringPart<'_>], span: Span) -> Expr<'a> {
        let Some((StringPart::Text(text), rest)) = parts.split_first() else {
            return self.interpolation(parts);
        };
        // A final slash of the first part separates it from what is interpolated.
        let first = self.absolute(text, span);
        let first = Value::Path(Str::of(self.context.cursor.add_slice(&first)));
        let mut code = vec![(Expr::Const(first.into()), self.range(span))];
        code.extend(rest.iter().map(|part| self.part(part)));
        let parts = self.add_slice(&code);
        Expr::Interpolation(self.add(Interpolation { parts, is_path: true }))
    }

    fn absolute(&mut self, text: &[u8], span: Span) -> Vec<u8> {
        let base = self.context.base.as_os_str().as_bytes();
        let home = self.context.home.map(|home| home.as_os_str().as_bytes());
        path::literal(text, base, home).unwrap_or_else(|| {
            self.errors.push(ResolveError::HomePath { span });
            text.to_vec()
        })
    }

    /// `<name>` is `__findFile __nixPath "name"`.
    pub(super) fn search_path(&mut self, text: &[u8], span: Span) -> Expr<'a> {
        let range = self.range(span);
        let (find_file, nix_path) = (self.intern(b"__findFile"), self.intern(b"__nixPath"));
        let function = self.variable(find_file, span);
        let name = Expr::Const(Value::String(self.string(text)).into());
        let arguments = [self.variable(nix_path, span), name];
        let arguments = self.add_slice(&arguments);
        Expr::Apply(self.add(Apply { function, arguments, range, function_range: range }))
    }
}
