//! What evaluation may not do, however it is asked: crash, run for ever, mix things up. The bounds
//! of `testing::eval` are those of a thread with 2 MiB of stack.

use crate::testing::{World, eval, eval_in, show_in};
use crate::{HeapOptions, Options};

fn check(expression: &str, expected: &str) {
    let shown = eval(expression);
    assert_eq!(shown, expected, "{}", expression.get(..200).unwrap_or(expression));
}

/// `text` so many times after `first`.
fn chain(first: &str, text: &str, count: usize) -> String {
    format!("{first}{}", text.repeat(count))
}

const TOO_MANY_CALLS: &str = "error: stack overflow; max-call-depth exceeded";
const STACK: &str = "error: stack overflow (possible infinite recursion)";
const TOO_DEEP: &str = "error: expression is nested too deeply";

#[test]
fn computed_names_leave_variables_alone() {
    // The symbol of `name` is older than that of `zzz`, so the entries are sorted at the end.
    check("(rec { zzz = 1; c = zzz; ${\"na\" + \"me\"} = 2; }).c", "1");
    check("rec { b = a; a = 1; __overrides = { a = 2; }; ${\"na\" + \"me\"} = b; }.name", "2");
    check(
        "(rec { a = 1; ${\"a\" + \"\"} = 2; }).a",
        "error: dynamic attribute 'a' already defined at «string»:1:8",
    );
}

#[test]
fn an_empty_list_hides_nothing() {
    check(
        "builtins.deepSeq [ (builtins.filter (x: false) [ 1 ]) { a = throw \"x\"; } ] 1",
        "error: x",
    );
}

#[test]
fn variables_of_several_withs() {
    check("with { a = 1; }; with { a = 2; b = 3; }; [ a b ]", "[ 2 3 ]");
    check(
        "with { a = 1; b = 0; }; map (x: with { c = x; }; [ a (let z = c; in with { d = z; }; [ a c d ]) ]) [ 7 ]",
        "[ [ 1 [ 1 7 7 ] ] ]",
    );
}

#[test]
fn functors_of_functors_end() {
    check("{ __functor = self: self; } 1", TOO_MANY_CALLS);
    check("{ __functor = self: { __functor = self: x: x; }; } 1", "1");
}

#[test]
fn things_that_contain_themselves() {
    check("let s = { __toString = self: self; }; in \"${s}\"", STACK);
    check("let s = { outPath = s; }; in builtins.toJSON s", STACK);
    check("let a = { x = a; }; b = { x = b; }; in a == b", STACK);
    check("let l = [ l ]; in builtins.toXML l", STACK);
}

#[test]
fn recursion_without_thunks() {
    let options = Options { call_depth_max: usize::MAX, ..Options::default() };
    let shown = eval_in(&mut World::default(), options, "let f = n: 1 + f (n - 1); in f 9000000");
    assert_eq!(shown, STACK);
}

#[test]
fn long_chains_of_operators() {
    check(&chain("1", " - 1", 300), "-299");
    check(&chain("1", " - 1", 300_000), TOO_DEEP);
    check(&chain("{}", " ? a", 300_000), TOO_DEEP);
    check(&chain("true", " && true", 300_000), TOO_DEEP);
    check(&chain("let __sub = a: b: a; in 1", " - 1", 100_000), TOO_DEEP);
    check(&format!("let a = {{ x = a; }}; in ({} ? x", chain("a", ".x", 300_000) + ")"), "true");
}

#[test]
fn sizes_that_cannot_be() {
    let big = "let b = builtins.concatStringsSep \"\" (builtins.genList (_: \"0123456789abcdef\") 65536); in ";
    let too_long = "error: a string has at most 4294967294 bytes";
    check(
        &format!("{big} builtins.concatStringsSep b (builtins.genList (_: \"\") 5000)"),
        too_long,
    );
    check(&format!("{big} toString (builtins.genList (_: b) 5000)"), too_long);
    let list = "let l = builtins.genList (x: 0) 1000000; in ";
    let too_many = "error: a list has at most 4294967295 elements";
    check(&format!("{list} builtins.concatLists (builtins.genList (_: l) 5000)"), too_many);
}

#[test]
fn memory_limit() {
    let memory = "error: the evaluation needs more memory than there is, or than its limit";
    for expression in [
        "let f = n: f (n + 1); in f 0",
        "let f = l: f (l ++ l); in f [ 1 2 ]",
        "let f = s: f (s + s); in f \"abcdefgh\"",
        "let f = s: f (builtins.replaceStrings [ \"\" ] [ s ] s); in f \"ab\"",
        "builtins.genList (x: x) 4294967295",
        "builtins.genList (x: [ x ]) 2000000",
        "let d = builtins.foldl' (a: _: [ a a ]) null (builtins.genList (x: x) 40); in builtins.toJSON d",
    ] {
        let heap = HeapOptions { limit_bytes: Some(80 << 20) };
        let options = Options { call_depth_max: usize::MAX, ..Options::default() };
        let shown = show_in(&mut World::default(), heap, options, expression, |ev, program| {
            ev.evaluate(program)?;
            Ok(Vec::new())
        });
        assert_eq!(shown, memory, "{expression}");
    }
}

/// Calls leave no frames behind when nothing can refer to them: these would take gigabytes.
#[test]
fn frames_are_used_again() {
    for expression in [
        "let f = n: if n == 0 then 0 else f (n - 1); in builtins.foldl' (a: _: a + f 2000) 0 (builtins.genList (i: i) 2000)",
        "builtins.foldl' (a: i: if i > a then i else a) 0 (builtins.genList (i: i) 1000000)",
        "builtins.length (builtins.sort (a: b: a > b) (builtins.genList (i: i) 200000))",
    ] {
        let heap = HeapOptions { limit_bytes: Some(128 << 20) };
        let options = Options { call_depth_max: usize::MAX, ..Options::default() };
        let shown = show_in(&mut World::default(), heap, options, expression, |ev, program| {
            ev.evaluate(program)?;
            Ok(b"done".to_vec())
        });
        assert_eq!(shown, "done", "{expression}");
    }
}

/// Nothing runs for ever once steps are bounded, however little memory it takes.
#[test]
fn steps_are_bounded() {
    let end = "error: the evaluation takes more than 100000 steps";
    for expression in [
        "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 90",
        "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = e: [ { key = e.key + 1; } ]; }",
        "let d = builtins.foldl' (a: _: [ a a ]) null (builtins.genList (x: x) 60); e = builtins.foldl' (a: _: [ a a ]) null (builtins.genList (x: x) 60); in d == e",
    ] {
        let options = Options { steps_max: 100_000, ..Options::default() };
        assert_eq!(eval_in(&mut World::default(), options, expression), end, "{expression}");
    }
}
