//! Syntax trees in the form of `nix-instantiate --parse`.
//!
//! That form is no source text: operators that are calls appear as calls, paths are absolute,
//! bindings are sorted, and nearly everything stands in parentheses. For a tree as one would write
//! it there is [`frazil_syntax::print`].
//!
//! Instead of recursing, the printer keeps a stack of what is still to be printed, so that no tree
//! is too deep for it.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use frazil_eval::print;
use frazil_syntax::ast::{
    AttrName, AttrSet, Binary, BindingValue, Expr, ExprKind, Formal, Lambda, Operator, Parameter,
    StringPart,
};

use crate::path::normal;

/// What a tree is printed with.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    /// Where relative paths start.
    pub(super) base: &'c Path,
    /// What `~` stands for.
    pub(super) home: Option<&'c Path>,
    /// The text of a number.
    pub(super) float: &'c dyn Fn(f64) -> Vec<u8>,
}

/// Appends the form of `expr` to `out`.
pub(super) fn print<'t>(expr: &'t Expr<'t>, context: Context<'_>, out: &mut Vec<u8>) {
    let mut printer = Printer { tasks: vec![Task::Expr(expr)], context, out };
    while let Some(task) = printer.tasks.pop() {
        let base = printer.tasks.len();
        match task {
            Task::Text(text) => printer.out.extend_from_slice(text),
            Task::Name(name) => print::name(name, printer.out),
            Task::String(text) => print::quote(text, printer.out),
            Task::Path(text) => printer.path(text),
            Task::Expr(expr) => printer.expr(expr),
            Task::Open(expr) => printer.open(expr),
        }
        // Its parts were pushed in the order of the text.
        printer.tasks.get_mut(base..).unwrap_or_default().reverse();
    }
}

