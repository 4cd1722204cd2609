//! The golden format, read and written.

use std::path::Path;

use expect_test::{Expect, expect};

use super::{Case, GoldenError, Run, read};

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match read::split(Path::new("x.cases"), text) {
        Ok(cases) => cases.iter().map(show).collect::<Vec<_>>().join("\n"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

fn show(case: &Case) -> String {
    let Case { line, source, environment, with_stderr, expected, .. } = case;
    let arguments = case.arguments().join("|");
    let configuration = case.configuration();
    let source = source.escape_ascii();
    format!(
        "{line} {source} => {expected} ({arguments}) {environment:?} {configuration} {with_stderr}"
    )
}

#[track_caller]
fn result(source: &str, status: Option<i32>, stdout: &[u8], stderr: &str, expected: &str) {
    let cases = read::split(Path::new("x.cases"), source).expect("well formed");
    let run = Run { status, stdout: stdout.to_vec(), stderr: stderr.as_bytes().to_vec() };
    assert_eq!(
        read::result(Path::new("/here/lang"), cases.first().expect("one case"), &run),
        expected
    );
}

#[test]
fn reads() {
    check(
        "#! a comment\n1\n=> 1\n\n#! form: json\n{\n\n}\n=> {}\n",
        expect![[r"
            2 1 => 1 (--eval|--strict) [] experimental-features = nix-command flakes false
            6 {\n\n} => {} (--eval|--strict|--json) [] experimental-features = nix-command flakes false"]],
    );
    check(
        "#! flags: --arg x 'a b' \"c\\\"\"\n#! env: A=b=c\n#! features: pipe-operators\n#! stderr: yes\n\"⟪0d⟫⟪zz⟫\"\n=> 1",
        expect![[
            r#"5 \"\r\xe2\x9f\xaazz\xe2\x9f\xab\" => 1 (--eval|--strict|--arg|x|a b|c") [("A", "b=c")] experimental-features = nix-command flakes pipe-operators true"#
        ]],
    );
    check("=> 1\n", expect!["x.cases:1: a result without a source"]);
    check("1\n", expect!["x.cases:1: the last case has no result"]);
    check("#! form: yaml\n1\n=> 1\n", expect!["x.cases:1: there is no form `yaml`"]);
    check("#! flags: 'a\n1\n=> 1\n", expect!["x.cases:1: a quote is not closed in `'a`"]);
}

#[test]
fn spells_results() {
    let plain = "1\n=> 1\n";
    let with_stderr = "#! stderr: yes\n1\n=> 1\n";
    result(plain, Some(0), b"1\n", "trace: x\n", "1");
    result(with_stderr, Some(0), b"1\n", "trace: x\n", "trace: x⟪0a⟫1");
    result(plain, Some(0), b"/here/lang/x\n\xff\n", "", "/suite/x⟪0a⟫⟪ff⟫");
    result(
        plain,
        Some(1),
        b"",
        "error:\n   ... while\n       error: the cause\n",
        "error: the cause",
    );
    result(plain, Some(1), b"", "error: \n", "error:");
    result(plain, Some(1), b"", "error: syntax error, unexpected x\n", "error: syntax error");
    result(
        with_stderr,
        Some(1),
        b"",
        "trace: x\nerror: the cause\n",
        "trace: x⟪0a⟫error: the cause",
    );
    result(plain, Some(101), b"", "panicked", "exit status 101: panicked");
    result(plain, None, b"", "", "exit status by a signal: ");
}

#[test]
fn runs_a_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run =
        |case: &Case| Run { status: Some(0), stdout: case.source.clone(), stderr: Vec::new() };
    assert!(matches!(super::check(folder.path(), &run), Err(GoldenError::NoCases(_))));

    std::fs::write(folder.path().join("a.cases"), "1\n=> 1\n\n2\n=> 3\n").expect("written");
    let error = super::check(folder.path(), &run).expect_err("the second case differs");
    expect![[r"
        1 of 2 cases differ
        a.cases:4:
            2
            expected  3
            actual    2
    "]]
    .assert_eq(&error.to_string());
}

#[test]
fn listed_differences() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("a.cases"), "1\n=> 1\n\n2\n+ 0\n=> 3\n").expect("written");
    let run =
        |case: &Case| Run { status: Some(0), stdout: case.source.clone(), stderr: Vec::new() };
    let check = |list: &str, expected: Expect| {
        std::fs::write(folder.path().join("differences.txt"), list).expect("written");
        let shown = match super::check(folder.path(), &run) {
            Ok(()) => "as listed".to_owned(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown.replace(&*folder.path().to_string_lossy(), "."));
    };
    check("# why\na.cases: 2\n", expect!["as listed"]);
    check("a.cases: 2\n", expect!["./differences.txt:1: no reason stands above"]);
    check("# why\n\na.cases: 2\n", expect!["./differences.txt:3: no reason stands above"]);
    check("# why\na.cases 2\n", expect!["./differences.txt:2: not `FILE: FIRST LINE`"]);
    check("# why\na.cases: 2\na.cases: 4\n", expect!["./differences.txt:3: there is no such case"]);
    check(
        "# why\na.cases: 1\na.cases: 2\n",
        expect![[r"
            1 of 2 cases differ
            a.cases:1:
                1
                expected  1
                actual    the same: take it out of the list
        "]],
    );
}
