//! What the text of a line says.

use super::scope::{attribute_text, completed_part};
use super::{Binding, binding};

#[test]
fn bindings() {
    let check = |line, expected: Option<(&str, &str)>| {
        let found = binding(line).map(|Binding { name, value }| (name, value));
        assert_eq!(found, expected, "{line}");
    };
    check("x = 1", Some(("x", "1")));
    check("  x' = { a = 1; };", Some(("x'", "{ a = 1; }")));
    check("x=y==z", Some(("x", "y==z")));
    check("x == 1", None);
    check("{ x = 1; }", None);
    check("a.b = 1", None);
    check("let x = 1; in x", None);
    check("if = 1", None);
    check("x", None);
    check("1 = 2", None);
}

#[test]
fn parts_to_complete() {
    assert_eq!(completed_part("f lib.ma"), (2, true));
    assert_eq!(completed_part("ma"), (0, false));
    assert_eq!(completed_part("(x).ma"), (3, false));
    assert_eq!(completed_part("é.b"), (2, false));
    assert_eq!(completed_part(""), (0, false));
}

#[test]
fn attribute_names() {
    assert_eq!(attribute_text(b"a-b'").as_deref(), Some("a-b'"));
    assert_eq!(attribute_text(b"1a").as_deref(), Some("\"1a\""));
    assert_eq!(attribute_text(b"a \"${b}\"\n").as_deref(), Some(r#""a \"\${b}\"\n""#));
    assert_eq!(attribute_text(b"\xff"), None);
}
