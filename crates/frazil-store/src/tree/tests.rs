#![expect(clippy::disallowed_methods, reason = "they make what a store meets")]

use std::os::unix::net::UnixListener;

use super::*;

#[test]
fn only_what_a_store_holds_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    let err = digest(dir.path()).unwrap_err();
    assert!(matches!(&err, TreeError::FileType { path } if path.ends_with("socket")), "{err}");
    let err = digest(&dir.path().join("none")).unwrap_err();
    assert!(matches!(err, TreeError::Missing { .. }));
}

#[test]
fn a_tree_has_one_digest() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().join("top");
    std::fs::create_dir_all(top.join("empty")).unwrap();
    std::fs::write(top.join("file"), "contents\n").unwrap();
    std::fs::write(top.join("run"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(top.join("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("file", top.join("link")).unwrap();
    let found = digest(&top).unwrap();
    // As `nix hash path` and `nix-store --dump | wc -c` say.
    expect_test::expect!["sha256-TgKVeijoNjj4SDgHTY4gH61TR2FwoJAqwX+7xK0Hhdk= 888"]
        .assert_eq(&format!("{:?} {}", found.hash, found.size));
}
