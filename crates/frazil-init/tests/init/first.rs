//! `init first COMMAND... -- NEXT...`, and the commands for it.

use crate::system::{System, can_run, program};

/// The superuser of namespaces of its own, who may mount.
const SUPERUSER: &[&str] = &["unshare", "-Urpf", "--mount-proc"];

/// Runs `init` with these arguments, in which `@DIR@` is a directory: the exit status, and what it
/// said last.
#[track_caller]
fn check(wrapper: &[&str], arguments: &[&str], expected: (i32, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    let program = program().to_str().unwrap();
    let replaced = |text: &str| text.replace("@DIR@", at).replace("@INIT@", program);
    let arguments: Vec<String> = arguments.iter().map(|word| replaced(word)).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut system = System::start_init(wrapper, &words);
    let code = system.wait();
    let last = system.seen.last().map_or("", String::as_str);
    assert_eq!((code, last), (expected.0, &*replaced(expected.1)), "{:?}", system.seen);
}

#[test]
fn the_next_command_follows_a_good_end() {
    let tell = ["--", "/bin/sh", "-c", "echo next $$ is $0; exit 4", "me"];
    let with = |first: &[&'static str]| [&["first"], first, &tell].concat();
    if can_run() {
        check(SUPERUSER, &with(&["/bin/true"]), (4, "next 1 is me"));
        check(
            SUPERUSER,
            &with(&["/bin/sh", "-c", "exit 3"]),
            (3, "init: first: cannot succeed with /bin/sh: not permitted"),
        );
        check(
            SUPERUSER,
            &with(&["/no/such"]),
            (127, "init: first: cannot execute /no/such: not found"),
        );
        let twice = with(&["/bin/true", "--", "@INIT@", "first", "/bin/true"]);
        check(SUPERUSER, &twice, (4, "next 1 is me"));
        let missing = ["first", "/bin/true", "--", "/no/such"];
        check(SUPERUSER, &missing, (127, "init: cannot execute /no/such: not found"));
    }
    let usage = "usage: init first COMMAND... -- NEXT...";
    for wrong in [&["first"][..], &["first", "/bin/true"], &["first", "--", "/bin/true"]] {
        check(&[], wrong, (2, usage));
    }
}

#[test]
fn directories_are_mounted() {
    if !can_run() {
        return;
    }
    let script = "echo seen > @DIR@/b/file; umount @DIR@/b; cat @DIR@/a/c/file; ls @DIR@/b";
    let words = ["first", "@INIT@", "bind", "@DIR@/a/c", "@DIR@/b", "--", "/bin/sh", "-c", script];
    check(SUPERUSER, &words, (0, "seen"));
    // Nobody may mount.
    let without = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];
    let words = ["bind", "@DIR@/a", "@DIR@/b"];
    check(
        &[SUPERUSER, &without].concat(),
        &words,
        (
            126,
            "init: cannot mount @DIR@/a at @DIR@/b: not permitted; that needs the capability CAP_SYS_ADMIN",
        ),
    );
}

#[test]
fn what_is_missing_is_made() {
    let program = ["/bin/sh", "-c", "echo $out $FROM_OUTSIDE; exit 3"];
    let check = |path, expected| check(&[], &[&["ensure", path], &program[..]].concat(), expected);
    check("@DIR@/a", (3, "@DIR@/a outside"));
    check("@DIR@", (0, ""));
}
