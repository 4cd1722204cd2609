//! Syntax trees in the form of `nix-instantiate --parse`.
//!
//! That form is no source text: operators that are calls appear as calls, paths are absolute,
//! bindings are sorted, and nearly everything stands in parentheses. For a tree as one would write
//! it there is [`frazil_syntax::print`].
//!
//! Instead of recursing, the printer keeps a stack of what is still to be printed, so that no tree
//! is too deep for it. What nothing stands in front of is not put there but printed at once.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use frazil_syntax::ast::{
    AttrName, AttrSet, Binary, Binding, BindingValue, Expr, ExprKind, Formal, Lambda, Operator,
    Parameter, StringPart,
};

use super::{name, quote};
use crate::number;
use crate::path;

/// Where the paths of a tree start.
#[derive(Clone, Copy)]
pub(crate) struct TreeContext<'c> {
    pub(crate) base: &'c Path,
    /// What `~` stands for.
    pub(crate) home: Option<&'c Path>,
}

/// Appends the form of `expr` to `out`.
pub(crate) fn tree<'t>(expr: &'t Expr<'t>, context: TreeContext<'_>, out: &mut Vec<u8>) {
    let mut printer =
        Printer { tasks: vec![Task::Expr(expr)], base: 0, bindings: Vec::new(), context, out };
    while let Some(task) = printer.tasks.pop() {
        printer.base = printer.tasks.len();
        printer.run(task);
        // Its parts were pushed in the order of the text.
        if let Some(parts) = printer.tasks.get_mut(printer.base..) {
            parts.reverse();
        }
    }
}

