#![expect(clippy::disallowed_methods, reason = "they make what a store meets")]

use std::time::Duration;

use expect_test::expect;

use super::*;
use crate::fixture::{add, check_faults, check_names, open};
use crate::fs::Disk;

/// `app` refers to `lib`, and that to `libc`; `old` refers to `lib`; `lone` to nothing.
fn fill(store: &Store) {
    let libc = add(store, "libc", &[]);
    let lib = add(store, "lib", &[&libc]);
    let app = add(store, "app", &[&lib]);
    let old = add(store, "old", &[&lib]);
    add(store, "older", &[&old]);
    add(store, "lone", &[]);
    store.add_root(&store.layout().gc_roots().join("app"), &app.path).unwrap();
}

#[test]
fn what_no_root_keeps_goes() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path(), Disk::default()));
    let store = open(dir.path(), Disk::default());
    std::fs::create_dir(store.layout().store().join("tmp-1-2")).unwrap();
    std::fs::write(store.layout().links().join("unused"), "12345").unwrap();
    std::fs::write(store.layout().store().join(".tmp-link-1"), "123").unwrap();
    let leftover = store.layout().store().join("00bgd045z0d4icpbc2yyz4gx48ak44la-leftover");
    std::fs::write(&leftover, "12").unwrap();

    let garbage = store.garbage(&CollectOptions::default()).unwrap();
    check_names(&garbage, expect!["lone old older"]);
    let collected = store.collect_garbage(&CollectOptions::default()).unwrap();
    assert_eq!(collected.paths, garbage);
    assert_eq!(collected.bytes, ("loneoldolder".len() + 5 + 3 + 2) as u64);
    check_names(&store.valid_paths().unwrap(), expect!["app lib libc"]);
    assert_eq!(entries(store.layout().store()).unwrap().len(), 4, "three paths and .links");
    assert!(store.verify(crate::VerifyDepth::Contents).unwrap().is_clean());
    assert_eq!(store.collect_garbage(&CollectOptions::default()).unwrap(), Collected::default());
}

#[test]
fn what_a_process_uses_stays() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path(), Disk::default()));
    let worker = open(dir.path(), Disk::default());
    let valid = worker.valid_paths().unwrap();
    let lone = valid.iter().find(|path| path.name() == "lone").unwrap();
    worker.add_temp_root(lone).unwrap();
    let making: StorePath = "00bgd045z0d4icpbc2yyz4gx48ak44la-making".parse().unwrap();
    worker.add_temp_root(&making).unwrap();
    std::fs::write(worker.layout().path(&making), "half").unwrap();

    let collector = open(dir.path(), Disk::default());
    let collected = collector.collect_garbage(&CollectOptions::default()).unwrap();
    check_names(&collected.paths, expect!["old older"]);
    assert!(worker.layout().path(&making).exists());
    drop(worker);
    let collected = collector.collect_garbage(&CollectOptions::default()).unwrap();
    check_names(&collected.paths, expect!["lone"]);
    assert!(!collector.layout().path(&making).exists());
}

#[test]
fn who_wants_a_path_waits_for_the_collection() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path(), Disk::default()));
    let collector = open(dir.path(), Disk::default());
    let worker = open(dir.path(), Disk::default());
    let lone =
        worker.valid_paths().unwrap().into_iter().find(|path| path.name() == "lone").unwrap();
    let lock = collector.lock_for_collection().unwrap();
    std::thread::scope(|scope| {
        let rooting = scope.spawn(|| worker.add_temp_root(&lone).unwrap());
        std::thread::sleep(Duration::from_millis(50));
        assert!(!rooting.is_finished());
        drop(lock);
    });
    check_names(collector.all_temp_roots().unwrap().keys(), expect!["lone"]);
}

#[test]
fn enough_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    for index in 0..2 * PATHS_PER_STEP {
        add(&store, &format!("x{index:03}"), &[]);
    }
    drop(store);
    let store = open(dir.path(), Disk::default());
    let options = CollectOptions { bytes_max: 10, ..CollectOptions::default() };
    let collected = store.collect_garbage(&options).unwrap();
    // Each frees four bytes.
    assert_eq!((collected.paths.len(), collected.bytes), (3, 12));
    assert_eq!(store.valid_paths().unwrap().len(), 2 * PATHS_PER_STEP - 3);
}

#[test]
fn derivations_and_outputs_keep_each_other_as_told() {
    let path = |name: &str| -> StorePath {
        format!("00bgd045z0d4icpbc2yyz4gx48ak44la-{name}").parse().unwrap()
    };
    let mut graph = Graph::default();
    for name in ["out", "dev", "x.drv"] {
        graph.references.insert(path(name), Vec::new());
    }
    graph.derivers.insert(path("out"), path("x.drv"));
    graph.outputs.insert(path("x.drv"), vec![path("out"), path("dev"), path("absent")]);
    let kept = |root: &str, keep_derivations, keep_outputs| {
        let options = CollectOptions { keep_derivations, keep_outputs, bytes_max: 0 };
        let kept = alive(&graph, [path(root)].into(), &options);
        kept.iter().map(StorePath::name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kept("out", false, false), "out");
    assert_eq!(kept("out", true, false), "out x.drv");
    assert_eq!(kept("x.drv", true, false), "x.drv");
    assert_eq!(kept("x.drv", false, true), "dev out x.drv");
    assert_eq!(kept("out", true, true), "dev out x.drv");
}

#[test]
fn no_failure_leaves_a_path_that_is_not_whole() {
    check_faults(fill, |store| {
        store.collect_garbage(&CollectOptions::default()).map_err(|err| err.to_string())
    });
}

#[test]
fn what_a_program_has_open_stays() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path(), Disk::default()));
    let store = open(dir.path(), Disk::default());
    let lone = store.valid_paths().unwrap().into_iter().find(|path| path.name() == "lone").unwrap();
    let file = std::fs::File::open(store.layout().path(&lone).join("name")).unwrap();
    check_names(&store.garbage(&CollectOptions::default()).unwrap(), expect!["old older"]);
    drop(file);
    check_names(&store.garbage(&CollectOptions::default()).unwrap(), expect!["lone old older"]);
}

#[test]
fn nothing_that_is_in_use_goes_while_others_work() {
    const WORKERS: usize = 3;
    let dir = tempfile::tempdir().unwrap();
    let work = &|worker: usize| {
        for round in 0..20 {
            let store = open(dir.path(), Disk::default());
            // Some are made by several, some by one.
            let lib = add(&store, &format!("lib{}", round % 5), &[]);
            let app = add(&store, &format!("app{worker}-{round}"), &[&lib]);
            for info in [&lib, &app] {
                assert!(store.is_valid(&info.path).unwrap(), "{}", info.path);
                assert!(store.layout().path(&info.path).join("name").exists());
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..WORKERS).map(|worker| scope.spawn(move || work(worker))).collect();
        let collector = open(dir.path(), Disk::default());
        while !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            collector.collect_garbage(&CollectOptions::default()).unwrap();
        }
    });
    let store = open(dir.path(), Disk::default());
    assert!(store.verify(crate::VerifyDepth::Contents).unwrap().is_clean());
    store.collect_garbage(&CollectOptions::default()).unwrap();
    check_names(&store.valid_paths().unwrap(), expect![""]);
    assert_eq!(entries(store.layout().store()).unwrap(), [LINKS]);
}
