//! `initctl`.

use crate::system::{System, can_run, program};

const TWO: &str = r#"{"services":{"a":{"exec":["/bin/sh","-c","echo a up; exec sleep 1000"]},
    "b":{"exec":["/bin/sh","-c","echo b up; exec sleep 1000"],"requires":["a"]},
    "off":{"exec":["/bin/sleep","1000"],"disabled":true},
    "task":{"type":"task","exec":["/bin/echo","worked"]}}}"#;

#[test]
fn shows_and_changes_what_services_do() {
    if !can_run() {
        return;
    }
    let mut system = System::start(TWO);
    system.must(&["wait", "boot"]);
    let table = system.must(&["status"]);
    assert_eq!(table.lines().count(), 5, "{table}");
    assert_eq!(system.status("a", "state"), "up");
    assert_eq!(system.status("off", "state"), "down");
    assert_eq!(system.status("task", "state"), "done");
    system.must(&["stop", "a"]);
    assert_eq!(system.status("a", "state"), "down");
    assert_eq!(system.status("a", "exit"), "143");
    // It needs the other, which was stopped by hand: asking for it starts both.
    system.must(&["stop", "b"]);
    system.must(&["start", "b"]);
    assert_eq!(system.status("a", "state"), "up");
    system.must(&["start", "off"]);
    system.expect("worked");
    system.must(&["start", "task"]);
    system.expect("worked");
    let before = system.status("a", "pid");
    system.must(&["restart", "a"]);
    assert_ne!(system.status("a", "pid"), before);
    assert_eq!(system.ctl(&["healthy"]).0, 0);
    assert_eq!(system.ctl(&["start", "none"]).0, 1);
    assert_eq!(system.ctl(&["nonsense"]).0, 2);
    system.must(&["poweroff"]);
    assert_eq!(system.wait(), 0);
}

#[test]
fn restarts_at_once_never_make_two() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'rmdir @DIR@/one; exit 0' TERM; mkdir @DIR@/one || echo TWO; echo up; while :; do sleep 0.01; done"]},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("s | up");
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let socket = system.path("sock");
            std::thread::spawn(move || {
                for _ in 0..8 {
                    let mut command = std::process::Command::new(program());
                    command.arg("ctl").arg("--socket").arg(&socket).args(["restart", "s"]);
                    command.output().unwrap();
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(system.stop(), 0);
    assert!(!system.seen.iter().any(|line| line.contains("TWO")), "{:?}", system.seen);
}

#[test]
fn without_any_place_to_write_it_is_still_heard() {
    if !can_run() {
        return;
    }
    let mut system = System::start(&format!(
        r#"{{"control":"/proc/nowhere/sock","services":{{
            "s":{{"exec":["/bin/sh","-c","sleep 0.1; {} ctl status s; echo asked; exec sleep 1000"]}},
            "x":{{"exec":["/bin/sleep","1000"]}}}}}}"#,
        program().display()
    ));
    system.expect("s | asked");
    assert!(
        system.seen.iter().any(|line| line.contains("s                    up")),
        "{:?}",
        system.seen
    );
    assert_eq!(system.stop(), 0);
}

#[test]
fn who_never_reads_its_answers_harms_nobody() {
    use std::os::unix::net::UnixDatagram;
    if !can_run() {
        return;
    }
    let mut system = System::start(TWO);
    system.must(&["wait", "boot"]);
    // Wrong type of socket, and silent connections, as many as there are places for clients.
    assert!(UnixDatagram::unbound().unwrap().connect(system.path("sock")).is_err());
    let silent: Vec<std::process::Child> = (0..6)
        .map(|_| {
            let mut command = std::process::Command::new(program());
            command.args(["ctl", "--socket"]).arg(system.path("sock"));
            command.args(["wait", "stopped", "a"]).spawn().unwrap()
        })
        .collect();
    for _ in 0..50 {
        system.must(&["status"]);
    }
    for mut client in silent {
        client.kill().unwrap();
        client.wait().unwrap();
    }
    assert_eq!(system.stop(), 0);
}

#[test]
fn a_new_plan_leaves_alone_what_is_the_same() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"same":{"exec":["/bin/sh","-c","echo same; exec sleep 1000"]},
            "gone":{"exec":["/bin/sleep","1000"]},
            "changed":{"exec":["/bin/sh","-c","echo old; exec sleep 1000"]}}}"#,
    );
    system.must(&["wait", "boot"]);
    let pid = system.status("same", "pid");
    system.replace_plan("{\"services\":{\"broken\":{\"exec\":[\"/bin/true\"]}}}");
    let bytes = std::fs::read(system.path("plan")).unwrap();
    std::fs::write(system.path("plan"), &bytes[1..]).unwrap();
    assert_eq!(system.ctl(&["reload"]).0, 1);
    system.expect("the new plan is refused");
    system.replace_plan(
        r#"{"services":{"same":{"exec":["/bin/sh","-c","echo same; exec sleep 1000"]},
            "a-new-one":{"exec":["/bin/sh","-c","echo new; exec sleep 1000"]},
            "changed":{"exec":["/bin/sh","-c","echo other; exec sleep 1000"]}}}"#,
    );
    system.must(&["reload"]);
    system.expect("the new plan is in force");
    system.must(&["wait", "boot"]);
    system.must(&["wait", "ready", "changed"]);
    assert_eq!(system.status("same", "pid"), pid);
    assert_eq!(system.ctl(&["status", "gone"]).0, 1);
    system.must(&["restart", "same"]);
    system.expect("same | same");
    assert_eq!(system.stop(), 0);
    for line in ["a-new-one | new", "changed | other"] {
        assert!(system.seen.iter().any(|seen| seen == line), "{line}: {:?}", system.seen);
    }
}

#[test]
fn signals_are_passed_on_as_declared() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'echo reread' HUP; echo up; while :; do sleep 0.01; done"],
            "signals":{"USR1":"HUP"}},"x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("s | up");
    system.signal("USR1");
    system.expect("s | reread");
    assert_eq!(system.stop(), 0);
}
