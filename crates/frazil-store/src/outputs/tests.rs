#![expect(clippy::disallowed_methods, reason = "they do what a builder does")]

use std::fs;

use super::*;
use crate::fixture::{check_faults, open as open_store, tree};
use crate::fs::Disk;
use crate::{Access, AddOptions, OpenError, StoreOptions, VerifyDepth};

const OUT: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la-out";
const DEV: &str = "10bgd045z0d4icpbc2yyz4gx48ak44la-dev";

fn paths() -> BTreeSet<StorePath> {
    [OUT, DEV].map(|path| path.parse().unwrap()).into()
}

/// Builds two outputs that refer to each other in one direction.
fn build(store: &Store) -> Result<(), String> {
    let paths = paths();
    let locks = store.lock_outputs(&paths, &|| false).map_err(|err| err.to_string())?;
    if paths.iter().all(|path| store.is_valid(path).unwrap()) {
        return Ok(());
    }
    let workplace = store.workplace().map_err(|err| err.to_string())?;
    let mut made = Vec::new();
    for path in &paths {
        let place = workplace.path().join(path.as_str());
        fs::create_dir(&place).unwrap();
        fs::write(place.join("file"), format!("/nix/store/{OUT}")).unwrap();
        let info = store.adopt(&place, path, &paths).map_err(|err| err.to_string())?;
        made.push((place, info));
    }
    store.install(made, &locks).map_err(|err| err.to_string())
}

#[test]
fn no_failure_loses_or_half_makes_outputs() {
    check_faults(|_| {}, build);
}

#[test]
fn no_failure_of_a_repair_loses_what_is_there() {
    let node = tree();
    let name = "tree".parse().unwrap();
    let add =
        |store: &Store| store.add(&name, Source::Tree(&node), &AddOptions::default()).unwrap().path;
    check_faults(
        |store| drop(add(store)),
        |store| {
            let path = store.valid_paths().unwrap().pop_first().unwrap();
            let mut nar = Vec::new();
            crate::write_nar(&store.layout().path(&path), &mut nar).unwrap();
            let locks = store
                .lock_outputs(&[path.clone()].into(), &|| false)
                .map_err(|err| err.to_string())?;
            store.repair(&path, &mut &*nar, &locks).map_err(|err| err.to_string())
        },
    );
}

#[test]
fn all_become_valid_and_nothing_else_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), Disk::default());
    build(&store).unwrap();
    assert_eq!(store.valid_paths().unwrap(), paths());
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
    assert_eq!(fs::read_dir(store.layout().store()).unwrap().count(), 3, "both and .links");
}

#[test]
fn abandoned_places_go_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), Disk::default());
    let abandoned = store.layout().store().join("tmp-1-1");
    fs::create_dir_all(abandoned.join("build")).unwrap();
    let busy = store.workplace().unwrap();
    store.remove_abandoned_workplaces().unwrap();
    assert!(!abandoned.exists());
    assert!(busy.path().exists());
}

#[test]
fn a_store_can_be_read_without_the_right_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let reading =
        || Store::open(StoreOptions { access: Access::Read, ..StoreOptions::new(dir.path()) });
    assert!(matches!(reading(), Err(OpenError::Absent { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is made");

    build(&open_store(dir.path(), Disk::default())).unwrap();
    let store = reading().unwrap();
    assert_eq!(store.valid_paths().unwrap(), paths());
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
    assert!(store.roots().unwrap().is_empty());
    assert!(store.add_text(&"x".parse().unwrap(), b"x", BTreeSet::new()).is_err());
}

#[test]
fn who_waits_for_others_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let open = || open_store(dir.path(), Disk::default());
    let (ours, theirs) = (open(), open());
    let held = theirs.lock_outputs(&paths(), &|| false).unwrap();
    let asked = std::cell::Cell::new(0);
    let is_stopped = || asked.replace(asked.get() + 1) == 2;
    let error = ours.lock_outputs(&paths(), &is_stopped).err().unwrap();
    assert_eq!(error.source.kind(), std::io::ErrorKind::Interrupted);
    assert_eq!(asked.get(), 3);
    drop(held);
    ours.lock_outputs(&paths(), &|| true).unwrap();
}
