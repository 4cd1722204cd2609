//! Several errors from one run, and no more than there are mistakes.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use expect_test::expect;

use super::check;

#[test]
fn several_errors() {
    check(
        "{ a = 1 b = 2; c = ; d = [ 1 ; e = ) 3; }",
        expect![[r#"
        1:11 syntax error, unexpected '=', expecting ';'
        1:20 syntax error, unexpected ';'
        1:30 syntax error, unexpected ';', expecting ']' (1:26 opened here)
        1:36 syntax error, unexpected ')'"#]],
    );
    check(
        "[ 1 ) 2 ]",
        expect!["1:5 syntax error, unexpected ')', expecting ']' (1:1 opened here)"],
    );
    check(
        "(1 + ) + (2 * )",
        expect![[r#"
        1:6 syntax error, unexpected ')'
        1:15 syntax error, unexpected ')'"#]],
    );
    check(
        "let a = 1 b = 2; in a +",
        expect![[r#"
        1:13 syntax error, unexpected '=', expecting ';'
        1:24 syntax error, unexpected end of file"#]],
    );
    check("let a = 1; } in a", expect!["1:12 syntax error, unexpected '}'"]);
    check(
        "{ a = (1; b = 2; }",
        expect!["1:9 syntax error, unexpected ';', expecting ')' (1:7 opened here)"],
    );
    check(
        "if a the b else c",
        expect!["1:12 syntax error, unexpected 'else', expecting 'then' (1:1 opened here)"],
    );
    check("if a then else c", expect!["1:11 syntax error, unexpected 'else'"]);
    check(
        "{ a = { b = 1; c = 2; }",
        expect!["1:24 syntax error, unexpected end of file, expecting ';'"],
    );
    check(
        "{ a = [ (1 ]; b = ; }",
        expect![[r#"
        1:12 syntax error, unexpected ']', expecting ')' (1:9 opened here)
        1:19 syntax error, unexpected ';'"#]],
    );
    check(
        "f (g \"x${ \" } y) = ; 1",
        expect![[
            r#"1:23 syntax error, unexpected end of file, expecting '"' (1:11 the string starts here)"#
        ]],
    );
    check(
        "{ a = \"${ 1 + }\"; b = ''${ ) }''; c = ; }",
        expect![[r#"
        1:15 syntax error, unexpected '}'
        1:28 syntax error, unexpected ')'
        1:39 syntax error, unexpected ';'"#]],
    );
}

#[test]
fn unfinished_files() {
    check(
        "let x = { in x",
        expect!["1:11 syntax error, unexpected 'in', expecting '}' (1:9 opened here)"],
    );
    check("{ in; a = 1; }", expect!["1:3 syntax error, unexpected 'in'"]);
    check("1 2 ] 3", expect!["1:5 syntax error, unexpected ']', expecting end of file"]);
    check("", expect!["1:1 syntax error, unexpected end of file"]);
    check("# nothing", expect!["1:10 syntax error, unexpected end of file"]);
    check("(", expect!["1:2 syntax error, unexpected end of file"]);
    check(
        "{ a = if b then c; d = 1; }",
        expect!["1:18 syntax error, unexpected ';', expecting 'else' (1:7 opened here)"],
    );
    check("x: { y: z }", expect!["1:7 syntax error, unexpected ':', expecting '.' or '='"]);
    check(
        "assert a b",
        expect!["1:11 syntax error, unexpected end of file, expecting ';' (1:1 opened here)"],
    );
    check(
        "{ a.b. = 1; c = ; }",
        expect![[r#"
        1:8 syntax error, unexpected '=', expecting attribute name
        1:17 syntax error, unexpected ';'"#]],
    );
}

#[test]
fn errors_are_capped() {
    let source = format!("{{ {} }}", "a = ; ".repeat(100));
    assert_eq!(super::show(source.as_bytes(), super::ParseOptions::default()).lines().count(), 20);
}
