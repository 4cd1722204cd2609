//! A system under each init that can be chosen: evaluated, linked with packages of the machine's own
//! mirror, started with runc in a network of its own, used, asked from outside, and ended.
//!
//! Without root, runc and umoci there is nothing to see, and the tests say so; with `FRAZIL_NO_SKIP`
//! that fails.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "tests that are skipped say so")]

mod choice;
mod container;
mod site;

use container::Container;
use site::can_run;

/// The page of the example.
const PAGE: &str = "<p>It runs.";

/// Serves, has no shell, and ends well when it is asked to.
fn serves(init: &str) {
    if !can_run() {
        return;
    }
    let mut container = Container::start(init);
    for shell in ["sh", "dash", "bash", "busybox", "execlineb"] {
        let place = container.root().join("usr/bin").join(shell);
        assert!(!place.exists(), "{init}: {} is in the image", place.display());
    }
    let page = container.page();
    assert!(page.contains(PAGE), "{init}: {page}");
    assert_eq!(container.stop("TERM"), 0, "{init}: {}", container.output());
}

#[test]
fn nginx_under_frazil() {
    serves("frazil");
}

#[test]
fn nginx_under_runit() {
    serves("runit");
}

#[test]
fn nginx_under_s6() {
    serves("s6");
}

#[test]
fn nginx_under_dumb_init() {
    serves("dumb-init");
}

#[test]
fn nginx_below_dumb_init_and_ours() {
    serves("nested");
}

/// What `frazil ctl` shows and does is seen in the container, whichever way it is named.
#[test]
fn a_container_is_asked_from_outside() {
    if !can_run() {
        return;
    }
    let mut container = Container::start("frazil");
    let page = container.page();
    assert!(page.contains(PAGE), "{page}");
    let pid = container.pid().to_string();
    assert_eq!(container::ctl(container.name(), &["wait", "boot"]), (0, String::new()));
    for name in [container.name(), pid.as_str(), "web-frazil"] {
        let (status, text) = container::ctl(name, &["status"]);
        assert_eq!(status, 0, "{name}: {text}");
        assert!(text.contains("nginx                up"), "{name}: {text}");
    }
    let ctl = |words: &[&str]| container::ctl(container.name(), words);
    let (_, text) = ctl(&["status", "--json", "nginx"]);
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status[0]["state"], "up", "{text}");
    assert_eq!(ctl(&["healthy"]), (0, String::new()));
    assert_eq!(ctl(&["wait", "boot"]), (0, String::new()));
    assert_eq!(ctl(&["stop", "second"]), (0, String::new()));
    let (_, text) = ctl(&["status", "--json", "second"]);
    assert!(text.contains("\"state\":\"down\""), "{text}");
    assert_eq!(ctl(&["start", "second"]), (0, String::new()));
    assert_eq!(ctl(&["restart", "second"]), (0, String::new()));
    let (_, text) = ctl(&["status", "--json", "second"]);
    assert!(text.contains("\"state\":\"up\""), "{text}");
    assert_eq!(ctl(&["reload"]), (0, String::new()));
    let (status, text) = ctl(&["logs", "writer"]);
    assert!(status == 0 && text.contains("written to a file"), "{status}: {text}");
    let (status, text) = ctl(&["stop", "absent"]);
    assert_eq!((status, text.as_str()), (1, "initctl: absent: there is no such service\n"));
    assert_eq!(ctl(&["dance"]).0, 2);
    let (status, _) = ctl(&["exit", "7"]);
    assert_eq!(status, 0);
    assert_eq!(container.wait(), 7, "{}", container.output());
}

#[test]
fn what_does_not_run_cannot_be_asked() {
    let output = site::frazil().args(["ctl", "no-such-system", "status"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("no running system is called `no-such-system`"), "{text}");
    assert!(!output.status.success());
}
