use std::fs;
use std::path::PathBuf;

use expect_test::{Expect, expect};

use super::{ControlError, find};

#[track_caller]
fn check(name: &str, expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("run/runc/web/state.json", r#"{"id":"web","init_process_pid":70,"x":1}"#);
    write("user/crun/db/status", r#"{"pid":71}"#);
    write("run/runc/broken/state.json", "{");
    for (pid, host, numbers) in
        [(80, "one", "80\t1"), (81, "two", "81\t1"), (82, "two", "82\t9\t1"), (83, "one", "83\t4")]
    {
        write(&format!("proc/{pid}/status"), &format!("Name:\tinit\nNSpid:\t{numbers}\n"));
        write(&format!("proc/{pid}/root/etc/hostname"), &format!("{host}\n"));
        write(&format!("proc/{pid}/root/etc/init.plan"), "");
    }
    write("proc/84/status", "NSpid:\t84\n");
    write("proc/self/status", "NSpid:\t1\n");
    let run: [PathBuf; 2] = [dir.path().join("run"), dir.path().join("user")];
    let shown = match find(name, &run, &dir.path().join("proc")) {
        Ok(target) => format!("{target:?}"),
        Err(error) => format!("{error} | {}", ControlError::help(&error).unwrap()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn systems_are_found() {
    check("/run/x.sock", expect![[r#"Socket("/run/x.sock")"#]]);
    check("17", expect!["Process(17)"]);
    check("web", expect!["Process(70)"]);
    check("db", expect!["Process(71)"]);
    check("one", expect!["Process(80)"]);
}

#[test]
fn or_not() {
    check(
        "two",
        expect![
            "several running systems are called `two`: the processes 81, 82 | name the number of one of these processes"
        ],
    );
    check(
        "broken",
        expect![
            "no running system is called `broken` | name it by its container, by the host name in its image, by the number of its first process, or by the path of its control socket"
        ],
    );
}
