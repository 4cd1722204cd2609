//! Processes that are killed while they change a store: after each single change in turn, and at
//! points of time that fall inside the database too. `FRAZIL_CRASH_ROUNDS` says how many of those: 40
//! take seconds and run always, 200 are what the store was made to survive.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use frazil_model::StorePath;
use frazil_model::nar::{FileName, NarNode};
use frazil_store::cache::{self, CacheOptions, Caches, PushOptions};
use frazil_store::fetch::{Client, FetchOptions, Url};
use frazil_store::fs::Disk;
use frazil_store::{
    AddOptions, CollectOptions, PathInfo, Source, Store, StoreOptions, VerifyDepth, write_nar,
};
use rustix::process::{Signal, getpid, kill_process};

const ROOT: &str = "FRAZIL_CRASH_ROOT";
const CHANGES: &str = "FRAZIL_CRASH_CHANGES";
const KILLED: Option<i32> = Some(9);

/// A disk that kills the process instead of making the change after these.
fn kill_after(changes: usize) -> Disk {
    let left = AtomicUsize::new(changes);
    Disk::intercepted(Arc::new(move |_, _| {
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err() {
            kill_process(getpid(), Signal::KILL)?;
        }
        Ok(())
    }))
}

fn add(store: &Store, name: &str, references: BTreeSet<StorePath>) -> PathInfo {
    let file = |contents: &str| NarNode::File { executable: false, contents: contents.into() };
    let name_of = |name: &str| FileName::new(name.as_bytes()).unwrap();
    let entries = [(name_of("same"), file("in all")), (name_of("own"), file(name))];
    let node = NarNode::Directory { entries: entries.into() };
    let options = AddOptions { references, ..AddOptions::default() };
    store.add(&name.parse().unwrap(), Source::Tree(&node), &options).unwrap()
}

/// Replaces a path by what it is.
fn repair(store: &Store, path: &StorePath) {
    let mut nar = Vec::new();
    write_nar(&store.layout().path(path), &mut nar).unwrap();
    let locks = store.lock_outputs(&[path.clone()].into(), &|| false).unwrap();
    store.repair(path, &mut &*nar, &locks).unwrap();
}

/// All that changes a store. What it adds it removes, but for what has a root.
fn work(root: &Path, disk: Disk) {
    let open = || {
        let disk = disk.clone();
        Store::open(StoreOptions { disk, ..StoreOptions::new(root) }).unwrap()
    };
    let store = open();
    let library = add(&store, "library", BTreeSet::new());
    let program = add(&store, "program", [library.path.clone()].into());
    let mut stream = Vec::new();
    store.export(&[library.path.clone(), program.path.clone()].into(), &mut stream).unwrap();
    store.optimise().unwrap();
    repair(&store, &library.path);
    store.add_root(&root.join("result"), &program.path).unwrap();
    store.import(&mut &*stream).unwrap();
    let signature = format!("key-1:{}", "A".repeat(86) + "==").parse().unwrap();
    store.add_signatures(&[(program.path.clone(), [signature].into())]).unwrap();
    let wanted = [program.path].into();
    let (client, cache) = cache(root);
    let options = PushOptions::new(root.into());
    cache::push(&store, &wanted, &client, &cache, &options, &|_| {}).unwrap();
    std::fs::remove_file(root.join("result")).unwrap();
    drop(store);
    let store = open();
    store.collect_garbage(&CollectOptions::default()).unwrap();
    let (caches, _) = Caches::open(&client, &[cache], store.store_dir(), CacheOptions::default());
    caches.pull(&store, &wanted, &|_| {}).unwrap();
    drop(store);
    open().collect_garbage(&CollectOptions::default()).unwrap();
}

/// A binary cache that every round fills, or finds filled.
fn cache(root: &Path) -> (Client, Url) {
    let cache = Url::of_file(&root.join("cache")).unwrap();
    (Client::new(FetchOptions::default()).unwrap(), cache)
}

/// What a child process runs; see `spawn`.
#[test]
#[ignore = "the tests below run it, and kill it"]
fn child() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let changes = std::env::var(CHANGES).unwrap().parse().unwrap();
    work(Path::new(&root), kill_after(changes));
}

fn spawn(root: &Path, changes: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--ignored"])
        .env(ROOT, root)
        .env(CHANGES, OsString::from(changes.to_string()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A store with a path that must never be lost.
fn prepare(root: &Path) -> StorePath {
    let store = Store::open(StoreOptions::new(root)).unwrap();
    let kept = add(&store, "kept", BTreeSet::new()).path;
    store.add_root(&root.join("kept"), &kept).unwrap();
    kept
}

#[track_caller]
fn check(root: &Path, kept: &StorePath, status: ExitStatus, when: &str) {
    assert!(status.success() || status.signal() == KILLED, "{status} {when}");
    let store = Store::open(StoreOptions::new(root)).unwrap();
    let report = store.verify(VerifyDepth::Contents).unwrap();
    assert!(report.is_clean(), "{when}: {report:?}");
    assert!(store.is_valid(kept).unwrap(), "{when}");
}

#[test]
fn killed_after_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let kept = prepare(dir.path());
    for changes in 0.. {
        let status = spawn(dir.path(), changes).wait().unwrap();
        check(dir.path(), &kept, status, &format!("killed after {changes} changes"));
        if status.success() {
            assert!(changes > 50, "too few changes: {changes}");
            break;
        }
    }
    let store = Store::open(StoreOptions::new(dir.path())).unwrap();
    store.collect_garbage(&CollectOptions::default()).unwrap();
    assert_eq!(store.valid_paths().unwrap(), [kept].into());
    assert_eq!(std::fs::read_dir(store.layout().store()).unwrap().count(), 2, "it and .links");
}

#[test]
fn killed_at_any_time() {
    let rounds = std::env::var("FRAZIL_CRASH_ROUNDS").map_or(40, |rounds| rounds.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let kept = prepare(dir.path());
    for round in 0..rounds {
        let mut child = spawn(dir.path(), usize::MAX);
        // Spread over the time that the child takes, in an order that looks random.
        let wait = Duration::from_micros(round * 7919 % 120_000);
        std::thread::sleep(wait);
        child.kill().unwrap();
        let status = child.wait().unwrap();
        check(dir.path(), &kept, status, &format!("killed after {wait:?}"));
    }
}
