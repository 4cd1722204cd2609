//! A driver for development: links systems of which the units are folders, and says what came out.
//!
//! `link_folders FOLDER [--as-needed] [--level files|packages|declared] [--retained] [--out DIR] SYSTEM...`
//!
//! FOLDER holds `units.tsv` (package, version, source, hash, file, depends), the unpacked units in
//! `pkg/`, and for each system `systems/SYSTEM/`: `packages`, `declared`, `essential`, `data` (names
//! of packages), `roots` and `without` (a path a line), `generated/` and `offered/` (trees of files).
//! Analyses are kept in `an/`, so the second run shows how long a warm link takes.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool for development, which reads folders and prints"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use frazil_link::analysis::{Analysis, analyse};
use frazil_link::contents::{Contents, ContentsError, Entry, EntryKind};
use frazil_link::ledger::{KeptKind, Ledger};
use frazil_link::policy::Reach;
use frazil_link::{Level, Policy, Role, Root, Unit, link};
use frazil_tree::{Mode, Origin, TreePath};

/// A unit that is a folder.
struct Folder(PathBuf);

impl Contents for Folder {
    fn entries(&self) -> Result<Vec<Entry>, ContentsError> {
        let mut entries = Vec::new();
        let mut seen: BTreeMap<u64, TreePath> = BTreeMap::new();
        let mut next = vec![self.0.clone()];
        while let Some(folder) = next.pop() {
            let mut names: Vec<PathBuf> =
                fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            names.sort();
            for path in names {
                let metadata = fs::symlink_metadata(&path).unwrap();
                let relative = path.strip_prefix(&self.0).unwrap().as_os_str().as_bytes();
                let tree_path = TreePath::parse(relative).unwrap();
                let kind = if metadata.is_dir() {
                    next.push(path);
                    EntryKind::Directory
                } else if metadata.is_symlink() {
                    let target = fs::read_link(&path).unwrap().into_os_string().into_vec();
                    EntryKind::Symlink(target.into())
                } else if let Some(first) = seen.get(&metadata.ino()) {
                    EntryKind::HardLink(first.clone())
                } else {
                    if metadata.nlink() > 1 {
                        seen.insert(metadata.ino(), tree_path.clone());
                    }
                    EntryKind::File(metadata.len())
                };
                let mode = Mode::of(metadata.mode());
                let (uid, gid) = (metadata.uid(), metadata.gid());
                entries.push(Entry { path: tree_path, mode, uid, gid, kind });
            }
        }
        Ok(entries)
    }

    fn read(&self, path: &TreePath) -> Result<Cow<'_, [u8]>, ContentsError> {
        let path = self.0.join(std::ffi::OsStr::from_bytes(path.as_bytes()));
        Ok(Cow::Owned(fs::read(path).unwrap()))
    }
}

