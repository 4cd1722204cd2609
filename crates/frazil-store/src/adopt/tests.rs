#![expect(clippy::disallowed_methods, reason = "they do what a builder does")]

use std::fs::{self, Permissions};
use std::os::unix::net::UnixListener;

use expect_test::expect;

use super::*;
use crate::fixture::{add, check_names, directory, file, open};
use crate::{AddOptions, Source};

const OUTPUT: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la-output";

#[test]
fn what_was_built_becomes_what_would_be_added() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let [used, unused] = ["used", "unused"].map(|name| add(&store, name, &[]).path);
    let output: StorePath = OUTPUT.parse().unwrap();
    store.add_temp_root(&output).unwrap();
    let top = store.layout().path(&output);
    let text = format!("/nix/store/{used}/name and /nix/store/{output}");
    fs::create_dir(&top).unwrap();
    fs::write(top.join("text"), &text).unwrap();
    fs::set_permissions(top.join("text"), Permissions::from_mode(0o6640)).unwrap();
    fs::hard_link(top.join("text"), top.join("twin")).unwrap();
    fs::create_dir(top.join("closed")).unwrap();
    fs::set_permissions(top.join("closed"), Permissions::from_mode(0o100)).unwrap();

    let info = store.adopt(&top, &output, &[used, unused].into()).unwrap();
    check_names(&info.references, expect!["output used"]);
    let node =
        directory([("closed", directory([])), ("text", file(&*text)), ("twin", file(&*text))]);
    assert_eq!(info.nar, node.digest().unwrap());
    let added = store.add(&"same".parse().unwrap(), Source::Tree(&node), &AddOptions::default());
    let added = store.layout().path(&added.unwrap().path);
    for below in [".", "text", "twin", "closed"] {
        let [ours, theirs] = [&top, &added].map(|top| fs::metadata(top.join(below)).unwrap());
        assert_eq!(ours.permissions(), theirs.permissions(), "{below}");
        assert_eq!(ours.modified().unwrap(), theirs.modified().unwrap(), "{below}");
    }
    store.register(vec![info.clone()]).unwrap();
    assert!(store.verify(crate::VerifyDepth::Contents).unwrap().is_clean());
    assert_eq!(store.valid_path_info(&output).unwrap().references, info.references);
}

#[test]
fn sockets_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let output: StorePath = OUTPUT.parse().unwrap();
    fs::create_dir(store.layout().path(&output)).unwrap();
    let _socket = UnixListener::bind(store.layout().path(&output).join("s")).unwrap();
    let err = store.adopt(&store.layout().path(&output), &output, &BTreeSet::new()).unwrap_err();
    assert_eq!(err.help(), Some("a store holds files, directories and symlinks"));
}
