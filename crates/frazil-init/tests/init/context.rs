//! What a service is given: who it is, where it is, and what it finds there.

use crate::system::{System, can_run, is_root};

/// Runs a script as a service with these declarations; the last line that it writes.
#[track_caller]
fn check(declared: &str, script: &str, expected: &str) {
    if can_run() {
        check_in(&["unshare", "-Urpf", "--mount-proc", "--kill-child"], declared, script, expected);
    }
}

#[track_caller]
fn check_in(wrapper: &[&str], declared: &str, script: &str, expected: &str) {
    let table = format!(
        r#"{{"services":{{"s":{{"exec":["/bin/sh","-c","{script}"],"critical":true{}{declared}}}}}}}"#,
        if declared.is_empty() { "" } else { "," }
    );
    let mut system = System::start_with(&table, wrapper);
    let code = system.wait();
    let line = system.seen.iter().rfind(|line| !line.starts_with("init: s exited"));
    assert_eq!(line.map(String::as_str), Some(expected), "{declared}: {code}: {:?}", system.seen);
}

#[test]
fn environment() {
    check(r#""env":{"A":"b c"}"#, "echo $A", "b c");
    check("", "echo $FROM_OUTSIDE", "outside");
    check(r#""pass_env":false"#, "echo $FROM_OUTSIDE-", "-");
    check(r#""pass_env":["FROM_OUTSIDE"]"#, "echo $FROM_OUTSIDE $HOME", "outside");
    check(
        r#""env":{"A":["x-",{"env":"FROM_OUTSIDE"},"-",{"env":"NO","default":"d"}]}"#,
        "echo $A",
        "x-outside-d",
    );
    check(
        r#""env":{"A":[{"env":"NO"}]}"#,
        "echo never",
        "init: s: cannot find the variable NO: not found",
    );
    check(
        r#""before_start":[["/bin/sh","-c","printf 'secret\\n' > @DIR@/secret"]],"env":{"A":[{"file":"/proc/sys/kernel/ostype"}]}"#,
        "echo $A",
        "Linux",
    );
    check(r#""env_files":["?/no/such/file"]"#, "echo fine", "fine");
    check(
        r#""env_files":["/no/such/file"]"#,
        "echo never",
        "init: s: cannot read /no/such/file: not found",
    );
}

#[test]
fn files_to_be_there() {
    check(
        r#""dirs":[{"path":"@DIR@/a/b","mode":"750"}],"files":[{"path":"@DIR@/a/f","mode":"640","content":["v=",{"env":"FROM_OUTSIDE"}]}],
           "links":[{"path":"@DIR@/a/l","content":"f"}],"cwd":"@DIR@/a""#,
        "echo $(stat -c %a b) $(stat -c %a f) $(cat l) $(pwd | grep -c /a)",
        "750 640 v=outside 1",
    );
}

#[test]
fn limits_and_modes() {
    check(
        r#""limits":{"nofile":{"soft":64,"hard":128}}"#,
        "echo $(ulimit -Sn) $(ulimit -Hn)",
        "64 128",
    );
    check(r#""umask":"027""#, "umask", "0027");
    check(r#""nice":5"#, "nice", "5");
    check(r#""oom_score_adj":300"#, "cat /proc/self/oom_score_adj", "300");
    check(
        r#""no_new_privs":true"#,
        "grep NoNewPrivs /proc/self/status | tr -d '\\t'",
        "NoNewPrivs:1",
    );
    check("", "grep NoNewPrivs /proc/self/status | tr -d '\\t'", "NoNewPrivs:0");
}

#[test]
fn signals_are_neither_blocked_nor_ignored() {
    check("", "grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t0\\n'; echo", "SigBlk:SigIgn:");
}

#[test]
fn descriptors_are_the_standard_ones_only() {
    check(
        "",
        "for f in 0 1 2 3 4 5 6 7 8 9 10 11 12; do test -e /proc/$$/fd/$f && printf '%s ' $f; done; echo",
        "0 1 2 ",
    );
    check(
        r#""ready":{"fd":3}"#,
        "for f in 0 1 2 3 4 5 6 7 8 9 10 11 12; do test -e /proc/$$/fd/$f && printf '%s ' $f; done; echo",
        "0 1 2 3 ",
    );
    check(
        r#""ready":{"notify":true}"#,
        "for f in 0 1 2 3 4 5 6 7 8 9 10 11 12; do test -e /proc/$$/fd/$f && printf '%s ' $f; done; echo",
        "0 1 2 ",
    );
}

/// Real root can become anybody; the root of a user namespace cannot.
const ROOT: &[&str] = &["unshare", "-pf", "--mount-proc", "--kill-child"];

#[test]
fn users_and_capabilities() {
    if !can_run() || !is_root() {
        println!("skipped: not root");
        return;
    }
    let status = "echo $(id -u) $(id -g) $(id -G) $(grep NoNewPrivs /proc/self/status | tr -dc 01)";
    check_in(ROOT, r#""uid":1234"#, status, "1234 1234 1234 1");
    check_in(
        ROOT,
        r#""uid":1234,"gid":55,"groups":[66,77],"no_new_privs":false"#,
        status,
        "1234 55 55 66 77 0",
    );
    let caps = "grep -E 'Cap(Eff|Bnd|Amb)' /proc/self/status | tr -d '\\t\\n'; echo";
    check_in(
        ROOT,
        r#""uid":1234,"caps":{"bounding":["net_bind_service"],"ambient":["CAP_NET_BIND_SERVICE"]}"#,
        caps,
        "CapEff:0000000000000400CapBnd:0000000000000400CapAmb:0000000000000400",
    );
    check_in(
        ROOT,
        r#""caps":{"bounding":[]}"#,
        caps,
        "CapEff:0000000000000000CapBnd:0000000000000000CapAmb:0000000000000000",
    );
}

#[test]
fn any_user_and_nothing_to_write_will_do() {
    if !can_run() || !is_root() {
        println!("skipped: not root");
        return;
    }
    let wrapper = [
        "unshare",
        "-pmf",
        "--mount-proc",
        "--kill-child",
        "/bin/sh",
        "-c",
        "mount --bind / /mnt && mount -o remount,ro,bind /mnt && mount --bind /dev /mnt/dev && mount -t proc proc /mnt/proc && mount -o bind,ro \"${2%/*}\" /mnt\"${2%/*}\" 2>/dev/null; exec chroot --userspec=65534:65534 /mnt \"$@\"",
        "sh",
    ];
    let mut system = System::start_with(
        r#"{"services":{"s":{"exec":["/bin/sh","-c","echo $(id -u); exit 4"],"critical":true},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
        &wrapper,
    );
    assert_eq!(system.wait(), 4, "{:?}", system.seen);
    assert!(system.seen.contains(&"s | 65534".to_owned()), "{:?}", system.seen);
}
