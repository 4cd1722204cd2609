use std::collections::BTreeSet;

use frazil_model::Sha256;
use frazil_model::nar::NarDigest;

use super::*;

fn path(name: &str) -> StorePath {
    let digest = Sha256::of(name.as_bytes()).folded();
    StorePath::new(digest, &name.parse().unwrap())
}

fn info(name: &str, references: &[&str]) -> (PathInfo, Outputs) {
    let nar = NarDigest { hash: Sha256::of(name.as_bytes()), size: 7 };
    let mut info = PathInfo::new(path(name), nar);
    info.references = references.iter().map(|name| path(name)).collect();
    (info, Outputs::new())
}

fn names(paths: &BTreeSet<StorePath>) -> String {
    let mut names: Vec<_> = paths.iter().map(StorePath::name).collect();
    names.sort_unstable();
    names.join(" ")
}

fn open(dir: &tempfile::TempDir) -> Database {
    let file = dir.path().join("db.sqlite");
    Database::open(Disk::default(), file, StoreDir::default(), OpenMode::Create).unwrap()
}

#[test]
fn what_is_registered_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut database = open(&dir);
    let (mut whole, _) = info("whole", &["whole", "lib"]);
    whole.deriver = Some(path("whole.drv"));
    whole.ultimate = true;
    whole.signatures.insert(format!("key-1:{}", "A".repeat(86) + "==").parse().unwrap());
    whole.content_address = Some(
        "fixed:r:sha256:0sg9f58l1jj88w6pdrfdpj5x9b1zrwszk84j81zvby36q9whhhqa".parse().unwrap(),
    );
    database.register(&[(whole.clone(), Outputs::new()), info("lib", &[])], 99).unwrap();

    whole.registration_time = 99;
    assert_eq!(database.path_info(&whole.path).unwrap(), Some(whole));
    assert_eq!(database.path_info(&path("other")).unwrap(), None);
    assert_eq!(names(&database.valid_paths().unwrap()), "lib whole");
    let lib = path("lib");
    assert_eq!(database.path_of_digest(lib.digest()).unwrap(), Some(lib));
    assert_eq!(database.path_of_digest(path("other").digest()).unwrap(), None);
    assert_eq!(database.path_of_digest("short").unwrap(), None);
}

#[test]
fn references_are_followed_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let mut database = open(&dir);
    let paths =
        [info("app", &["lib", "app"]), info("lib", &["libc"]), info("libc", &[]), info("x", &[])];
    database.register(&paths, 1).unwrap();
    let closure = |roots: &[&str]| {
        database.closure(&roots.iter().map(|name| path(name)).collect()).map(|paths| names(&paths))
    };
    assert_eq!(closure(&["app"]).unwrap(), "app lib libc");
    assert_eq!(closure(&["x", "lib"]).unwrap(), "lib libc x");
    assert_eq!(closure(&[]).unwrap(), "");
    assert!(matches!(closure(&["none"]), Err(DatabaseError::NotValid { .. })));
    assert_eq!(names(&database.referrers(&path("app")).unwrap()), "app");
    assert_eq!(names(&database.referrers(&path("libc")).unwrap()), "lib");
}

#[test]
fn derivations_know_their_outputs() {
    let dir = tempfile::tempdir().unwrap();
    let mut database = open(&dir);
    let (drv, mut outputs) = info("app.drv", &[]);
    outputs.insert("out".parse().unwrap(), path("app"));
    outputs.insert("dev".parse().unwrap(), path("app-dev"));
    database.register(&[(drv.clone(), outputs.clone())], 1).unwrap();
    assert_eq!(database.outputs(&drv.path).unwrap(), outputs);
    assert_eq!(names(&database.valid_derivers(&path("app-dev")).unwrap()), "app.drv");
    assert_eq!(names(&database.valid_derivers(&path("other")).unwrap()), "");
}

#[test]
fn a_path_needs_its_references() {
    let dir = tempfile::tempdir().unwrap();
    let mut database = open(&dir);
    let missing = database.register(&[info("app", &["lib"])], 1).unwrap_err();
    assert!(matches!(missing, DatabaseError::NotValid { path: lib } if lib == path("lib")));
    let cycle = database.register(&[info("a", &["b"]), info("b", &["a"])], 1).unwrap_err();
    assert!(matches!(cycle, DatabaseError::Cycle(_)));
    assert_eq!(names(&database.valid_paths().unwrap()), "");
}

