use expect_test::{Expect, expect};
use frazil_model::Sha256;

use super::*;
use crate::fixture::{add, check_faults, open};
use crate::fs::Disk;

/// A derivation and what it refers to, as a stream.
fn exported() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let builder = store.add_text(&"b".parse().unwrap(), b"", BTreeSet::new()).unwrap().path;
    let aterm = include_bytes!("../../corpus/d.drv");
    let references = BTreeSet::from([builder.clone()]);
    let derivation = store.add_text(&"d.drv".parse().unwrap(), aterm, references).unwrap().path;
    let mut stream = Vec::new();
    store.export(&[builder, derivation].into(), &mut stream).unwrap();
    stream
}

#[test]
fn the_stream_is_that_of_nix() {
    expect!["sha256-WcQPmw3sfhekIwjvSS6xwohZaqhflG1XNAV4mgYoJaA="]
        .assert_eq(&format!("{:?}", Sha256::of(&exported())));
}

#[track_caller]
fn check(stream: &[u8], expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let shown = match store.import(&mut &*stream) {
        Ok(paths) => paths.iter().map(StorePath::as_str).collect::<Vec<_>>().join(" "),
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
    assert!(store.verify(crate::VerifyDepth::Contents).unwrap().is_clean());
}

#[test]
fn streams_are_imported() {
    let stream = exported();
    check(
        &stream,
        expect!["95d7pggh3ng5zxjv12wi8h9khpxw7wfp-b 57696p9fyjqqa78k3czyvhaff59hzrg9-d.drv"],
    );
    check(
        &[&stream[..stream.len() - 8], &stream[..]].concat(),
        expect![
            "95d7pggh3ng5zxjv12wi8h9khpxw7wfp-b 57696p9fyjqqa78k3czyvhaff59hzrg9-d.drv 95d7pggh3ng5zxjv12wi8h9khpxw7wfp-b 57696p9fyjqqa78k3czyvhaff59hzrg9-d.drv"
        ],
    );
    check(&stream[..stream.len() - 8], expect!["cannot read the exported paths"]);
    check(&stream[..100], expect!["bad archive: unexpected end"]);
    check(
        b"nonsense",
        expect![
            "input doesn't look like something created by 'nix-store --export': no path begins where one should"
        ],
    );
    check(&[1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3], expect!["bad archive: unexpected end"]);
}

#[test]
fn every_end_of_a_stream_is_survived() {
    let stream = exported();
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    for len in (0..stream.len()).step_by(24) {
        assert!(store.import(&mut &stream[..len]).is_err(), "at {len}");
        assert!(store.verify(crate::VerifyDepth::Contents).unwrap().is_clean());
    }
}

#[test]
fn what_has_changed_is_not_exported() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let info = add(&store, "x", &[]);
    store.disk.set_mode(&store.layout().path(&info.path), 0o755).unwrap();
    store.disk.remove_file(&store.layout().path(&info.path).join("name")).unwrap();
    let err = store.export(&[info.path].into(), &mut Vec::new()).unwrap_err();
    assert!(matches!(err, ExportError::Changed { .. }), "{err}");
}

#[test]
fn no_failure_leaves_a_path_that_is_not_whole() {
    let stream = exported();
    check_faults(|_| {}, |store| store.import(&mut &*stream).map_err(|err| err.to_string()));
}

#[test]
fn changed_streams_spoil_nothing() {
    let stream = exported();
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    for at in (0..stream.len()).step_by(11) {
        let mut changed = stream.clone();
        changed[at] ^= 1 << (at % 8);
        fuzz(&store, &changed);
    }
}

/// Takes a stream, and has garbage collected meanwhile.
struct Collecting(Store);

impl Write for Collecting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.collect_garbage(&crate::CollectOptions::default()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_exported_is_not_collected() {
    let dir = tempfile::tempdir().unwrap();
    let open = || open(dir.path(), Disk::default());
    let path = add(&open(), "lone", &[]).path;
    let (store, mut out) = (open(), Collecting(open()));
    store.export(&[path.clone()].into(), &mut out).unwrap();
    assert!(store.is_valid(&path).unwrap());
    // Afterwards nothing keeps it.
    out.write_all(b"x").unwrap();
    assert!(!store.is_valid(&path).unwrap());
}
