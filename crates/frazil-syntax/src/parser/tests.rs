//! One line per rule: the source, and the tree as the printer shows it or the errors.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod depth;
mod recovery;

use std::fmt::Write;

use bumpalo::Bump;
use expect_test::{Expect, expect};

use crate::{LineIndex, ParseOptions, parse, print};

fn show(source: &[u8], options: ParseOptions) -> String {
    let arena = Bump::new();
    let parsed = parse(source, &arena, options);
    if parsed.errors.is_empty() {
        let mut text = Vec::new();
        print(&parsed.root, &mut text);
        return text
            .escape_ascii()
            .to_string()
            .replace("\\\"", "\"")
            .replace("\\'", "'")
            .replace("\\\\", "\\");
    }
    let lines = LineIndex::new(source);
    let mut shown = String::new();
    for error in &parsed.errors {
        let (line, column) = lines.line_column(error.span.start);
        write!(shown, "{line}:{column} {}", error.kind).unwrap();
        for note in &error.notes {
            let (line, column) = lines.line_column(note.span.start);
            write!(shown, " ({line}:{column} {})", note.text).unwrap();
        }
        shown += "\n";
    }
    shown
}

#[track_caller]
fn check(source: &str, expected: Expect) {
    expected.assert_eq(show(source.as_bytes(), ParseOptions::default()).trim_end());
}

#[track_caller]
fn check_bytes(source: &[u8], expected: Expect) {
    expected.assert_eq(show(source, ParseOptions::default()).trim_end());
}

#[track_caller]
fn check_pipes(source: &str, expected: Expect) {
    expected.assert_eq(show(source.as_bytes(), ParseOptions { pipe_operators: true }).trim_end());
}

