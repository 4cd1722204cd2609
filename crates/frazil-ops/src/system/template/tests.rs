use expect_test::{Expect, expect};

use super::parts;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match parts(text) {
        Ok(parts) => serde_json::to_string(&parts).unwrap(),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn places_are_found() {
    check("", expect!["[]"]);
    check("plain", expect![[r#"["plain"]"#]]);
    check("${A}", expect![[r#"[{"env":"A"}]"#]]);
    check("a ${B_1} c", expect![[r#"["a ",{"env":"B_1"}," c"]"#]]);
    check("${A:-x y}", expect![[r#"[{"env":"A","default":"x y"}]"#]]);
    check("${A:-}", expect![[r#"[{"env":"A","default":""}]"#]]);
    check("${file:/run/secret}", expect![[r#"[{"file":"/run/secret"}]"#]]);
    check("${A}${B}", expect![[r#"[{"env":"A"},{"env":"B"}]"#]]);
}

#[test]
fn other_dollars_are_dollars() {
    check("$remote_addr $$ $${A} 5$", expect![[r#"["$remote_addr $ ${A} 5$"]"#]]);
}

#[test]
fn mistakes_are_named() {
    check("a\n${A", expect!["`${A` has no `}`, in line 2"]);
    check("${}", expect!["`${}` in line 1 is neither a variable nor `file:` and a path"]);
    check("${1A}", expect!["`${1A}` in line 1 is neither a variable nor `file:` and a path"]);
    check(
        "${file:x}",
        expect!["`${file:x}` in line 1 is neither a variable nor `file:` and a path"],
    );
}
