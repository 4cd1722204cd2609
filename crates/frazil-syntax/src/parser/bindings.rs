//! Attribute sets: `{ }`, `rec { }`, `let { }`, and the bindings of `let ... in`.

use super::Parser;
use super::merge::OpenSet;
use crate::ast::{AttrName, AttrSet, Binding, BindingValue, Expr, ExprKind};
use crate::error::SyntaxErrorKind;
use crate::token::TokenKind;

impl<'a> Parser<'a> {
    /// `{ }`, `rec { }` or `let { }`
    pub(super) fn attribute_set(&mut self) -> Expr<'a> {
        let first = self.token;
        let recursive = first.kind != TokenKind::LeftBrace;
        if recursive {
            self.advance();
        }
        let opener = self.token;
        if !self.expect(TokenKind::LeftBrace, None) {
            return self.missing();
        }
        self.open.braces += 1;
        let set = self.bindings(recursive);
        let set = self.alloc(set);
        self.expect_skipping(TokenKind::RightBrace, Some(opener));
        self.open.braces -= 1;
        let kind = match first.kind {
            TokenKind::Let => ExprKind::LegacyLet(set),
            _ => ExprKind::Attrs(set),
        };
        Expr { kind, span: self.span_from(first.span.start) }
    }

    /// Bindings up to the token that ends them, which is left to the caller.
    pub(super) fn bindings(&mut self, recursive: bool) -> AttrSet<'a> {
        let mut set = self.open_set(recursive);
        loop {
            match self.token.kind {
                TokenKind::Inherit => self.inherit(&mut set),
                kind if kind.starts_attribute() => self.binding(&mut set),
                _ if self.closes_enclosing() => break,
                _ => {
                    self.unexpected("");
                    self.skip_to_landmark();
                    if !self.accept(TokenKind::Semicolon) {
                        break;
                    }
                }
            }
        }
        self.close_set(set)
    }

    /// `a.b = e;`
    fn binding(&mut self, set: &mut OpenSet<'a>) {
        let start = self.token.span.start;
        let base = self.attribute_path();
        let path = super::take(self.arena, &mut self.scratch.names, base);
        let span = self.span_from(start);
        let Some((first, rest)) = path.split_first() else { return };
        if !self.accept(TokenKind::Assign) {
            self.unexpected("'.' or '='");
            self.skip_to_landmark();
            self.accept(TokenKind::Semicolon);
            return;
        }
        if !self.descend(rest.len()) {
            return;
        }
        let value = self.expression();
        self.depth -= rest.len();
        let value = self.nest(rest, span, value);
        match *first {
            AttrName::Static(name) => {
                let value = BindingValue::Expr(value);
                self.insert(set, Binding { name, span, value });
            }
            AttrName::Dynamic(name) => set.push_dynamic(name, span, value),
        }
        self.expect_skipping(TokenKind::Semicolon, None);
    }

    /// `inherit a b;` and `inherit (e) a b;`
    fn inherit(&mut self, set: &mut OpenSet<'a>) {
        self.advance();
        let value = if self.token.kind == TokenKind::LeftParen {
            let source = self.operand();
            set.push_source(source)
        } else {
            BindingValue::Inherit
        };
        while self.token.kind.starts_attribute() {
            let start = self.token.span.start;
            match self.attribute_name() {
                AttrName::Static(name) => {
                    self.insert(set, Binding { name, span: name.span, value });
                }
                AttrName::Dynamic(_) => {
                    let kind = SyntaxErrorKind::DynamicAttribute("inherit");
                    self.report(kind, self.span_from(start), Vec::new());
                }
            }
        }
        self.expect_skipping(TokenKind::Semicolon, None);
    }
}
