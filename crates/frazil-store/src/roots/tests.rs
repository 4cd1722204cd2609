#![expect(clippy::disallowed_methods, reason = "they make the links that a store meets")]

use expect_test::expect;

use super::*;
use crate::fixture::{add, check_names, open};

#[test]
fn links_are_roots() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let [direct, indirect, profile, gone] =
        ["direct", "indirect", "profile", "gone"].map(|name| add(&store, name, &[]).path);
    store.add_root(&store.layout().gc_roots().join("direct"), &direct).unwrap();
    store.add_root(&dir.path().join("result"), &indirect).unwrap();
    store.add_root(&store.layout().profiles().join("system-1-link"), &profile).unwrap();
    store.add_root(&dir.path().join("result-gone"), &gone).unwrap();
    std::fs::remove_file(dir.path().join("result-gone")).unwrap();

    let roots = store.roots().unwrap();
    check_names(roots.keys(), expect!["direct indirect profile"]);
    assert_eq!(roots[&indirect], [dir.path().join("result")].into());
    let auto = entries(&store.layout().auto_roots()).unwrap();
    assert_eq!(auto.len(), 1, "the link to what is gone is removed");
}

#[test]
fn out_links_can_be_followed_and_are_told_to_nix() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let [first, second] = ["first", "second"].map(|name| add(&store, name, &[]).path);
    let link = dir.path().join("result");
    let told = || -> Vec<_> {
        let dir = store.layout().out_link_roots();
        let names = entries(&dir).unwrap();
        names.into_iter().map(|name| read_link(&dir.join(name)).unwrap()).collect()
    };
    for path in [first, second] {
        store.add_out_link(&link, &path).unwrap();
        assert!(std::fs::metadata(&link).is_ok(), "it leads somewhere");
        let roots = store.roots().unwrap();
        assert_eq!(roots, [(path.clone(), [link.clone()].into())].into());
        let logical = PathBuf::from(store.store_dir().join(&path));
        assert_eq!(told(), [logical]);
    }
    std::fs::remove_file(&link).unwrap();
    assert!(store.roots().unwrap().is_empty());
    assert!(told().is_empty());
}

#[test]
fn the_name_of_an_indirect_root_is_that_of_nix() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    store.add_indirect_root(Path::new("/tmp/v/result")).unwrap();
    let names = entries(&store.layout().auto_roots()).unwrap();
    expect!["750jj38w7jnv2bmi97vgh422069d5qh8"].assert_eq(&names[0].to_string_lossy());
}

#[test]
fn temporary_roots_end_with_their_store() {
    let dir = tempfile::tempdir().unwrap();
    let stores = [0, 1].map(|_| open(dir.path(), Disk::default()));
    let paths = [add(&stores[0], "one", &[]), add(&stores[1], "two", &[])];
    assert_eq!(entries(&stores[0].layout().temp_roots()).unwrap().len(), 2);
    check_names(stores[0].all_temp_roots().unwrap().keys(), expect!["one two"]);
    let [first, second] = stores;
    drop(first);
    check_names(second.all_temp_roots().unwrap().keys(), expect!["two"]);
    assert!(second.is_valid(&paths[0].path).unwrap());
}

#[test]
fn files_of_processes_that_ended_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let info = add(&store, "x", &[]);
    let stale = store.layout().temp_roots().join("1");
    std::fs::write(&stale, format!("{}\0", store.store_dir().join(&info.path))).unwrap();
    drop(store);
    let store = open(dir.path(), Disk::default());
    check_names(store.all_temp_roots().unwrap().keys(), expect![""]);
    assert!(!stale.exists());
}

#[test]
fn relative_targets_are_resolved() {
    let check = |link: &str, target: &str, expected: &str| {
        assert_eq!(absolute(Path::new(link), Path::new(target)), Path::new(expected));
    };
    check("/a/b/link", "c", "/a/b/c");
    check("/a/b/link", "../c/./d", "/a/c/d");
    check("/a/link", "/x", "/x");
    check("/link", "../../x", "/x");
}