#[test]
fn tokens() {
    check("a-b", expect!["a-b"]);
    check("a'", expect!["a'"]);
    check("a - b", expect!["a - b"]);
    check("_x", expect!["_x"]);
    check("007", expect!["7"]);
    check("9223372036854775807", expect!["9223372036854775807"]);
    check("9223372036854775808", expect!["1:1 invalid integer '9223372036854775808'"]);
    check("1.5", expect!["1.5"]);
    check("5.", expect!["5.0"]);
    check(".5", expect!["0.5"]);
    check("0.5", expect!["0.5"]);
    check("1.e3", expect!["1000.0"]);
    check("1.5e-3", expect!["0.0015"]);
    check("1e6", expect!["1 e6"]);
    check("0.", expect!["1:3 syntax error, unexpected end of file, expecting attribute name"]);
    check("1.0e400", expect!["1:1 invalid float '1.0e400'"]);
    check("1.0e-400", expect!["1:1 invalid float '1.0e-400'"]);
    check("0.0", expect!["0.0"]);
    check("1.2.3", expect!["1.2 0.3"]);
    check("x:y", expect![[r#""x:y""#]]);
    check("x: y", expect!["x: y"]);
    check("a_b:c", expect!["a_b: c"]);
    check("http://x.y/z?q=1", expect![[r#""http://x.y/z?q=1""#]]);
    check("/* a */ 1 # b", expect!["1"]);
    check("/**/ 1", expect!["1"]);
    check("/* a", expect!["1:1 syntax error, unterminated comment"]);
    check("# a\r1", expect!["1"]);
    check("~", expect!["1:1 syntax error, unexpected invalid token"]);
    check("1 $ 2", expect!["1:3 syntax error, unexpected invalid token, expecting end of file"]);
    check("é", expect!["1:1 syntax error, unexpected invalid token"]);
    check("__curPos", expect!["__curPos"]);
    check("a->b", expect!["a- > b"]);
    check("a<b", expect!["a < b"]);
    check("a<b>c", expect!["a <b> c"]);
}

#[test]
fn paths() {
    check("a/b", expect!["a/b"]);
    check("./a", expect!["./a"]);
    check("../a", expect!["../a"]);
    check("/a", expect!["/a"]);
    check("~/a", expect!["~/a"]);
    check("a / b", expect!["a / b"]);
    check("a/ b", expect!["a / b"]);
    check("/a//b", expect!["1:1 syntax error, unexpected '//' in a path, expecting '${'"]);
    check("/a//b${c}", expect!["/a//b${c}"]);
    check("/a//b//", expect!["1:1 path has a trailing slash"]);
    check("./a/", expect!["1:1 path has a trailing slash"]);
    check("./a${b}", expect!["./a${b}"]);
    check("./a/${b}", expect!["./a/${b}"]);
    check("a/${b}/c", expect!["a/${b}/c"]);
    check("/${a}", expect!["/${a}"]);
    check("~/${a}", expect!["~/${a}"]);
    check("./a${b}/", expect!["1:1 path has a trailing slash"]);
    check("./a${b}//c", expect!["./a${b}//c"]);
    check("<a>", expect!["<a>"]);
    check("<a/b.c>", expect!["<a/b.c>"]);
    check("<a/>", expect!["1:1 syntax error, unexpected '<'"]);
    check("a.b/c", expect!["a.b/c"]);
    check("1/2", expect!["1/2"]);
    check("-a/b", expect!["-a/b"]);
    check("[ ./a ./b.c ]", expect!["[ ./a ./b.c ]"]);
    check("./a.b", expect!["./a.b"]);
    check("(./a).b", expect!["(./a).b"]);
}

#[test]
fn strings() {
    check("\"a\"", expect![[r#""a""#]]);
    check("\"\"", expect![[r#""""#]]);
    check("\"\\n\\r\\t\\q\\\"\\\\\"", expect![[r#""\n\r\tq\"\\""#]]);
    check("\"$\"", expect![[r#""\$""#]]);
    check("\"$$\"", expect![[r#""$\$""#]]);
    check("\"$a\"", expect![[r#""$a""#]]);
    check("\"$${a}\"", expect![[r#""$\${a}""#]]);
    check("\"\\${a}\"", expect![[r#""\${a}""#]]);
    check("\"$\\${a}\"", expect![[r#""$\${a}""#]]);
    check("\"$$${a}\"", expect![[r#""$\$${a}""#]]);
    check("\"${a}\"", expect![[r#""${a}""#]]);
    check("\"a${b}c\"", expect![[r#""a${b}c""#]]);
    check("\"${\"a\"}\"", expect![[r#""${"a"}""#]]);
    check("\"a\r\nb\rc\"", expect![[r#""a\nb\nc""#]]);
    check("\"\\\r\n\"", expect![[r#""\r\n""#]]);
    check(
        "\"a",
        expect![[
            r#"1:3 syntax error, unexpected end of file, expecting '"' (1:1 the string starts here)"#
        ]],
    );
    check(
        "\"a${b",
        expect!["1:6 syntax error, unexpected end of file, expecting '}' (1:3 opened here)"],
    );
    check(
        "\"a${b\"",
        expect![[
            r#"1:7 syntax error, unexpected end of file, expecting '"' (1:6 the string starts here)"#
        ]],
    );
}

#[test]
fn indented_strings() {
    check("''a''", expect![[r#""a""#]]);
    check("''''", expect![[r#""""#]]);
    check("''  ''", expect![[r#""""#]]);
    check("''\n  a\n   b\n''", expect![[r#""a\n b\n""#]]);
    check("''\n  a\n b\n  ''", expect![[r#"" a\nb\n""#]]);
    check("''  a\n b''", expect![[r#"" a\nb""#]]);
    check("''\n  a\n\n  b''", expect![[r#""a\n\nb""#]]);
    check("''\n\ta\n\t b''", expect![[r#""\ta\n\t b""#]]);
    check("''\n  ${a}\n    b''", expect![[r#""${a}\n  b""#]]);
    check("''\n   ''${a}\n  b''", expect![[r#"" \${a}\nb""#]]);
    check("''''$''", expect![[r#""\$""#]]);
    check("'''''''", expect![[r#""''""#]]);
    check("''a'''b''", expect![[r#""a''b""#]]);
    check("''a''\\nb''", expect![[r#""a\nb""#]]);
    check("''\n  a''\\n  b''", expect![[r#""a\nb""#]]);
    check("''$''", expect![[r#""\$""#]]);
    check("''$$''", expect![[r#""$\$""#]]);
    check("''$${a}''", expect![[r#""$\${a}""#]]);
    check("''a'${b}''", expect![[r#""a'${b}""#]]);
    check("''\r\n  a\r\n''", expect![[r#""\r\n  a\r\n""#]]);
    check("''  \n  a''", expect![[r#""a""#]]);
    check("'' \n \n''", expect![[r#""\n""#]]);
    check("''${\"a\"}''", expect![[r#""a""#]]);
    check(
        "''a",
        expect![
            r#"1:4 syntax error, unexpected end of file, expecting "''" (1:1 the string starts here)"#
        ],
    );
    check("''\n  a\n  ${b}  ''", expect![[r#""a\n${b}  ""#]]);
}

#[test]
fn operators() {
    check("a + b + c", expect!["a + b + c"]);
    check("a - b - c", expect!["a - b - c"]);
    check("a ++ b ++ c", expect!["a ++ b ++ c"]);
    check("a // b // c", expect!["a // b // c"]);
    check("a -> b -> c", expect!["a -> b -> c"]);
    check("a || b && c", expect!["a || b && c"]);
    check("a == b", expect!["a == b"]);
    check("a == b == c", expect!["1:8 syntax error, unexpected '=='"]);
    check("a < b == c", expect!["a < b == c"]);
    check("a < b < c", expect!["1:7 syntax error, unexpected '<'"]);
    check("a + b * c", expect!["a + b * c"]);
    check("(a + b) * c", expect!["(a + b) * c"]);
    check("- a + b", expect!["- a + b"]);
    check("- - a", expect!["- - a"]);
    check("!a == b", expect!["!a == b"]);
    check("!a + b", expect!["!a + b"]);
    check("(!a) + b", expect!["(!a) + b"]);
    check("a * !b + c", expect!["a * (!b + c)"]);
    check("- a ? b", expect!["- a ? b"]);
    check("!a ? b", expect!["!a ? b"]);
    check("a ? b ? c", expect!["a ? b ? c"]);
    check("a ? b.c.\"d\".${e}", expect!["a ? b.c.d.${e}"]);
    check("a // b ? c", expect!["a // b ? c"]);
    check("a ++ b == c", expect!["a ++ b == c"]);
    check("f x + g y", expect!["f x + g y"]);
    check("f (- x)", expect!["f (- x)"]);
    check("a == !b", expect!["a == !b"]);
    check("1 + x: x", expect!["1:6 syntax error, unexpected ':', expecting end of file"]);
    check("1 + if a then b else c", expect!["1:5 syntax error, unexpected 'if'"]);
}

#[test]
fn application_and_selection() {
    check("f a b", expect!["f a b"]);
    check("f a.b c.d", expect!["f a.b c.d"]);
    check("(f a) b", expect!["(f a) b"]);
    check("f [ ] { }", expect!["f [ ] { }"]);
    check("a.b.c", expect!["a.b.c"]);
    check("a . b", expect!["a.b"]);
    check("a.b or c", expect!["a.b or c"]);
    check("a.b or c d", expect!["a.b or c d"]);
    check("a.b or c.d or e", expect!["a.b or c.d or e"]);
    check("a.or", expect!["a.or"]);
    check("a.or or b", expect!["a.or or b"]);
    check("f or", expect!["f or"]);
    check("f or 1", expect!["f or 1"]);
    check("f g or", expect!["f g or"]);
    check("[ f or ]", expect!["[ f or ]"]);
    check("or", expect!["1:1 syntax error, unexpected 'or'"]);
    check("a.\"b c\"", expect![[r#"a."b c""#]]);
    check("a.${b}", expect!["a.${b}"]);
    check("a.${\"b\"}", expect!["a.b"]);
    check("a.\"${b}\"", expect![[r#"a."${b}""#]]);
    check("f rec { }", expect!["f rec { }"]);
    check("a.if", expect!["1:3 syntax error, unexpected 'if', expecting attribute name"]);
    check("a.", expect!["1:3 syntax error, unexpected end of file, expecting attribute name"]);
    check("f let { body = 1; }", expect!["f let { body = 1; }"]);
}

#[test]
fn functions() {
    check("x: x", expect!["x: x"]);
    check("x: y: x y", expect!["x: y: x y"]);
    check("{ }: 1", expect!["{ }: 1"]);
    check("{ a }: a", expect!["{ a }: a"]);
    check("{ a, }: a", expect!["{ a }: a"]);
    check("{ a, b ? 1, ... }: a", expect!["{ a, b ? 1, ... }: a"]);
    check("{ ... }: 1", expect!["{ ... }: 1"]);
    check("x@{ a }: a", expect!["{ a }@x: a"]);
    check("{ a }@x: a", expect!["{ a }@x: a"]);
    check("{ a ? x: x }: a", expect!["{ a ? x: x }: a"]);
    check(
        "{ a, a }: 1",
        expect!["1:6 duplicate formal function argument 'a' (1:3 first used here)"],
    );
    check(
        "{ b, a, b, a }: 1",
        expect![[r#"
        1:9 duplicate formal function argument 'b' (1:3 first used here)
        1:12 duplicate formal function argument 'a' (1:6 first used here)"#]],
    );
    check(
        "x@{ x }: 1",
        expect!["1:5 duplicate formal function argument 'x' (1:1 first used here)"],
    );
    check(
        "{ x }@x: 1",
        expect!["1:7 duplicate formal function argument 'x' (1:3 first used here)"],
    );
    check(
        "{ ..., a }: 1",
        expect!["1:6 syntax error, unexpected ',', expecting '}' (1:1 opened here)"],
    );
    check("{ , }: 1", expect!["1:3 syntax error, unexpected ','"]);
    check("{ a b }: 1", expect!["1:5 syntax error, unexpected identifier, expecting '.' or '='"]);
    check("{ or }: 1", expect!["1:6 syntax error, unexpected '}', expecting '.' or '='"]);
    check("or: 1", expect!["1:1 syntax error, unexpected 'or'"]);
    check("{ a }", expect!["1:6 syntax error, unexpected end of file, expecting ':'"]);
    check("{ a", expect!["1:4 syntax error, unexpected end of file, expecting '.' or '='"]);
    check("{ a ? 1 b }: 2", expect!["{ a ? 1 b }: 2"]);
}

#[test]
fn keyword_forms() {
    check("if a then b else c", expect!["if a then b else c"]);
    check(
        "if a then b",
        expect!["1:12 syntax error, unexpected end of file, expecting 'else' (1:1 opened here)"],
    );
    check("if a then b else if c then d else e", expect!["if a then b else if c then d else e"]);
    check("assert a; b", expect!["assert a; b"]);
    check("with a; b", expect!["with a; b"]);
    check("with a; with b; c", expect!["with a; with b; c"]);
    check("let in 1", expect!["let in 1"]);
    check("let a = 1; b = 2; in a", expect!["let a = 1; b = 2; in a"]);
    check("let a = 1; in", expect!["1:14 syntax error, unexpected end of file"]);
    check("let { body = 1; }", expect!["let { body = 1; }"]);
    check("let { a = 1; }.a", expect!["let { a = 1; }.a"]);
    check(
        "let a = 1; inherit b; inherit (c) d; in a",
        expect!["let a = 1; inherit b; inherit (c) d; in a"],
    );
    check("let ${a} = 1; in 1", expect!["1:7 dynamic attributes not allowed in let"]);
    check("let ${\"a\"} = 1; in a", expect!["let a = 1; in a"]);
    check("let \"a${b}\" = 1; in 1", expect!["1:5 dynamic attributes not allowed in let"]);
    check("let a.${b} = 1; in a", expect!["let a = { ${b} = 1; }; in a"]);
    check("let or = 1; in 2", expect!["let or = 1; in 2"]);
    check("[ 1 (a b) c.d ]", expect!["[ 1 (a b) c.d ]"]);
    check("[ 1 -1 ]", expect!["1:5 syntax error, unexpected '-', expecting ']' (1:1 opened here)"]);
    check("[ x: x ]", expect!["1:4 syntax error, unexpected ':', expecting ']' (1:1 opened here)"]);
}

#[test]
fn sets() {
    check("{ }", expect!["{ }"]);
    check("rec { a = 1; }", expect!["rec { a = 1; }"]);
    check("{ a.b.c = 1; }", expect!["{ a = { b = { c = 1; }; }; }"]);
    check("{ a.b = 1; a.c = 2; }", expect!["{ a = { b = 1; c = 2; }; }"]);
    check("{ a = { b = 1; }; a.c = 2; }", expect!["{ a = { b = 1; c = 2; }; }"]);
    check("{ a.b = 1; a = { c = 2; }; }", expect!["{ a = { b = 1; c = 2; }; }"]);
    check("{ a = rec { b = 1; }; a.c = b; }", expect!["{ a = rec { b = 1; c = b; }; }"]);
    check("{ a.c = 1; a = rec { b = 1; }; }", expect!["{ a = { c = 1; b = 1; }; }"]);
    check(
        "{ a = { b = { c = 1; }; }; a.b.d = 2; a = { b.e = 3; }; }",
        expect!["{ a = { b = { c = 1; d = 2; e = 3; }; }; }"],
    );
    check("{ a = ({ b = 1; }); a.c = 2; }", expect!["{ a = { b = 1; c = 2; }; }"]);
    check(
        "{ a = { inherit (x) b; }; a = { inherit (y) c; d = 1; }; }",
        expect!["{ a = { inherit (x) b; inherit (y) c; d = 1; }; }"],
    );
    check(
        "{ a = { inherit (x); }; a = { inherit (y) c; }; }",
        expect!["{ a = { inherit (x); inherit (y) c; }; }"],
    );
}

#[test]
fn inherited_and_dynamic_attributes() {
    check("{ inherit; inherit a \"b\" ${\"c\"} or; }", expect!["{ inherit a b c or; }"]);
    check("{ inherit (a) b c; inherit (d); }", expect!["{ inherit (a) b c; inherit (d); }"]);
    check(
        "{ \"a\" = 1; \"b c\" = 2; ${\"if\"} = 3; }",
        expect![[r#"{ a = 1; "b c" = 2; "if" = 3; }"#]],
    );
    check(
        "{ ${a} = 1; ${a}.b = 2; c.${d}.e = 3; \"x${y}\" = 4; }",
        expect![[r#"{ c = { ${d} = { e = 3; }; }; ${a} = 1; ${a} = { b = 2; }; "x${y}" = 4; }"#]],
    );
    check("{ a.${b} = 1; a.${b} = 2; }", expect!["{ a = { ${b} = 1; ${b} = 2; }; }"]);
}

#[test]
fn duplicate_attributes() {
    check(
        "{ a = 1; a = 2; }",
        expect!["1:10 attribute 'a' already defined (1:3 first defined here)"],
    );
    check(
        "{ a = 1; a.b = 2; }",
        expect!["1:10 attribute 'a' already defined (1:3 first defined here)"],
    );
    check(
        "{ a.b = 1; a = 2; }",
        expect!["1:12 attribute 'a' already defined (1:3 first defined here)"],
    );
    check(
        "{ a.b.c = 1; a.b.c = 2; }",
        expect!["1:14 attribute 'a.b.c' already defined (1:3 first defined here)"],
    );
    check(
        "{ a = { b = 1; }; a = { b = 2; c = 3; }; }",
        expect!["1:25 attribute 'a.b' already defined (1:9 first defined here)"],
    );
    check(
        "{ inherit a; a = 1; }",
        expect!["1:14 attribute 'a' already defined (1:11 first defined here)"],
    );
    check(
        "{ inherit a; inherit (b) a; }",
        expect!["1:26 attribute 'a' already defined (1:11 first defined here)"],
    );
    check(
        "{ inherit a; a.b = 1; }",
        expect!["1:14 attribute 'a' already defined (1:11 first defined here)"],
    );
    check(
        "{ a = let { b = 1; }; a.c = 2; }",
        expect!["1:23 attribute 'a' already defined (1:3 first defined here)"],
    );
    check("{ inherit ${a}; }", expect!["1:11 dynamic attributes not allowed in inherit"]);
    check("{ inherit \"${a}\"; }", expect!["1:11 dynamic attributes not allowed in inherit"]);
    check("{ a = 1 }", expect!["1:9 syntax error, unexpected '}', expecting ';'"]);
    check("{ a; b = 1; }", expect!["1:4 syntax error, unexpected ';', expecting '.' or '='"]);
    check("{ a = ; b = 1; }", expect!["1:7 syntax error, unexpected ';'"]);
    check("{ a b = 1; }", expect!["1:5 syntax error, unexpected identifier, expecting '.' or '='"]);
    check("{ 1 = 2; a = 3; }", expect!["1:3 syntax error, unexpected integer"]);
    check("{ x = 1; y.z = { }; y.z.w = 1; }", expect!["{ x = 1; y = { z = { w = 1; }; }; }"]);
}

#[test]
fn pipes() {
    check_pipes("a |> f", expect!["f a"]);
    check_pipes("a |> f |> g", expect!["g (f a)"]);
    check_pipes("f <| a", expect!["f a"]);
    check_pipes("g <| f <| a", expect!["g (f a)"]);
    check_pipes("a |> f x", expect!["(f x) a"]);
    check_pipes("a + b |> f -> g", expect!["(f -> g) (a + b)"]);
    check_pipes("a |> f <| b", expect!["1:8 syntax error, unexpected '<|'"]);
    check_pipes("f <| a |> g", expect!["1:8 syntax error, unexpected '|>'"]);
    check_pipes("x: x |> f", expect!["x: f x"]);
    check_pipes("a |> x: x", expect!["1:7 syntax error, unexpected ':', expecting end of file"]);
    check(
        "a |> f |> g",
        expect![
            "1:3 experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it"
        ],
    );
}

#[test]
fn bytes_that_are_not_text() {
    check_bytes(b"\"\xff\xc3\"", expect![[r#""\xff\xc3""#]]);
    check_bytes(b"# \xff\n1", expect!["1"]);
    check_bytes(b"1\x00 garbage", expect!["1"]);
    check_bytes(
        b"\"a\x00b\"",
        expect![
            "1:3 input string 'a␀b' cannot be represented as Nix string because it contains null bytes"
        ],
    );
    check_bytes(
        b"''a\x00b''",
        expect![
            "1:4 input string 'a␀b' cannot be represented as Nix string because it contains null bytes"
        ],
    );
    check_bytes(b"\xff", expect!["1:1 syntax error, unexpected invalid token"]);
    check_bytes(
        b"\"\\\x00\"",
        expect![
            "1:3 input string '␀' cannot be represented as Nix string because it contains null bytes"
        ],
    );
    check_bytes(b"a # \x00\n b", expect!["a b"]);
}
