//! Readiness and health.

use crate::system::{System, can_run};

/// A service that becomes ready with this declaration when its script has done so.
#[track_caller]
fn check(ready: &str, script: &str) {
    if !can_run() {
        return;
    }
    let mut system = System::start(&format!(
        r#"{{"services":{{"s":{{"exec":["/bin/sh","-c","echo begun; while ! test -e @DIR@/go; do sleep 0.01; done; {script}; exec sleep 1000"],
            "ready":{ready}}},
        "next":{{"exec":["/bin/sh","-c","echo up; exec sleep 1000"],"requires":["s"]}}}}}}"#
    ));
    system.expect("s | begun");
    assert_eq!(system.status("s", "state"), "starting", "{ready}");
    assert_eq!(system.status("next", "state"), "waiting", "{ready}");
    std::fs::write(system.path("go"), "").unwrap();
    system.expect("next | up");
    assert_eq!(system.status("s", "state"), "up", "{ready}");
    assert_eq!(system.stop(), 0);
}

#[test]
fn a_newline_on_a_descriptor() {
    check(r#"{"fd":3}"#, "echo >&3");
    check(r#"{"fd":4}"#, "echo >&4");
    check(r#"{"fd":7}"#, "echo >&7");
}

#[test]
fn a_file() {
    check(r#"{"file":"@DIR@/there","interval":0.01}"#, "touch @DIR@/there");
}

#[test]
fn a_command() {
    check(
        r#"{"exec":["/bin/sh","-c","test -e @DIR@/there"],"interval":0.01}"#,
        "touch @DIR@/there",
    );
}

/// A few lines of Python, where there is one.
fn python() -> bool {
    let has = std::process::Command::new("python3").arg("-c").arg("").status();
    let has = has.is_ok_and(|status| status.success());
    if !has {
        println!("skipped: no python3 here");
    }
    has
}

#[test]
fn a_notification() {
    if python() {
        check(
            r#"{"notify":true}"#,
            "python3 -c \\\"import socket,os; s=socket.socket(1,2); s.connect(chr(0)+os.environ['NOTIFY_SOCKET'][1:]); s.send(b'STATUS=x\\\\nREADY=1')\\\"",
        );
    }
}

#[test]
fn connections() {
    if python() {
        let serve = |family: &str, address: &str, answer: &str| {
            format!(
                "python3 -c \\\"import socket\ns=socket.socket({family}); s.setsockopt(1,2,1); s.bind({address}); s.listen()\nwhile 1:\n c=s.accept()[0]; {answer}; c.close()\\\" & true"
            )
            .replace('\n', "\\n")
        };
        check(r#"{"unix":"@DIR@/s","interval":0.01}"#, &serve("1", "'@DIR@/s'", "0"));
        // A network namespace of our own has no loopback, so these share that of the test.
        check(r#"{"tcp":"127.0.0.1:47113","interval":0.01}"#, &serve("2", "('',47113)", "0"));
        check(
            r#"{"http":{"port":47114,"path":"/ok"},"interval":0.01}"#,
            &serve("2", "('',47114)", "c.recv(99); c.send(b'HTTP/1.0 204 x')"),
        );
    }
}

#[test]
fn who_is_not_ready_in_time_is_started_again() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","echo begun; exec sleep 1000"],"ready":{"fd":3},
            "start_timeout":0.2,"restart":"on-failure","backoff":{"min":0.01}},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("s | begun");
    system.expect("s was not ready in time");
    system.expect("s | begun");
    assert_eq!(system.stop(), 0);
}

#[test]
fn closing_the_descriptor_is_not_readiness() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","exec 3>&-; echo closed; exec sleep 1000"],"ready":{"fd":3}},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("s | closed");
    assert_eq!(system.status("s", "state"), "starting");
    assert_eq!(system.stop(), 0);
}

#[test]
fn a_service_that_is_not_healthy_is_started_again() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","touch @DIR@/well; echo begun; exec sleep 1000"],
            "health":{"file":"@DIR@/well","interval":0.02,"retries":2}},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("s | begun");
    system.must(&["wait", "boot"]);
    assert_eq!(system.ctl(&["healthy"]).0, 0);
    std::fs::remove_file(system.path("well")).unwrap();
    system.expect("s is not healthy");
    system.expect("s | begun");
    assert_eq!(system.stop(), 0);
}
