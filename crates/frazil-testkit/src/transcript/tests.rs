//! Documents, and what becomes of them.

use expect_test::{Expect, expect};

use super::{Document, first_difference, rewritten};
use crate::golden::Run;

/// A program that prints its arguments, and the names of the files that it can see.
fn run(files: &[Document], arguments: &[String]) -> Run {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let stdout = format!("{} {}", arguments.join("|"), names.join(" ")).trim_end().into();
    Run { status: Some(3), stdout, stderr: b"words\n".to_vec() }
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&match rewritten(text, &run) {
        Ok((text, commands)) => format!("{text}{commands} commands"),
        Err(error) => error.to_string(),
    });
}

#[test]
fn sessions() {
    check(
        "# a\n```nix a.nix\n1\n```\n```console\n$ frazil eval 'a b'\nold\n$ echo $?\n0\n```\nend\n",
        expect![[r#"
            # a
            ```nix a.nix
            1
            ```
            ```console
            $ frazil eval 'a b'
            eval|a b a.nix
            words
            $ echo $?
            3
            ```
            end
            1 commands"#]],
    );
    check(
        "```nix a.nix\n```\n## b\n```console\n$ frazil x\n$ frazil y\n```\n",
        expect![[r#"
            ```nix a.nix
            ```
            ## b
            ```console
            $ frazil x
            x
            words
            $ frazil y
            y
            words
            ```
            2 commands"#]],
    );
    check(
        "```console\n$ cargo build\n$ frazil x\n```\n",
        expect![[r#"
            ```console
            $ cargo build
            $ frazil x
            ```
            0 commands"#]],
    );
}

#[test]
fn mistakes() {
    check("\n```nix x.nix\n", expect!["line 2: the fence is not closed"]);
    check("```console\n$ frazil 'x\n```\n", expect!["line 2: a quote is not closed in `'x`"]);
    check(
        "```console\n$ frazil x\n$ rm x\n```\n",
        expect!["line 3: only `frazil` and `echo $?` are run here"],
    );
    expect![[r#"
        line 2
          it says  b
          printed  c"#]]
    .assert_eq(&first_difference("a\nb\n", "a\nc\n"));
    expect!["the one is longer than the other"].assert_eq(&first_difference("a\n", "a\nc\n"));
}