#[derive(Clone, Copy)]
enum Task<'t> {
    Text(&'t [u8]),
    Name(&'t [u8]),
    String(&'t [u8]),
    Path(&'t [u8]),
    Expr(&'t Expr<'t>),
    /// The function of a call: if it is a call itself, without parentheses.
    Open(&'t Expr<'t>),
}

struct Printer<'t, 'c, 'o> {
    /// What is still to be printed, the next on top.
    tasks: Vec<Task<'t>>,
    context: Context<'c>,
    out: &'o mut Vec<u8>,
}

impl<'t> Printer<'t, '_, '_> {
    fn text(&mut self, text: &'static str) {
        self.tasks.push(Task::Text(text.as_bytes()));
    }

    fn push(&mut self, expr: &'t Expr<'t>) {
        self.tasks.push(Task::Expr(expr));
    }

    /// `before`, the expression, `after`.
    fn within(&mut self, before: &'static str, expr: &'t Expr<'t>, after: &'static str) {
        self.text(before);
        self.push(expr);
        self.text(after);
    }

    fn expr(&mut self, expr: &'t Expr<'t>) {
        match &expr.kind {
            ExprKind::Int(value) => self.out.extend(value.to_string().bytes()),
            ExprKind::Float(value) => self.out.extend((self.context.float)(*value)),
            ExprKind::String(text) => self.tasks.push(Task::String(text)),
            ExprKind::Path(text) => self.tasks.push(Task::Path(text)),
            ExprKind::Variable(name) => self.tasks.push(Task::Name(name)),
            ExprKind::CurPos => self.text("__curPos"),
            ExprKind::Error => self.text("«error»"),
            ExprKind::Interpolation(parts) | ExprKind::PathInterpolation(parts) => {
                self.parts(parts, matches!(expr.kind, ExprKind::PathInterpolation(_)));
            }
            ExprKind::List(elements) => {
                self.text("[ ");
                elements.iter().for_each(|element| self.within("(", element, ") "));
                self.text("]");
            }
            ExprKind::Attrs(set) => self.set(set),
            ExprKind::Let(set, body) => {
                self.text("(let ");
                self.bindings(set);
                self.within("in ", body, ")");
            }
            ExprKind::LegacyLet(set) => {
                self.text("(rec { ");
                self.bindings(set);
                self.text("}).body");
            }
            ExprKind::Lambda(lambda) => self.lambda(lambda),
            ExprKind::Select(select) => {
                self.within("(", &select.subject, ").");
                self.attribute_path(select.path);
                if let Some(default) = select.default {
                    self.within(" or (", default, ")");
                }
            }
            ExprKind::HasAttr(subject, path) => {
                self.within("((", subject, ") ? ");
                self.attribute_path(path);
                self.text(")");
            }
            ExprKind::If([condition, then, otherwise]) => {
                self.within("(if ", condition, " then ");
                self.within("", then, " else ");
                self.within("", otherwise, ")");
            }
            ExprKind::Assert([condition, body]) => {
                self.within("assert ", condition, "; ");
                self.push(body);
            }
            ExprKind::With([set, body]) => {
                self.within("(with ", set, "; ");
                self.within("", body, ")");
            }
            ExprKind::Not(operand) => self.within("(! ", operand, ")"),
            ExprKind::Binary(binary) if call_of(binary.operator).is_none() => self.infix(binary),
            ExprKind::Apply(..)
            | ExprKind::Negate(_)
            | ExprKind::SearchPath(_)
            | ExprKind::Binary(_) => self.call(expr),
        }
    }

    /// Something that Nix makes a call of, in parentheses.
    fn call(&mut self, expr: &'t Expr<'t>) {
        if let ExprKind::Binary(binary) = &expr.kind
            && matches!(binary.operator, Operator::LessEqual | Operator::GreaterEqual)
        {
            self.text("(! (");
            self.open(expr);
            self.text("))");
            return;
        }
        self.text("(");
        self.open(expr);
        self.text(")");
    }

    /// A call without its parentheses, so that more arguments can follow; else the expression.
    fn open(&mut self, expr: &'t Expr<'t>) {
        if let ExprKind::Apply(function, arguments) = &expr.kind {
            let is_negated = matches!(&function.kind, ExprKind::Binary(binary) if !is_plain_call(binary.operator));
            self.tasks.push(if is_negated { Task::Expr(function) } else { Task::Open(function) });
            arguments.iter().for_each(|argument| self.within(" ", argument, ""));
        } else if let ExprKind::Negate(operand) = &expr.kind {
            self.within("__sub 0 ", operand, "");
        } else if let ExprKind::SearchPath(name) = &expr.kind {
            self.text("__findFile __nixPath ");
            self.tasks.push(Task::String(name));
        } else if let ExprKind::Binary(binary) = &expr.kind
            && let Some((name, is_swapped)) = call_of(binary.operator)
        {
            let Binary { left, right, .. } = binary;
            let (first, second) = if is_swapped { (right, left) } else { (left, right) };
            self.text(name);
            self.within(" ", first, " ");
            self.push(second);
        } else {
            self.push(expr);
        }
    }

    fn infix(&mut self, binary: &'t Binary<'t>) {
        self.within("(", &binary.left, infix_of(binary.operator));
        self.within("", &binary.right, ")");
    }

    fn parts(&mut self, parts: &'t [StringPart<'t>], is_path: bool) {
        self.text("(");
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.text(" + ");
            }
            self.tasks.push(match part {
                StringPart::Text(text) if is_path && index == 0 => Task::Path(text),
                StringPart::Text(text) => Task::String(text),
                StringPart::Expr(expr) => Task::Expr(expr),
            });
        }
        self.text(")");
    }

    fn set(&mut self, set: &'t AttrSet<'t>) {
        self.text(if set.recursive { "rec { " } else { "{ " });
        self.bindings(set);
        self.text("}");
    }

    /// What is inherited first, then the rest in the order of the names.
    fn bindings(&mut self, set: &'t AttrSet<'t>) {
        let mut sorted: Vec<_> = set.bindings.iter().collect();
        sorted.sort_by_key(|binding| binding.name.text);
        let names_of = |wanted: &dyn Fn(&BindingValue<'_>) -> bool| -> Vec<&'t [u8]> {
            let chosen = sorted.iter().filter(|binding| wanted(&binding.value));
            chosen.map(|binding| binding.name.text).collect()
        };
        let inherited = names_of(&|value| matches!(value, BindingValue::Inherit));
        if !inherited.is_empty() {
            self.text("inherit");
            self.names(&inherited);
        }
        for (index, source) in (0..).zip(set.inherit_sources) {
            let names = names_of(
                &|value| matches!(value, BindingValue::InheritFrom(from) if *from == index),
            );
            if !names.is_empty() {
                self.within("inherit (", source, ")");
                self.names(&names);
            }
        }
        for binding in &sorted {
            if let BindingValue::Expr(value) = binding.value {
                self.tasks.push(Task::Name(binding.name.text));
                self.within(" = ", value, "; ");
            }
        }
        for binding in set.dynamic {
            self.within("\"${", binding.name, "}\" = ");
            self.within("", binding.value, "; ");
        }
    }

    fn names(&mut self, names: &[&'t [u8]]) {
        for name in names {
            self.text(" ");
            self.tasks.push(Task::Name(name));
        }
        self.text("; ");
    }

    fn attribute_path(&mut self, path: &'t [AttrName<'t>]) {
        for (index, name) in path.iter().enumerate() {
            if index > 0 {
                self.text(".");
            }
            match name {
                AttrName::Static(name) => self.tasks.push(Task::Name(name.text)),
                AttrName::Dynamic(expr) => self.within("\"${", expr, "}\""),
            }
        }
    }

    fn lambda(&mut self, lambda: &'t Lambda<'t>) {
        self.text("(");
        match &lambda.parameter {
            Parameter::Name(name) => self.tasks.push(Task::Name(name.text)),
            Parameter::Formals { formals, ellipsis, whole } => {
                self.formals(formals, *ellipsis);
                if let Some(whole) = whole {
                    self.text(" @ ");
                    self.tasks.push(Task::Name(whole.text));
                }
            }
        }
        self.within(": ", lambda.body, ")");
    }

    fn formals(&mut self, formals: &'t [Formal<'t>], ellipsis: bool) {
        let mut sorted: Vec<_> = formals.iter().collect();
        sorted.sort_by_key(|formal| formal.name.text);
        self.text("{ ");
        for (index, formal) in sorted.iter().enumerate() {
            if index > 0 {
                self.text(", ");
            }
            self.tasks.push(Task::Name(formal.name.text));
            if let Some(default) = formal.default {
                self.within(" ? ", default, "");
            }
        }
        if ellipsis {
            self.text(if formals.is_empty() { "..." } else { ", ..." });
        }
        self.text(" }");
    }

    /// A path literal made absolute; a slash before an interpolation stays.
    fn path(&mut self, text: &[u8]) {
        let in_home = text.strip_prefix(b"~/").zip(self.context.home);
        let (start, rest) = match in_home {
            Some((rest, home)) => (Cow::Borrowed(home), rest),
            None => (Cow::Borrowed(self.context.base), text),
        };
        let path = normal(&start.join(std::ffi::OsStr::from_bytes(rest)));
        self.out.extend_from_slice(path.as_os_str().as_bytes());
        if text.len() > 1 && text.ends_with(b"/") && path.parent().is_some() {
            self.out.push(b'/');
        }
    }
}

