//! States of the archive by their dates, and what mirrors have no more.

use std::sync::Arc;

use expect_test::{Expect, expect};
use frazil_eval::host::FetchAttribute;

use super::super::test_archive::{NOW, Reply, TestMirror, archives_with_snapshots, fetch_options};
use super::super::{ArchiveName, DebianFetcher};
use super::request;
use crate::host::{FetchedFiles, InputFetcher};

/// When the release files of the fixtures are long out of date.
const YEARS_LATER: u64 = NOW + 3 * 365 * 24 * 60 * 60;
const MAIN_ONLY: [(&str, &str); 3] =
    [("suite", "nova"), ("updates", "false"), ("security", "false")];

/// Has what the archive had on two days.
fn snapshots() -> TestMirror {
    TestMirror::start(|path| {
        let rest = path.strip_prefix("snapshots/debian/")?;
        let (date, rest) = rest.split_once('/')?;
        Some(match date {
            "20260103T000000Z" => TestMirror::stored(&format!("archive/debian/{rest}")),
            // What keeps no snapshots gives what it has, whatever the date.
            "20260202T120000Z" | "20260102T000000Z" => {
                TestMirror::stored(&format!("later/debian/{rest}"))
            }
            _ => Reply::Absent,
        })
    })
}

fn fetch(
    mirror: &TestMirror,
    attributes: &[(&str, &str)],
    now: u64,
) -> Result<FetchedFiles, String> {
    let mut fetcher = DebianFetcher {
        archives: archives_with_snapshots(&mirror.mirror(), &[mirror.address("snapshots")]),
        fetch: fetch_options(),
        architecture: "amd64".to_owned(),
        now,
    };
    let attributes = [MAIN_ONLY.as_slice(), attributes].concat();
    fetcher
        .fetch(&request(&attributes))
        .map_err(|error| super::shown(&error).replace(&mirror.address("snapshots"), "SNAPSHOTS"))
}

#[track_caller]
fn check_problem(snapshot: &str, expected: Expect) {
    let problem = fetch(&snapshots(), &[("snapshot", snapshot)], NOW);
    expected.assert_eq(&problem.expect_err("it has to fail"));
}

