//! Builders that try to reach what is not theirs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::expect;
use frazil_build::sandbox::{Cancel, Network};

use crate::behaviour::{check, three_inputs};
use crate::setting::{Setting, run, run_until};

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
    let mark = format!("{:?}", Instant::now());
    let run = run(&Setting { variables: vec![("MARK", mark.clone())], ..Setting::of("daemon") });
    expect![[r#"
        true
    "#]]
    .assert_eq(&run.shown());
    assert!(!is_alive(&mark), "a process was left behind");
}

/// Not a test of its own: what [`orphans`] runs and kills.
#[test]
fn victim() {
    let Ok(mark) = std::env::var("VICTIM_MARK") else { return };
    let setting = Setting { variables: vec![("MARK", mark)], ..Setting::of("sleep") };
    run_until(&setting, &Cancel::new().unwrap(), &mut |_| println!("> it runs"));
}

/// When we are killed, the builder is killed as well.
#[test]
fn orphans() {
    let mark = format!("{:?}", Instant::now());
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "escapes::victim", "--nocapture"])
        .env("VICTIM_MARK", &mark)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Open to the end, or the victim fails by itself when it writes more.
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line == "> it runs"));
    let marked = format!("MARK={mark}");
    assert!(is_alive(&marked));
    victim.kill().unwrap();
    victim.wait().unwrap();
    let killed = Instant::now();
    drop(lines);
    while is_alive(&marked) {
        assert!(killed.elapsed() < Duration::from_secs(30), "the builder lives on");
        std::thread::yield_now();
    }
}

/// Whether a process has `mark` in its variables.
fn is_alive(mark: &str) -> bool {
    fs::read_dir("/proc").unwrap().any(|entry| {
        // A process that is gone by now, or of somebody else, is not one of ours.
        let environment = fs::read(entry.unwrap().path().join("environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|part| part == mark.as_bytes())
    })
}
