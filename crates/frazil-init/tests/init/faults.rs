//! Things that go wrong: PID 1 stays, the other services are not harmed, everything comes back.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::system::{PATIENCE, System, can_run, kill, zombies};

fn services(count: usize) -> String {
    let mut text = String::new();
    for index in 0..count {
        write!(
            text,
            r#""s{index}":{{"exec":["/bin/sleep","1000"],"log":"null","backoff":{{"min":0.01,"max":0.05}}}},"#
        )
        .unwrap();
    }
    text
}

/// The services' processes, as this process sees them.
fn children(system: &System) -> Vec<i32> {
    let path = format!("/proc/{0}/task/{0}/children", system.pid);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn everything_killed_comes_back() {
    if !can_run() {
        return;
    }
    let mut system = System::start(&format!(
        r#"{{"services":{{{}"x":{{"exec":["/bin/sleep","1000"],"log":"null"}}}}}}"#,
        services(50)
    ));
    system.must(&["wait", "boot"]);
    for round in 0..5 {
        for pid in children(&system) {
            kill("KILL", pid);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let text = system.must(&["status", "--json"]);
            if text.matches("\"state\":\"up\"").count() == 51 {
                break;
            }
            assert!(Instant::now() < end, "round {round}: {text}");
        }
    }
    assert_eq!(system.stop(), 0);
}

#[test]
fn ten_thousand_orphans_are_reaped() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"o":{"type":"oneshot","exec":["@STUB@","orphans","10000"],"stop":{"group":false}},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    system.expect("10000 orphans");
    let begin = Instant::now();
    while children(&system).len() > 2 || zombies(system.pid) > 0 {
        assert!(begin.elapsed() < PATIENCE, "{} are left", children(&system).len());
    }
    assert_eq!(system.stop(), 0);
}

#[test]
fn no_signal_from_inside_harms_it() {
    if !can_run() {
        return;
    }
    // All but those that mean something, which other tests send.
    let script = "for s in $(seq 1 64); do case $s in 1|2|15|30) ;; *) kill -$s 1 2>/dev/null;; esac; done; echo sent; exec sleep 1000";
    let mut system = System::start(&format!(
        r#"{{"services":{{"s":{{"exec":["/bin/sh","-c","{script}"]}},"x":{{"exec":["/bin/sleep","1000"]}}}}}}"#
    ));
    system.expect("s | sent");
    assert_eq!(system.status("x", "state"), "up");
    assert_eq!(system.stop(), 0);
}

#[test]
fn many_restarts_leave_nothing_open() {
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"quick":{"exec":["/bin/true"],"backoff":{"min":0,"max":0},"ready":{"fd":3}},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
    );
    let path = format!("/proc/{}/fd", system.pid);
    let open = || std::fs::read_dir(&path).unwrap().count();
    let restarts = |system: &System| system.status("quick", "restarts").parse::<u32>().unwrap();
    let settled = |system: &System, least: u32| {
        let end = Instant::now() + PATIENCE;
        while restarts(system) < least {
            assert!(Instant::now() < end, "{} restarts", restarts(system));
        }
    };
    system.must(&["wait", "ready", "x"]);
    settled(&system, 20);
    system.must(&["stop", "quick"]);
    let before = open();
    system.must(&["start", "--no-wait", "quick"]);
    settled(&system, 300);
    system.must(&["stop", "quick"]);
    // The last client's end may still have to be noticed.
    let end = Instant::now() + PATIENCE;
    while open() > before {
        assert!(Instant::now() < end, "{} open, {before} before", open());
    }
    assert_eq!(system.stop(), 0);
}

