//! The same services under every init that can be chosen: what holds where is a table, each cell of
//! it is tried, and the table is `docs/conformance.md`.
//!
//! `BLESS=1` writes the page anew. An init that is not installed here is left out, and said so.

mod scenarios;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil_init::backend::{Backend, Made};
use frazil_init::plan::{compile, read};
use frazil_init::table::Table;

use crate::system::{System, can_run, program, stub};
use scenarios::{SCENARIOS, Scenario};

/// The inits, in the order of the columns.
pub(crate) const INITS: [&str; 6] = ["frazil", "runit", "s6", "dumb-init", "tini", "catatonit"];

/// What an init makes of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// It holds, and the test has seen it.
    Holds,
    /// A system that declares it is refused.
    Refused,
}

/// The program of an init, if it is here.
fn find(init: &str) -> Option<PathBuf> {
    let name = match init {
        "frazil" => return Some(program().to_owned()),
        "runit" => "runsvdir",
        "s6" => "s6-svscan",
        other => other,
    };
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A scenario under an init.
pub(crate) struct Run {
    pub(crate) system: System,
    pub(crate) init: &'static str,
}

impl Run {
    /// The status of an ordered end: those that run one process have only its own.
    pub(crate) fn good_end(&self) -> i32 {
        if matches!(self.init, "frazil" | "runit" | "s6") { 0 } else { 143 }
    }
}

/// Starts a system below an init as an image does: the same arguments, the same files in /etc.
fn start(init: &'static str, program_of_init: &Path, table: &str) -> Run {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let table = table.replace("@DIR@", dir.path().to_str().unwrap()).replace("@STUB@", &stub());
    let table =
        Table::from_json(table.as_bytes()).unwrap_or_else(|error| panic!("{error}: {table}"));
    let plan = compile(&table).unwrap();
    let etc = dir.path().join("etc");
    std::fs::create_dir(&etc).unwrap();
    std::fs::write(etc.join("init.plan"), &plan).unwrap();
    std::fs::write(etc.join("variables"), "# for a scenario\nB=two\n").unwrap();
    let ours = program().to_str().unwrap();
    let plan = read(&plan).unwrap();
    for entry in Backend::named(init).into_iter().flat_map(|backend| backend.files(plan, ours)) {
        let path = dir.path().join(entry.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match entry.made {
            Made::Text(text) => std::fs::write(path, text).unwrap(),
            Made::Program => std::os::unix::fs::symlink(ours, path).unwrap(),
        }
    }
    let theirs = program_of_init.to_str().unwrap();
    let only = plan.services().next().unwrap().name().to_str().unwrap().to_owned();
    let words: Vec<&str> = match init {
        "frazil" => vec![ours],
        "runit" | "s6" => vec![ours, "under", init, theirs],
        _ => vec![theirs, "--", ours, "launch", "/etc/init.plan", &only],
    };
    // A /run of its own, and an /etc that is read-only, as the image may be.
    let script = format!(
        "mount -t tmpfs tmpfs /run && mount --bind {0} /etc && \
         mount -o remount,ro,bind /etc && exec \"$@\"",
        etc.display()
    );
    let wrapper =
        ["unshare", "-Urpfm", "--mount-proc", "--kill-child", "/bin/sh", "-c", &script, "sh"];
    let command: Vec<&std::ffi::OsStr> = words.iter().map(std::ffi::OsStr::new).collect();
    Run { system: System::spawn(dir, &wrapper, &command), init }
}

/// Tries all scenarios of an init, some at a time.
fn try_all(init: &'static str) {
    let Some(theirs) = find(init).filter(|_| can_run()) else {
        println!("skipped: {init} is not here");
        return;
    };
    let wanted: Vec<&Scenario> =
        SCENARIOS.iter().filter(|scenario| scenario.cell(init) == Cell::Holds).collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(scenario) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let attempt = || (scenario.check)(&mut start(init, &theirs, scenario.table));
                    if std::panic::catch_unwind(attempt).is_err() {
                        failed.lock().unwrap().push(scenario.what);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{init} does not conform in:\n{}", failed.join("\n"));
}

#[test]
fn conforms_frazil() {
    try_all("frazil");
}

#[test]
fn conforms_runit() {
    try_all("runit");
}

#[test]
fn conforms_s6() {
    try_all("s6");
}

#[test]
fn conforms_dumb_init() {
    try_all("dumb-init");
}

#[test]
fn conforms_tini() {
    try_all("tini");
}

#[test]
fn conforms_catatonit() {
    try_all("catatonit");
}

/// The text around the table.
const HEAD: &str = "# What holds under which init

`init.type` chooses who supervises; our launcher starts every service, whoever asks for it. Each `yes`
here is tried with the real program, see `crates/frazil-init/tests/init/conformance/scenarios.rs`; the
page is made from the same table. What is `refused` is an error when the system is evaluated, which
names the service, the field and the init.

For `dinit` and `s6-rc`, which Debian does not have, the files are written (`/etc/dinit.d`,
`/etc/s6-rc/source`) and not tried. What they cannot do is in `nix/modules/init/backends.nix`.

";

#[test]
fn the_page_is_what_the_tests_try() {
    let mut page = HEAD.to_owned();
    writeln!(page, "| | {} |", INITS.join(" | ")).unwrap();
    writeln!(page, "|---|{}", "---|".repeat(INITS.len())).unwrap();
    for scenario in SCENARIOS {
        write!(page, "| {} |", scenario.what).unwrap();
        for init in INITS {
            let shown = match scenario.cell(init) {
                Cell::Holds => "yes",
                Cell::Refused => "refused",
            };
            write!(page, " {shown} |").unwrap();
        }
        page.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page, "docs/conformance.md is stale; run this test with BLESS=1");
}
