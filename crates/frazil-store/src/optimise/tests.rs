use std::collections::BTreeSet;

use expect_test::expect;

use super::*;
use crate::fixture::{check_faults, directory, file, open, tree};
use crate::fs::Disk;
use crate::{AddOptions, CollectOptions, Source, VerifyDepth};

fn fill(store: &Store) {
    let equal = "the same in both".repeat(100);
    for name in ["one", "two"] {
        let node = directory([("below", directory([("f", file(&*equal))])), ("own", file(name))]);
        let name = name.parse().unwrap();
        store.add(&name, Source::Tree(&node), &AddOptions::default()).unwrap();
    }
    store.add(&"tree".parse().unwrap(), Source::Tree(&tree()), &AddOptions::default()).unwrap();
}

#[test]
fn equal_files_share_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    fill(&store);
    assert_eq!(store.optimise().unwrap(), Optimised { files: 1, bytes: 1600 });
    assert_eq!(store.optimise().unwrap(), Optimised::default());
    let inodes: BTreeSet<u64> = store
        .valid_paths()
        .unwrap()
        .iter()
        .filter_map(|path| metadata(&store.layout().path(path).join("below/f")).unwrap())
        .map(|found| found.ino())
        .collect();
    assert_eq!(inodes.len(), 1);
    for path in store.valid_paths().unwrap() {
        let below = metadata(&store.layout().path(&path).join("below")).unwrap().unwrap();
        assert_eq!((below.mode() & 0o7777, below.mtime()), (0o555, 1), "{path}");
    }
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());

    drop(store);
    let store = open(dir.path(), Disk::default());
    store.collect_garbage(&CollectOptions::default()).unwrap();
    assert!(entries(&store.layout().links()).unwrap().is_empty(), "nobody shares any more");
}

#[test]
fn damage_does_not_spread() {
    use std::os::unix::fs::FileExt as _;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let add = |name: &str| {
        let name = name.parse().unwrap();
        store.add(&name, Source::Bytes(b"contents"), &AddOptions::default()).unwrap().path
    };
    let damaged = add("damaged");
    store.optimise().unwrap();
    // It is as long as before.
    let path = store.layout().path(&damaged);
    store.disk.set_mode(&path, 0o644).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().write_at(b"X", 0).unwrap();
    store.disk.set_mode(&path, 0o444).unwrap();

    add("whole");
    store.optimise().unwrap();
    let report = store.verify(VerifyDepth::Contents).unwrap();
    assert_eq!(report.damaged(), [damaged].into());
    assert!(report.damaged_links.is_empty());
}

#[test]
fn links_are_named_as_nix_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    store.add(&"x".parse().unwrap(), Source::Bytes(b"contents\n"), &AddOptions::default()).unwrap();
    store.optimise().unwrap();
    let names = entries(&store.layout().links()).unwrap();
    expect!["1nyikny5k19nf927wdgj99qnv4raixkk5h8n1wj5r11la9rab843"]
        .assert_eq(&names[0].to_string_lossy());
}

#[test]
fn no_failure_leaves_a_path_that_is_not_whole() {
    check_faults(fill, |store| store.optimise().map_err(|err| err.to_string()));
}
