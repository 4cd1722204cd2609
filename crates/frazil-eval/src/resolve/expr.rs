//! Expressions, one arm per node of the syntax tree.

use std::cell::Cell;

use frazil_syntax::ast::{self, ExprKind, Operator};

use super::{Region, Resolver};
use crate::code::{
    Apply, Assert, Binary, Expr, Formal, Formals, Has, If, Key, Lambda, Not, Scope, Select,
    SelectOr, With, WithPlace,
};
use crate::heap::{List, Str};
use crate::source::Range;
use crate::symbol::Symbol;
use crate::value::Value;

/// Expressions nested so deeply in each other run without a look at the stack.
const NESTING_UNCHECKED: u32 = 64;
/// Longer attribute paths are followed by a loop.
const PATH_UNROLLED_MAX: usize = 32;
/// How deep operators that the scope redefines may nest: each looks through all that is left of it.
const REDEFINED_MAX: u32 = 5_000;

impl<'a> Resolver<'_, 'a> {
    /// An expression that runs as soon as the code around it does.
    pub(super) fn strict(&mut self, ast: &ast::Expr<'_>) -> Expr<'a> {
        self.named(ast, None)
    }

    /// An expression that runs later or never: it gets a frame of its own if it needs variables.
    pub(super) fn delayed(&mut self, ast: &ast::Expr<'_>, name: Option<Symbol>) -> Expr<'a> {
        if !needs_slots(ast) {
            return self.named(ast, name);
        }
        self.regions.push(Region::default());
        let body = self.named(ast, name);
        let size = self.regions.pop().map_or(0, |region| region.size);
        Expr::Scope(self.add(Scope { size, body }))
    }

    /// `name` is what the expression is bound to.
    fn named(&mut self, ast: &ast::Expr<'_>, name: Option<Symbol>) -> Expr<'a> {
        if crate::stack::address() < self.context.cursor.stack_floor {
            self.too_deep(ast.span);
            return Expr::Const(Value::Null.into());
        }
        self.nesting += 1;
        let code = self.expression(ast, name);
        self.nesting -= 1;
        let checks = self.nesting % NESTING_UNCHECKED == NESTING_UNCHECKED - 1;
        if checks && recurses(&code) { Expr::Deep(self.add(code)) } else { code }
    }

    fn expression(&mut self, ast: &ast::Expr<'_>, name: Option<Symbol>) -> Expr<'a> {
        match ast.kind {
            ExprKind::Int(value) => Expr::Const(Value::Int(value).into()),
            ExprKind::Float(value) => Expr::Const(Value::Float(value).into()),
            ExprKind::String(text) => Expr::Const(Value::String(self.string(text)).into()),
            ExprKind::Interpolation(parts) => self.interpolation(parts),
            ExprKind::Path(text) => self.path(text, ast.span),
            ExprKind::PathInterpolation(parts) => self.path_interpolation(parts, ast.span),
            ExprKind::SearchPath(text) => self.search_path(text, ast.span),
            ExprKind::Variable(text) => {
                let name = self.intern(text);
                self.variable(name, ast.span)
            }
            ExprKind::CurPos => Expr::CurPos(self.pos(ast.span)),
            ExprKind::List([]) => Expr::Const(Value::List(List::empty()).into()),
            ExprKind::List(elements) => {
                let elements: Vec<_> =
                    elements.iter().map(|element| self.delayed(element, None)).collect();
                Expr::List(self.add_slice(&elements))
            }
            ExprKind::Attrs(set) => self.attrs(set, ast.span),
            ExprKind::Let(set, body) => self.let_in(set, body),
            ExprKind::LegacyLet(set) => self.legacy_let(set, ast.span),
            ExprKind::Lambda(lambda) => self.lambda(lambda, ast.span, name),
            ExprKind::Apply(function, arguments) => self.apply(function, arguments, ast.span),
            ExprKind::Select(select) => self.select(select, ast.span),
            ExprKind::HasAttr(subject, path) => {
                let subject = self.strict(subject);
                let path = self.keys(path);
                Expr::Has(self.add(Has { subject, path }))
            }
            ExprKind::If([condition, then, otherwise]) => {
                self.if_then_else(condition, then, otherwise)
            }
            ExprKind::Assert([condition, body]) => {
                let range = self.range(condition.span);
                let condition = self.strict(condition);
                let body = self.strict(body);
                Expr::Assert(self.add(Assert { condition, body, range }))
            }
            ExprKind::With([set, body]) => self.with(set, body),
            ExprKind::Not(operand) => {
                let range = self.range(operand.span);
                let operand = self.strict(operand);
                Expr::Not(self.add(Not { operand, range }))
            }
            ExprKind::Negate(operand) => {
                let zero = ast::Expr { kind: ExprKind::Int(0), span: ast.span };
                self.call_or_operator(Operator::Subtract, &zero, operand, ast.span)
            }
            ExprKind::Binary(binary) => self.call_or_operator(
                binary.operator,
                &binary.left,
                &binary.right,
                binary.operator_span,
            ),
            // The parser has reported it; no code with errors is ever run.
            ExprKind::Error => Expr::Const(Value::Null.into()),
        }
    }

    fn apply(
        &mut self,
        function: &ast::Expr<'_>,
        arguments: &[ast::Expr<'_>],
        span: ast::Span,
    ) -> Expr<'a> {
        let function_range = self.range(function.span);
        let function = self.strict(function);
        let arguments: Vec<_> =
            arguments.iter().map(|argument| self.delayed(argument, None)).collect();
        let arguments = self.add_slice(&arguments);
        Expr::Apply(self.add(Apply {
            function,
            arguments,
            range: self.range(span),
            function_range,
        }))
    }

    fn if_then_else(
        &mut self,
        condition: &ast::Expr<'_>,
        then: &ast::Expr<'_>,
        otherwise: &ast::Expr<'_>,
    ) -> Expr<'a> {
        let range = self.range(condition.span);
        let condition = self.strict(condition);
        let used = self.region().used;
        let then = self.strict(then);
        // Only one branch ever runs, so both may use the same slots.
        let used_by_then = std::mem::replace(&mut self.region().used, used);
        let otherwise = self.strict(otherwise);
        let region = self.region();
        region.used = region.used.max(used_by_then);
        Expr::If(self.add(If { condition, then, otherwise, range }))
    }

    fn with(&mut self, set: &ast::Expr<'_>, body: &ast::Expr<'_>) -> Expr<'a> {
        let set = self.delayed(set, None);
        let slot = self.new_slot();
        let outer = self.withs.last().map(|(region, with)| (*with, self.depth_of(*region)));
        let place = self.add(WithPlace { slot, outer });
        self.withs.push((self.regions.len() - 1, place));
        let body = self.strict(body);
        self.withs.pop();
        Expr::With(self.add(With { slot, set, body }))
    }

    fn lambda(
        &mut self,
        lambda: &ast::Lambda<'_>,
        span: ast::Span,
        name: Option<Symbol>,
    ) -> Expr<'a> {
        self.regions.push(Region::default());
        let mark = self.mark();
        let mut ranges = vec![self.range(span)];
        let (formals, body) = match lambda.parameter {
            ast::Parameter::Name(_) => (None, self.parameters(lambda, &mut ranges)),
            ast::Parameter::Formals { formals, ellipsis, whole } => {
                (Some(self.formals(formals, ellipsis, whole)), lambda.body)
            }
        };
        let name_of_body = if matches!(body.kind, ExprKind::Lambda(_)) { name } else { None };
        let body = self.named(body, name_of_body);
        self.forget_to(mark);
        let frame_size = self.regions.pop().map_or(0, |region| region.size);
        let ranges = self.add_slice(&ranges);
        let arity = ranges.len() as u32;
        let lambda = self.add(Lambda { arity, frame_size, formals, body, name, ranges });
        Expr::Lambda(self.context.cursor.heap().code_ref(lambda))
    }

    /// Takes directly nested lambdas as one; adds where the inner ones are, returns the innermost body.
    fn parameters<'t>(
        &mut self,
        lambda: &ast::Lambda<'t>,
        ranges: &mut Vec<Range>,
    ) -> &'t ast::Expr<'t> {
        let mut lambda = lambda;
        while let ast::Parameter::Name(name) = lambda.parameter {
            let slot = self.new_slot();
            let name = self.intern(name.text);
            self.define(name, slot);
            match lambda.body.kind {
                ExprKind::Lambda(inner) if matches!(inner.parameter, ast::Parameter::Name(_)) => {
                    ranges.push(self.range(lambda.body.span));
                    lambda = inner;
                }
                _ => break,
            }
        }
        lambda.body
    }

    fn formals(
        &mut self,
        formals: &[ast::Formal<'_>],
        ellipsis: bool,
        whole: Option<ast::Name<'_>>,
    ) -> &'a Formals<'a> {
        let argument = self.new_slot();
        if let Some(whole) = whole {
            let name = self.intern(whole.text);
            self.define(name, argument);
        }
        let mut sorted: Vec<_> =
            formals.iter().map(|formal| (self.intern(formal.name.text), formal)).collect();
        sorted.sort_by_key(|(name, _)| *name);
        for (name, _) in &sorted {
            let slot = self.new_slot();
            self.define(*name, slot);
        }
        let list: Vec<_> = sorted
            .into_iter()
            .map(|(name, formal)| Formal {
                name,
                pos: self.pos(formal.name.span),
                default: formal.default.map(|default| self.delayed(default, Some(name))),
            })
            .collect();
        let list = self.add_slice(&list);
        self.add(Formals { list, ellipsis })
    }

    fn select(&mut self, select: &ast::Select<'_>, span: ast::Span) -> Expr<'a> {
        let range = self.range(span);
        let mut subject = self.strict(&select.subject);
        let all_static = select.path.iter().all(|name| matches!(name, ast::AttrName::Static(_)));
        if select.default.is_some() || !all_static || select.path.len() > PATH_UNROLLED_MAX {
            let path = self.keys(select.path);
            let default = select.default.map(|default| self.strict(default));
            return Expr::SelectOr(self.add(SelectOr { subject, path, default, range }));
        }
        for name in select.path {
            let ast::AttrName::Static(name) = name else { continue };
            let symbol = self.intern(name.text);
            subject = self.attribute(subject, symbol, self.range(name.span));
        }
        subject
    }

    /// `subject.name`
    pub(super) fn attribute(&mut self, subject: Expr<'a>, name: Symbol, range: Range) -> Expr<'a> {
        // `builtins.map` and the like are known here and now.
        if let Expr::Const(constant) = subject
            && let Some(set) = constant.as_attrs()
            && let Some(entry) = set.get(name)
            && let Some(word) = entry.slot.get().value()
        {
            return Expr::Const(word);
        }
        let select = Select { subject, name, guess: Cell::new(0), range };
        Expr::Select(self.add(select))
    }

    fn keys(&mut self, path: &[ast::AttrName<'_>]) -> &'a [Key<'a>] {
        let keys: Vec<_> = path
            .iter()
            .map(|name| match name {
                ast::AttrName::Static(name) => Key::Static(self.intern(name.text)),
                ast::AttrName::Dynamic(expr) => {
                    Key::Dynamic(self.strict(expr), self.range(expr.span))
                }
            })
            .collect();
        self.add_slice(&keys)
    }

    /// Arithmetic and `<` are calls of `__sub` and so on when the scope defines those names.
    fn call_or_operator(
        &mut self,
        operator: Operator,
        left: &ast::Expr<'_>,
        right: &ast::Expr<'_>,
        operator_span: ast::Span,
    ) -> Expr<'a> {
        let [sub, mul, div, less_than] = self.operators;
        let (function, swapped, negated) = match operator {
            Operator::Subtract => (sub, false, false),
            Operator::Multiply => (mul, false, false),
            Operator::Divide => (div, false, false),
            Operator::Less => (less_than, false, false),
            Operator::LessEqual => (less_than, true, true),
            Operator::Greater => (less_than, true, false),
            Operator::GreaterEqual => (less_than, false, true),
            Operator::Add
            | Operator::Equal
            | Operator::NotEqual
            | Operator::And
            | Operator::Or
            | Operator::Implies
            | Operator::Update
            | Operator::Concat => return self.operator(operator, left, right, operator_span),
        };
        if self.definition(function).is_none() {
            return self.operator(operator, left, right, operator_span);
        }
        if self.redefined + left_spine(left) >= REDEFINED_MAX {
            self.too_deep(operator_span);
            return Expr::Const(Value::Null.into());
        }
        let range = self.range(operator_span);
        let function = self.variable(function, operator_span);
        let (first, second) = if swapped { (right, left) } else { (left, right) };
        self.redefined += 1;
        let arguments = [self.delayed(first, None), self.delayed(second, None)];
        self.redefined -= 1;
        let arguments = self.add_slice(&arguments);
        let call =
            Expr::Apply(self.add(Apply { function, arguments, range, function_range: range }));
        if negated { Expr::Not(self.add(Not { operand: call, range })) } else { call }
    }

    fn operator(
        &mut self,
        operator: Operator,
        left: &ast::Expr<'_>,
        right: &ast::Expr<'_>,
        operator_span: ast::Span,
    ) -> Expr<'a> {
        let (left_range, right_range) = (self.range(left.span), self.range(right.span));
        let left = self.strict(left);
        let right = self.strict(right);
        let range = self.range(operator_span);
        Expr::Binary(self.add(Binary { operator, left, right, left_range, right_range, range }))
    }

    pub(super) fn string(&mut self, text: &[u8]) -> Str<'a> {
        self.context.cursor.string(text)
    }
}

/// How many operators follow each other on the left side of `ast`, up to [`REDEFINED_MAX`].
fn left_spine(ast: &ast::Expr<'_>) -> u32 {
    let (mut ast, mut length) = (ast, 0);
    while let ExprKind::Binary(binary) = ast.kind
        && length < REDEFINED_MAX
    {
        length += 1;
        ast = &binary.left;
    }
    length
}

/// Whether running `code` runs other code within it, other than in its place.
fn recurses(code: &Expr<'_>) -> bool {
    match code {
        Expr::Apply(_)
        | Expr::Select(_)
        | Expr::SelectOr(_)
        | Expr::Has(_)
        | Expr::Attrs(_)
        | Expr::If(_)
        | Expr::Assert(_)
        | Expr::Not(_)
        | Expr::Binary(_)
        | Expr::Interpolation(_) => true,
        Expr::Const(_)
        | Expr::Local { .. }
        | Expr::Outer { .. }
        | Expr::Dynamic(_)
        | Expr::Lambda(_)
        | Expr::Let(_)
        | Expr::Scope(_)
        | Expr::List(_)
        | Expr::With(_)
        | Expr::CurPos(_)
        | Expr::Deep(_) => false,
    }
}

/// Whether running `ast` needs variables of its own, in the frame of its region.
fn needs_slots(ast: &ast::Expr<'_>) -> bool {
    // Chains of operators are long: a stack of our own instead of recursion. Most expressions are
    // leaves, and for those it is never allocated.
    let mut rest = Vec::new();
    let mut next = Some(ast);
    while let Some(ast) = next {
        match ast.kind {
            ExprKind::Let(..) | ExprKind::LegacyLet(_) | ExprKind::With(_) => return true,
            ExprKind::Attrs(set) => {
                if set.recursive || !set.inherit_sources.is_empty() {
                    return true;
                }
                rest.extend(set.dynamic.iter().map(|binding| binding.name));
            }
            ExprKind::If(parts) => rest.extend(parts),
            ExprKind::Assert(parts) => rest.extend(parts),
            ExprKind::Not(operand) | ExprKind::Negate(operand) => rest.push(operand),
            ExprKind::Binary(binary) => rest.extend([&binary.left, &binary.right]),
            ExprKind::Apply(function, _) => rest.push(function),
            ExprKind::Select(select) => {
                rest.push(&select.subject);
                rest.extend(dynamic_names(select.path));
                rest.extend(select.default);
            }
            ExprKind::HasAttr(subject, path) => {
                rest.push(subject);
                rest.extend(dynamic_names(path));
            }
            ExprKind::Interpolation(parts) | ExprKind::PathInterpolation(parts) => {
                rest.extend(parts.iter().filter_map(|part| match part {
                    ast::StringPart::Expr(expr) => Some(expr),
                    ast::StringPart::Text(_) => None,
                }));
            }
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::String(_)
            | ExprKind::Path(_)
            | ExprKind::SearchPath(_)
            | ExprKind::Variable(_)
            | ExprKind::CurPos
            | ExprKind::List(_)
            | ExprKind::Lambda(_)
            | ExprKind::Error => {}
        }
        next = rest.pop();
    }
    false
}

fn dynamic_names<'t>(path: &'t [ast::AttrName<'t>]) -> impl Iterator<Item = &'t ast::Expr<'t>> {
    path.iter().filter_map(|name| match name {
        ast::AttrName::Dynamic(expr) => Some(*expr),
        ast::AttrName::Static(_) => None,
    })
}
