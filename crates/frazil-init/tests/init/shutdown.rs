//! Ending the system: order, deadlines, and exit codes.

use std::time::{Duration, Instant};

use crate::system::{System, can_run};

#[test]
fn services_stop_in_reverse_order() {
    if !can_run() {
        return;
    }
    let script = |name: &str| {
        format!(
            "trap 'sleep 0.05; echo {name} stops; exit 0' TERM; echo {name} up; while :; do sleep 0.01; done"
        )
    };
    let mut system = System::start(&format!(
        r#"{{"services":{{"a":{{"exec":["/bin/sh","-c","{}"]}},
            "b":{{"exec":["/bin/sh","-c","{}"],"after":["a"]}},
            "c":{{"exec":["/bin/sh","-c","{}"],"wants":["b"]}}}}}}"#,
        script("a"),
        script("b"),
        script("c"),
    ));
    system.expect("c up");
    assert_eq!(system.stop(), 0);
    let stops: Vec<&str> =
        system.seen.iter().filter(|line| line.ends_with("stops")).map(|line| &line[4..5]).collect();
    assert_eq!(stops, ["c", "b", "a"]);
}

/// Services that do not go by themselves.
const STUBBORN: &str = r#"{"stop_deadline":20,"services":{
    "deaf":{"exec":["/bin/sh","-c","trap '' TERM; echo up; while :; do sleep 1; done"],"stop":{"timeout":STOP}},
    "other":{"exec":["/bin/sleep","1000"]}}}"#;

#[test]
fn who_ignores_the_signal_is_killed() {
    if !can_run() {
        return;
    }
    let mut system = System::start(&STUBBORN.replace("STOP", "0.3"));
    system.expect("up");
    let begin = Instant::now();
    assert_eq!(system.stop(), 0);
    assert!(begin.elapsed() >= Duration::from_millis(290), "{:?}", begin.elapsed());
    assert!(system.seen.iter().any(|line| line.contains("deaf did not stop in time")));
}

#[test]
fn a_second_signal_does_not_wait() {
    if !can_run() {
        return;
    }
    let mut system = System::start(&STUBBORN.replace("STOP", "1000"));
    system.expect("up");
    system.signal("TERM");
    // Processed by the time that the answer comes.
    assert_eq!(system.ctl(&["start", "other"]).0, 1);
    assert_eq!(system.stop(), 0);
}

#[test]
fn the_deadline_holds_for_all() {
    if !can_run() {
        return;
    }
    let table = STUBBORN.replace("STOP", "1000").replace("20", "0.3");
    let mut system = System::start(&table);
    system.expect("up");
    let begin = Instant::now();
    assert_eq!(system.stop(), 0);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_stopped_service_is_woken_to_end() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'echo ended; exit 0' TERM; echo up; while :; do sleep 0.01; done"]},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("s | up");
    system.must(&["signal", "STOP", "s"]);
    assert_eq!(system.stop(), 0);
    assert!(system.seen.iter().any(|line| line == "s | ended"), "{:?}", system.seen);
}

#[test]
fn services_that_start_are_stopped_too() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"slow":{"exec":["/bin/sh","-c","echo starting; exec sleep 1000"],"ready":{"fd":5}},
            "later":{"exec":["/bin/echo","never"],"requires":["slow"]}}}"#,
    );
    system.expect("slow | starting");
    let begin = Instant::now();
    assert_eq!(system.stop(), 0);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(!system.seen.iter().any(|line| line.contains("never")));
}

#[test]
fn processes_that_are_left_over_end_too() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","setsid sh -c 'trap \"echo stray ended; exit\" TERM; echo stray; while :; do sleep 0.01; done' & exec sleep 1000"]},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("stray");
    assert_eq!(system.stop(), 0);
    assert!(system.seen.iter().any(|line| line == "s | stray ended"), "{:?}", system.seen);
}

#[test]
fn the_exit_code_can_be_named() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'exit 9' TERM; echo up; while :; do sleep 0.01; done"],"critical":true}}}"#,
    );
    system.expect("up");
    system.must(&["exit", "33"]);
    assert_eq!(system.wait(), 33);
}
