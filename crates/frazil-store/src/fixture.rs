//! A store in a temporary directory, and a disk that fails when told to. For tests only.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::Expect;
use frazil_model::nar::NarNode;
use frazil_model::{StorePath, nar::FileName};

use crate::fs::Disk;
use crate::{AddOptions, OpenError, PathInfo, Source, Store, StoreOptions, VerifyDepth};

/// The time of everything in a test.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn open(root: &Path, disk: Disk) -> Store {
    try_open(root, disk).unwrap()
}

fn try_open(root: &Path, disk: Disk) -> Result<Store, OpenError> {
    let clock = Arc::new(|| NOW);
    Store::open(StoreOptions { disk, clock, ..StoreOptions::new(root) })
}

/// A disk that makes this many changes and then fails.
pub(crate) fn fail_after(changes: usize) -> Disk {
    let left = AtomicUsize::new(changes);
    Disk::intercepted(Arc::new(move |_, _| {
        let step = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        step.map(|_| ()).map_err(|_| io::ErrorKind::StorageFull.into())
    }))
}

/// Runs `operation` on a disk that fails at change 0, 1, 2 and so on, until it succeeds. Each time
/// the store must be sound, and `operation` must succeed when the disk is well again.
#[track_caller]
pub(crate) fn check_faults<T>(
    prepare: impl Fn(&Store),
    operation: impl Fn(&Store) -> Result<T, String>,
) {
    for changes in 0.. {
        let dir = tempfile::tempdir().unwrap();
        prepare(&open(dir.path(), Disk::default()));
        let store = try_open(dir.path(), fail_after(changes)).map_err(|err| err.to_string());
        let succeeded = store.and_then(|store| operation(&store)).is_ok();

        let store = open(dir.path(), Disk::default());
        let report = store.verify(VerifyDepth::Contents).unwrap();
        assert!(report.is_clean(), "failing at change {changes}: {report:?}");
        if let Err(err) = operation(&store) {
            panic!("not mended after failing at change {changes}: {err}");
        }
        assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
        if succeeded {
            assert!(changes > 3, "no change was made to fail");
            return;
        }
    }
}

pub(crate) fn file(contents: impl Into<Vec<u8>>) -> NarNode {
    NarNode::File { executable: false, contents: contents.into() }
}

pub(crate) fn directory<const N: usize>(entries: [(&str, NarNode); N]) -> NarNode {
    let entry = |(name, node): (&str, NarNode)| (FileName::new(name.as_bytes()).unwrap(), node);
    NarNode::Directory { entries: entries.into_iter().map(entry).collect() }
}

/// A directory with all that a store can hold.
pub(crate) fn tree() -> NarNode {
    let run = NarNode::File { executable: true, contents: b"#!/bin/sh\n".into() };
    let link = NarNode::Symlink { target: b"../file".into() };
    let below = directory([("empty", directory([])), ("link", link), ("run", run)]);
    directory([("below", below), ("empty", file("")), ("file", file("contents\n"))])
}

/// Adds a file that refers to `references`.
pub(crate) fn add(store: &Store, name: &str, references: &[&PathInfo]) -> PathInfo {
    let references = references.iter().map(|info| info.path.clone()).collect();
    let options = AddOptions { references, ..AddOptions::default() };
    let node = directory([("name", file(name))]);
    store.add(&name.parse().unwrap(), Source::Tree(&node), &options).unwrap()
}

#[track_caller]
pub(crate) fn check_names<'a>(paths: impl IntoIterator<Item = &'a StorePath>, expected: Expect) {
    let mut names: Vec<_> = paths.into_iter().map(StorePath::name).collect();
    names.sort_unstable();
    expected.assert_eq(&names.join(" "));
}
