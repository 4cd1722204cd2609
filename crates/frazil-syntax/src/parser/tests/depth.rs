//! Bounds on nesting, on the 2 MiB of stack a test has.

use super::{ParseOptions, show};
use crate::{NESTING_MAX, PENDING_MAX};

#[test]
fn nesting_is_bounded_on_a_small_stack() {
    let cases = [
        ("(", "1", ")"),
        ("[ ", "", " ]"),
        ("{ a = ", "1", "; }"),
        ("{ ${", "1", "} = 1; }"),
        ("{ inherit (", "1", ") a; }"),
        ("let a = ", "1", "; in a"),
        ("let { body = ", "1", "; }"),
        ("if ", "1", " then 1 else 2"),
        ("{ x ? ", "1", " }: 1"),
        ("\"${", "1", "}\""),
        ("''${", "1", "}''"),
        ("./a${", "1", "}"),
        ("a.${", "1", "}"),
        ("a.b or ", "1", ""),
        ("a.", "b = 1", ""),
    ];
    for (before, middle, after) in cases {
        for levels in [NESTING_MAX - 2, 100_000] {
            let inside = [&before.repeat(levels), middle, &after.repeat(levels)].concat();
            let source = if before == "a." { format!("{{ {inside}; }}") } else { inside };
            let shown = show(source.as_bytes(), ParseOptions::default());
            let deep = shown.ends_with("expression is nested too deeply\n");
            assert_eq!(deep, levels > NESTING_MAX, "{before} {levels}: {shown:.80}");
            assert_eq!(shown.lines().count(), 1, "{before} {levels}");
        }
    }
}

#[test]
fn chains_need_no_stack() {
    let loops = ["a + ", "a && ", "a.b ", "a ? b == a || "];
    let waiting =
        ["a ++ ", "a // ", "a -> ", "!", "- ", "x: ", "{ x }: ", "with a; ", "assert a; "];
    let heads = ["let in ", "if a then b else "];
    let cases = loops.map(|text| (text, 100_000, true)).into_iter();
    let fitting = waiting.iter().chain(&heads).map(|text| (*text, PENDING_MAX, true));
    let exceeding = waiting.iter().chain(&heads).map(|text| (*text, PENDING_MAX + 1, false));
    for (text, count, fits) in cases.chain(fitting).chain(exceeding) {
        let source = text.repeat(count) + "a";
        let shown = show(source.as_bytes(), ParseOptions::default());
        assert_eq!(!shown.contains("too deeply"), fits, "{text} {count}");
    }
}
