//! Starting, ending, and starting again.

use std::process::Command;

use crate::system::{System, can_run, program, write_plan};

/// A system of one service that is the reason for the others.
#[track_caller]
fn check_exit(script: &str, expected: i32) {
    if !can_run() {
        return;
    }
    let table = format!(
        r#"{{"services":{{"main":{{"exec":["/bin/sh","-c","{script}"],"critical":true}},
            "other":{{"exec":["/bin/sleep","1000"]}}}}}}"#
    );
    let mut system = System::start(&table);
    assert_eq!(system.wait(), expected, "{script}: {:?}", system.seen);
}

#[test]
fn a_critical_service_gives_the_exit_code() {
    check_exit("exit 42", 42);
    check_exit("exit 0", 0);
    check_exit("kill -SEGV $$", 139);
    check_exit("exec /does/not/exist", 127);
}

#[test]
fn a_program_that_cannot_be_executed() {
    if !can_run() {
        return;
    }
    for (program, code, reason) in
        [("/no/such/file", 127, "not found"), ("/etc/passwd", 126, "permission denied")]
    {
        let table =
            format!(r#"{{"services":{{"main":{{"exec":["{program}"],"critical":true}}}}}}"#);
        let mut system = System::start(&table);
        system.expect(&format!("main: cannot execute {program}: {reason}"));
        assert_eq!(system.wait(), code);
    }
}

#[test]
fn a_plan_that_is_none_is_refused() {
    if !can_run() {
        return;
    }
    let wrapper = ["unshare", "-Urpf", "--mount-proc"];
    let mut system = System::start_init(&wrapper, &["/etc/passwd"]);
    system.expect("not a plan");
    assert_eq!(system.wait(), 78);
    let mut system = System::start_init(&wrapper, &["/no/such/file"]);
    system.expect("cannot read the plan /no/such/file: not found");
    assert_eq!(system.wait(), 78);
}

#[test]
fn services_start_in_order() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{
        "c":{"exec":["/bin/sh","-c","echo c; exec sleep 1000"],"requires":["b"]},
        "b":{"type":"oneshot","exec":["/bin/sh","-c","sleep 0.1; echo b"],"requires":["a"]},
        "a":{"exec":["/bin/sh","-c","sleep 0.1; echo a; echo >&9; exec sleep 1000"],"ready":{"fd":9}}}}"#,
    );
    system.expect("c | c");
    let order: Vec<&String> = system.seen.iter().filter(|line| !line.starts_with("init")).collect();
    assert_eq!(order, ["a | a", "b | b", "c | c"]);
    assert_eq!(system.stop(), 0);
}

#[test]
fn what_is_there_is_not_made_again() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{
        "old":{"type":"oneshot","exec":["/bin/sh","-c","echo made"],"unless":"/bin/sh"},
        "new":{"type":"oneshot","exec":["/bin/sh","-c","echo made"],"unless":"/no/such","requires":["old"]},
        "x":{"exec":["/bin/sleep","1000"],"requires":["new"]}}}"#,
    );
    system.expect("new | made");
    assert!(!system.seen.iter().any(|line| line.contains("old | made")), "{:?}", system.seen);
    assert_eq!(system.stop(), 0);
}

#[test]
fn a_service_that_fails_is_started_again_with_pauses() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"f":{"exec":["/bin/sh","-c","exit 3"],"backoff":{"min":0.01,"max":0.02},
            "burst":{"count":3,"within":60}},"x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("f exited with 3; it stays down");
    let again = system.seen.iter().filter(|line| line.contains("starting again")).count();
    assert_eq!(again, 3, "{:?}", system.seen);
    assert_eq!(system.status("f", "state"), "failed");
    assert_eq!(system.stop(), 0);
}

#[test]
fn who_requires_a_failed_service_waits_until_it_works() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{
        "db":{"exec":["/bin/sh","-c","test -e @DIR@/ok || exit 1; echo >&3; exec sleep 1000"],"restart":"never","ready":{"fd":3}},
        "web":{"exec":["/bin/sh","-c","echo up; exec sleep 1000"],"requires":["db"]}}}"#,
    );
    system.expect("web waits for a service that has failed");
    std::fs::write(system.path("ok"), "").unwrap();
    system.must(&["start", "db"]);
    system.expect("web | up");
    assert_eq!(system.stop(), 0);
}

#[test]
fn a_bound_service_stops_and_starts_with_what_it_requires() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{
        "db":{"exec":["/bin/sh","-c","echo db; exec sleep 1000"]},
        "web":{"exec":["/bin/sh","-c","echo web; exec sleep 1000"],"requires":["db"],"bind":true}}}"#,
    );
    system.expect("web | web");
    system.must(&["restart", "db"]);
    system.expect("web | web");
    assert_eq!(system.stop(), 0);
}

#[test]
fn commands_before_and_after() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"log":"prefix","services":{"s":{"exec":["/bin/sh","-c","echo main; trap 'echo bye; exit 0' USR1; while :; do sleep 0.05; done"],
        "before_start":[["/bin/sh","-c","echo one"],["/bin/sh","-c","echo two"]],
        "after_stop":["/bin/sh","-c","echo cleaned"],
        "stop":{"exec":["/bin/sh","-c","kill -USR1 $MAINPID"]}}}}"#,
    );
    system.expect("s | main");
    assert_eq!(system.stop(), 0);
    let said: Vec<&String> = system.seen.iter().filter(|line| line.starts_with("s |")).collect();
    assert_eq!(said, ["s | one", "s | two", "s | main", "s | bye", "s | cleaned"]);
}

#[test]
fn a_failing_preparation_is_a_failed_start() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/echo","never"],"before_start":[["/bin/false"]],"critical":true}}}"#,
    );
    assert_eq!(system.wait(), 126);
    assert!(!system.seen.iter().any(|line| line.contains("never")), "{:?}", system.seen);
}

#[test]
fn it_works_without_being_the_first_process() {
    let mut system = System::start_as_child(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","echo up; exec sleep 1000"]},
            "t":{"exec":["/bin/sh","-c","(sleep 0.01; exit 7) & exec sleep 1000"]}}}"#,
    );
    system.expect("s | up");
    assert_eq!(system.stop(), 0);
}

/// What other supervisors execute: the service itself, prepared as under our own PID 1.
#[test]
fn any_supervisor_can_launch_a_service() {
    let dir = tempfile::tempdir().unwrap();
    let plan = write_plan(
        dir.path(),
        r#"{"services":{"s":{"exec":["/bin/sh","-c","echo $A $(umask) $(pwd); exit 3"],
            "env":{"A":"b"},"umask":"077","cwd":"/proc","ready":{"fd":3}}}}"#,
    );
    let launch =
        |name: &str| Command::new(program()).arg("launch").arg(&plan).arg(name).output().unwrap();
    let output = launch("s");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "b 0077 /proc\n");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(launch("none").status.code(), Some(2));
}

#[test]
fn plans_can_be_checked() {
    let dir = tempfile::tempdir().unwrap();
    let plan = write_plan(dir.path(), r#"{"services":{}}"#);
    let lint = || Command::new(program()).arg("lint").arg(&plan).status().unwrap().code();
    assert_eq!(lint(), Some(0));
    let mut bytes = std::fs::read(&plan).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&plan, bytes).unwrap();
    assert_eq!(lint(), Some(1));
}
