//! Closures compared with those of apt.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use frazil_debian::Index;
use frazil_debian::relation;
use frazil_debian::solve::{SolveError, SolveOptions, solve};

use super::machine::{lists, sample};
use super::{ARCHITECTURE, index_of, lists_in, timed};

/// The most packages that are compared, spread evenly over all.
const SAMPLE_MAX: usize = 200;

fn closure(index: &Index<'_>, name: &str) -> Result<BTreeSet<String>, SolveError> {
    let roots = relation::parse(name).expect("a name");
    let options = SolveOptions { preferences: Vec::new(), ..SolveOptions::default() };
    let solution = solve(index, &roots, &options)?;
    Ok(solution.packages().iter().map(|chosen| chosen.package.name.to_owned()).collect())
}

/// An apt that knows of nothing but these lists and of no installed package.
struct Apt {
    root: PathBuf,
}

impl Apt {
    fn new(root: PathBuf, lists: &Path) -> Self {
        for folder in ["lists/partial", "cache/archives/partial", "etc", "repo"] {
            std::fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        std::fs::write(root.join("status"), "").expect("a file");
        let mut sources = String::new();
        for list in lists_in(lists) {
            let folder = root.join("repo").join(list.suite).join(list.component);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::copy(list.path, folder.join("Packages")).expect("a file");
            writeln!(sources, "deb [trusted=yes] file:{}/ ./", folder.display()).expect("text");
        }
        std::fs::write(root.join("etc/sources.list"), sources).expect("a file");
        let apt = Self { root };
        let updated = apt.command().arg("update").output().expect("apt-get runs");
        assert!(updated.status.success(), "{}", String::from_utf8_lossy(&updated.stderr));
        apt
    }

    fn command(&self) -> Command {
        let root = self.root.display();
        let mut command = Command::new("apt-get");
        for option in [
            format!("Dir::State={root}"),
            format!("Dir::State::status={root}/status"),
            format!("Dir::Cache={root}/cache"),
            format!("Dir::Etc={root}/etc"),
            format!("Dir::State::lists={root}/lists"),
            format!("APT::Architecture={ARCHITECTURE}"),
            format!("APT::Architectures={ARCHITECTURE}"),
            "APT::Install-Recommends=false".to_owned(),
            "APT::Sandbox::User=".to_owned(),
            "Dir::Cache::pkgcache=pkgcache.bin".to_owned(),
            "Dir::Cache::srcpkgcache=srcpkgcache.bin".to_owned(),
            "pkgCacheGen::ForceEssential=,".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    }

    /// What apt would install for `name`, the essential packages aside.
    fn closure(&self, name: &str) -> Option<BTreeSet<String>> {
        let output = self.command().args(["-s", "install", name]).output().expect("apt-get runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let installed = text.lines().filter_map(|line| line.strip_prefix("Inst "));
        let names = installed.filter_map(|rest| rest.split(' ').next()).map(str::to_owned);
        output.status.success().then(|| names.collect())
    }
}

#[test]
fn closures_of_packages() {
    let Some(lists) = lists() else { return };
    let bytes = index_of(&lists);
    let index = Index::open(&bytes).expect("what was built opens");
    let folder = tempfile::tempdir().expect("a folder");
    let apt = Apt::new(folder.path().to_owned(), &lists);
    let names: Vec<&str> = index
        .ids()
        .step_by(index.len() / sample().min(SAMPLE_MAX))
        .map(|id| index.name(id).expect("whole"))
        .collect();
    let (mut different, mut unexplained) = (0, 0);
    for name in &names {
        let ours = closure(&index, name);
        let theirs = apt.closure(name);
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) if ours == theirs => {}
            (Ok(ours), Some(theirs)) => {
                different += 1;
                let more: Vec<_> = ours.difference(&theirs).collect();
                let less: Vec<_> = theirs.difference(&ours).collect();
                // apt takes the first alternative of a relation, and does not give it up when another
                // one comes in anyway; ours is complete without it.
                unexplained += usize::from(!more.is_empty());
                println!("{name}: {} packages, ours only {more:?}, apt only {less:?}", ours.len());
            }
            (Err(error), None) => println!("{name}: both fail: {error}"),
            (Err(error), Some(_)) => {
                unexplained += 1;
                println!("{name}: only we fail: {error}");
            }
            (Ok(_), None) => {
                unexplained += 1;
                println!("{name}: only apt fails");
            }
        }
    }
    println!("{} compared, {different} different, {unexplained} unexplained", names.len());
    assert!(unexplained * 50 <= names.len(), "more than 2 in 100 cannot be explained");
    assert!(different * 4 <= names.len(), "more than a quarter is different");
}

#[test]
fn every_package_has_a_closure() {
    let Some(lists) = lists() else { return };
    let bytes = index_of(&lists);
    let index = Index::open(&bytes).expect("what was built opens");
    let mut failed = 0;
    let step = if cfg!(debug_assertions) { 97 } else { 7 };
    timed("solve", || {
        for id in index.ids().step_by(step) {
            let name = index.name(id).expect("whole");
            if let Err(error) = closure(&index, name) {
                failed += 1;
                println!("{name}: {error}");
            }
        }
    });
    println!("{} packages, {failed} without a closure", index.len() / step);
}
