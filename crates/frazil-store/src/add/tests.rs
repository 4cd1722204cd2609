#![expect(clippy::disallowed_methods, reason = "they look at what the store made")]

use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use expect_test::{Expect, expect};
use frazil_model::nar::NarNode;

use super::*;
use crate::fixture::{NOW, check_faults, check_names, directory, fail_after, file, open, tree};
use crate::fs::Disk;

fn options(method: ContentAddressMethod, algorithm: HashAlgorithm) -> AddOptions {
    AddOptions { method, algorithm, references: BTreeSet::new() }
}

/// Adds a tree and shows its path, and what is known of it. The paths are those that Nix gives.
#[track_caller]
fn check(name: &str, node: &NarNode, options: &AddOptions, expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let shown = match store.add(&name.parse().unwrap(), Source::Tree(node), options) {
        Ok(info) => {
            assert_eq!(store.path_info(&info.path).unwrap().as_ref(), Some(&info));
            assert_eq!(info.registration_time, NOW);
            let content = info.content_address.unwrap();
            format!("{} {content} {:?} {}", info.path, info.nar.hash, info.nar.size)
        }
        Err(err) => format!("{err} | {}", err.help().unwrap_or("-")),
    };
    expected.assert_eq(&shown);
}

#[test]
fn paths_are_those_of_nix() {
    use ContentAddressMethod::{Flat, Git, Nar};
    use HashAlgorithm::{Sha1, Sha256};
    check(
        "tree",
        &tree(),
        &options(Nar, Sha256),
        expect![
            "8irqjckgkp7qpid00wzrw4wcp550arap-tree fixed:r:sha256:0jscd1bbdnpc19lzjrws241f2njic51ch9chcsiilahayp2a7jj5 sha256-RcqjxPUKKhqjZpAlyEJhUVrhAhGaZ/lpCuzatlZoTEs= 1240"
        ],
    );
    check(
        "tree",
        &tree(),
        &options(Nar, Sha1),
        expect![
            "2q4csxn0x5wnxysainj6zfwpsv3q79hx-tree fixed:r:sha1:r37brwyb3yb1flyrj3qmjc3l9h2gl724 sha256-RcqjxPUKKhqjZpAlyEJhUVrhAhGaZ/lpCuzatlZoTEs= 1240"
        ],
    );
    check(
        "file",
        &file("contents\n"),
        &options(Flat, Sha256),
        expect![
            "pzghf3za3xr8safwakbq7wfghxnl1gix-file fixed:sha256:1q1vq5d4jrkjfkb3mw3wy3wc4w2vsfl0lrlw6xdma8z3wrbyvrdz sha256-g6ClclI0hFwkDxbBMmePKpNtcUryNX5EcjaFWbyd0ds= 128"
        ],
    );
    check(
        "tree",
        &tree(),
        &options(Flat, Sha256),
        expect![
            "only a regular file can be added with the method 'flat' | use the method 'nar' for directories and symlinks"
        ],
    );
    check(
        "tree",
        &tree(),
        &options(Git, Sha1),
        expect!["adding with the method 'git' is not supported | -"],
    );
}

#[test]
fn what_is_added_is_canonical() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let info = store.add(&"tree".parse().unwrap(), Source::Tree(&tree()), &AddOptions::default());
    let top = store.layout().path(&info.unwrap().path);
    let mut shown = String::new();
    for below in [".", "file", "empty", "below", "below/run", "below/link", "below/empty"] {
        let found = std::fs::symlink_metadata(top.join(below)).unwrap();
        let mode = found.permissions().mode();
        writeln!(shown, "{mode:o} {} {below}", found.mtime()).unwrap();
    }
    expect![[r#"
        40555 1 .
        100444 1 file
        100444 1 empty
        40555 1 below
        100555 1 below/run
        120777 1 below/link
        40555 1 below/empty
    "#]]
    .assert_eq(&shown);
    assert_eq!(std::fs::read(top.join("file")).unwrap(), b"contents\n");
    let place = store.layout().store().to_owned();
    drop(store);
    assert_eq!(std::fs::read_dir(place).unwrap().count(), 2, "tree and .links");
}

#[test]
fn a_tree_of_the_disk_is_the_same_tree() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let name: StoreName = "tree".parse().unwrap();
    let first = store.add(&name, Source::Tree(&tree()), &AddOptions::default()).unwrap();
    let there = store.layout().path(&first.path);
    let second = store.add(&name, Source::Disk(&there), &AddOptions::default()).unwrap();
    assert_eq!(first, second);
    let nar = tree().to_nar().unwrap();
    let third = store.add(&name, Source::Nar(&mut &*nar), &AddOptions::default()).unwrap();
    assert_eq!(first, third);
}