#[test]
fn few_descriptors_are_no_end() {
    if !can_run() {
        return;
    }
    let table = format!(
        r#"{{"log":"prefix","services":{{{}"x":{{"exec":["/bin/sleep","1000"]}}}}}}"#,
        services(10).replace("\"log\":\"null\",", "")
    );
    let wrapper = [
        "unshare",
        "-Urpf",
        "--mount-proc",
        "--kill-child",
        "/bin/sh",
        "-c",
        "ulimit -n 20; exec \"$@\"",
        "sh",
    ];
    let mut system = System::start_with(&table, &wrapper);
    let end = Instant::now() + PATIENCE;
    while children(&system).len() < 11 {
        assert!(Instant::now() < end, "{} of 11 run: {:?}", children(&system).len(), system.seen);
    }
    assert_eq!(system.stop(), 0);
}

/// A cgroup of our own with a limit, where that can be had: the controller's name in the first
/// version, and the file of the limit in either.
fn limited(controller: &str, files: &[&str], limit: &str) -> Option<std::path::PathBuf> {
    let roots = [format!("/sys/fs/cgroup/{controller}"), "/sys/fs/cgroup".to_owned()];
    for root in roots {
        let name = format!("frazil-init-{controller}-{}", std::process::id());
        let path = std::path::Path::new(&root).join(name);
        if std::fs::create_dir(&path).is_ok() {
            if files.iter().any(|file| std::fs::write(path.join(file), limit).is_ok()) {
                return Some(path);
            }
            std::fs::remove_dir(&path).unwrap();
        }
    }
    println!("skipped: no cgroup with a limit of {controller} can be made");
    None
}

/// Memory is limited, and a service takes all of it: it is killed, and comes back; nobody else is
/// harmed.
#[test]
fn too_little_memory_ends_who_takes_it() {
    if !can_run() {
        return;
    }
    let files = ["memory.max", "memory.limit_in_bytes"];
    let Some(group) = limited("memory", &files, "67108864") else { return };
    let script = format!("echo 0 > {}/cgroup.procs; exec \"$@\"", group.display());
    let wrapper =
        ["/bin/sh", "-c", &script, "sh", "unshare", "-Urpf", "--mount-proc", "--kill-child"];
    let table = format!(
        r#"{{"services":{{{}"hog":{{"exec":["@STUB@","hog"],"log":"null","disabled":true,"oom_score_adj":500}}}}}}"#,
        services(10)
    );
    let mut system = System::start_with(&table, &wrapper);
    system.pid = 0;
    system.must(&["wait", "boot"]);
    system.must(&["start", "hog"]);
    let end = Instant::now() + PATIENCE;
    while system.status("hog", "restarts").parse::<u32>().unwrap() < 2 {
        assert!(Instant::now() < end, "{:?}", system.seen);
    }
    system.must(&["stop", "hog"]);
    let text = system.must(&["status", "--json"]);
    assert_eq!(text.matches("\"state\":\"up\"").count(), 10, "{text}");
    assert_eq!(text.matches("\"restarts\":0").count(), 10, "{text}");
    system.must(&["poweroff"]);
    assert_eq!(system.wait(), 0);
    std::fs::remove_dir(&group).unwrap();
}

#[test]
fn too_few_processes_are_a_reason_to_wait() {
    if !can_run() {
        return;
    }
    let Some(group) = limited("pids", &["pids.max"], "15") else { return };
    let wrapper =
        ["unshare", "-Urpf", "--mount-proc", "--kill-child", "/bin/sh", "-c", "exec \"$@\"", "sh"];
    let table = format!(
        r#"{{"services":{{{}"bomb":{{"exec":["@STUB@","bomb"],"log":"null","disabled":true}}}}}}"#,
        services(30)
    );
    // The shell of the wrapper moves itself into the group.
    let script = format!("echo 0 > {}/cgroup.procs; exec \"$@\"", group.display());
    let mut outer = vec!["/bin/sh", "-c", &script, "sh"];
    outer.extend(&wrapper[..4]);
    let mut system = System::start_with(&table, &outer);
    system.pid = 0;
    system.expect("cannot be started for now: temporarily unavailable");
    std::fs::write(group.join("pids.max"), "max").unwrap();
    let released = Instant::now();
    let end = Instant::now() + PATIENCE;
    while system.must(&["status", "--json"]).matches("\"state\":\"up\"").count() < 30 {
        assert!(Instant::now() < end);
    }
    assert!(released.elapsed() < Duration::from_secs(3), "{:?}", released.elapsed());
    // A bomb takes all there is; the others stay, and it can be stopped.
    std::fs::write(group.join("pids.max"), "60").unwrap();
    system.must(&["start", "bomb"]);
    std::thread::sleep(Duration::from_millis(200));
    let text = system.must(&["status", "--json"]);
    assert_eq!(text.matches("\"state\":\"up\"").count(), 31, "{text}");
    system.must(&["poweroff"]);
    assert_eq!(system.wait(), 0);
    std::fs::remove_dir(&group).unwrap();
}

