//! Diagnostics as they are shown.

use std::rc::Rc;

use expect_test::{Expect, expect};
use frazil_eval::diagnostic::{Diagnostic, ErrorKind, Frame, Place, Source};

use super::{Look, clean, render};

const PLAIN: Look = Look { colour: false, whole_trace: false, columns: 60 };

fn source(name: &str, text: &[u8]) -> Rc<Source> {
    Rc::new(Source { name: name.to_owned(), text: text.to_vec(), is_file: true })
}

/// The place between `‹` and `›` in `text`, which are not part of the source.
fn place(name: &str, text: &str) -> Place {
    let start = text.find('‹').expect("a start");
    let end = text.find('›').expect("an end") - '‹'.len_utf8();
    let text = text.replace(['‹', '›'], "");
    Place { source: source(name, text.as_bytes()), start: start as u32, end: end as u32 }
}

fn error(message: &str, place: Option<Place>) -> Diagnostic {
    Diagnostic {
        kind: ErrorKind::Other,
        message: message.to_owned(),
        place,
        notes: Vec::new(),
        trace: Vec::new(),
        help: Vec::new(),
    }
}

fn step(message: &str, place: Option<Place>, pinned: bool) -> Frame {
    Frame { message: message.to_owned(), place, pinned }
}

#[track_caller]
fn check(diagnostic: &Diagnostic, look: Look, expected: Expect) {
    expected.assert_eq(&render(std::slice::from_ref(diagnostic), look));
}

#[track_caller]
fn check_excerpt(text: &str, expected: Expect) {
    check(&error("bad", Some(place("/a.nix", text))), PLAIN, expected);
}

