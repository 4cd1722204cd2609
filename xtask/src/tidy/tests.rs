//! The rules on small files, and on this repository.

use super::{File, check, judge};

#[track_caller]
fn complains(path: &str, text: &str, expected: &[&str]) {
    let file = File { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let shown: Vec<_> = judge(&[file], &[]).iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

#[track_caller]
fn manifest(folder: &str, dependencies: &str, expected: &[&str]) {
    let text = format!("[package]\nname = \"{folder}\"\n[lints]\nworkspace = true\n{dependencies}");
    complains(&format!("crates/{folder}/Cargo.toml"), &text, expected);
}

#[test]
fn the_repository_is_tidy() {
    let complaints: Vec<_> = check(crate::repository()).iter().map(ToString::to_string).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn text() {
    complains("a/good.rs", "//! Header.\n", &[]);
    complains(
        "a/bad.rs",
        "fn f() {}\n",
        &["a/bad.rs:1: begin with a header (`//!`): what it is, and what it is not"],
    );
    complains("a/tests.rs", "fn f() {}\n", &[]);
    complains("a/utils.rs", "//! Header.\n", &["a/utils.rs: name the file after what is in it"]);
    complains("a.md", "text \n", &["a.md:1: white space at the end of the line"]);
    complains("a.md", "text", &["a.md: no newline at the end of the file"]);
    complains("suite/lang/a.cases", "text ", &[]);
    let promise = concat!("// TO", "DO: later\n");
    complains("a.toml", promise, &[concat!("a.toml:1: `TO", "DO`: do it, or open an issue")]);
    complains("a.toml", concat!("auTO", "DOor\n"), &[]);
    complains("a.bin", &"x".repeat(262_145), &["a.bin: has 262145 bytes; the limit is 262144"]);
}

#[test]
fn lengths() {
    let long = format!("//! Header.\n{}", "\n".repeat(500));
    complains("a/long.rs", &long, &["a/long.rs: has 501 lines; the limit is 500"]);
    let judged = |text: &str, limit| {
        let file = File { path: "a.rs".to_owned(), bytes: text.as_bytes().to_vec() };
        judge(&[file], &[("a.rs", limit)]).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(judged(&long, 501), [] as [&str; 0]);
    assert_eq!(judged(&long, 500), ["a.rs: has 501 lines; its exception allows 500"]);
    assert_eq!(
        judged("//! Short.\n", 501),
        ["a.rs: needs no exception for its length any more: remove it"]
    );
    let gone: Vec<_> = judge(&[], &[("b.rs", 600)]).iter().map(ToString::to_string).collect();
    assert_eq!(gone, ["b.rs: is gone: remove its exception"]);
}

#[test]
fn crates() {
    manifest("frazil-eval", "[dependencies]\nfrazil-model.workspace = true\n", &[]);
    manifest(
        "frazil-model",
        "[dependencies]\nfrazil-eval.workspace = true\n",
        &["crates/frazil-model/Cargo.toml:6: `frazil-model` may not use `frazil-eval`"],
    );
    manifest(
        "frazil-model",
        "[dependencies]\nexpect-test.workspace = true\n",
        &["crates/frazil-model/Cargo.toml:6: `expect-test` is for tests only"],
    );
    manifest("frazil-model", "[dev-dependencies]\nexpect-test.workspace = true\n", &[]);
    manifest(
        "frazil-model",
        "[dependencies]\nsha2 = \"1\"\n",
        &["crates/frazil-model/Cargo.toml:6: the version of `sha2` belongs into the root manifest"],
    );
    manifest(
        "frazil-extra",
        "",
        &["crates/frazil-extra/Cargo.toml: `frazil-extra` is not in the table of crates"],
    );
}