#[derive(Clone, Copy)]
enum Task<'t> {
    Text(&'static str),
    Name(&'t [u8]),
    String(&'t [u8]),
    Path(&'t [u8]),
    Expr(&'t Expr<'t>),
    /// The function of a call: if it is a call itself, without parentheses.
    Open(&'t Expr<'t>),
}

struct Printer<'t, 'c, 'o> {
    /// What is still to be printed, the next on top; above `base`, the last on top.
    tasks: Vec<Task<'t>>,
    /// Where the parts of the task at hand begin in `tasks`.
    base: usize,
    /// A place to sort bindings in.
    bindings: Vec<&'t Binding<'t>>,
    context: TreeContext<'c>,
    out: &'o mut Vec<u8>,
}

impl<'t> Printer<'t, '_, '_> {
    /// Prints a task, or its beginning, and pushes what follows.
    fn run(&mut self, task: Task<'t>) {
        match task {
            Task::Text(text) => self.out.extend_from_slice(text.as_bytes()),
            Task::Name(text) => name(text, self.out),
            Task::String(text) => quote(text, self.out),
            Task::Path(text) => self.path(text),
            Task::Expr(expr) => self.expr(expr),
            Task::Open(expr) => self.open(expr),
        }
    }

    /// Prints a part of the task at hand after the parts before it.
    fn part(&mut self, task: Task<'t>) {
        let is_first = self.tasks.len() == self.base;
        let is_leaf = match task {
            Task::Text(_) | Task::Name(_) | Task::String(_) | Task::Path(_) => true,
            Task::Expr(expr) => matches!(expr.kind, ExprKind::Variable(_) | ExprKind::String(_)),
            Task::Open(_) => false,
        };
        if is_first && is_leaf { self.run(task) } else { self.tasks.push(task) }
    }

    fn text(&mut self, text: &'static str) {
        self.part(Task::Text(text));
    }

    fn push(&mut self, expr: &'t Expr<'t>) {
        self.part(Task::Expr(expr));
    }

    /// `before`, the expression, `after`.
    fn within(&mut self, before: &'static str, expr: &'t Expr<'t>, after: &'static str) {
        self.text(before);
        self.push(expr);
        self.text(after);
    }

    fn expr(&mut self, expr: &'t Expr<'t>) {
        match &expr.kind {
            ExprKind::Int(value) => number::print_int(*value, self.out),
            ExprKind::Float(value) => number::print_general(*value, self.out),
            ExprKind::String(text) => quote(text, self.out),
            ExprKind::Path(text) => self.path(text),
            ExprKind::Variable(text) => name(text, self.out),
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
            self.part(if is_negated { Task::Expr(function) } else { Task::Open(function) });
            arguments.iter().for_each(|argument| self.within(" ", argument, ""));
        } else if let ExprKind::Negate(operand) = &expr.kind {
            self.within("__sub 0 ", operand, "");
        } else if let ExprKind::SearchPath(name) = &expr.kind {
            self.text("__findFile __nixPath ");
            self.part(Task::String(name));
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
            self.part(match part {
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

    /// What is inherited first, by source, then the rest in the order of the names.
    fn bindings(&mut self, set: &'t AttrSet<'t>) {
        let mut sorted = std::mem::take(&mut self.bindings);
        sorted.extend(set.bindings);
        sorted.sort_unstable_by_key(|binding| (group(&binding.value), binding.name.text));
        let mut last = None;
        for binding in sorted.drain(..) {
            let group = group(&binding.value);
            if last != Some(group) && matches!(last, Some(Group::Inherit | Group::InheritFrom(_))) {
                self.text("; ");
            }
            match binding.value {
                BindingValue::Expr(value) => {
                    self.part(Task::Name(binding.name.text));
                    self.within(" = ", value, "; ");
                }
                BindingValue::Inherit | BindingValue::InheritFrom(_) => {
                    if last != Some(group) {
                        self.inherit(set, group);
                    }
                    self.text(" ");
                    self.part(Task::Name(binding.name.text));
                }
            }
            last = Some(group);
        }
        if matches!(last, Some(Group::Inherit | Group::InheritFrom(_))) {
            self.text("; ");
        }
        self.bindings = sorted;
        for binding in set.dynamic {
            self.within("\"${", binding.name, "}\" = ");
            self.within("", binding.value, "; ");
        }
    }

    /// What stands in front of the inherited names.
    fn inherit(&mut self, set: &'t AttrSet<'t>, group: Group) {
        self.text("inherit");
        if let Group::InheritFrom(index) = group
            && let Some(source) = set.inherit_sources.get(index as usize)
        {
            self.within(" (", source, ")");
        }
    }

    fn attribute_path(&mut self, path: &'t [AttrName<'t>]) {
        for (index, name) in path.iter().enumerate() {
            if index > 0 {
                self.text(".");
            }
            match name {
                AttrName::Static(name) => self.part(Task::Name(name.text)),
                AttrName::Dynamic(expr) => self.within("\"${", expr, "}\""),
            }
        }
    }

    fn lambda(&mut self, lambda: &'t Lambda<'t>) {
        self.text("(");
        match &lambda.parameter {
            Parameter::Name(name) => self.part(Task::Name(name.text)),
            Parameter::Formals { formals, ellipsis, whole } => {
                self.formals(formals, *ellipsis);
                if let Some(whole) = whole {
                    self.text(" @ ");
                    self.part(Task::Name(whole.text));
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
            self.part(Task::Name(formal.name.text));
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
        let base = self.context.base.as_os_str().as_bytes();
        let home = self.context.home.map(|home| home.as_os_str().as_bytes());
        match path::literal(text, base, home) {
            Some(path) => self.out.extend_from_slice(&path),
            None => self.out.extend_from_slice(text),
        }
    }
}

/// How a binding was written, in the order in which the groups are printed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Inherit,
    /// The index of the source.
    InheritFrom(u32),
    Plain,
}

fn group(value: &BindingValue<'_>) -> Group {
    match value {
        BindingValue::Inherit => Group::Inherit,
        BindingValue::InheritFrom(source) => Group::InheritFrom(*source),
        BindingValue::Expr(_) => Group::Plain,
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
