//! `init -- COMMAND`.

use crate::system::{System, can_run};

const FIRST: &[&str] = &["unshare", "-Urpf", "--mount-proc"];

#[track_caller]
fn check(script: &str, expected: i32) {
    for wrapper in [FIRST, &[]] {
        let mut system = System::start_init(wrapper, &["--", "/bin/sh", "-c", script]);
        assert_eq!(system.wait(), expected, "{script} in {wrapper:?}: {:?}", system.seen);
    }
}

#[test]
fn exits_as_its_command_does() {
    if can_run() {
        check("exit 0", 0);
        check("exit 7", 7);
        check("kill -KILL $$", 137);
        // An orphan that ends first is not the command.
        check("(sleep 0.01; exit 9) & (sleep 0.02; exit 8) & sleep 0.1; exit 3", 3);
    }
}

#[test]
fn commands_are_looked_for() {
    if !can_run() {
        return;
    }
    assert_eq!(System::start_init(FIRST, &["--", "true"]).wait(), 0);
    assert_eq!(System::start_init(FIRST, &["--", "no-such-command"]).wait(), 127);
    assert_eq!(System::start_init(FIRST, &["--", "/etc/passwd"]).wait(), 126);
}

#[test]
fn signals_are_passed_on() {
    if !can_run() {
        return;
    }
    for wrapper in [FIRST, &[]] {
        let script = "trap 'echo got; exit 5' USR2; echo up; while :; do sleep 0.01; done";
        let mut system = System::start_init(wrapper, &["--", "/bin/sh", "-c", script]);
        system.expect("up");
        system.signal("USR2");
        system.expect("got");
        assert_eq!(system.wait(), 5);
        let mut system =
            System::start_init(wrapper, &["--", "/bin/sh", "-c", "echo up; exec sleep 1000"]);
        system.expect("up");
        assert_eq!(system.stop(), 143);
    }
}
