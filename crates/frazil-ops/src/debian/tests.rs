mod snapshots;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use frazil_debian::index::Index;
use frazil_eval::host::{FetchAttribute, FetchRequest, HostError};
use frazil_model::StorePath;
use serde_json::{Value, json};

use super::answers::Question;
use super::index::Indexes;
use super::lock::LockedLists;
use super::test_archive::{NOW, Reply, TestMirror, archives, fetch_options, fixture};
use super::{ArchiveName, Archives, ArchivesPlan, DebianFetcher, MirrorSetting, search};
use crate::host::{FetchedFiles, InputFetcher};

fn request(attributes: &[(&str, &str)]) -> FetchRequest {
    let attribute = |(name, value): &(&str, &str)| {
        let value = match *value {
            "true" | "false" => FetchAttribute::Bool(*value == "true"),
            text => FetchAttribute::String(text.to_owned()),
        };
        ((*name).to_owned(), value)
    };
    FetchRequest {
        kind: "debian".to_owned(),
        attributes: attributes.iter().map(attribute).collect(),
        is_final: false,
    }
}

fn fetcher(mirror: &str, keyring: &str, now: u64) -> DebianFetcher {
    DebianFetcher {
        archives: archives(mirror, keyring),
        fetch: fetch_options(),
        architecture: "amd64".to_owned(),
        now,
    }
}

fn fetch(mirror: &TestMirror, attributes: &[(&str, &str)]) -> Result<FetchedFiles, HostError> {
    fetcher(&mirror.mirror(), "key.gpg", NOW).fetch(&request(attributes))
}

/// What is wrong, with the help, and with the address of the mirror made the same.
fn problem(mirror: &TestMirror, result: Result<FetchedFiles, HostError>) -> String {
    shown(&result.expect_err("it has to fail")).replace(&mirror.mirror(), "MIRROR")
}

fn shown(error: &HostError) -> String {
    if let HostError::Unsupported { help, .. } = error {
        format!("{error} | {help}")
    } else {
        error.to_string()
    }
}

#[track_caller]
fn check_problem(change: impl Fn(&str) -> Option<Reply> + Send + 'static, expected: Expect) {
    let mirror = TestMirror::start(change);
    let found = problem(&mirror, fetch(&mirror, &[("suite", "nova")]));
    expected.assert_eq(&found);
}

/// Answers for one path.
fn at(path: &'static str, reply: Reply) -> impl Fn(&str) -> Option<Reply> {
    move |asked| (asked == path).then(|| reply.clone())
}

const RELEASE: &str = "debian/dists/nova/InRelease";
const LIST: &str = "debian/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d";

#[test]
fn locks_a_suite_and_finds_the_same_again() {
    let mirror = TestMirror::honest();
    let first = fetch(&mirror, &[("suite", "nova")]).unwrap();
    let names: Vec<&String> = first.files.keys().collect();
    assert_eq!(
        names,
        [
            "Packages/debian-security.nova-security.main",
            "Packages/debian.nova-updates.main",
            "Packages/debian.nova.main",
            "default.nix",
            "flake.nix",
            "release.json",
        ]
    );
    let Some(FetchAttribute::String(indexes)) = first.attributes.get("indexes").cloned() else {
        panic!("the lock names the lists");
    };
    assert!(indexes.starts_with("nova@1767225600/main:84c091d4"), "{indexes}");
    // The keys need not be known any more, nor need the time be right.
    let other = TestMirror::honest();
    let mut again = fetcher(&other.mirror(), "stranger.gpg", 0);
    let again = again.fetch(&request(&[("suite", "nova"), ("indexes", &indexes)])).unwrap();
    assert!(first.files == again.files);
    assert_eq!(first.attributes, again.attributes);
    assert!(other.asked().iter().all(|path| path.contains("by-hash")), "{:?}", other.asked());
    for (name, contents) in &first.files {
        let text = String::from_utf8_lossy(contents);
        assert!(!text.contains("127.0.0.1"), "{name} names a mirror");
    }
}

