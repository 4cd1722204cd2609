//! What must hold for any input, as a function a fuzzer can call.

#[cfg(test)]
mod tests;

use bumpalo::Bump;

use crate::ast::{
    AttrName, AttrSet, BindingValue, Expr, ExprKind, Name, Parameter, Select, Span, StringPart,
};
use crate::{ParseOptions, SyntaxErrorKind, parse, print};

/// Parses `data` and checks the result.
///
/// # Panics
/// If one of these does not hold: every span lies within the source, that of a part within that of
/// the whole; a tree without errors has no [`ExprKind::Error`], and printing it, parsing that and
/// printing again gives the same text, unless the text is nested too deeply where pipes became
/// parentheses.
pub fn fuzz(data: &[u8]) {
    let arena = Bump::new();
    let parsed = parse(data, &arena, ParseOptions { pipe_operators: true });
    let whole = Span { start: 0, end: data.len() as u32 };
    for error in &parsed.errors {
        let notes = error.notes.iter().map(|note| note.span);
        for span in notes.chain([error.span]) {
            assert!(within(span, whole), "error at {span:?}: {error:?}");
        }
    }
    let has_error = check_spans(&parsed.root, whole);
    if !parsed.errors.is_empty() {
        return;
    }
    assert!(!has_error, "an error in the tree was not reported");
    let mut first = Vec::new();
    print(&parsed.root, &mut first);
    let arena = Bump::new();
    let again = parse(&first, &arena, ParseOptions::default());
    let mut second = Vec::new();
    print(&again.root, &mut second);
    let kinds: Vec<_> = again.errors.iter().map(|error| &error.kind).collect();
    if kinds != [&SyntaxErrorKind::TooDeep] {
        let [first, second] = [&first, &second].map(|text| String::from_utf8_lossy(text));
        assert!(kinds.is_empty(), "{first:?} cannot be parsed: {kinds:?}");
        assert_eq!(first, second);
    }
}

fn within(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end
}

/// Checks the spans of a tree; whether there is an [`ExprKind::Error`] in it.
fn check_spans(root: &Expr<'_>, whole: Span) -> bool {
    let mut has_error = false;
    let mut rest = vec![(root, whole)];
    while let Some((expr, outer)) = rest.pop() {
        assert!(within(expr.span, outer), "{:?} not in {outer:?}", expr.span);
        has_error |= matches!(expr.kind, ExprKind::Error);
        // A set keeps its span when bindings from elsewhere are merged into it.
        let bounds = if matches!(expr.kind, ExprKind::Attrs(_)) { outer } else { expr.span };
        children(&expr.kind, &mut |part| match part {
            Part::Expr(expr) => rest.push((expr, bounds)),
            Part::Span(span) => assert!(within(span, bounds), "{span:?} not in {bounds:?}"),
        });
    }
    has_error
}

enum Part<'t> {
    Expr(&'t Expr<'t>),
    Span(Span),
}

fn children<'t>(kind: &'t ExprKind<'t>, visit: &mut impl FnMut(Part<'t>)) {
    match kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::String(_)
        | ExprKind::Path(_)
        | ExprKind::SearchPath(_)
        | ExprKind::Variable(_)
        | ExprKind::CurPos
        | ExprKind::Error => {}
        ExprKind::Interpolation(parts) | ExprKind::PathInterpolation(parts) => {
            for part in *parts {
                if let StringPart::Expr(expr) = part {
                    visit(Part::Expr(expr));
                }
            }
        }
        ExprKind::List(elements) => elements.iter().for_each(|expr| visit(Part::Expr(expr))),
        ExprKind::Attrs(set) | ExprKind::LegacyLet(set) => set_children(set, visit),
        ExprKind::Let(set, body) => {
            set_children(set, visit);
            visit(Part::Expr(body));
        }
        ExprKind::Lambda(lambda) => {
            parameter_children(&lambda.parameter, visit);
            visit(Part::Expr(lambda.body));
        }
        ExprKind::Apply(function, arguments) => {
            visit(Part::Expr(function));
            arguments.iter().for_each(|expr| visit(Part::Expr(expr)));
        }
        ExprKind::Select(Select { subject, path, default }) => {
            visit(Part::Expr(subject));
            path_children(path, visit);
            if let Some(default) = default {
                visit(Part::Expr(default));
            }
        }
        ExprKind::HasAttr(subject, path) => {
            visit(Part::Expr(subject));
            path_children(path, visit);
        }
        ExprKind::If(parts) => parts.iter().for_each(|expr| visit(Part::Expr(expr))),
        ExprKind::Assert(parts) | ExprKind::With(parts) => {
            parts.iter().for_each(|expr| visit(Part::Expr(expr)));
        }
        ExprKind::Not(operand) | ExprKind::Negate(operand) => visit(Part::Expr(operand)),
        ExprKind::Binary(binary) => {
            visit(Part::Span(binary.operator_span));
            visit(Part::Expr(&binary.left));
            visit(Part::Expr(&binary.right));
        }
    }
}

fn set_children<'t>(set: &'t AttrSet<'t>, visit: &mut impl FnMut(Part<'t>)) {
    for binding in set.bindings {
        visit(Part::Span(binding.span));
        visit(Part::Span(binding.name.span));
        if let BindingValue::Expr(expr) = binding.value {
            visit(Part::Expr(expr));
        }
    }
    for binding in set.dynamic {
        visit(Part::Span(binding.span));
        visit(Part::Expr(binding.name));
        visit(Part::Expr(binding.value));
    }
    set.inherit_sources.iter().for_each(|expr| visit(Part::Expr(expr)));
}

fn parameter_children<'t>(parameter: &'t Parameter<'t>, visit: &mut impl FnMut(Part<'t>)) {
    match parameter {
        Parameter::Name(Name { span, .. }) => visit(Part::Span(*span)),
        Parameter::Formals { formals, whole, .. } => {
            for formal in *formals {
                visit(Part::Span(formal.name.span));
                if let Some(default) = formal.default {
                    visit(Part::Expr(default));
                }
            }
            if let Some(whole) = whole {
                visit(Part::Span(whole.span));
            }
        }
    }
}

fn path_children<'t>(path: &'t [AttrName<'t>], visit: &mut impl FnMut(Part<'t>)) {
    for name in path {
        match name {
            AttrName::Static(name) => visit(Part::Span(name.span)),
            AttrName::Dynamic(expr) => visit(Part::Expr(expr)),
        }
    }
}