/// Calls of PID 1, and what each occurrence of them is made to fail with.
const CALLS: &[&str] = &[
    "clone:EAGAIN",
    "pipe2:EMFILE",
    "epoll_ctl:ENOMEM",
    "openat:EMFILE",
    "mmap:ENOMEM",
    "fcntl:EINVAL",
    "waitid:EINTR",
    "read:EINTR",
    "epoll_pwait:EINTR",
    "write:EAGAIN",
    "memfd_create:ENFILE",
    "socket:EMFILE",
    "signalfd4:EMFILE",
    "epoll_create1:EMFILE",
    "prlimit64:EPERM",
];

/// Every system call of PID 1 fails once, in a run of three services: it does its work, or refuses
/// to begin. Takes a minute, so it is done when `FRAZIL_INIT_INJECT` is set.
#[test]
fn a_system_call_that_fails_is_no_end() {
    let has_strace = std::process::Command::new("strace").arg("-V").output().is_ok();
    if std::env::var_os("FRAZIL_INIT_INJECT").is_none() || !has_strace {
        println!("skipped: FRAZIL_INIT_INJECT is not set, or there is no strace");
        return;
    }
    let table = r#"{"stop_deadline":2,"log":"prefix","services":{"a":{"exec":["/bin/sleep","100"]},
        "b":{"exec":["/bin/sh","-c","echo >&3; exec sleep 100"],"ready":{"fd":3},"requires":["a"]},
        "c":{"exec":["/bin/sh","-c","exit 5"],"requires":["b"],"critical":true}}}"#;
    for call in CALLS {
        let (name, error) = call.split_once(':').unwrap();
        for when in 1..=12 {
            let trace = format!("trace={name}");
            let inject = format!("inject={name}:error={error}:when={when}");
            let strace = ["strace", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let code = System::start_with(table, &strace).wait();
            assert!(matches!(code, 5 | 78 | 111), "{call}, occurrence {when}: {code}");
        }
    }
}

/// Puts an instruction that cannot be where PID 1 goes on when it wakes up. Only the kernel's own
/// word counts: the same signals, sent by processes, are tried in `no_signal_from_inside_harms_it`.
#[test]
fn a_fault_of_our_own_is_told() {
    use std::os::unix::fs::FileExt as _;
    if !can_run() {
        return;
    }
    let mut system = System::start(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","echo up; exec sleep 1000"],"log":"inherit"}}}"#,
    );
    system.expect("up");
    let path = format!("/proc/{}/syscall", system.pid);
    let end = Instant::now() + PATIENCE;
    // The last word is the place in the program; it is only there while PID 1 waits.
    let place = loop {
        let text = std::fs::read_to_string(&path).unwrap();
        let last = text.split_whitespace().last().unwrap_or_default();
        match u64::from_str_radix(last.trim_start_matches("0x"), 16) {
            Ok(place) if text.split_whitespace().count() == 9 => break place,
            _ => assert!(Instant::now() < end, "{text}"),
        }
    };
    let memory =
        std::fs::OpenOptions::new().write(true).open(format!("/proc/{}/mem", system.pid)).unwrap();
    memory.write_all_at(&[0x0f, 0x0b], place).unwrap();
    system.signal("USR1");
    assert_eq!(system.wait(), 134, "{:?}", system.seen);
    assert!(system.seen.iter().any(|line| line.contains("internal error")), "{:?}", system.seen);
}
