//! Builders that try to reach what is not theirs.

use std::fs;
use std::net::TcpListener;

use expect_test::expect;
use frazil_build::sandbox::Network;

use crate::behaviour::{check, three_inputs};
use crate::setting::{Setting, run};

#[test]
fn writing() {
    let (dir, inputs) = three_inputs();
    check(
        &Setting { inputs, ..Setting::of("write") },
        expect![[r#"
        ("/x", "Read-only file system (os error 30)")
        ("/etc/x", "Read-only file system (os error 30)")
        ("/etc/passwd", "Read-only file system (os error 30)")
        ("/dev/x", "Read-only file system (os error 30)")
        ("/probe", "Read-only file system (os error 30)")
        ("/proc/sys/kernel/core_pattern", "Permission denied (os error 13)")
        ("/proc/sysrq-trigger", "No such file or directory (os error 2)")
        ("/nix/store/11111111111111111111111111111111-dir/x", "Read-only file system (os error 30)")
        ("/nix/store/11111111111111111111111111111111-dir/file", "Read-only file system (os error 30)")
        ("/nix/store/22222222222222222222222222222222-file", "Read-only file system (os error 30)")
        ("/build/x", "done")
        ("/tmp/x", "done")
        ("/dev/shm/x", "done")
        ("/nix/store/x", "done")
        ("/dev/null", "done")
        "Read-only file system (os error 30)"
        "Device or resource busy (os error 16)"
        "Read-only file system (os error 30)"
    "#]],
    );
    assert_eq!(fs::read_to_string(dir.path().join("dir/file")).unwrap(), "in a directory");
    assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "alone");
}

#[test]
fn network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let variables = vec![("ADDRESS", address)];
    let mut setting = Setting { variables, ..Setting::of("connect") };
    check(
        &setting,
        expect![[r#"
        "Connection refused (os error 111)"
        "done"
    "#]],
    );
    setting.network = Network::Host;
    check(
        &setting,
        expect![[r#"
        "done"
        "done"
    "#]],
    );
}

#[test]
fn processes() {
    let variables = vec![("VICTIM", std::process::id().to_string())];
    check(
        &Setting { variables, ..Setting::of("kill") },
        expect![[r#"
        "No such process (os error 3)"
        "No such file or directory (os error 2)"
    "#]],
    );
}

#[test]
fn mounts() {
    let (dir, inputs) = three_inputs();
    let mut setting = Setting { inputs, ..Setting::of("mount") };
    check(
        &setting,
        expect![[r#"
            "Operation not permitted (os error 1)"
            "Operation not permitted (os error 1)"
            "Operation not permitted (os error 1)"
            "Read-only file system (os error 30)"
            "Operation not permitted (os error 1)"
        "#]],
    );
    setting.probe = "nested";
    check(
        &setting,
        expect![[r#"
            "done"
            "done"
            "Operation not permitted (os error 1)"
            "Invalid argument (os error 22)"
            "Read-only file system (os error 30)"
            "done"
            true
        "#]],
    );
    assert!(!dir.path().join("dir/x").exists());
}

#[test]
fn modes() {
    check(
        &Setting::of("modes"),
        expect![[r#"
        "done"
        "Operation not permitted (os error 1)"
        "Operation not permitted (os error 1)"
        "Operation not supported (os error 95)"
        "done"
    "#]],
    );
}

/// No process of a sandbox is left when its run is over.
#[test]
fn daemons() {
    let mark = format!("{:?}", std::time::Instant::now());
    let run = run(&Setting { variables: vec![("MARK", mark.clone())], ..Setting::of("daemon") });
    expect![[r#"
        true
    "#]]
    .assert_eq(&run.shown());
    for entry in fs::read_dir("/proc").unwrap() {
        // A process that is gone by now, or of somebody else, is not one of ours.
        let Ok(environment) = fs::read(entry.unwrap().path().join("environ")) else { continue };
        let found = environment.windows(mark.len()).any(|part| part == mark.as_bytes());
        assert!(!found, "a process was left behind");
    }
}