fn text(files: &FetchedFiles, name: &str) -> String {
    match files.attributes.get(name) {
        Some(FetchAttribute::String(text)) => text.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn two_days_of_a_suite_are_two_sources() {
    let mirror = snapshots();
    let january = fetch(&mirror, &[("snapshot", "2026-01-03")], YEARS_LATER).unwrap();
    let february = fetch(&mirror, &[("snapshot", "20260202T120000Z")], YEARS_LATER).unwrap();
    assert_eq!(text(&january, "snapshot"), "20260103T000000Z");
    assert_eq!(text(&february, "snapshot"), "20260202T120000Z");
    let list = |files: &FetchedFiles| {
        String::from_utf8_lossy(files.files.get("Packages/debian.nova.main").unwrap()).into_owned()
    };
    assert!(list(&january).contains("Version: 1.0-1") && !list(&january).contains("1.2-1"));
    assert!(list(&february).contains("Version: 1.2-1"));
    // What the lock says gives the same again, from wherever it still is.
    for locked in [&january, &february] {
        let (indexes, at) = (text(locked, "indexes"), text(locked, "snapshot"));
        let again = fetch(&mirror, &[("indexes", &indexes), ("snapshot", &at)], NOW).unwrap();
        assert!(again.files == locked.files);
    }
}

#[test]
fn a_release_file_must_have_been_valid_on_the_day() {
    check_problem(
        "2026-01-02",
        expect![
            "no mirror has a usable release file of nova: SNAPSHOTS/debian/20260102T000000Z/dists/nova/InRelease: no trusted signature: by 47DA433E4AAEAE92A47C4BD8E4FA14D647F6319D: the signature is from 2026-02-01 00:00:00 UTC, which is before the key's time or in the future | do not use the list; try again later or from another mirror"
        ],
    );
    check_problem(
        "2026-05-01",
        expect!["the snapshot of 2026-05-01 00:00:00 UTC is in the future"],
    );
    check_problem(
        "yesterday",
        expect![
            "'yesterday' cannot be the snapshot of a Debian suite | it is a date in UTC, as in `2026-01-31` or `20260131T060000Z`"
        ],
    );
    // Of a day on which the file was out of date already.
    let stale = TestMirror::start(|path| {
        let rest = path.strip_prefix("snapshots/debian/20260301T000000Z/")?;
        Some(TestMirror::stored(&format!("later/debian/{rest}")))
    });
    let problem = fetch(&stale, &[("snapshot", "2026-03-01")], YEARS_LATER).unwrap_err();
    expect!["no mirror has a usable release file of nova: SNAPSHOTS/debian/20260301T000000Z/dists/nova/InRelease: the release file of nova was valid until 2026-02-08 00:00:00 UTC only | the mirror is out of date, or the clock of this machine"].assert_eq(&problem);
    // Nor does the date make a stranger's signature good.
    let forged = TestMirror::start(|path| {
        path.ends_with("InRelease")
            .then(|| TestMirror::stored("archive/debian/dists/nova/InRelease.stranger"))
    });
    let problem = fetch(&forged, &[("snapshot", "2026-01-03")], NOW + 86_400).unwrap_err();
    assert!(problem.contains("the key is not in the keyring"), "{problem}");
}

#[test]
fn nobody_may_keep_snapshots() {
    let mirror = TestMirror::honest();
    let mut fetcher = DebianFetcher {
        archives: archives_with_snapshots(&mirror.mirror(), &[]),
        fetch: fetch_options(),
        architecture: "amd64".to_owned(),
        now: NOW,
    };
    let request = request(&[("suite", "nova"), ("snapshot", "2026-01-01")]);
    let problem = super::shown(&fetcher.fetch(&request).unwrap_err());
    expect!["nobody is known who keeps snapshots of the archive; name one with `--snapshot-mirror URL`, in FRAZIL_SNAPSHOT_MIRROR, or as `snapshot-mirrors` in the settings: the address that stands before `/debian/DATE/dists`"].assert_eq(&problem);
}

#[test]
fn a_lock_without_a_date_finds_what_mirrors_lost_in_snapshots() {
    // Files are there by their names only, six hours after the release.
    let mirror = TestMirror::start(|path| {
        if path.contains("by-hash") {
            return Some(Reply::Absent);
        }
        let name = "snapshots/debian/20260101T060000Z/dists/nova/main/binary-amd64/Packages.xz";
        (path == name)
            .then(|| TestMirror::stored(&super::LIST.replacen("debian", "archive/debian", 1)))
    });
    let lock = format!("nova@1767225600/main:{}", super::LIST.rsplit('/').next().unwrap());
    let found = fetch(&mirror, &[("indexes", &lock)], YEARS_LATER).unwrap();
    assert_eq!(found.attributes.get("snapshot"), None);
    assert_eq!(text(&found, "indexes"), lock);
    assert!(!String::from_utf8_lossy(&found.files["release.json"]).contains("snapshot"));
}

#[test]
fn the_address_of_a_snapshot_has_archive_and_date() {
    let address = "http://name:secret@old.example/archive/".trim_end_matches('/');
    let archives = archives_with_snapshots("http://x.example/debian", &[address.to_owned()]);
    let at = frazil_debian::Date::parse_stamp("20260131T060000Z").unwrap();
    let found = Arc::clone(&archives).snapshots(ArchiveName::Security, at);
    let urls: Vec<&str> = found.iter().map(|mirror| mirror.url.as_str()).collect();
    assert_eq!(urls, ["http://old.example/archive/debian-security/20260131T060000Z"]);
    assert!(found.iter().all(|mirror| mirror.url.credentials().is_some()));
}
