use std::io::Write as _;

use expect_test::{Expect, expect};
use frazil_model::Sha256;

use super::{List, Listed, Release, fuzz};
use crate::compression::Compression;
use crate::date::Date;
use crate::openpgp::Keyring;
use frazil_testkit::random::Random;

const TEXT: &str = include_str!("../../fixtures/openpgp/Release");
const SIGNED: u64 = 1_767_268_800;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match Release::parse(text.as_bytes()) {
        Ok(release) => format!("{release:#?}"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn parses() {
    check(
        TEXT,
        expect![[r#"
        Release {
            origin: "Frazil",
            label: "Test",
            suite: "stable",
            codename: "winter",
            version: "1.2",
            date: Date(
                1767225600,
            ),
            valid_until: Some(
                Date(
                    1767830400,
                ),
            ),
            architectures: [
                "all",
                "amd64",
            ],
            components: [
                "main",
            ],
            acquire_by_hash: true,
            files: {
                "main/binary-amd64/Packages": Listed {
                    sha256: sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=,
                    size: 0,
                },
                "main/binary-amd64/Packages.gz": Listed {
                    sha256: sha256-9h8nvRfeVGJkqlj0DzqvqscCHg72nBf2sbTNdmSgN+w=,
                    size: 20,
                },
            },
        }"#]],
    );
}

#[test]
fn refused() {
    let with = |from: &str, to: &str| TEXT.replacen(from, to, 1);
    check("", expect!["the release file has 0 stanzas instead of one"]);
    check(&format!("{TEXT}\n{TEXT}"), expect!["the release file has 2 stanzas instead of one"]);
    check(&with("Date:", "Dote:"), expect!["the release file has no Date"]);
    check(
        &with("Thu, 01", "Thu, xx"),
        expect!["the release file's Date is `Thu, xx Jan 2026 00:00:00 UTC`, which it cannot be"],
    );
    check(&with("SHA256:", "MD5Sum:"), expect!["the release file has no SHA256"]);
    check(&with("Suite: stable\nCodename: winter\n", ""), expect!["the release file has no Suite"]);
    check(
        &with("       20 main", "  twenty main"),
        expect![
            "the release file's SHA256 is `f61f27bd17de546264aa58f40f3aafaac7021e0ef69c17f6b1b4cd7664a037ec  twenty main/binary-amd64/Packages.gz`, which it cannot be"
        ],
    );
    check(
        &with("main/binary-amd64/Packages", "../main/Packages"),
        expect![
            "the release file's SHA256 is `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 ../main/Packages`, which it cannot be"
        ],
    );
    check(
        &with("main/binary-amd64/Packages", "/etc/passwd"),
        expect![
            "the release file's SHA256 is `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 /etc/passwd`, which it cannot be"
        ],
    );
    check(
        &with("Packages.gz", "Packages"),
        expect![
            "the release file's SHA256 is `f61f27bd17de546264aa58f40f3aafaac7021e0ef69c17f6b1b4cd7664a037ec       20 main/binary-amd64/Packages`, which it cannot be"
        ],
    );
    check(
        &with("e3b0", "e3b"),
        expect![
            "the release file's SHA256 is `e3bc44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 main/binary-amd64/Packages`, which it cannot be"
        ],
    );
}

#[test]
fn checked() {
    let release = Release::parse(TEXT.as_bytes()).unwrap();
    let check = |suite, now, expected: Expect| {
        let shown = match release.check(suite, now) {
            Ok(()) => "fine".into(),
            Err(error) => format!("{error} | {}", error.help().unwrap_or("-")),
        };
        expected.assert_eq(&shown);
    };
    check("winter", SIGNED, expect!["fine"]);
    check("stable", SIGNED, expect!["fine"]);
    check(
        "summer",
        SIGNED,
        expect![
            "the release file is for `winter` (stable), not for `summer` | name the suite by its code name, as `trixie`"
        ],
    );
    check(
        "winter",
        SIGNED - 3 * 86_400,
        expect![
            "the release file of winter is from 2026-01-01 00:00:00 UTC, which is in the future | set the clock of this machine"
        ],
    );
    check("winter", SIGNED + 6 * 86_400, expect!["fine"]);
    check(
        "winter",
        SIGNED + 7 * 86_400,
        expect![
            "the release file of winter was valid until 2026-01-08 00:00:00 UTC only | the mirror is out of date, or the clock of this machine"
        ],
    );
    let security = Release { codename: "buster/updates".into(), ..release };
    assert!(security.check("buster-security", SIGNED).is_ok());
}

#[test]
fn lists() {
    let release = Release::parse(TEXT.as_bytes()).unwrap();
    let list = release.packages("main", "amd64").unwrap();
    assert_eq!((list.path, list.compression), ("main/binary-amd64/Packages.gz", Compression::Gzip));
    assert_eq!((list.file.size, list.unpacked.unwrap().size), (20, 0));
    assert_eq!(
        list.by_hash_path(),
        "main/binary-amd64/by-hash/SHA256/f61f27bd17de546264aa58f40f3aafaac7021e0ef69c17f6b1b4cd7664a037ec"
    );
    let missing = release.packages("contrib", "amd64").unwrap_err();
    assert_eq!(missing.to_string(), "the suite has no `contrib/binary-amd64/Packages`");
    assert!(release.sources("main").is_err());
}

fn listed(bytes: &[u8]) -> Listed {
    Listed { sha256: Sha256::of(bytes), size: bytes.len() as u64 }
}

#[test]
fn fetched_lists() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"Package: a\n").unwrap();
    let packed = encoder.finish().unwrap();
    let list = List {
        path: "main/Packages.gz",
        compression: Compression::Gzip,
        file: listed(&packed),
        unpacked: Some(listed(b"Package: a\n")),
    };
    let check = |list: &List<'_>, bytes: &[u8], expected: Expect| {
        let shown = match list.unpack(bytes) {
            Ok(text) => text.escape_ascii().to_string(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    };
    check(&list, &packed, expect![[r#"Package: a\n"#]]);
    check(&list, b"<html>", expect!["the list `main/Packages.gz` has 6 bytes, not 31"]);
    let mut changed = packed.clone();
    changed[12] ^= 1;
    check(
        &list,
        &changed,
        expect![
            "the list `main/Packages.gz` is not the one that was signed: its SHA-256 is another"
        ],
    );
    // Who signed was wrong about what comes out.
    for other in [b"Package: b\n".as_slice(), b"Package", b"Package: a\n\n"] {
        let list = List { unpacked: Some(listed(other)), ..list.clone() };
        assert!(list.unpack(&packed).is_err());
    }
    let broken = List { file: listed(b"no gzip"), ..list.clone() };
    check(&broken, b"no gzip", expect!["cannot decompress the list `main/Packages.gz`"]);
    let plain = List { unpacked: None, ..list };
    check(&plain, &packed, expect![[r#"Package: a\n"#]]);
}

#[test]
fn signed() {
    let keyring = Keyring::parse(include_bytes!("../../fixtures/openpgp/ed.gpg")).unwrap();
    let message = include_bytes!("../../fixtures/openpgp/ed.InRelease");
    let (release, signers) = Release::verified(message, &keyring, SIGNED).unwrap();
    assert_eq!((release.codename.as_str(), signers.len()), ("winter", 1));
    assert_eq!(release.date, Date(SIGNED - 43_200));
    let signature = include_bytes!("../../fixtures/openpgp/Release.gpg");
    let (again, _) =
        Release::verified_detached(TEXT.as_bytes(), signature, &keyring, SIGNED).unwrap();
    assert_eq!(again, release);
}

#[test]
fn any_text() {
    let mut random = Random::seeded();
    for _ in 0..5000 {
        let mut changed = TEXT.as_bytes().to_vec();
        for _ in 0..3 {
            let at = random.below(changed.len() as u64) as usize;
            changed[at] = b"0 :\n/.Z"[random.below(7) as usize];
        }
        fuzz(&changed);
    }
}