fn words(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

struct Driver {
    base: PathBuf,
    table: BTreeMap<String, Vec<String>>,
    analysed_bytes: AtomicUsize,
}

impl Driver {
    fn unit(&self, package: &str, role: Role, is_essential: bool) -> Option<Unit> {
        let row = self.table.get(package)?;
        Some(Unit {
            name: Origin::parse(&format!("{package}_{}", row[1])).unwrap(),
            package: package.into(),
            source: row[2].as_str().into(),
            mount: TreePath::root(),
            depends: row[5].split_whitespace().map(Into::into).collect(),
            role,
            is_essential,
            level: None,
        })
    }

    fn units(&self, system: &str) -> Vec<Unit> {
        let list = |name: &str| words(&self.base.join("systems").join(system).join(name));
        let named: BTreeSet<String> = list("packages").into_iter().collect();
        let mut units = Vec::new();
        for (role, name) in [(Role::Generated, "generated"), (Role::Offered, "offered")] {
            units.push(Unit {
                name: Origin::parse(name).unwrap(),
                package: name.into(),
                source: name.into(),
                mount: TreePath::root(),
                depends: Vec::new(),
                role,
                is_essential: false,
                level: None,
            });
        }
        let mut seen = BTreeSet::new();
        let essential: BTreeSet<String> = list("essential").into_iter().collect();
        let lists = [
            (Role::Declared, list("declared")),
            (Role::Data, list("data")),
            (Role::Essential, list("essential")),
        ];
        for (role, packages) in lists {
            for package in packages {
                let is_essential = essential.contains(&package);
                let role = if named.contains(&package) { Role::Named } else { role };
                if seen.insert(package.clone()) {
                    units.extend(self.unit(&package, role, is_essential));
                }
            }
        }
        units
    }

    fn analysis(&self, system: &str, unit: &Unit) -> Arc<Analysis> {
        if unit.role.is_made() {
            let folder = self.base.join("systems").join(system).join(unit.name.as_str());
            return Arc::new(if folder.exists() {
                analyse(&Folder(folder)).unwrap()
            } else {
                Analysis::default()
            });
        }
        let cache = self.base.join("an").join(unit.name.as_str());
        let cached = fs::read(&cache).ok().and_then(|bytes| Analysis::decode(&bytes).ok());
        Arc::new(cached.unwrap_or_else(|| {
            let analysis = analyse(&Folder(self.base.join("pkg").join(&*unit.package))).unwrap();
            self.analysed_bytes.fetch_add(analysis.size() as usize, Ordering::Relaxed);
            fs::write(&cache, analysis.encode()).unwrap();
            analysis
        }))
    }

    fn open(&self, system: &str, units: &[&Unit]) -> Vec<Arc<Analysis>> {
        let results: Vec<Mutex<Option<Arc<Analysis>>>> =
            units.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(unit) = units.get(index) else { return };
                        *results[index].lock().unwrap() = Some(self.analysis(system, unit));
                    }
                });
            }
        });
        results.into_iter().map(|it| it.into_inner().unwrap().unwrap()).collect()
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let base = PathBuf::from(args.next().expect("the folder"));
    let (mut policy, mut out, mut systems) = (Policy::default(), None, Vec::new());
    let mut questions = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--as-needed" => policy.reach = Reach::AsNeeded,
            "--level" => {
                policy.level = match args.next().unwrap().as_str() {
                    "packages" => Level::Packages,
                    "declared" => Level::Declared,
                    _ => Level::Files,
                }
            }
            "--out" => out = args.next(),
            "--retained" => questions.push(String::new()),
            "--why" => questions.push(args.next().unwrap()),
            _ => systems.push(arg),
        }
    }
    fs::create_dir_all(base.join("an")).unwrap();
    let table = words(&base.join("units.tsv"))
        .iter()
        .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>())
        .map(|row| (row[0].clone(), row))
        .collect();
    let driver = Driver { base, table, analysed_bytes: AtomicUsize::new(0) };
    for system in &systems {
        run(&driver, system, &policy, &questions, out.as_deref());
    }
}