#[test]
fn messages() {
    check(
        &error("one", None),
        PLAIN,
        expect![[r"
        error: one
    "]],
    );
    check(
        &error("one\ntwo\n\nthree\n", None),
        PLAIN,
        expect![[r"
        error: one
               two

               three
    "]],
    );
    check(
        &error("a\x1b[1;31mb\x1b[0mc\x07\r", None),
        PLAIN,
        expect![[r"
        error: abc�
    "]],
    );
}

#[test]
fn several_errors_and_help() {
    let mut first = error("first", None);
    first.help = vec!["do this".to_owned(), "or that".to_owned()];
    let shown = render(&[first, error("second", None)], PLAIN);
    expect![[r#"
        error: first

        help: do this
        help: or that

        also: second
    "#]]
    .assert_eq(&shown);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn excerpts() {
    check_excerpt(
        "‹x›",
        expect![[r#"
            error: bad
              at /a.nix:1:1:
              1 | x
                | ^
        "#]],
    );
    check_excerpt(
        "a\nb + ‹c› d\n",
        expect![[r#"
            error: bad
              at /a.nix:2:5:
              2 | b + c d
                |     ^
        "#]],
    );
    check_excerpt(
        "f ‹›",
        expect![[r#"
            error: bad
              at /a.nix:1:3:
              1 | f
                |   ^
        "#]],
    );
    check_excerpt(
        "a\n‹›",
        expect![[r#"
            error: bad
              at /a.nix:2:1:
              2 |
                | ^
        "#]],
    );
    check_excerpt(
        "\tf ‹é漢x› y",
        expect![[r#"
            error: bad
              at /a.nix:1:4:
              1 |     f é漢x y
                |       ^^^^
        "#]],
    );
    check_excerpt(
        "1\r\n2\r ‹x›\r\n",
        expect![[r#"
            error: bad
              at /a.nix:3:2:
              3 |  x
                |  ^
        "#]],
    );
    check_excerpt(
        "a ‹b\n  c› d",
        expect![[r#"
            error: bad
              at /a.nix:1:3:
              1 | a b
                |   ^
              2 |   c d
                |   ^
        "#]],
    );
    check_excerpt(
        "a ‹b\n  c\n  d\n  }› d",
        expect![[r#"
            error: bad
              at /a.nix:1:3:
              1 | a b
                |   ^
            ... |
              4 |   } d
                |   ^
        "#]],
    );
    let many = format!("{}‹x› y", "\n".repeat(998));
    check_excerpt(
        &many,
        expect![[r#"
            error: bad
              at /a.nix:999:1:
              999 | x y
                  | ^
        "#]],
    );
}

#[test]
fn long_lines_are_windowed() {
    let long = |before, inside, after| {
        format!("{}‹{}›{}", "b".repeat(before), "x".repeat(inside), "a".repeat(after))
    };
    check_excerpt(
        &long(30, 3, 100_000),
        expect![[r#"
            error: bad
              at /a.nix:1:31:
              1 | bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbxxxaaaaaaaaaaaaaaaaaaaa…
                |                               ^^^
        "#]],
    );
    check_excerpt(
        &long(100_000, 3, 100_000),
        expect![[r#"
            error: bad
              at /a.nix:1:100001:
              1 | …bbbbbbbbbbbbbbbbbbbbxxxaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
                |                      ^^^
        "#]],
    );
    check_excerpt(
        &long(3, 100_000, 3),
        expect![[r#"
            error: bad
              at /a.nix:1:4:
              1 | bbbxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
                |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
    check_excerpt(
        &long(100_000, 0, 0),
        expect![[r#"
            error: bad
              at /a.nix:1:100001:
              1 | …bbbbbbbbbbbbbbbbbbbb
                |                      ^
        "#]],
    );
}

#[test]
fn bytes_that_are_no_text() {
    let text = source("/a.nix", b"\xff\x00\x1b[31m \"\xc3\" x");
    check(
        &error("bad", Some(Place { source: text, start: 12, end: 13 })),
        PLAIN,
        expect![[r#"
            error: bad
              at /a.nix:1:13:
              1 | �␀␛[31m "�" x
                |             ^
        "#]],
    );
    let short = source("/a\x1b]0;t.nix", b"x");
    check(
        &error("bad", Some(Place { source: short, start: 70, end: 90 })),
        PLAIN,
        expect![[r#"
            error: bad
              at /a]0;t.nix:1:2:
              1 | x
                |  ^
        "#]],
    );
}

#[test]
fn colours() {
    let mut diagnostic = error("bad \x1b[35mword\x1b[0m", Some(place("/a.nix", "‹x›")));
    diagnostic.help.push("do".to_owned());
    let shown = render(&[diagnostic], Look { colour: true, ..PLAIN });
    expect![[r#"
        ^[1;31merror:^[0m bad ^[35mword^[0m
          at ^[34m/a.nix:1:1:^[0m
        ^[34m  1 |^[0m x
        ^[34m    |^[0m ^[1;31m^^[0m

        ^[1;32mhelp:^[0m do
    "#]]
    .assert_eq(&shown.replace('\x1b', "^"));
    assert_eq!(clean("\x1b[1m\x1b]8;;x\x1bM\x1b", true), "\x1b[1m]8;;xM");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a long trace, twice")]
fn traces() {
    let mut diagnostic = error("bad", Some(place("/a.nix", "‹x› y")));
    diagnostic.notes.push(step(
        "the first definition is here",
        Some(place("/a.nix", "x ‹y›")),
        false,
    ));
    let library = "/nix/store/x-lib/b.nix";
    diagnostic.trace = vec![
        step("from the start", Some(place("/m.nix", "‹m›")), false),
        step("while evaluating the option `a.b`:", None, true),
        step("while evaluating the option `a.b`:", None, true),
        step("in a library", Some(place(library, "‹l›")), false),
        step("again", Some(place("/a.nix", "‹x›")), false),
        step("again and again", Some(place("/n.nix", "‹n›")), false),
        step("again and again", Some(place("/n.nix", "‹n›")), false),
        step("again and again", Some(place("/n.nix", "‹n›")), false),
    ];
    check(
        &diagnostic,
        PLAIN,
        expect![[r#"
            error: bad
              at /a.nix:1:1:
              1 | x y
                | ^
              … the first definition is here
                at /a.nix:1:3:
              1 | x y
                |   ^
              … again and again
                at /n.nix:1:1:
              1 | n
                | ^
              … while evaluating the option `a.b`:
              … from the start
                at /m.nix:1:1:
              1 | m
                | ^
              (5 more frames; --show-trace shows all)
        "#]],
    );
    check(
        &diagnostic,
        Look { whole_trace: true, ..PLAIN },
        expect![[r#"
            error: bad
              at /a.nix:1:1:
              1 | x y
                | ^
              … the first definition is here
                at /a.nix:1:3:
              1 | x y
                |   ^
              … again and again
                at /n.nix:1:1:
              1 | n
                | ^
                (repeated 2 more times)
              … again
                at /a.nix:1:1:
              1 | x
                | ^
              … in a library
                at /nix/store/x-lib/b.nix:1:1:
              1 | l
                | ^
              … while evaluating the option `a.b`:
                (repeated 1 more time)
              … from the start
                at /m.nix:1:1:
              1 | m
                | ^
        "#]],
    );
}

#[test]
fn long_traces_keep_both_ends() {
    let mut diagnostic = error("bad", None);
    for number in 0..100 {
        diagnostic.trace.push(step(
            &format!("step {number}"),
            Some(place(&format!("/{number}"), "‹x›")),
            false,
        ));
    }
    check(
        &diagnostic,
        PLAIN,
        expect![[r#"
            error: bad
              … step 99
                at /99:1:1:
              1 | x
                | ^
              … step 98
                at /98:1:1:
              1 | x
                | ^
              … step 97
                at /97:1:1:
              1 | x
                | ^
              … step 1
                at /1:1:1:
              1 | x
                | ^
              … step 0
                at /0:1:1:
              1 | x
                | ^
              (95 more frames; --show-trace shows all)
        "#]],
    );
}

#[test]
fn rounds_are_shown_once() {
    let mut diagnostic = error("bad", None);
    let names = ["ab".repeat(3), "b".repeat(2), "cde".repeat(2), "f".to_owned()].concat();
    diagnostic.trace = names.chars().map(|name| step(&name.to_string(), None, false)).collect();
    check(
        &diagnostic,
        Look { whole_trace: true, ..PLAIN },
        expect![[r#"
        error: bad
          … f
          … e
          … d
          … c
            (the last 3, repeated 1 more time)
          … b
            (repeated 2 more times)
          … a
          … b
            (the last 2, repeated 1 more time)
          … a
    "#]],
    );
}
