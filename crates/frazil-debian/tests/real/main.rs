//! The crate against a real archive and real tools, where there are any.
//!
//! `FRAZIL_DEBIAN_LISTS` names a directory with `SUITE.COMPONENT.Packages`, `SUITE.InRelease`,
//! `SUITE.Release` and `SUITE.Release.gpg` of an archive; `FRAZIL_DEBIAN_DEBS` one with packages.
//! Without them a test says that it was skipped. Nothing is fetched. Times are printed with
//! `--nocapture`; they mean something only in a release build.

#![expect(clippy::disallowed_methods, reason = "these tests read files and measure time")]
#![expect(clippy::print_stdout, reason = "what was skipped, and what was measured")]

mod archive;
mod deb;
mod release;

use std::path::{Path, PathBuf};
use std::time::Instant;

use frazil_debian::index::{Index, IndexBuilder, Origin};

const ARCHITECTURE: &str = "amd64";
/// Suites and components, the more important first.
const LISTS: [(&str, &str); 5] = [
    ("trixie", "main"),
    ("trixie", "contrib"),
    ("trixie", "non-free-firmware"),
    ("trixie-updates", "main"),
    ("trixie-security", "main"),
];

/// The directory that a variable names.
fn directory(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        println!("skipped: {variable} names no directory");
    }
    found
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `run` returns; its time is printed.
fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = run();
    println!("{what}: {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
    value
}

/// The index of `LISTS`.
fn index_of(lists: &Path) -> Vec<u8> {
    let texts: Vec<Vec<u8>> = LISTS
        .iter()
        .map(|(suite, component)| read(&lists.join(format!("{suite}.{component}.Packages"))))
        .collect();
    timed("parse and build the index", || {
        let mut builder = IndexBuilder::new(ARCHITECTURE);
        for ((suite, component), text) in LISTS.iter().zip(&texts) {
            builder
                .add(Origin { uri: "archive:", suite, component, snapshot: "" }, text)
                .expect("a real list");
        }
        builder.finish().expect("real lists agree")
    })
}

#[test]
fn index() {
    let Some(lists) = directory("FRAZIL_DEBIAN_LISTS") else { return };
    let bytes = index_of(&lists);
    println!("{} bytes", bytes.len());
    let index = timed("open", || Index::open(&bytes).expect("what was built opens"));
    timed("verify", || index.verify().expect("what was built is whole"));
    let names: Vec<&str> = timed("decode all", || {
        index.packages().map(|package| package.expect("whole").name).collect()
    });
    println!("{} packages", names.len());
    assert!(names.len() > 60_000);
    assert!(names.is_sorted());
    timed("look up all", || {
        for name in &names {
            let package = index.package(name).expect("whole").expect("there");
            assert_eq!(package.name, *name);
        }
    });
    let nginx = timed("look up one", || index.package("nginx").expect("whole").expect("there"));
    println!("{nginx:#?}");
    assert_eq!(index.find("no-such-package").expect("whole"), None);
    assert!(index.providers("mail-transport-agent").expect("whole").len() > 3);
}
