use std::fs;

use expect_test::{Expect, expect};
use frazil_debian::Date;
use frazil_model::{Hash, Sha256};
use frazil_store::fetch::DownloadOptions;

use super::{fetch, places};
use crate::debian::ArchiveName;
use crate::debian::test_archive::{
    Reply, TestMirror, archives, archives_with_snapshots, client, fixture,
};

const FILE: &str = "pool/main/a/app/app_1.0-1_amd64.deb";

/// Fetches the file from a mirror that answers so; `size` is what the index says.
#[track_caller]
fn check(reply: Option<Reply>, size: u64, expected: Expect) {
    let contents = fixture(&format!("debian/{FILE}"));
    let mirror = TestMirror::start(move |_| reply.clone());
    let address = mirror.mirror();
    let mirrors = archives(&address, "key.gpg").mirrors(ArchiveName::Debian, "nova").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("app.deb");
    let hash = Some(Hash::from(Sha256::of(&contents)));
    let options = DownloadOptions { hash, bytes_max: size };
    let done = fetch(&client(), &mirrors, FILE, &options, &out, &mut |_| {});
    let found = match done {
        Ok(()) => format!("{} bytes", fs::read(&out).unwrap().len()),
        Err(error) => error.to_string().replace(&address, "MIRROR"),
    };
    expected.assert_eq(&found);
}

#[test]
fn fetches_what_the_index_says() {
    check(None, 1068, expect!["1068 bytes"]);
}

#[test]
fn names_the_file_and_what_is_wrong() {
    check(
        Some(Reply::Absent),
        1068,
        expect![
            "no mirror has the package app 1.0-1 any more: pool/main/a/app/app_1.0-1_amd64.deb is not at MIRROR; lock the suite anew with `frazil update`, or name who keeps what is old: a binary cache with `--substituters URL`, or snapshots of the archive with `--snapshot-mirror URL`"
        ],
    );
    check(
        Some(Reply::Page),
        1068,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': it is a web page, not the file"
        ],
    );
    check(
        Some(Reply::File(vec![0; 1068])),
        1068,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': hash mismatch: specified sha256-F3DMzTlGyie24UHFNHgkM6puAy243ck5aH7tP0p1xn4=, got sha256-29LzYIrpdSPD5cA7EszsVS0vJ9FPGUtbxjeda+kWVVQ= (the signed index says 1068 bytes with another hash: the mirror, or something between, gave another file)"
        ],
    );
    check(
        Some(Reply::File(vec![0; 5000])),
        1068,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': it has more than 1068 bytes (the signed index says 1068 bytes with another hash: the mirror, or something between, gave another file)"
        ],
    );
    check(
        Some(Reply::Silence),
        1068,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': timed out while waiting for data"
        ],
    );
    check(
        Some(Reply::Short(vec![0; 100])),
        1068,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': the connection ended after 100 of 110 bytes"
        ],
    );
}

#[test]
fn an_index_that_lies_about_the_size_is_found_out() {
    check(
        None,
        1067,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': it has more than 1067 bytes (the signed index says 1067 bytes with another hash: the mirror, or something between, gave another file)"
        ],
    );
    check(
        None,
        1069,
        expect![
            "cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: it has 1068 bytes, the index says 1069"
        ],
    );
}

#[test]
fn what_mirrors_have_no_more_is_in_snapshots() {
    let mirror = TestMirror::start(|path| {
        let old = path.strip_prefix("old/debian/20260101T060000Z/");
        Some(
            old.map_or(Reply::Absent, |path| TestMirror::stored(&format!("archive/debian/{path}"))),
        )
    });
    let archives = archives_with_snapshots(&mirror.mirror(), &[mirror.address("old")]);
    let at = Date::parse_stamp("20260101T060000Z");
    let found = places(&archives, ArchiveName::Debian, "", at).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("app.deb");
    let contents = fixture(&format!("debian/{FILE}"));
    let hash = Some(Hash::from(Sha256::of(&contents)));
    let options = DownloadOptions { hash, bytes_max: 1068 };
    fetch(&client(), &found, FILE, &options, &out, &mut |_| {}).unwrap();
    assert_eq!(
        mirror.asked(),
        [format!("debian/{FILE}"), format!("old/debian/20260101T060000Z/{FILE}")]
    );
    // Without a date, there is nothing to ask for.
    assert_eq!(places(&archives, ArchiveName::Debian, "", None).unwrap().len(), 1);
}
