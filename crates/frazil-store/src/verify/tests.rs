#![expect(clippy::disallowed_methods, reason = "they damage what the store made")]

use expect_test::expect;

use super::*;
use crate::fixture::{add, check_names, open};
use crate::fs::Disk;

#[test]
fn damage_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let [gone, changed, special, _whole] =
        ["gone", "changed", "special", "whole"].map(|name| add(&store, name, &[]));
    store.disk.remove_tree(&store.layout().path(&gone.path)).unwrap();
    for info in [&changed, &special] {
        store.disk.set_mode(&store.layout().path(&info.path), 0o755).unwrap();
    }
    std::fs::write(store.layout().path(&changed.path).join("new"), "").unwrap();
    let socket = store.layout().path(&special.path).join("s");
    let _socket = std::os::unix::net::UnixListener::bind(socket).unwrap();
    std::fs::write(store.layout().links().join("0".repeat(52)), "other").unwrap();

    let report = store.verify(VerifyDepth::Existence).unwrap();
    assert_eq!(report.paths, 4);
    check_names(&report.missing, expect!["gone"]);
    check_names(report.modified.keys(), expect![""]);
    let report = store.verify(VerifyDepth::Contents).unwrap();
    check_names(&report.missing, expect!["gone"]);
    check_names(report.modified.keys(), expect!["changed"]);
    check_names(report.unreadable.keys(), expect!["special"]);
    assert_eq!(report.damaged_links.len(), 1);
    assert!(!report.is_clean());
}

#[test]
fn what_is_collected_meanwhile_is_not_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let fill = || {
        let store = open(dir.path(), Disk::default());
        for name in 0..100 {
            add(&store, &format!("x{name}"), &[]);
        }
    };
    fill();
    let reader =
        crate::StoreOptions { access: crate::Access::Read, ..crate::StoreOptions::new(dir.path()) };
    let reader = Store::open(reader).unwrap();
    std::thread::scope(|scope| {
        let collecting = scope.spawn(|| {
            for _ in 0..3 {
                let store = open(dir.path(), Disk::default());
                store.collect_garbage(&crate::CollectOptions::default()).unwrap();
                drop(store);
                fill();
            }
        });
        while !collecting.is_finished() {
            let report = reader.verify(VerifyDepth::Contents).unwrap();
            assert!(report.is_clean(), "{report:?}");
        }
    });
}
