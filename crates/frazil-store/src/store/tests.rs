#![expect(clippy::disallowed_methods, reason = "they make what a store meets")]

use super::*;

fn reopen(root: &Path) -> Result<Store, OpenError> {
    Store::open(StoreOptions::new(root))
}

#[test]
fn opens_what_it_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = reopen(dir.path()).unwrap();
    assert!(store.valid_paths().unwrap().is_empty());
    let second = reopen(dir.path()).unwrap();
    assert!(second.valid_paths().unwrap().is_empty());
    assert_eq!(read(&store.layout().schema()).unwrap().unwrap(), b"10");
}

#[track_caller]
fn check_schema(text: &str, message: &str, help: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    let schema = reopen(dir.path()).unwrap().layout().schema();
    std::fs::write(&schema, text).unwrap();
    let err = reopen(dir.path()).map(|_| ()).unwrap_err();
    assert_eq!(err.to_string().replace(&schema.display().to_string(), "FILE"), message);
    assert_eq!(err.help(), help);
}

#[test]
fn refuses_other_schemas() {
    check_schema(
        "11",
        "the database of the store has schema 11, but only 10 is supported",
        Some("a newer program has changed the store: use that, or a newer frazil"),
    );
    check_schema(
        "9",
        "the database of the store has schema 9, but only 10 is supported",
        Some("open it once with Nix, which brings it up to date"),
    );
    check_schema("ten", "'FILE' is corrupt: it is not a number", None);
}

#[test]
fn refuses_what_is_no_database() {
    let dir = tempfile::tempdir().unwrap();
    let layout = reopen(dir.path()).unwrap().layout().clone();
    std::fs::write(layout.database(), "this is no database, but it is long enough".repeat(9))
        .unwrap();
    let err = reopen(dir.path()).map(|_| ()).unwrap_err();
    assert!(err.help().unwrap().starts_with("the database is damaged"), "{err:?}");
    assert!(reopen(Path::new("relative")).is_err());
}

#[test]
fn no_failure_while_it_is_made_spoils_a_store() {
    for changes in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let disk = crate::fixture::fail_after(changes);
        let succeeded = Store::open(StoreOptions { disk, ..StoreOptions::new(dir.path()) }).is_ok();
        let store = reopen(dir.path()).unwrap();
        assert!(store.valid_paths().unwrap().is_empty(), "failing at change {changes}");
        if succeeded {
            return;
        }
    }
}
