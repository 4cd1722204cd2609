//! Command lines that scripts use, and what they mean.

use std::ffi::OsString;

use expect_test::{Expect, expect};

use super::arguments::parse;
use crate::settings::Settings;

#[track_caller]
fn check(line: &str, expected: Expect) {
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    let shown = match parse(&words, Settings::default()) {
        Ok(parsed) => {
            let settings = ["show-trace", "max-call-depth", "abort-on-warn", "timeout"]
                .iter()
                .filter_map(|name| Some(format!(" {name}={}", parsed.settings.text(name)?)))
                .collect::<String>();
            let switches = [
                ("strict", parsed.strict),
                ("expressions", parsed.are_expressions),
                ("stdin", parsed.read_stdin),
                ("read-write", parsed.read_write),
                ("read-only", parsed.read_only),
            ];
            let switches =
                switches.iter().filter(|(_, on)| *on).map(|(name, _)| format!(" {name}"));
            format!(
                "{:?} {:?}{}{settings} {:?} {:?} {:?} {:?}",
                parsed.action,
                parsed.output,
                switches.collect::<String>(),
                parsed.attributes,
                parsed.arguments.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                parsed.includes,
                parsed.files,
            )
        }
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn lines_of_test_suites() {
    check(
        "--eval --strict lang/a.nix",
        expect![[r#"Evaluate Value strict [] [] [] ["lang/a.nix"]"#]],
    );
    check("--parse -", expect!["Parse Value stdin [] [] [] []"]);
    check(
        "--eval --xml --no-location --strict a.nix",
        expect![[r#"Evaluate Xml { locations: false } strict [] [] [] ["a.nix"]"#]],
    );
    check(
        "--arg lib import(lang/lib.nix) --argstr xyzzy xyzzy! -A result --eval --strict a.nix",
        expect![[r#"Evaluate Value strict ["result"] ["lib", "xyzzy"] [] ["a.nix"]"#]],
    );
    check(
        "-I lang/dir1 -I dir5=lang/dir3 --eval a.nix",
        expect![[r#"Evaluate Value [] [] ["lang/dir1", "dir5=lang/dir3"] ["a.nix"]"#]],
    );
    check(
        "--timeout 1 --eval-only --show-trace --read-write-mode --json -E 1 -A b",
        expect![[
            r#"Evaluate Json expressions read-write show-trace=true timeout=1 ["b"] [] [] ["1"]"#
        ]],
    );
    check(
        "--option abort-on-warn true --eval --expr 1",
        expect![[r#"Evaluate Value expressions abort-on-warn=true [] [] [] ["1"]"#]],
    );
    check("lib -A version --eval", expect![[r#"Evaluate Value ["version"] [] [] ["lib"]"#]]);
    check(
        "--lint-url-literals fatal --max-call-depth 100 --no-show-trace x",
        expect![[r#"Instantiate Value show-trace=false max-call-depth=100 [] [] [] ["x"]"#]],
    );
}

#[test]
fn forms_of_flags() {
    check("", expect!["Instantiate Value [] [] [] []"]);
    check("-Ilang -vKE 1", expect![[r#"Instantiate Value expressions [] [] ["lang"] ["1"]"#]]);
    check("--eval -- -x -", expect![[r#"Evaluate Value [] [] [] ["-x", "-"]"#]]);
    check(
        "--argstr a 1 --arg b 2 --argstr a 3",
        expect![[r#"Instantiate Value [] ["b", "a"] [] []"#]],
    );
    check("--parse --eval", expect!["Parse Value [] [] [] []"]);
    check(
        "--find-file nixpkgs --readonly-mode --add-root r",
        expect![[r#"FindFile Value read-only [] [] [] ["nixpkgs"]"#]],
    );
}

#[test]
fn mistakes() {
    check("--bogus", expect!["unrecognised flag '--bogus'"]);
    check("-Z", expect!["unrecognised flag '-Z'"]);
    check("--arg x", expect!["flag '--arg' requires 2 argument(s), but only 1 were given"]);
    check("--option", expect!["flag '--option' requires 2 argument(s), but only 0 were given"]);
    check("--no-timeout", expect!["unrecognised flag '--no-timeout'"]);
}