fn run(driver: &Driver, system: &str, policy: &Policy, questions: &[String], out: Option<&str>) {
    let units = driver.units(system);
    let folder = driver.base.join("systems").join(system);
    let mut policy = policy.clone();
    policy.without =
        words(&folder.join("without")).into_iter().map(|it| it.into_bytes().into()).collect();
    let roots: Vec<Root> = words(&folder.join("roots"))
        .into_iter()
        .map(|path| Root {
            path: path.trim_end_matches('?').as_bytes().into(),
            named_by: "argv".into(),
            is_required: !path.ends_with('?'),
        })
        .collect();
    let (mut rounds, mut opening, mut opened) = (0, 0.0, 0);
    let start = Instant::now();
    let result = link(&units, &roots, &policy, &mut |asked| {
        rounds += 1;
        opened += asked.len();
        let start = Instant::now();
        let analyses = driver.open(system, asked);
        opening += start.elapsed().as_secs_f64();
        Ok(analyses)
    })
    .unwrap();
    let total = start.elapsed().as_secs_f64();
    let ledger = &result.ledger;
    report(system, ledger);
    println!(
        "  link {:.0} ms, of it opening {:.0} ms; {rounds} rounds, {opened} of {} units opened; {} bytes analysed; ledger {} bytes, {} hints",
        total * 1e3,
        opening * 1e3,
        units.len(),
        driver.analysed_bytes.swap(0, Ordering::Relaxed),
        ledger.encode().len(),
        ledger.hints.len(),
    );
    assert_eq!(Ledger::decode(&ledger.encode()).as_ref(), Ok(ledger));
    for error in &result.errors {
        println!("  error: {error}");
    }
    for question in questions {
        if question.is_empty() {
            let start = Instant::now();
            let retained = ledger.retained();
            println!("  retained sizes in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
            for retained in retained.iter().take(15) {
                let title = ledger.title(retained.subject);
                println!("    {:9} {:4} {title}", retained.bytes, retained.files);
            }
        } else {
            for edge in
                ledger.why(&TreePath::parse(question.trim_start_matches('/').as_bytes()).unwrap())
            {
                println!(
                    "    {} --{}--> {}",
                    ledger.title(edge.from),
                    edge.evidence,
                    ledger.title(edge.to)
                );
            }
        }
    }
    if let Some(out) = out {
        write_out(driver, system, &units, ledger, Path::new(out));
    }
}

fn report(system: &str, ledger: &Ledger) {
    let (mut files, mut bytes, mut licenses, mut made) = (0, 0, 0, 0);
    for kept in ledger.kept() {
        if let KeptKind::File(size, _) = kept.kind {
            bytes += size;
            files += 1;
            if kept.path.as_bytes().starts_with(b"usr/share/doc/") {
                licenses += size;
            }
            if matches!(ledger.units[kept.unit as usize].name.as_str(), "generated" | "offered") {
                made += size;
            }
        } else if !matches!(kept.kind, KeptKind::Directory) {
            files += 1;
        }
    }
    println!(
        "{system:15} {files:5} entries {:7.2} MB without licenses ({:.2} MB), of it {:.2} made",
        f64::from(u32::try_from(bytes - licenses).unwrap()) / 1e6,
        f64::from(u32::try_from(licenses).unwrap()) / 1e6,
        f64::from(u32::try_from(made).unwrap()) / 1e6,
    );
}

fn write_out(driver: &Driver, system: &str, units: &[Unit], ledger: &Ledger, out: &Path) {
    let base = Origin::parse("base").unwrap();
    let (tree, conflicts) = frazil_link::link::tree(ledger, &base);
    for conflict in conflicts {
        eprintln!("{conflict}");
    }
    let mut written: BTreeMap<_, PathBuf> = BTreeMap::new();
    for (path, node) in tree.walk() {
        let to = out.join(std::ffi::OsStr::from_bytes(path.as_bytes()));
        match node {
            frazil_tree::Node::Directory(directory) => {
                fs::create_dir_all(&to).unwrap();
                let mode = u32::from(directory.metadata.mode.bits());
                fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(mode))
                    .unwrap();
            }
            frazil_tree::Node::Leaf(id, leaf) => {
                if let Some(first) = written.get(&id) {
                    fs::hard_link(first, &to).unwrap();
                    continue;
                }
                written.insert(id, to.clone());
                match &leaf.kind {
                    frazil_tree::LeafKind::Symlink(target) => {
                        std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), &to)
                            .unwrap();
                    }
                    frazil_tree::LeafKind::File(file) => {
                        let unit = units.iter().find(|unit| unit.name == leaf.origin).unwrap();
                        let folder = if unit.role.is_made() {
                            driver.base.join("systems").join(system).join(unit.name.as_str())
                        } else {
                            driver.base.join("pkg").join(&*unit.package)
                        };
                        let frazil_tree::Source::Unit(inner) = file.source() else { continue };
                        fs::copy(folder.join(std::ffi::OsStr::from_bytes(inner.as_bytes())), &to)
                            .unwrap();
                        let mode = u32::from(leaf.metadata.mode.bits());
                        fs::set_permissions(
                            &to,
                            std::os::unix::fs::PermissionsExt::from_mode(mode),
                        )
                        .unwrap();
                    }
                    frazil_tree::LeafKind::Device { .. } | frazil_tree::LeafKind::Fifo => {}
                }
            }
        }
    }
}
