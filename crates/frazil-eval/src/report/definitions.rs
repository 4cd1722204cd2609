//! Where an option was defined: the file and line that the module system itself cannot tell.
//!
//! The module system of nixpkgs names options (``option `a.b'``) and files (``In `web.nix'``) in its
//! messages. This finds the bindings of that path in the sources with those names. It looks only at
//! what is written, so it may find none or a few; it evaluates nothing and is used for errors only.

use bumpalo::Bump;
use frazil_syntax::ast::{AttrSet, BindingValue, Expr, ExprKind, Span};

use crate::diagnostic::Source;

/// More places would hide the message.
const DEFINITIONS_MAX: usize = 3;

/// The option that a message of the module system is about.
pub(super) fn option_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("option `")?;
    let (option, _) = rest.split_once('\'')?;
    (!option.is_empty() && !option.contains(char::is_whitespace)).then_some(option)
}

/// Whether a message of the module system names this source as one with a definition.
pub(super) fn names_source(message: &str, source: &Source) -> bool {
    message.contains(&format!("In `{}'", source.name))
        || message.contains(&format!("definitions from `{}'", source.name))
        || (message.contains("In `<unknown-file>'") && !source.is_file)
}

/// The places in `source` that define `option`.
pub(super) fn definitions(source: &Source, option: &str) -> Vec<Span> {
    let arena = Bump::new();
    let parsed = frazil_syntax::parse(&source.text, &arena, frazil_syntax::ParseOptions::default());
    let path = option.split('.').map(|part| part.trim_matches('"').as_bytes()).collect();
    let mut search = Search { option: path, way: Vec::new(), found: Vec::new() };
    search.expr(&parsed.root);
    search.found
}

struct Search<'t> {
    option: Vec<&'t [u8]>,
    /// The names of the attributes around the place where the search is.
    way: Vec<&'t [u8]>,
    found: Vec<Span>,
}

impl<'t> Search<'t> {
    fn expr(&mut self, expr: &Expr<'t>) {
        if self.found.len() >= DEFINITIONS_MAX {
            return;
        }
        match expr.kind {
            ExprKind::Attrs(set) => self.set(set),
            ExprKind::Let(set, body) => {
                self.set(set);
                self.expr(body);
            }
            ExprKind::Lambda(lambda) => self.expr(lambda.body),
            // `mkIf condition { ... }`, `mkMerge [ { ... } ]` and the like define what is in them.
            ExprKind::Apply(_, arguments) => {
                for argument in arguments {
                    self.expr(argument);
                }
            }
            ExprKind::List(elements) => {
                for element in elements {
                    self.expr(element);
                }
            }
            ExprKind::If([_, then, otherwise]) => {
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::With([_, body]) | ExprKind::Assert([_, body]) => self.expr(body),
            ExprKind::Binary(binary) => {
                self.expr(&binary.left);
                self.expr(&binary.right);
            }
            ExprKind::Select(select) => self.expr(&select.subject),
            _ => {}
        }
    }

    fn set(&mut self, set: &AttrSet<'t>) {
        for binding in set.bindings {
            self.way.push(binding.name.text);
            if self.is_at_option() {
                self.found.push(binding.name.span);
            } else if let BindingValue::Expr(value) = binding.value {
                self.expr(value);
            }
            self.way.pop();
        }
    }

    /// Declarations, below `options`, are not definitions.
    fn is_at_option(&self) -> bool {
        self.way.ends_with(&self.option) && !self.way.contains(&b"options".as_slice())
    }
}
