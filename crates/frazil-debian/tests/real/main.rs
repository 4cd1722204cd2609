//! The crate against a real archive and real tools, where there are any.
//!
//! What they need is fetched by the machine's apt, for the machine's own release, or for the one that
//! `FRAZIL_DEBIAN_SUITE` names; `FRAZIL_DEBIAN_SAMPLE=300` compares more than a few packages. In place
//! of that, `FRAZIL_DEBIAN_LISTS` may name a directory with `SUITE.COMPONENT.Packages` and
//! `SUITE.InRelease` of an archive, `FRAZIL_DEBIAN_DEBS` one with packages. Where there is neither, a
//! test says that it was skipped. Times are printed with `--nocapture`; they mean something only in a
//! release build.

#![expect(clippy::disallowed_methods, reason = "these tests read files and measure time")]
#![expect(clippy::print_stdout, reason = "what was skipped, and what was measured")]

mod archive;
mod deb;
mod machine;
mod release;

use std::path::{Path, PathBuf};
use std::time::Instant;

use frazil_debian::index::{Index, IndexBuilder, Origin};

const ARCHITECTURE: &str = "amd64";

/// The directory that a variable names.
fn directory(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// A list of packages.
struct ListFile {
    path: PathBuf,
    suite: String,
    component: String,
}

/// The lists of a directory, `SUITE.COMPONENT.Packages`, those of the release itself first.
fn lists_in(folder: &Path) -> Vec<ListFile> {
    let mut lists = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut parts = name.splitn(3, '.').map(str::to_owned);
        if let (Some(suite), Some(component), Some("Packages")) =
            (parts.next(), parts.next(), parts.next().as_deref())
        {
            lists.push(ListFile { path, suite, component });
        }
    }
    lists.sort_by_key(|list| (list.suite.len(), list.suite.clone(), list.component.clone()));
    lists
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

/// The index of all lists in a directory.
fn index_of(folder: &Path) -> Vec<u8> {
    let lists = lists_in(folder);
    let texts: Vec<Vec<u8>> = lists.iter().map(|list| read(&list.path)).collect();
    timed("parse and build the index", || {
        let mut builder = IndexBuilder::new(ARCHITECTURE);
        for (list, text) in lists.iter().zip(&texts) {
            let (suite, component) = (list.suite.as_str(), list.component.as_str());
            let origin = Origin { uri: "archive:", suite, component, snapshot: "" };
            builder.add(origin, text).expect("a real list");
        }
        builder.finish().expect("real lists agree")
    })
}

#[test]
fn index() {
    let Some(lists) = machine::lists() else { return };
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