#[test]
fn a_path_in_use_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut database = open(&dir);
    database.register(&[info("app", &["app", "lib"]), info("lib", &[])], 1).unwrap();
    let err = database.invalidate(&[path("lib"), path("app")]).unwrap_err();
    assert!(matches!(err, DatabaseError::InUse { path: lib } if lib == path("lib")));
    assert_eq!(names(&database.valid_paths().unwrap()), "app lib");
    database.invalidate(&[path("app"), path("lib")]).unwrap();
    assert_eq!(names(&database.valid_paths().unwrap()), "");
}

#[test]
fn the_tables_are_those_of_nix() {
    let dir = tempfile::tempdir().unwrap();
    let database = open(&dir);
    let columns: String = database
        .connection
        .query_row(
            "select group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk, ', ')
             from pragma_table_info('ValidPaths')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    expect_test::expect!["id INTEGER 1 1, path TEXT 1 0, hash TEXT 1 0, registrationTime INTEGER 1 0, deriver TEXT 0 0, narSize INTEGER 0 0, ultimate INTEGER 0 0, sigs TEXT 0 0, ca TEXT 0 0"].assert_eq(&columns);
    let names: String = database
        .connection
        .query_row(
            "select group_concat(name, ' ') from
             (select name from sqlite_master where name not like 'sqlite%' order by name)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    expect_test::expect!["DeleteSelfRefs DerivationOutputs IndexDerivationOutputs IndexReference IndexReferrer Refs SchemaMigrations ValidPaths"].assert_eq(&names);
}

#[test]
fn a_snapshot_is_a_database_of_the_same_bytes_each_time() {
    let paths = || [info("app", &["lib", "app"]), info("lib", &[])].map(|(info, _)| info).to_vec();
    let bytes = snapshot(&StoreDir::default(), paths(), 1).unwrap();
    assert!(bytes == snapshot(&StoreDir::default(), paths(), 1).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db.sqlite");
    Disk::default().replace_file(&file, &bytes).unwrap();
    let database =
        Database::open(Disk::default(), file, StoreDir::default(), OpenMode::Write).unwrap();
    assert_eq!(names(&database.valid_paths().unwrap()), "app lib");
    let (mut app, _) = info("app", &["lib", "app"]);
    app.registration_time = 1;
    assert_eq!(database.path_info(&app.path).unwrap(), Some(app));

    let lacks = snapshot(&StoreDir::default(), vec![info("app", &["lib"]).0], 1).unwrap_err();
    assert_eq!(lacks.to_string(), format!("path '{}' is not valid", path("lib")));
}

#[test]
fn signatures_are_added_to_valid_paths_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut database = open(&dir);
    let signature = |key: &str| format!("{key}:{}", "A".repeat(86) + "==").parse().unwrap();
    let (mut lib, outputs) = info("lib", &[]);
    lib.signatures.insert(signature("key-1"));
    database.register(&[(lib.clone(), outputs)], 1).unwrap();

    let new = |key: &str| [(lib.path.clone(), [signature(key)].into())];
    assert_eq!(names(&database.add_signatures(&new("key-1")).unwrap()), "");
    // As two processes do that both have seen the first signature only.
    assert_eq!(names(&database.add_signatures(&new("key-2")).unwrap()), "lib");
    assert_eq!(names(&database.add_signatures(&new("key-3")).unwrap()), "lib");
    let found = database.path_info(&lib.path).unwrap().unwrap().signatures;
    assert_eq!(found, ["key-1", "key-2", "key-3"].map(signature).into());

    // As when garbage was collected since it was looked at.
    database.invalidate(std::slice::from_ref(&lib.path)).unwrap();
    let gone = database.add_signatures(&new("key-4")).unwrap_err();
    assert_eq!(gone.to_string(), format!("path '{}' is not valid", lib.path));
    assert_eq!(database.path_info(&lib.path).unwrap(), None);
}