/// The function that an operator calls, and whether the operands change places.
fn call_of(operator: Operator) -> Option<(&'static str, bool)> {
    match operator {
        Operator::Subtract => Some(("__sub", false)),
        Operator::Multiply => Some(("__mul", false)),
        Operator::Divide => Some(("__div", false)),
        // `a >= b` is `! (a < b)`.
        Operator::Less | Operator::GreaterEqual => Some(("__lessThan", false)),
        Operator::Greater | Operator::LessEqual => Some(("__lessThan", true)),
        Operator::Add
        | Operator::Equal
        | Operator::NotEqual
        | Operator::And
        | Operator::Or
        | Operator::Implies
        | Operator::Update
        | Operator::Concat => None,
    }
}

/// Whether an operator is nothing but a call.
fn is_plain_call(operator: Operator) -> bool {
    call_of(operator).is_some() && !matches!(operator, Operator::LessEqual | Operator::GreaterEqual)
}

fn infix_of(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => " + ",
        Operator::Equal => " == ",
        Operator::NotEqual => " != ",
        Operator::And => " && ",
        Operator::Or => " || ",
        Operator::Implies => " -> ",
        Operator::Update => " // ",
        Operator::Concat => " ++ ",
        Operator::Subtract => " - ",
        Operator::Multiply => " * ",
        Operator::Divide => " / ",
        Operator::Less => " < ",
        Operator::LessEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterEqual => " >= ",
    }
}
