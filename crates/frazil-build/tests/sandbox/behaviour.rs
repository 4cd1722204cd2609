//! What an honest builder sees and leaves.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::{fs, thread};

use expect_test::{Expect, expect};
use frazil_build::sandbox::{self, BuildDir, Ended, RunError};
use frazil_model::StorePath;

use crate::setting::{Setting, run};

#[track_caller]
pub(crate) fn check(setting: &Setting, expected: Expect) {
    expected.assert_eq(&run(setting).shown());
}

/// A directory, a file and a link as inputs, in the directory that is returned.
pub(crate) fn three_inputs() -> (tempfile::TempDir, BTreeMap<StorePath, std::path::PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name);
    fs::create_dir(place("dir")).unwrap();
    fs::write(place("dir/file"), "in a directory").unwrap();
    fs::write(place("file"), "alone").unwrap();
    symlink("file", place("link")).unwrap();
    let path = |digit: &str, name: &str| format!("{}-{name}", digit.repeat(32)).parse().unwrap();
    let inputs = BTreeMap::from([
        (path("1", "dir"), place("dir")),
        (path("2", "file"), place("file")),
        (path("3", "link"), place("link")),
    ]);
    (dir, inputs)
}

#[test]
fn surroundings() {
    let mut setting = Setting::of("surroundings");
    setting.files = BTreeMap::from([(b"given".to_vec(), b"a file".to_vec())]);
    setting.variables = vec![("GREETING", "hello".to_owned())];
    check(
        &setting,
        expect![[r#"
        ("/dev", ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"])
        ("/dev/pts", ["ptmx"])
        ("/etc", ["group", "hosts", "passwd"])
        ("/nix/store", [])
        ("/build", ["given"])
        ("/tmp", [])
        ("processes", 1, 1)
        ("user", 1000, 100, 1000)
        "localhost"
        "root:x:0:0:Nix build user:/build:/noshell\nnixbld:x:1000:100:Nix build user:/build:/noshell\nnobody:x:65534:65534:Nobody:/:/noshell\n"
        "root:x:0:\nnixbld:!:100:\nnogroup:x:65534:\n"
        "127.0.0.1 localhost\n::1 localhost\n"
        ("/build", "a file")
        "CapInh:\t0000000000000000"
        "CapPrm:\t0000000000000000"
        "CapEff:\t0000000000000000"
        "CapBnd:\t0000000000000000"
        "CapAmb:\t0000000000000000"
        "NoNewPrivs:\t1"
        "Seccomp:\t2"
        "Umask:\t0022"
        "SigBlk:\t0000000000000000"
        ("open", ["0", "1", "2", "3"])
        ("terminal", true)
        "hello"
    "#]],
    );
}

#[test]
fn inputs() {
    let (_dir, inputs) = three_inputs();
    check(
        &Setting { inputs, ..Setting::of("inputs") },
        expect![[r#"
        "in a directory"
        "alone"
        "file"
        ["11111111111111111111111111111111-dir", "22222222222222222222222222222222-file", "33333333333333333333333333333333-link"]
    "#]],
    );
}

#[test]
fn output() {
    let run = run(&Setting::of("output"));
    assert_eq!(run.shown(), "");
    assert_eq!(fs::read_to_string(run.output().join("file")).unwrap(), "made");
    let build = sandbox::build_dir(run.scratch.path());
    assert_eq!(fs::read_to_string(build.join("left")).unwrap(), "behind");
}

#[test]
fn ends() {
    check(&Setting::of("fail"), expect!["the builder failed with exit code 3"]);
    // Process 1 cannot send itself a signal, so `abort` ends in an illegal instruction.
    let crashed = run(&Setting::of("abort")).result;
    assert!(matches!(crashed, Err(RunError::Failed { ended: Ended::Killed(_) })), "{crashed:?}");
    check(
        &Setting::of("fork"),
        expect![[r#"
        Some(3)
    "#]],
    );
    check(
        &Setting::of("deaf"),
        expect![[r#"
        "closing"
        the builder failed with exit code 4"#]],
    );
    check(
        &Setting { builder: "/no/such/builder", ..Setting::of("fail") },
        expect!["cannot start `/no/such/builder`"],
    );
    check(
        &Setting { builder: "/etc/passwd", ..Setting::of("fail") },
        expect!["cannot start `/etc/passwd`"],
    );
}

#[test]
fn in_memory() {
    let memory = BuildDir::Memory { bytes_max: 1 << 20 };
    let run = run(&Setting { build_dir: memory, ..Setting::of("output") });
    assert_eq!(run.shown(), "");
    assert!(!sandbox::build_dir(run.scratch.path()).join("left").exists());
}

#[test]
fn many_at_once() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..4 {
                    assert!(run(&Setting::of("output")).result.is_ok());
                    let failed = run(&Setting::of("fail")).result;
                    assert!(matches!(failed, Err(RunError::Failed { .. })), "{failed:?}");
                }
            });
        }
    });
}