#[test]
fn derivations_register_their_outputs() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let builder = store.add_text(&"b".parse().unwrap(), b"", BTreeSet::new()).unwrap().path;
    let aterm = include_bytes!("../../corpus/d.drv");
    let info = store.add_text(&"d.drv".parse().unwrap(), aterm, [builder].into()).unwrap();
    expect!["57696p9fyjqqa78k3czyvhaff59hzrg9-d.drv"].assert_eq(info.path.as_str());
    let outputs = store.derivation_outputs(&info.path).unwrap();
    check_names(outputs.values(), expect!["d d-dev"]);
    for output in outputs.values() {
        assert_eq!(store.valid_derivers(output).unwrap(), [info.path.clone()].into());
    }
    let err = store.add_text(&"e.drv".parse().unwrap(), b"nonsense", BTreeSet::new()).unwrap_err();
    assert!(matches!(err, AddError::Derivation { .. }), "{err}");
}

/// Imports a NAR under what `change` makes of its true information.
#[track_caller]
fn check_import(nar: &[u8], change: impl FnOnce(&mut PathInfo), expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let path = "00bgd045z0d4icpbc2yyz4gx48ak44la-x".parse().unwrap();
    let mut info = PathInfo::new(path, tree().digest().unwrap());
    change(&mut info);
    let path = info.path.clone();
    let shown = match store.import_nar(info, &mut &*nar) {
        Ok(_) => "valid".to_owned(),
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
    assert_eq!(store.is_valid(&path).unwrap(), shown == "valid");
    assert_eq!(store.layout().path(&path).exists(), shown == "valid");
    assert!(store.verify(crate::VerifyDepth::Contents).unwrap().is_clean());
}

#[test]
fn imports_only_what_was_announced() {
    let nar = tree().to_nar().unwrap();
    check_import(&nar, |_| {}, expect!["valid"]);
    check_import(
        &nar,
        |info| info.nar.size += 1,
        expect![
            "size mismatch importing path '00bgd045z0d4icpbc2yyz4gx48ak44la-x': specified 1241, got 1240"
        ],
    );
    check_import(
        &nar,
        |info| info.nar.hash.0[0] ^= 1,
        expect![
            "hash mismatch importing path '00bgd045z0d4icpbc2yyz4gx48ak44la-x': specified sha256-RMqjxPUKKhqjZpAlyEJhUVrhAhGaZ/lpCuzatlZoTEs=, got sha256-RcqjxPUKKhqjZpAlyEJhUVrhAhGaZ/lpCuzatlZoTEs="
        ],
    );
    check_import(&nar[..nar.len() - 8], |_| {}, expect!["bad archive: unexpected end"]);
    check_import(b"other", |_| {}, expect!["bad archive: unexpected end"]);
    let other = "07skrr24lg1dhi4rxn7n0b6y3i0g7q8z-y";
    check_import(
        &nar,
        |info| info.references.extend(other.parse()),
        expect!["path '07skrr24lg1dhi4rxn7n0b6y3i0g7q8z-y' is not valid"],
    );
    let content = "fixed:r:sha256:0jscd1bbdnpc19lzjrws241f2njic51ch9chcsiilahayp2a7jj5";
    check_import(
        &nar,
        |info| info.content_address = content.parse().ok(),
        expect![
            "path '00bgd045z0d4icpbc2yyz4gx48ak44la-x' claims to be content-addressed but isn't"
        ],
    );
    let named = "8irqjckgkp7qpid00wzrw4wcp550arap-tree";
    check_import(
        &nar,
        |info| {
            info.path = named.parse().unwrap();
            info.content_address = content.parse().ok();
        },
        expect!["valid"],
    );
}

#[test]
fn many_at_once_add_the_same() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = open(dir.path(), Disk::default());
                for index in 0..8 {
                    let node = directory([("file", file(index.to_string()))]);
                    let name = "same".parse().unwrap();
                    store.add(&name, Source::Tree(&node), &AddOptions::default()).unwrap();
                }
            });
        }
    });
    let store = open(dir.path(), Disk::default());
    let report = store.verify(crate::VerifyDepth::Contents).unwrap();
    assert!(report.is_clean());
    assert_eq!(report.paths, 8);
}

#[test]
fn no_failure_leaves_a_path_that_is_not_whole() {
    let add = |store: &Store| {
        let name = "tree".parse().unwrap();
        let added = store.add(&name, Source::Tree(&tree()), &AddOptions::default());
        added.map_err(|err| err.to_string())
    };
    check_faults(|_| {}, add);
}

#[test]
fn a_full_disk_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), Disk::default()));
    let store = open(dir.path(), fail_after(9));
    let err = store.add(&"x".parse().unwrap(), Source::Bytes(b"x"), &AddOptions::default());
    assert_eq!(err.unwrap_err().help(), Some("free some space; collecting garbage may do"));
}
