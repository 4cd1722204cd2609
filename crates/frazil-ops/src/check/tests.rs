use std::time::Duration;

use frazil_link::Ledger;
use frazil_link::ledger::{Dropped, Fate, UnitRecord};
use frazil_tree::{Origin, TreePath};

use super::{CheckPlan, Checked, check};
use crate::image::tests::Fixture;
use crate::run::{Cancel, Ended, Network, RunPlan, users};

fn ledger(dropped: &[&str]) -> Ledger {
    let unit = UnitRecord {
        name: Origin::parse("shop").unwrap(),
        package: "shop".into(),
        fate: Fate::Kept,
        bytes: 100,
    };
    let dropped = dropped.iter().map(|path| Dropped {
        path: TreePath::parse(path.as_bytes()).unwrap(),
        unit: 0,
        bytes: 7,
        reason: Dropped::UNREACHED.into(),
    });
    Ledger { units: vec![unit], dropped: dropped.collect(), ..Ledger::default() }
}

/// Runs a script in a system of which some files were dropped.
fn run(script: &str, idle: Option<Duration>) -> Option<Checked> {
    let busybox = std::path::Path::new("/bin/busybox");
    if !busybox.exists() {
        eprintln!("skipped: there is no /bin/busybox");
        return None;
    }
    let fixture = Fixture::new();
    fixture.add_program("usr/bin/busybox", &std::fs::read(busybox).unwrap());
    fixture.add_ledger(&ledger(&["usr/bin/helper", "usr/share/a/one", "usr/share/a/two", "usr/x"]));
    let scratch = tempfile::tempdir().unwrap();
    let run = RunPlan {
        users: users(&fixture.system()).unwrap(),
        command: ["/bin/busybox", "sh", "-c", script].map(str::to_owned).to_vec(),
        is_writable: false,
        scratch: scratch.path().to_owned(),
        terminal: None,
        grace: Duration::from_mins(1),
        network: Network::Host,
        forwards: Vec::new(),
        has_terminal: false,
    };
    let (stop, kill) = (Cancel::new().unwrap(), Cancel::new().unwrap());
    Some(check(&fixture.system(), &CheckPlan { run, idle }, &stop, &kill).unwrap())
}

#[test]
fn what_programs_look_for_and_was_dropped_is_found() {
    let found = |script: &str| {
        let checked = run(script, None)?;
        let missed = checked.missed.iter();
        let shown: Vec<String> = missed
            .map(|it| format!("{} by {} as {}", it.keep, it.program, it.looked_for))
            .collect();
        Some(shown.join("; "))
    };
    let check = |script: &str, expected: &str| {
        if let Some(found) = found(script) {
            assert_eq!(found, expected, "{script}");
        }
    };
    let by_sh = |path: &str, as_: &str| format!("{path} by /usr/bin/busybox as {as_}");
    check("true", "");
    check("test -e /usr/x", &by_sh("/usr/x", "/usr/x"));
    check("cat < /usr/x", &by_sh("/usr/x", "/usr/x"));
    // By a link of the system, and relative to where the program is.
    check(
        "cd /usr/lib && read line < ../../bin/helper",
        &by_sh("/usr/bin/helper", "/usr/lib/../../bin/helper"),
    );
    check("exec /usr/bin/helper", &by_sh("/usr/bin/helper", "/usr/bin/helper"));
    check("busybox ls /usr/share/a", &by_sh("/usr/share/a/**", "/usr/share/a"));
    check("echo > /usr/x", "");
    check("test -e /usr/share/a/three", "");
}

#[test]
fn what_looks_for_nothing_any_more_is_stopped() {
    let script = "trap 'exit 5' TERM; test -e /usr/x; busybox sleep 3600 & wait";
    let Some(checked) = run(script, Some(Duration::from_secs(2))) else { return };
    assert_eq!(checked.ended, Ended::Exited(5));
    assert_eq!(checked.missed.len(), 1);
}

#[test]
fn what_is_no_program_is_an_error() {
    let fixture = Fixture::new();
    fixture.add_ledger(&ledger(&[]));
    let scratch = tempfile::tempdir().unwrap();
    let run = RunPlan {
        users: users(&fixture.system()).unwrap(),
        command: vec!["/usr/bin/none".to_owned()],
        is_writable: false,
        scratch: scratch.path().to_owned(),
        terminal: None,
        grace: Duration::from_mins(1),
        network: Network::Host,
        forwards: Vec::new(),
        has_terminal: false,
    };
    let (stop, kill) = (Cancel::new().unwrap(), Cancel::new().unwrap());
    let checked = check(&fixture.system(), &CheckPlan { run, idle: None }, &stop, &kill);
    assert_eq!(
        crate::causes(&checked.unwrap_err()),
        "the system cannot start `/usr/bin/none`: No such file or directory (os error 2)"
    );
}