#[test]
fn takes_less_when_asked() {
    let mirror = TestMirror::honest();
    let only = [("suite", "nova"), ("updates", "false"), ("security", "false")];
    let found = fetch(&mirror, &only).unwrap();
    assert_eq!(found.files.keys().filter(|name| name.starts_with("Packages/")).count(), 1);
    let bad = |attributes: &[(&str, &str)]| problem(&mirror, fetch(&mirror, attributes));
    expect!["'nearish' cannot be the versions of a Debian suite | it is `exact` or `nearest`"]
        .assert_eq(&bad(&[("suite", "nova"), ("versions", "nearish")]));
    expect!["'../x' cannot be the suite of a Debian suite"].assert_eq(&bad(&[("suite", "../x")]));
    expect!["'x' in the lock is not a list of packages"]
        .assert_eq(&bad(&[("suite", "nova"), ("indexes", "x")]));
    expect![[r#"the release file of nova: the suite has no `contrib/binary-amd64/Packages` | are the component and the architecture spelled right?"#]]
        .assert_eq(&bad(&[("suite", "nova"), ("components", "contrib")]));
}

#[test]
fn believes_only_what_is_signed_and_fresh() {
    let of = |file: &str| Reply::File(fixture(&format!("debian/dists/nova/{file}")));
    check_problem(
        at(RELEASE, of("InRelease.stranger")),
        expect![
            "no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: no trusted signature: by BBD7F538C9669E1AC76BD7ED4EF659F2215F06B1: the key is not in the keyring | give the archive's current keyring; new releases are signed with new keys"
        ],
    );
    check_problem(
        at(RELEASE, of("InRelease.changed")),
        expect![
            "no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: no trusted signature: by 47DA433E4AAEAE92A47C4BD8E4FA14D647F6319D: the signature does not match | do not use the list; try again later or from another mirror"
        ],
    );
    check_problem(
        at(RELEASE, Reply::File(fixture("debian/dists/nova-updates/InRelease"))),
        expect![
            "no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: the release file is for `nova-updates` (nova-updates), not for `nova` | name the suite by its code name, as `trixie`"
        ],
    );
    check_problem(
        at(RELEASE, Reply::File(b"hello".to_vec())),
        expect![
            "no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: not a signed message: it does not begin with `-----BEGIN PGP SIGNED MESSAGE-----` | is it a signed list? a mirror may have answered with something else"
        ],
    );
    let mirror = TestMirror::honest();
    let at_time = |now| {
        let mut fetcher = fetcher(&mirror.mirror(), "key.gpg", now);
        problem(&mirror, fetcher.fetch(&request(&[("suite", "nova")])))
    };
    let year = 365 * 24 * 60 * 60;
    expect!["no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: the release file of nova was valid until 2026-01-08 00:00:00 UTC only | the mirror is out of date, or the clock of this machine"].assert_eq(&at_time(NOW + year));
    expect!["no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: no trusted signature: by 47DA433E4AAEAE92A47C4BD8E4FA14D647F6319D: the signature is from 2026-01-01 00:00:00 UTC, which is before the key's time or in the future | do not use the list; try again later or from another mirror"].assert_eq(&at_time(NOW - year / 2));
}

#[test]
fn says_what_a_mirror_does_wrong() {
    check_problem(
        at(RELEASE, Reply::Page),
        expect![
            "no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease is a web page, not a release file | the address of the mirror may be wrong, or a portal wants a login first"
        ],
    );
    check_problem(
        at(RELEASE, Reply::Absent),
        expect![
            "no mirror has a usable release file of nova: cannot fetch 'MIRROR/dists/nova/InRelease': HTTP error 404 (not found) | check the address"
        ],
    );
    check_problem(
        at(RELEASE, Reply::Silence),
        expect![
            "no mirror has a usable release file of nova: cannot fetch 'MIRROR/dists/nova/InRelease': timed out while waiting for data | check the connection, and try again"
        ],
    );
    check_problem(
        at(RELEASE, Reply::Short(b"-----BEGIN".to_vec())),
        expect![
            "no mirror has a usable release file of nova: cannot fetch 'MIRROR/dists/nova/InRelease': the connection ended after 10 of 20 bytes | check the connection, and try again"
        ],
    );
    check_problem(
        at(LIST, Reply::Absent),
        expect![
            "cannot fetch the list of packages of nova (main): cannot fetch 'MIRROR/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d': HTTP error 404 (not found) | try again later, or name another mirror with `--mirror URL`"
        ],
    );
    check_problem(
        at(LIST, Reply::Page),
        expect![
            "cannot fetch the list of packages of nova (main): MIRROR/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d is a web page, not a list of packages | try again later, or name another mirror with `--mirror URL`"
        ],
    );
    check_problem(
        at(LIST, Reply::File(vec![0; 472])),
        expect![
            "cannot fetch the list of packages of nova (main): MIRROR/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d does not have the hash that was signed | try again later, or name another mirror with `--mirror URL`"
        ],
    );
    check_problem(
        at(LIST, Reply::File(vec![0; 5000])),
        expect![
            "cannot fetch the list of packages of nova (main): cannot fetch 'MIRROR/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d': it has more than 472 bytes | try again later, or name another mirror with `--mirror URL`"
        ],
    );
}

#[test]
fn says_that_a_pinned_list_is_gone() {
    let mirror = TestMirror::start(at(LIST, Reply::Absent));
    let digest = LIST.rsplit('/').next().unwrap();
    let lock = format!("nova@1767225600/main:{digest}");
    let found = problem(&mirror, fetch(&mirror, &[("suite", "nova"), ("indexes", &lock)]));
    expect!["the list of packages of nova (main) that the lock pins is not there any more: MIRROR does not have 84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d | lock what is there now with `frazil update`, or name who keeps what is old: a binary cache that has the locked suite (`substituters` in the settings), or `--snapshot-mirror URL`"].assert_eq(&found);
}

#[test]
fn says_that_nobody_is_there() {
    // The port was free a moment ago.
    let mirror = TestMirror::honest();
    let address = mirror.mirror();
    drop(mirror);
    let error = fetcher(&address, "key.gpg", NOW).fetch(&request(&[("suite", "nova")]));
    let text = error.unwrap_err().to_string().replace(&address, "MIRROR");
    expect!["no mirror has a usable release file of nova: cannot fetch 'MIRROR/dists/nova/InRelease': Connection refused (os error 111)"].assert_eq(&text);
}

#[test]
fn locks_print_and_parse() {
    let text = "nova@12/main:84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d,\
                nova-security@13/non-free/debian:84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d";
    let parsed: LockedLists = text.parse().unwrap();
    assert_eq!(parsed.to_string(), text);
    let archives: Vec<ArchiveName> =
        parsed.0.iter().map(super::lock::LockedList::archive).collect();
    assert_eq!(archives, [ArchiveName::Debian, ArchiveName::Security]);
    for wrong in [
        "",
        "nova",
        "nova@x/main:84c0",
        "../x@1/main:84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d",
    ] {
        assert!(wrong.parse::<LockedLists>().is_err(), "{wrong}");
    }
}

fn plan(root: &Path, named: &[&str]) -> Archives {
    Archives::new(ArchivesPlan {
        named: named.iter().map(|text| MirrorSetting::parse(text).unwrap()).collect(),
        snapshots: Vec::new(),
        keyrings: Vec::new(),
        machine_root: root.to_owned(),
    })
}

fn mirrors(archives: &Archives, archive: ArchiveName, suite: &str) -> String {
    match archives.mirrors(archive, suite) {
        Ok(found) => {
            found.iter().map(|mirror| mirror.url.to_string()).collect::<Vec<_>>().join(" ")
        }
        Err(error) => crate::causes(&error),
    }
}

#[test]
fn finds_mirrors_where_they_are_named_and_in_both_kinds_of_apt_lists() {
    use ArchiveName::{Debian, Security};
    let root = tempfile::tempdir().unwrap();
    let apt = root.path().join("etc/apt");
    fs::create_dir_all(apt.join("sources.list.d")).unwrap();
    assert!(
        mirrors(&plan(root.path(), &[]), Debian, "nova").starts_with("no mirror of the archive")
    );
    fs::write(apt.join("sources.list"), "deb http://one.example/debian old main\n").unwrap();
    fs::write(
        apt.join("sources.list.d/x.sources"),
        "Types: deb\nURIs: http://two.example/mirror\nSuites: nova\nComponents: main\n\n\
         Types: deb\nURIs: http://three.example/debian-security\nSuites: old-security\nComponents: main\n",
    )
    .unwrap();
    fs::write(apt.join("sources.list.d/x.sources.disabled"), "nonsense").unwrap();
    let machine = plan(root.path(), &[]);
    // The one that has the suite for certain comes first.
    assert_eq!(
        mirrors(&machine, Debian, "nova-updates"),
        "http://two.example/mirror http://one.example/debian"
    );
    assert_eq!(
        mirrors(&machine, Security, "nova-security"),
        "http://three.example/debian-security"
    );
    let named = plan(root.path(), &["http://four.example/x/debian/"]);
    assert_eq!(mirrors(&named, Debian, "nova"), "http://four.example/x/debian");
    assert_eq!(mirrors(&named, Security, "nova-security"), "http://four.example/x/debian-security");
    let both = plan(root.path(), &["http://a.example/q", "debian-security=http://b.example/q"]);
    assert_eq!(mirrors(&both, Security, "nova-security"), "http://b.example/q");
    assert!(MirrorSetting::parse("contrib=http://x.example").is_err());
    fs::write(apt.join("sources.list"), "deb\n").unwrap();
    let broken = mirrors(&plan(root.path(), &[]), Debian, "nova");
    assert!(broken.contains("sources.list: line 1"), "{broken}");
}

/// An index over the fixtures.
fn with_index(work: impl FnOnce(&Index<'_>)) {
    let mirror = TestMirror::honest();
    let files: BTreeMap<String, Vec<u8>> = fetch(&mirror, &[("suite", "nova")]).unwrap().files;
    let source = StorePath::parse(b"00bgd045z0d4icpbc2yyz4gx48ak44la-source").unwrap();
    let mut read = |file: &str| files.get(file).cloned().ok_or_else(|| "absent".to_owned());
    let index = Indexes::default().get(&source, &mut read).unwrap();
    work(&index.view().unwrap());
}

#[test]
fn answers_questions() {
    with_index(|index| {
        let ask = |kind: &str, details: Value| {
            let question = Question::of_kind(kind).unwrap();
            match question.answer(index, &details) {
                Ok(answer) => answer,
                Err(error) => Value::from(crate::causes(&error)),
            }
        };
        let app = ask("debian-package", json!({ "name": "app" }));
        assert_eq!(app["version"], "1.0-2", "{app}");
        assert_eq!(app["archive"], "debian-security");
        assert_eq!(app["path"], "pool/main/a/app/app_1.0-2_amd64.deb");
        assert_eq!(ask("debian-package", json!({ "name": "none" })), Value::Null);
        assert_eq!(ask("debian-names", Value::Null), json!(["app", "base", "lib"]));
        assert_eq!(ask("debian-solve", json!({ "seeds": ["app"] })), json!(["app", "base", "lib"]));
        assert_eq!(ask("debian-solve", json!({ "seeds": [] })), json!(["base"]));
        let wrong = ask("debian-solve", json!({ "seeds": ["none"] }));
        assert!(wrong.as_str().unwrap().contains("there is no `none`"), "{wrong}");
        assert_eq!(ask("debian-package", json!({})), "the question has no 'name'");
        assert!(Question::of_kind("weather").is_none());
        let found = search(index, &["package".to_owned(), "AP".to_owned()]).unwrap();
        assert_eq!(found.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["app"]);
    });
}

#[test]
fn keeps_an_index_and_makes_a_broken_one_again() {
    let mirror = TestMirror::honest();
    let files = fetch(&mirror, &[("suite", "nova")]).unwrap().files;
    let source = StorePath::parse(b"00bgd045z0d4icpbc2yyz4gx48ak44la-source").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut reads = 0;
    let mut get = || {
        let mut read = |file: &str| {
            reads += 1;
            files.get(file).cloned().ok_or_else(|| "absent".to_owned())
        };
        let mut indexes = Indexes::in_directory(Some(directory.path().to_owned()));
        let count = indexes.get(&source, &mut read).unwrap().view().unwrap().len();
        (count, reads)
    };
    assert_eq!(get(), (3, 4));
    assert_eq!(get(), (3, 4), "the second time it is there");
    let file = fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, b"torn").unwrap();
    assert_eq!(get(), (3, 8));
}
