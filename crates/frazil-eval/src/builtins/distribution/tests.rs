use crate::Options;
use crate::testing::{World, eval, eval_in};
use expect_test::{Expect, expect};

#[track_caller]
fn check(expression: &str, expected: Expect) {
    expected.assert_eq(&eval(expression));
}

#[test]
fn asks_and_reads_the_answer() {
    check("builtins.attrNames builtins.frazil", expect![[r#"[ "query" "source" "version" ]"#]]);
    check("__frazil.version == builtins.frazil.version", expect!["true"]);
    check(
        r#"builtins.frazil.query "echo" { b = [ 1 null ]; a = "x"; }"#,
        expect![[r#"{ a = "x"; b = [ 1 null ]; }"#]],
    );
    check(r#"builtins.frazil.query "what" 1"#, expect!["error: no what for 1"]);
    check(
        r#"(builtins.tryEval (builtins.frazil.query "what" (throw "t"))).success"#,
        expect!["false"],
    );
}

#[test]
fn a_wrong_answer_is_an_error() {
    let found = eval(r#"builtins.frazil.query "garbage" null"#);
    assert!(found.starts_with("error: "), "{found}");
    check(
        r#"builtins.frazil.query 1 null"#,
        expect!["error: expected a string but found an integer: 1"],
    );
    check(
        r#"builtins.frazil.query "echo" (x: x)"#,
        expect!["error: cannot convert a function to JSON"],
    );
}

#[test]
fn the_source_is_depended_on_and_can_be_read_in_pure_mode() {
    check(
        "builtins.getContext builtins.frazil.source",
        expect![[
            r#"{ "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-frazil" = { path = true; }; }"#
        ]],
    );
    let file = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-frazil/one.nix";
    let read = |expression: &str| {
        let mut world = World::new(&[(file, "1")]);
        eval_in(&mut world, Options { pure: true, ..Options::default() }, expression)
    };
    assert_eq!(read(r#"import "${builtins.frazil.source}/one.nix""#), "1");
    let unasked = read(&format!("import {file}"));
    assert!(unasked.contains("forbidden in pure evaluation mode"), "{unasked}");
}
