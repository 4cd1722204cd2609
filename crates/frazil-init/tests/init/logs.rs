//! Logs: to standard output and to files, whatever happens to the logger.

use std::process::Command;
use std::time::Instant;

use crate::system::{PATIENCE, System, can_run, kill};

/// The logger, as this process sees it: the child of PID 1 that runs `logd`.
fn logger(system: &System) -> Option<i32> {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", system.pid));
    children.ok()?.split_whitespace().find_map(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        line.starts_with(b"init\0logd\0").then(|| pid.parse().ok())?
    })
}

/// How often the logger is killed: more if asked for.
fn kills() -> usize {
    std::env::var("FRAZIL_INIT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

/// Kills loggers until a service has written all its lines.
fn kill_loggers(system: &System, is_over: impl Fn() -> bool) -> usize {
    let mut killed = 0;
    let end = Instant::now() + PATIENCE * 4;
    while killed < kills() && !is_over() && Instant::now() < end {
        if let Some(pid) = logger(system) {
            // Some time for it to be anywhere in its work.
            std::thread::sleep(std::time::Duration::from_micros(300 * (killed as u64 % 9)));
            kill("KILL", pid);
            killed += 1;
        }
    }
    killed
}

fn check_lines(lines: &[String], count: usize) {
    let expected: Vec<String> = (1..=count).map(|line| format!("line {line}")).collect();
    assert_eq!(lines.len(), count, "{:?}", lines.iter().zip(&expected).find(|(a, b)| a != b));
    assert_eq!(lines, expected);
}

#[test]
fn no_line_is_lost_or_doubled_when_loggers_are_killed() {
    if !can_run() {
        return;
    }
    let count = 400 * kills();
    let mut system = System::start(&format!(
        r#"{{"services":{{"s":{{"exec":["@STUB@","count","{count}"],"type":"oneshot"}},
            "f":{{"exec":["@STUB@","count","{count}"],"type":"oneshot",
                  "log":{{"file":{{"path":"@DIR@/log","size":50000,"keep":250}}}}}},
            "x":{{"exec":["/bin/sleep","1000"]}}}}}}"#
    ));
    let is_over = || false;
    let killed = kill_loggers(&system, is_over);
    assert!(killed >= kills(), "only {killed} loggers could be killed");
    system.expect("s | end");
    system.must(&["wait", "ready", "f"]);
    assert_eq!(system.stop(), 0);
    let lines: Vec<String> = system
        .seen
        .iter()
        .filter_map(|line| line.strip_prefix("s | "))
        .filter(|line| *line != "end")
        .map(str::to_owned)
        .collect();
    check_lines(&lines, count);
    let mut files: Vec<_> = (1..250).rev().map(|n| system.path(&format!("log.{n}"))).collect();
    files.push(system.path("log"));
    let text: String = files.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let lines: Vec<String> =
        text.lines().filter(|line| *line != "end").map(str::to_owned).collect();
    check_lines(&lines, count);
}

#[test]
fn lines_have_names_or_are_json() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"j":{"exec":["/bin/sh","-c","echo '\"q\"'; printf half; exit 0"],"log":"json","type":"oneshot"},
            "x":{"exec":["/bin/sleep","1000"],"log":"null"}}}"#,
    );
    system.must(&["wait", "ready", "j"]);
    assert_eq!(system.stop(), 0);
    let messages: Vec<String> = system
        .seen
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["svc"] == "j")
        .map(|line| line["msg"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(messages, ["\"q\"", "half"]);
}

#[test]
fn a_single_service_speaks_for_itself() {
    if !can_run() {
        return;
    }
    let mut system =
        System::start(r#"{"services":{"s":{"exec":["/bin/echo","plain"],"critical":true}}}"#);
    assert_eq!(system.wait(), 0);
    assert!(system.seen.contains(&"plain".to_owned()), "{:?}", system.seen);
}

#[test]
fn a_full_disk_or_a_reader_that_sleeps_stops_no_other() {
    if !can_run() {
        return;
    }
    // Standard output is a pipe that nobody reads.
    let (_reader, writer) = std::io::pipe().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    let table = format!(
        r#"{{"control":"{path}/sock","services":{{
            "loud":{{"exec":["/bin/sh","-c","while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"]}},
            "full":{{"exec":["/bin/sh","-c","echo lost; echo lost; touch {path}/full; exec sleep 1000"],"log":{{"file":{{"path":"/dev/full"}}}}}},
            "file":{{"exec":["/bin/sh","-c","sleep 0.3; echo kept; touch {path}/file; exec sleep 1000"],"log":{{"file":{{"path":"{path}/log"}}}}}}}}}}"#
    );
    let plan = dir.path().join("plan");
    let table = frazil_init::table::Table::from_json(table.as_bytes()).unwrap();
    std::fs::write(&plan, frazil_init::plan::compile(&table).unwrap()).unwrap();
    let mut child = Command::new("unshare")
        .args(["-Urpf", "--mount-proc", "--kill-child"])
        .arg(crate::system::program())
        .arg(&plan)
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    let end = Instant::now() + PATIENCE;
    while std::fs::read_to_string(dir.path().join("log")).unwrap_or_default() != "kept\n" {
        assert!(Instant::now() < end, "the file log stands still");
        std::thread::yield_now();
    }
    assert!(dir.path().join("full").exists());
    child.kill().unwrap();
    child.wait().unwrap();
}
