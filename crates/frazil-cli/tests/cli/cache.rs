//! `frazil cache` from the outside: arguments, errors, keys and the end of a server.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use expect_test::expect;

use crate::{check, frazil, show};

#[test]
fn mistakes_are_explained() {
    check(
        &["cache", "pull", "--store", "s", "x"],
        expect![[r#"
            --- stderr
            error: no binary cache is known

            help: name one with --from, or in `substituters` of frazil.conf
            --- 2
        "#]],
    );
    check(
        &["cache", "pull", "--store", "s", "--from", "c", "x"],
        expect![[r#"
            --- stderr
            error: 'x' is too short to be a valid store path

            help: a store path is 32 characters of digest, `-` and a name
            --- 5
        "#]],
    );
    check(
        &["cache", "pull", "--store", "s", "--from", "c", "--trusted-key", "k", "x"],
        expect![[r#"
            --- stderr
            error: 'k' is not a public key: key is corrupt
            --- 2
        "#]],
    );
    check(
        &["cache", "pull", "--store", "s", "--from", "c", "11111111111111111111111111111111-x"],
        expect![[r#"
            --- stderr
            error: binary cache: 'file:///here/c' does not appear to be a binary cache: it has no nix-cache-info

            help: check the address
            --- 5
        "#]],
    );
    check(
        &["cache", "push", "--store", "s", "--to", "c", "11111111111111111111111111111111-x"],
        expect![[r#"
            --- stderr
            error: there is no store in '/here/s'

            help: the first path that is added or built makes one
            --- 5
        "#]],
    );
    check(
        &["cache", "keygen", "a b", "secret", "public"],
        expect![[r#"
        --- stderr
        error: 'a b' is no name for a key: key name has white space or a control character
        --- 2
    "#]],
    );
}

#[test]
fn store_and_caches_are_those_of_all_commands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("frazil")).expect("made");
    let settings = "substituters = /here-is-none\ntrusted-public-keys = k\n";
    std::fs::write(folder.path().join("frazil/frazil.conf"), settings).expect("written");
    let run = |arguments: &[&str]| {
        let mut command = frazil(folder.path());
        let home = folder.path();
        command.env("XDG_DATA_HOME", home.join("data")).env("XDG_CONFIG_HOME", home);
        let path = "11111111111111111111111111111111-x";
        command.arg("cache").args(arguments).arg(path).output().expect("started")
    };
    expect![[r#"
        --- stderr
        error: there is no store in '/here/data/frazil'

        help: the first path that is added or built makes one
        --- 5
    "#]]
    .assert_eq(&show(&run(&["push", "--to", "c"]), folder.path()));
    expect![[r#"
        --- stderr
        error: 'k' is not a public key: key is corrupt
        --- 2
    "#]]
    .assert_eq(&show(&run(&["pull"]), folder.path()));
    let settings = "substituters = /here-is-none\n";
    std::fs::write(folder.path().join("frazil/frazil.conf"), settings).expect("written");
    expect![[r#"
        --- stderr
        error: binary cache: 'file:///here-is-none' does not appear to be a binary cache: it has no nix-cache-info

        help: check the address
        --- 5
    "#]]
    .assert_eq(&show(&run(&["pull"]), folder.path()));
}

#[test]
fn keys_are_not_overwritten() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keygen = || {
        let mut command = frazil(folder.path());
        command.args(["cache", "keygen", "a-1", "secret", "public"]).output().expect("started")
    };
    let made = keygen();
    assert!(made.status.success());
    let public = std::fs::read(folder.path().join("public")).expect("written");
    assert_eq!([public, b"\n".to_vec()].concat(), made.stdout);
    expect![[r#"
        --- stderr
        error: '/here/secret' exists already

        help: a key is never overwritten: choose another name
        --- 5
    "#]]
    .assert_eq(&show(&keygen(), folder.path()));
}

#[test]
fn a_server_ends_when_it_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = frazil(folder.path());
    command.args(["cache", "serve", "--store", "s", "--writable", "--listen", "127.0.0.1:0"]);
    let mut server =
        command.args(["--port-file", "port"]).stdout(Stdio::piped()).spawn().expect("started");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("its address");
    assert!(line.starts_with("http://127.0.0.1:"), "{line}");
    let pid = server.id().to_string();
    let told = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("started");
    assert!(told.success());
    assert!(server.wait().expect("ended").success());
    let port = std::fs::read_to_string(folder.path().join("port")).expect("written");
    assert!(line.trim_end().ends_with(&format!(":{}", port.trim_end())), "{line} {port}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("s/nix"))
        .expect("there")
        .map(|entry| entry.expect("read").file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
