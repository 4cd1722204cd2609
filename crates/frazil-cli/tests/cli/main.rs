//! The binary as its users meet it: arguments, both outputs, exit status.

#[cfg(test)]
mod building;
mod cache;
mod documents;
mod flakes;
#[cfg(test)]
mod git;
mod golden;
mod linking;
#[cfg(test)]
mod nix_builds;
#[cfg(test)]
mod options;
#[cfg(test)]
mod packages;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect};
use tempfile::TempDir;

/// The binary in an environment that holds nothing of this machine.
fn frazil(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frazil"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command.env("HOME", "/absent/home").env("NIX_CONF_DIR", "/absent");
    command
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("default.nix"), "{ a = [ 1 2 ]; f = { x }: x; }")
        .expect("written");
    fs::write(folder.path().join("broken.nix"), "{\n  a = 1 +;\n}\n").expect("written");
    folder
}

fn show(output: &Output, folder: &Path) -> String {
    let text =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&*folder.to_string_lossy(), "/here");
    let status = output.status.code().map_or("a signal".to_owned(), |code| code.to_string());
    format!("{}--- stderr\n{}--- {status}\n", text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn check(arguments: &[&str], expected: Expect) {
    let folder = folder();
    let output = frazil(folder.path()).args(arguments).output().expect("started");
    expected.assert_eq(&show(&output, folder.path()));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn eval_prints_values() {
    check(
        &["eval", "1 + 1"],
        expect![[r#"
        2
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "-E", "-1"],
        expect![[r#"
        -1
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "-A", "a", "--json"],
        expect![[r#"
        [1,2]
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "-f", ".", "-A", "a.1"],
        expect![[r#"
        2
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "--raw", "\"a\\nb\""],
        expect![[r#"
        a
        b--- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "-A", "f", "--argstr", "x", "y"],
        expect![[r#"
        "y"
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "-A", "a", "--apply", "builtins.length"],
        expect![[r#"
        2
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["eval", "{ a = 1; }", "--xml"],
        expect![[r#"
        <?xml version='1.0' encoding='utf-8'?>
        <expr>
          <attrs>
            <attr column="3" line="1" name="a">
              <int value="1" />
            </attr>
          </attrs>
        </expr>
        --- stderr
        --- 0
    "#]],
    );
}

#[test]
fn statuses() {
    check(
        &["eval", "-f", "broken.nix"],
        expect![[r#"
        --- stderr
        error: syntax error, unexpected ';'
          at /here/broken.nix:2:10:
          2 |   a = 1 +;
            |          ^
        --- 3
    "#]],
    );
    check(
        &["eval", "throw \"no\""],
        expect![[r#"
        --- stderr
        error: no
          at «string»:1:1:
          1 | throw "no"
            | ^^^^^^^^^^
          (1 more frame; --show-trace shows all)
        --- 3
    "#]],
    );
    check(
        &["eval", "1", "-f", "x"],
        expect![[r#"
        --- stderr
        error: the argument '[EXPR]' cannot be used with '--file <FILE>'

        Usage: frazil eval <EXPR>

        For more information, try '--help'.
        --- 2
    "#]],
    );
    check(
        &["eval", "--option", "pure-eval", "perhaps", "1"],
        expect![[r#"
        --- stderr
        error: Boolean setting 'pure-eval' has invalid value 'perhaps'
        --- 2
    "#]],
    );
    check(
        &["nix-instantiate", "--eval", "--bogus"],
        expect![[r#"
        --- stderr
        error: unrecognised flag '--bogus'
        Try 'nix-instantiate --help' for more information.
        --- 1
    "#]],
    );
    check(
        &["nix-instantiate", "--eval", "-E", "throw \"no\""],
        expect![[r#"
        --- stderr
        error: no
          at «string»:1:1:
          1 | throw "no"
            | ^^^^^^^^^^
          (1 more frame; --show-trace shows all)
        --- 1
    "#]],
    );
    check(
        &["nix-instantiate", "--eval", "absent.nix"],
        expect![[r#"
        --- stderr
        error: path '/here/absent.nix' does not exist
        --- 1
    "#]],
    );
}

#[test]
fn nix_instantiate_reads_its_environment() {
    let folder = folder();
    let run = |configuration: &str, arguments: &[&str]| {
        let mut command = frazil(folder.path());
        command.env("NIX_CONFIG", configuration).env("NIX_PATH", "here=.").arg("nix-instantiate");
        show(&command.args(arguments).output().expect("started"), folder.path())
    };
    let find = run("", &["--find-file", "here/broken.nix"]);
    expect![[r#"
        /here/broken.nix
        --- stderr
        --- 0
    "#]]
    .assert_eq(&find);
    let pipe =
        run("extra-experimental-features = pipe-operators", &["--eval", "-E", "1 |> (x: x)"]);
    expect![[r#"
        1
        --- stderr
        --- 0
    "#]]
    .assert_eq(&pipe);
}

#[test]
fn nix_instantiate_writes_where_it_is_told() {
    let folder = folder();
    let store = folder.path().join("store");
    let mut command = frazil(folder.path());
    command.env("NIX_STORE_DIR", &store).args(["nix-instantiate", "--eval", "--read-write-mode"]);
    let output = command.args(["-E", "builtins.toFile \"x\" \"text\""]).output().expect("started");
    assert!(output.status.success(), "{}", show(&output, folder.path()));
    let written: Vec<_> =
        fs::read_dir(&store).expect("made").collect::<Result<_, _>>().expect("listed");
    let paths = written.iter().filter(|entry| entry.file_name() != ".links");
    let texts: Vec<_> = paths.map(|entry| fs::read(entry.path()).expect("a file")).collect();
    assert_eq!(texts, [b"text"]);
    // It is a store, which says what is valid in it.
    assert!(folder.path().join("var/nix/db/db.sqlite").is_file());
}

/// What a session prints when it reads `input`.
fn session(folder: &Path, arguments: &[&str], input: &str) -> String {
    fs::write(folder.join("input"), input).expect("written");
    let input = fs::File::open(folder.join("input")).expect("opened");
    let output = frazil(folder).arg("repl").args(arguments).stdin(input).output();
    show(&output.expect("started"), folder)
}

#[test]
fn a_session() {
    let folder = folder();
    let input =
        "x = 20\nx + 1\n:t x\n:l .\na\n:p { b = { c = 1; }; }\n:bogus\nthrow \"no\"\n:b x\n:q\n";
    expect![[r#"
        21
        an integer
        [ 1 2 ]
        { b = { c = 1; }; }
        --- stderr
        Added 2 variables.
        error: unknown command ':bogus'

        help: `:?` lists the commands
        error: no
          at «repl»:1:1:
          1 | throw "no"
            | ^^^^^^^^^^
          (1 more frame; --show-trace shows all)
        error: expression does not evaluate to a derivation
        --- 0
    "#]]
    .assert_eq(&session(folder.path(), &[], input));
}

#[test]
fn a_session_loads_files() {
    let folder = folder();
    fs::write(folder.path().join("f.nix"), "{ x }: { inherit x; }").expect("written");
    let arguments = ["--argstr", "x", "y", "-I", "here=.", "f.nix"];
    let input = "x\n:l <here/broken.nix>\n:r\n:l <here/default.nix>\na\n";
    expect![[r#"
        "y"
        [ 1 2 ]
        --- stderr
        Added 1 variable.
        error: syntax error, unexpected ';'
          at /here/broken.nix:2:10:
          2 |   a = 1 +;
            |          ^
          … while calling `import`
            at «repl»:1:1:
          1 | import <here/broken.nix>
            | ^^^^^^^^^^^^^^^^^^^^^^^^
        error: syntax error, unexpected ';'
          at /here/broken.nix:2:10:
          2 |   a = 1 +;
            |          ^
          … while calling `import`
            at «repl»:1:1:
          1 | import <here/broken.nix>
            | ^^^^^^^^^^^^^^^^^^^^^^^^
        Added 2 variables.
        --- 0
    "#]]
    .assert_eq(&session(folder.path(), &arguments, input));
}

#[test]
fn a_limit_below_the_first_chunk_is_that() {
    check(
        &["eval", "--memory-limit", "1M", "1"],
        expect![[r#"
        1
        --- stderr
        --- 0
    "#]],
    );
}

#[test]
fn a_flake_is_called_one() {
    let folder = folder();
    fs::write(folder.path().join("flake.nix"), "{ }").expect("written");
    fs::remove_file(folder.path().join("default.nix")).expect("removed");
    let output = frazil(folder.path()).args(["eval", "-f", "."]).output().expect("started");
    expect![[r#"
        --- stderr
        error: opening file '/here/default.nix': No such file or directory

        help: this is a flake: name it as `.#ATTRIBUTE`
        --- 5
    "#]]
    .assert_eq(&show(&output, folder.path()));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = folder();
    let mut command = frazil(folder.path());
    command.args(["eval", "--json", "builtins.genList (x: x) 100000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("waited");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn completions_name_the_commands() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish"] {
        let output = frazil(folder.path()).args(["completions", shell]).output().expect("started");
        let script = String::from_utf8_lossy(&output.stdout);
        assert!(script.contains("nix-instantiate") && script.contains("show-trace"), "{shell}");
    }
}

#[test]
fn a_session_with_a_flake_that_builds() {
    let folder = folder();
    let flake = "{ outputs = { self }: { x = 7; d = derivation { name = \"d\"; system = \"builtin\"; builder = \"builtin:tree\"; __structuredAttrs = true; entries = [ { path = \"\"; text = \"made\"; } ]; }; }; }";
    fs::create_dir(folder.path().join("f")).expect("made");
    fs::write(folder.path().join("f/flake.nix"), flake).expect("written");
    let run = |arguments: &[&str], input: &str| {
        fs::write(folder.path().join("input"), input).expect("written");
        let input = fs::File::open(folder.path().join("input")).expect("opened");
        let mut command = frazil(folder.path());
        command.env("FRAZIL_STORE", folder.path().join("store")).arg("repl").args(arguments);
        show(&command.stdin(input).output().expect("started"), folder.path())
    };
    let printed = run(&["./f"], "x + 1\n:b d\nbuiltins.readFile d\n");
    assert!(printed.starts_with("8\n/nix/store/"), "{printed}");
    assert!(printed.contains("-d\n\"made\"\n"), "{printed}");
    let printed = run(&[], ":lf ./f\n:b 1 + 1\nx\n");
    assert!(printed.starts_with("7\n"), "{printed}");
    assert!(printed.contains("error: expression does not evaluate to a derivation"), "{printed}");
}
