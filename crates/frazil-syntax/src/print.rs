//! Syntax trees as source text, on one line.
//!
//! Parsing the text gives the same tree again, spans aside. Parentheses stand only where the tree
//! needs them. Instead of recursing, the printer keeps a stack of what is still to be printed, so
//! that no tree is too deep for it.

use crate::ast::{
    AttrName, AttrSet, Binary, Binding, BindingValue, Expr, ExprKind, Lambda, Operator, Parameter,
    Select, StringPart,
};
use crate::bytes;
use crate::precedence::{self, Associativity, Precedence};
use crate::token::TokenKind;

/// Appends `expr` to `out`. Source text that could not be parsed appears as `«error»`.
pub fn print(expr: &Expr<'_>, out: &mut Vec<u8>) {
    let mut printer = Printer { tasks: vec![Task::Expr(expr, Precedence::EXPRESSION)], out };
    while let Some(task) = printer.tasks.pop() {
        printer.run(task);
    }
}

struct Printer<'t, 'o> {
    /// What is still to be printed, the next on top.
    tasks: Vec<Task<'t>>,
    out: &'o mut Vec<u8>,
}

#[derive(Clone, Copy)]
enum Task<'t> {
    Text(&'t [u8]),
    /// An expression, in parentheses if it binds less tightly than this.
    Expr(&'t Expr<'t>, Precedence),
    /// An attribute name known when parsing.
    Name(&'t [u8]),
    String(&'t [u8]),
    /// Text between the quotes of a string.
    StringText(&'t [u8]),
}

impl<'t> Printer<'t, '_> {
    /// Prints a task or divides it. While it is divided, its parts are put on the stack in the
    /// order of the text.
    fn run(&mut self, task: Task<'t>) {
        let base = self.tasks.len();
        match task {
            Task::Text(text) => self.out.extend_from_slice(text),
            Task::Name(name) if bytes::is_identifier(name) && !reserved(name) => {
                self.out.extend_from_slice(name);
            }
            Task::Name(text) | Task::String(text) => {
                self.text(b"\"");
                self.tasks.push(Task::StringText(text));
                self.text(b"\"");
            }
            Task::StringText(text) => escape(text, self.out),
            Task::Expr(expr, least) if precedence_of(&expr.kind) < least => {
                self.text(b"(");
                self.expr(expr, Precedence::EXPRESSION);
                self.text(b")");
            }
            Task::Expr(expr, _) => self.kind(&expr.kind),
        }
        self.tasks.get_mut(base..).unwrap_or_default().reverse();
    }

    fn texts<const N: usize>(&mut self, texts: [&'t [u8]; N]) {
        self.tasks.extend(texts.map(Task::Text));
    }

    fn text(&mut self, text: &'t [u8]) {
        self.tasks.push(Task::Text(text));
    }

    fn expr(&mut self, expr: &'t Expr<'t>, least: Precedence) {
        self.tasks.push(Task::Expr(expr, least));
    }

    fn kind(&mut self, kind: &'t ExprKind<'t>) {
        match kind {
            ExprKind::Int(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            ExprKind::Float(value) => self.float(*value),
            ExprKind::String(text) => self.tasks.push(Task::String(text)),
            ExprKind::Interpolation(parts) => self.interpolated_string(parts),
            ExprKind::Path(text) | ExprKind::Variable(text) => self.text(text),
            ExprKind::PathInterpolation(parts) => self.path(parts),
            ExprKind::SearchPath(path) => self.texts([b"<", path, b">"]),
            ExprKind::CurPos => self.text(b"__curPos"),
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Attrs(set) => self.set(if set.recursive { b"rec {" } else { b"{" }, set),
            ExprKind::LegacyLet(set) => self.set(b"let {", set),
            ExprKind::Let(set, body) => {
                self.text(b"let");
                self.bindings(set);
                self.sequence([(" in ", body)]);
            }
            ExprKind::Lambda(Lambda { parameter, body }) => {
                self.parameter(parameter);
                self.sequence([(": ", body)]);
            }
            ExprKind::If([condition, then, otherwise]) => {
                self.sequence([("if ", condition), (" then ", then), (" else ", otherwise)]);
            }
            ExprKind::Assert([condition, body]) => {
                self.sequence([("assert ", condition), ("; ", body)]);
            }
            ExprKind::With([set, body]) => self.sequence([("with ", set), ("; ", body)]),
            ExprKind::Apply(function, arguments) => self.application(function, arguments),
            ExprKind::Select(select) => self.selection(select),
            ExprKind::HasAttr(subject, path) => {
                self.expr(subject, Precedence::HAS_ATTRIBUTE);
                self.text(b" ? ");
                self.attribute_path(path);
            }
            ExprKind::Not(operand) => {
                self.text(b"!");
                self.expr(operand, Precedence::NOT);
            }
            ExprKind::Negate(operand) => {
                // Without the space `-` and a path would be one path.
                self.text(b"- ");
                self.expr(operand, Precedence::NEGATE);
            }
            ExprKind::Binary(binary) => self.binary(binary),
            ExprKind::Error => self.text("«error»".as_bytes()),
        }
    }

    /// The forms that end with an expression.
    fn sequence<const N: usize>(&mut self, parts: [(&'static str, &'t Expr<'t>); N]) {
        for (text, expr) in parts {
            self.text(text.as_bytes());
            self.expr(expr, Precedence::EXPRESSION);
        }
    }

    fn application(&mut self, function: &'t Expr<'t>, arguments: &'t [Expr<'t>]) {
        if is_or_call(arguments) {
            self.expr(function, Precedence::OPERAND);
            return self.text(b" or");
        }
        self.expr(function, Precedence::SELECTION);
        for argument in arguments {
            self.text(b" ");
            self.expr(argument, Precedence::SELECTION);
        }
    }

    fn selection(&mut self, select: &'t Select<'t>) {
        self.expr(&select.subject, Precedence::OPERAND);
        self.text(b".");
        self.attribute_path(select.path);
        if let Some(default) = select.default {
            self.text(b" or ");
            self.expr(default, Precedence::SELECTION);
        }
    }

    fn binary(&mut self, binary: &'t Binary<'t>) {
        let (level, associativity) = precedence::of(binary.operator);
        let (left, right) = match associativity {
            Associativity::Left => (level, level.next()),
            Associativity::Right => (level.next(), level),
            Associativity::None => (level.next(), level.next()),
        };
        self.expr(&binary.left, left);
        self.text(symbol(binary.operator).as_bytes());
        self.expr(&binary.right, right);
    }

    fn list(&mut self, elements: &'t [Expr<'t>]) {
        self.text(b"[");
        for element in elements {
            self.text(b" ");
            self.expr(element, Precedence::SELECTION);
        }
        self.text(b" ]");
    }

    fn set(&mut self, opening: &'static [u8], set: &'t AttrSet<'t>) {
        self.text(opening);
        self.bindings(set);
        self.text(b" }");
    }

    /// Each binding with a space before it. Sources of `inherit` come in the order of their
    /// numbers, also those nothing is inherited from.
    fn bindings(&mut self, set: &'t AttrSet<'t>) {
        let mut sources = (0_u32..).zip(set.inherit_sources);
        for run in set.bindings.chunk_by(|a, b| inherited_together(a.value, b.value)) {
            match run.first().map(|binding| binding.value) {
                Some(BindingValue::InheritFrom(wanted)) => {
                    for (number, source) in sources.by_ref() {
                        self.inherit_from(source);
                        if number == wanted {
                            break;
                        }
                        self.text(b";");
                    }
                    self.names(run);
                }
                Some(BindingValue::Inherit) => {
                    self.text(b" inherit");
                    self.names(run);
                }
                Some(BindingValue::Expr(value)) => {
                    self.names(run);
                    self.sequence([(" = ", value)]);
                }
                None => {}
            }
            self.text(b";");
        }
        for (_, source) in sources {
            self.inherit_from(source);
            self.text(b";");
        }
        for binding in set.dynamic {
            self.text(b" ");
            self.dynamic_name(binding.name);
            self.sequence([(" = ", binding.value)]);
            self.text(b";");
        }
    }

    fn names(&mut self, bindings: &'t [Binding<'t>]) {
        for binding in bindings {
            self.text(b" ");
            self.tasks.push(Task::Name(binding.name.text));
        }
    }

    fn inherit_from(&mut self, source: &'t Expr<'t>) {
        self.text(b" inherit (");
        self.expr(source, Precedence::EXPRESSION);
        self.text(b")");
    }

    fn parameter(&mut self, parameter: &'t Parameter<'t>) {
        let (formals, ellipsis, whole) = match parameter {
            Parameter::Name(name) => return self.text(name.text),
            Parameter::Formals { formals, ellipsis, whole } => (formals, ellipsis, whole),
        };
        self.text(b"{");
        let mut separator: &[u8] = b" ";
        for formal in *formals {
            self.texts([separator, formal.name.text]);
            if let Some(default) = formal.default {
                self.sequence([(" ? ", default)]);
            }
            separator = b", ";
        }
        if *ellipsis {
            self.texts([separator, b"..."]);
        }
        self.text(b" }");
        if let Some(whole) = whole {
            self.texts([b"@", whole.text]);
        }
    }

    fn attribute_path(&mut self, path: &'t [AttrName<'t>]) {
        for (index, name) in path.iter().enumerate() {
            if index > 0 {
                self.text(b".");
            }
            match name {
                AttrName::Static(name) => self.tasks.push(Task::Name(name.text)),
                AttrName::Dynamic(expr) => self.dynamic_name(expr),
            }
        }
    }

    fn dynamic_name(&mut self, expr: &'t Expr<'t>) {
        if let ExprKind::Interpolation(parts) = &expr.kind {
            self.interpolated_string(parts);
        } else {
            self.interpolation(expr);
        }
    }

    fn interpolated_string(&mut self, parts: &'t [StringPart<'t>]) {
        self.text(b"\"");
        for part in parts {
            match part {
                StringPart::Text(text) => self.tasks.push(Task::StringText(text)),
                StringPart::Expr(expr) => self.interpolation(expr),
            }
        }
        self.text(b"\"");
    }

    fn interpolation(&mut self, expr: &'t Expr<'t>) {
        self.text(b"${");
        self.expr(expr, Precedence::EXPRESSION);
        self.text(b"}");
    }

    fn path(&mut self, parts: &'t [StringPart<'t>]) {
        for part in parts {
            match part {
                StringPart::Text(text) => self.text(text),
                StringPart::Expr(expr) => self.interpolation(expr),
            }
        }
    }

    /// With a point, which makes it a float, and no leading zeros but one.
    fn float(&mut self, value: f64) {
        let text = format!("{value:?}");
        match text.split_once('e') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                self.out.extend_from_slice(format!("{mantissa}.0e{exponent}").as_bytes());
            }
            _ => self.out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// How tightly what is printed for an expression binds.
fn precedence_of(kind: &ExprKind<'_>) -> Precedence {
    match kind {
        ExprKind::Let(..)
        | ExprKind::Lambda(_)
        | ExprKind::If(_)
        | ExprKind::Assert(_)
        | ExprKind::With(_) => Precedence::EXPRESSION,
        ExprKind::Binary(binary) => precedence::of(binary.operator).0,
        ExprKind::Not(_) => Precedence::NOT,
        ExprKind::HasAttr(..) => Precedence::HAS_ATTRIBUTE,
        ExprKind::Negate(_) => Precedence::NEGATE,
        ExprKind::Apply(_, arguments) if !is_or_call(arguments) => Precedence::APPLICATION,
        // A dot behind a number or a path would become a part of it.
        ExprKind::Apply(..)
        | ExprKind::Select(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Path(_)
        | ExprKind::PathInterpolation(_) => Precedence::SELECTION,
        ExprKind::String(_)
        | ExprKind::Interpolation(_)
        | ExprKind::SearchPath(_)
        | ExprKind::Variable(_)
        | ExprKind::CurPos
        | ExprKind::List(_)
        | ExprKind::Attrs(_)
        | ExprKind::LegacyLet(_)
        | ExprKind::Error => Precedence::OPERAND,
    }
}

/// Whether these are the arguments of `f or`, the only place of a variable with that name.
fn is_or_call(arguments: &[Expr<'_>]) -> bool {
    matches!(arguments, [Expr { kind: ExprKind::Variable(b"or"), .. }])
}

fn inherited_together(a: BindingValue<'_>, b: BindingValue<'_>) -> bool {
    match (a, b) {
        (BindingValue::Inherit, BindingValue::Inherit) => true,
        (BindingValue::InheritFrom(a), BindingValue::InheritFrom(b)) => a == b,
        _ => false,
    }
}

/// Whether the word cannot stand bare as an attribute name.
fn reserved(word: &[u8]) -> bool {
    TokenKind::keyword(word).is_some_and(|keyword| keyword != TokenKind::Or)
}

fn escape(text: &[u8], out: &mut Vec<u8>) {
    for (index, byte) in text.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            // At the end an interpolation may follow.
            b'$' if matches!(text.get(index + 1), None | Some(b'{')) => b"\\$",
            _ => std::slice::from_ref(byte),
        };
        out.extend_from_slice(escaped);
    }
}

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => " + ",
        Operator::Subtract => " - ",
        Operator::Multiply => " * ",
        Operator::Divide => " / ",
        Operator::Equal => " == ",
        Operator::NotEqual => " != ",
        Operator::Less => " < ",
        Operator::LessEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterEqual => " >= ",
        Operator::And => " && ",
        Operator::Or => " || ",
        Operator::Implies => " -> ",
        Operator::Update => " // ",
        Operator::Concat => " ++ ",
    }
}
